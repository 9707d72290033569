-- The organisations that own or control clinics.
-- Grain: one row per clinic that an owners file knows.
-- Inputs: match_owners, complete_files (field). A clinic is known to be free of private equity only where its owners
-- are all there.
select
    clinic_id,
    list_sort(list(distinct owner_pac_id) filter (where owner_pac_id is not null)) as owner_pac_ids,
    list_sort(list(distinct detail) filter (where detail is not null)) as owner_names,
    case
        when bool_or(private_equity) then true
        when 'pe_backed_flag' in (select field from complete_files) then bool_or(private_equity)
    end as pe_backed_flag,
    case
        when bool_or(chain_home_office) then true
        when 'chain_home_office' in (select field from complete_files) then bool_or(chain_home_office)
    end as chain_home_office
from match_owners
group by clinic_id
