-- Totals that are not the sum (or product) of their categories: exactly for clinics; for networks, whose parts are
-- rounded one by one, within half a hundredth for each part and for the total. A product is compared within what
-- rounding its parts can do to it.
-- Grain: one row per such clinic or network. Inputs: clinic_scores, network_scores, scorecard_total.
with
scored as (
    select 'clinic' as level, clinic_id as id, hundredths, category_hundredths, 0.0 as half from clinic_scores
    union all
    select 'network', network_id, hundredths, category_hundredths, 0.5 from network_scores
),
-- Few are left of a scorecard whose total is a sum.
doubtful as (
    select *
    from scored, scorecard_total
    where combine <> 'sum'
       or hundredths is distinct from list_sum(category_hundredths)
       or list_count(category_hundredths) < len(category_hundredths)
),
compared as (
    select
        doubtful.*,
        case
            when combine = 'sum' then list_sum(category_hundredths)
            else list_product(category_hundredths) / divide_by / 100 ** (len(category_hundredths) - 1)
        end as due,
        case
            when combine = 'sum' then floor(half * (len(category_hundredths) + 1))
            else 0.51 + list_product([part + half for part in category_hundredths])
                / divide_by / 100 ** (len(category_hundredths) - 1)
                - list_product(category_hundredths) / divide_by / 100 ** (len(category_hundredths) - 1)
        end as tolerance
    from doubtful
)
select level, id, hundredths / 100 as total
from compared
where not coalesce(abs(hundredths - due) <= tolerance, false)
   or list_count(category_hundredths) < len(category_hundredths)
