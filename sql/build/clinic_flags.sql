-- What public lists say of clinics: true by a match, false only where a file was declared complete, else missing.
-- Grain: one row per clinic.
-- Inputs: clinic_ids, matches (clinic_id, field, file, match, detail, dated), complete_files (field). A clinic whose
-- exclusion is only
-- possible is not known to be free of one.
with
found as (
    select
        clinic_id,
        bool_or(field = 'pecos_enrolled') as pecos_enrolled,
        bool_or(field = 'aco_member') as aco_member,
        bool_or(field = 'fqhc_flag') as fqhc_flag,
        bool_or(field = 'oig_leie_flag' and match <> 'possible') as oig_leie_flag,
        bool_or(field = 'oig_leie_flag') as oig_possible,
        max_by(detail, dated) filter (where field = 'oig_leie_flag' and match <> 'possible') as oig_exclusion_type
    from matches
    group by clinic_id
),
absent as (
    select
        bool_or(field = 'pecos_enrolled') as pecos_enrolled,
        bool_or(field = 'aco_member') as aco_member,
        bool_or(field = 'fqhc_flag') as fqhc_flag,
        bool_or(field = 'oig_leie_flag') as oig_leie_flag
    from complete_files
)
select
    clinic_ids.clinic_id,
    case when found.pecos_enrolled then true when absent.pecos_enrolled then false end as pecos_enrolled,
    case when found.aco_member then true when absent.aco_member then false end as aco_member,
    case when found.fqhc_flag then true when absent.fqhc_flag then false end as fqhc_flag,
    case
        when found.oig_leie_flag then true
        when absent.oig_leie_flag and not coalesce(found.oig_possible, false) then false
    end as oig_leie_flag,
    found.oig_exclusion_type
from clinic_ids
left join found using (clinic_id)
cross join absent
