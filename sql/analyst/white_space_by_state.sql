-- Where is the market? Clinics, share in tiers 1 and 2, and networks with a member there, per state.
select
    coalesce(state_code, 'not known') as state,
    count(*) as num_clinics,
    count(*) filter (where icp_tier <= 2) as in_tier_1_or_2,
    round(100.0 * count(*) filter (where icp_tier <= 2) / count(*), 1) as percent_in_tier_1_or_2,
    count(distinct network_id) as num_networks,
    round(avg(icp_total_score), 2) as avg_score
from clinics_icp_with_networks
group by all
order by in_tier_1_or_2 desc, state;
