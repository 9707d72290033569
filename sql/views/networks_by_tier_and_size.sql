-- How many networks there are per tier and size, and how many clinics stand behind them.
-- Grain: one row per network tier and size class. Inputs: network_scores.
select
    tier as network_tier,
    tier_label as network_tier_label,
    case
        when num_clinics >= 50 then '50 and more'
        when num_clinics >= 10 then '10-49'
        when num_clinics >= 5 then '5-9'
        else '2-4'
    end as size_class,
    count(*) as num_networks,
    sum(num_clinics) as num_clinics,
    round(avg(total_score), 2) as avg_score
from network_scores
group by all
order by network_tier, min(num_clinics) desc
