-- Every organisation of the main files once, its newest row, and why it is left out if it is.
-- Grain: one row per NPI.
-- Inputs: nppes (staged main files), deactivations (npi, deactivated_on). A reactivation on the day of a deactivation or
-- later undoes it. Rows that say only that an NPI was deactivated have no name and no date of update.
with
newest as (
    select npi, file, row
    from nppes
    where npi is not null
    qualify row_number() over (
        partition by npi order by name is null, updated_on desc nulls last, file desc, row desc
    ) = 1
),
dates as (
    select npi, max(deactivated_on) as last_deactivated_on, max(reactivated_on) as last_reactivated_on
    from (
        select npi, deactivated_on, reactivated_on from nppes where npi is not null
        union all
        select npi, deactivated_on, null from deactivations where npi is not null
    )
    group by npi
)
select
    nppes.*,
    case
        when last_deactivated_on > coalesce(last_reactivated_on, date '0001-01-01') then 'deactivated'
        when same_name is null then 'without a name'
        when state is null then 'outside the states and territories'
    end as left_out
from nppes
join newest using (npi, file, row)
join dates using (npi)
