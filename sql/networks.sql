-- Networks: groups of clinics that belong together, scored as one.
-- Grain: one row per network, by score, highest first, then network_id. hundredths are those of total_score,
-- category_hundredths those of each category, in the order of the scorecard.
-- Inputs: network_members, network_evidence, clinic_scores, run_settings (network_mean), scorecard_total, scorecard_tiers,
-- scorecard_tier_edges.
-- Scores are weighted by sites. They are summed as whole hundredths and divided once, so that no order of rows
-- can change a digit. Lists are made first and sorted then: aggregates that sort take memory for each network by itself.
with
-- Numbers are quicker to group by than ids.
numbered as (
    select row_number() over () as network, network_id, network_name
    from (select network_id, any_value(network_name) as network_name from network_members group by network_id)
),
members as (
    select
        network,
        is_forced_anchor,
        clinic_scores.*,
        case when site_count > 0 then site_count else 1 end as weight
    from network_members
    join (select network, network_id from numbered) as numbers using (network_id)
    join clinic_scores using (clinic_id)
),
-- Who is forced stands above every score.
placed as (
    select network, clinic_id, npi_count, hundredths + if(is_forced_anchor, 1000000000000, 0) as place from members
),
leaders as (
    select network, clinic_id, npi_count
    from placed
    join (select network, max(place) as place from placed group by network) as highest using (network, place)
),
anchors as (
    select network, clinic_id as anchor_clinic_id
    from leaders
    qualify row_number() over (partition by network order by npi_count desc nulls last, clinic_id) = 1
),
segments as (
    select network, segment
    from members
    group by network, segment
    qualify row_number() over (partition by network order by count(*) desc, segment) = 1
),
spelled as (
    select network, account_name, count(*) as num_clinics
    from members
    where account_name is not null
    group by network, account_name
),
spellings as (
    select network, min(account_name) as display_name
    from spelled
    join (select network, max(num_clinics) as num_clinics from spelled group by network) as most
        using (network, num_clinics)
    group by network
),
summed as (
    select
        network,
        count(*) as num_clinics,
        list_sort(list_distinct(list(state_code))) as states,
        sum(npi_count) as total_npi_count,
        sum(site_count) as total_site_count,
        sum(cast(hundredths as hugeint)) as clinic_hundredths,
        count(*) filter (where fqhc_flag) as fqhc_clinics_count,
        count(*) filter (where aco_member) as aco_clinics_count
    from members
    group by network
),
-- Every member and category.
long as (
    select
        network,
        weight,
        unnest(category_hundredths) as hundredths,
        generate_subscripts(category_hundredths, 1) as position
    from members
),
category_sums as (
    select
        network,
        position,
        sum(cast(hundredths as hugeint) * weight) as hundredths,
        sum(weight) as weight
    from long
    group by network, position
),
-- They keep every value: made only where they are wanted.
medians as (
    select network, position, median(hundredths) as hundredths
    from long
    where (select network_mean = 'median' from run_settings)
    group by network, position
),
-- Hundredths of points, not yet rounded.
averaged as (
    select
        network,
        position,
        category_sums.hundredths,
        weight,
        coalesce(medians.hundredths, category_sums.hundredths / weight) as average
    from category_sums
    left join medians using (network, position)
),
summed_up as (
    select
        network,
        list_sort(list({'position': position, 'average': average})) as categories,
        sum(average) as sum_of_averages,
        sum(hundredths) as hundredths,
        any_value(weight) as weight
    from averaged
    group by network
),
totals as (
    select
        network,
        case
            when combine = 'product' then round(
                list_product([category.average / 100 for category in categories]) / divide_by * 100, 6
            )
            when network_mean = 'median' then sum_of_averages
            else hundredths / weight
        end as average,
        [cast(round_even(category.average, 0) as bigint) for category in categories] as category_hundredths
    from summed_up, scorecard_total, run_settings
),
scored as (
    select network, cast(round_even(average, 0) as bigint) as hundredths, category_hundredths
    from totals
),
parts as (
    select network, 0 as position, hundredths from scored
    union all
    select network, generate_subscripts(category_hundredths, 1), unnest(category_hundredths) from scored
),
missed as (
    select distinct parts.network, edges.tier
    from parts
    join scorecard_tier_edges as edges on edges.position = parts.position and parts.hundredths / 100 < edges.at_least
    where edges.level = 'network'
),
tiered as (
    select scored.*, tiers.tier, tiers.label as tier_label
    from scored
    join scorecard_tiers as tiers on tiers.level = 'network'
    anti join missed using (network, tier)
    qualify row_number() over (partition by network order by tiers.tier) = 1
)
select
    network_id,
    network_name,
    num_clinics,
    len(coalesce(states, [])) as num_states,
    nullif(array_to_string(states, ','), '') as states_covered,
    tiered.hundredths / 100 as total_score,
    cast(tier as tinyint) as tier,
    tier_label,
    segment,
    try_cast(total_npi_count as bigint) as total_npi_count,
    try_cast(total_site_count as bigint) as total_site_count,
    round_even(clinic_hundredths / num_clinics, 0) / 100 as avg_clinic_score,
    fqhc_clinics_count,
    aco_clinics_count,
    anchor_clinic_id,
    display_name,
    is_ambiguous,
    evidence,
    weakest_edge,
    num_owners,
    tiered.hundredths,
    tiered.category_hundredths
from summed
join numbered using (network)
join tiered using (network)
join anchors using (network)
join segments using (network)
left join spellings using (network)
join network_evidence using (network_id)
order by total_score desc, network_id
