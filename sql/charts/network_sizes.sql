-- Does size go with score? Networks counted by size, score and tier.
-- Grain: one row per number of clinics, step of 2 points and tier that occur; example is the best of them.
-- Inputs: networks_icp.
select
    num_clinics,
    floor(network_icp_total_score / 2) * 2 as from_score,
    network_icp_tier,
    count(*) as num_networks,
    arg_max(display_name, network_icp_total_score) as example
from networks_icp
group by all
order by all
