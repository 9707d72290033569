-- Does size go with score? Networks counted by size, score and tier.
-- Grain: one row per number of clinics, step of 2 points and tier that occur; example is the best of them.
-- Inputs: network_scores.
select
    num_clinics,
    floor(total_score / 2) * 2 as from_score,
    tier as network_tier,
    count(*) as num_networks,
    arg_max(display_name, total_score) as example
from network_scores
group by all
order by all
