-- Every organisation of the main files once, by its newest row, and why it is left out if it is.
-- Grain: one row per NPI.
-- Inputs: nppes (staged main files), deactivated (npi, deactivated_on). A reactivation on the day of a deactivation
-- or later
-- undoes it. Rows that say only that an NPI was deactivated have no name and no date of update.
with
repeated as (
    select npi from nppes where npi is not null group by npi having count(*) > 1
),
newest as (
    select id, npi, same_name, state from nppes anti join repeated using (npi) where npi is not null
    union all
    select id, npi, same_name, state
    from nppes
    join repeated using (npi)
    qualify row_number() over (partition by npi order by name is null, updated_on desc nulls last, id desc) = 1
),
days as (
    select npi, deactivated_on, reactivated_on from nppes where deactivated_on is not null or reactivated_on is not null
    union all
    select npi, deactivated_on, null from deactivated
),
gone as (
    select npi
    from days
    group by npi
    having max(deactivated_on) > coalesce(max(reactivated_on), date '0001-01-01')
)
select
    newest.id,
    newest.npi,
    case
        when gone.npi is not null then 'deactivated'
        when newest.same_name is null then 'without a name'
        when newest.state is null then 'outside the states and territories'
    end as left_out
from newest
left join gone on newest.npi = gone.npi
