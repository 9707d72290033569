-- Networks: groups of clinics under one organisation name, scored as one.
-- Grain: one row per network, by score, highest first, then network_id.
-- Inputs: network_members, icp_scores, run_settings (network_mean), scorecard_tiers.
-- Scores are weighted by sites. They are summed as whole hundredths and divided once, so that no order of rows
-- can change a digit.
with
members as (
    select
        network_members.network_id,
        network_members.network_name,
        network_members.is_forced_anchor,
        icp_scores.*,
        case when site_count > 0 then site_count else 1 end as weight,
        cast(round_even(icp_fit_score * 100, 0) as hugeint) as fit,
        cast(round_even(icp_pain_score * 100, 0) as hugeint) as pain,
        cast(round_even(icp_compliance_score * 100, 0) as hugeint) as compliance,
        cast(round_even(icp_propensity_score * 100, 0) as hugeint) as propensity,
        cast(round_even(icp_scale_score * 100, 0) as hugeint) as scale,
        cast(round_even(icp_segment_score * 100, 0) as hugeint) as segment,
        cast(round_even(icp_total_score * 100, 0) as hugeint) as total
    from network_members
    join icp_scores using (clinic_id)
),
anchors as (
    select network_id, clinic_id as anchor_clinic_id
    from members
    qualify row_number() over (
        partition by network_id
        order by is_forced_anchor desc, icp_total_score desc, npi_count desc nulls last, clinic_id
    ) = 1
),
segments as (
    select network_id, icp_segment as network_icp_segment
    from members
    group by network_id, icp_segment
    qualify row_number() over (partition by network_id order by count(*) desc, icp_segment) = 1
),
spellings as (
    select network_id, account_name as display_name
    from members
    where account_name is not null
    group by network_id, account_name
    qualify row_number() over (partition by network_id order by count(*) desc, account_name) = 1
),
summed as (
    select
        network_id,
        any_value(network_name) as network_name,
        count(*) as num_clinics,
        count(distinct state_code) as num_states,
        string_agg(distinct state_code, ',' order by state_code) as states_covered,
        sum(weight) as weight,
        sum(fit * weight) as fit,
        sum(pain * weight) as pain,
        sum(compliance * weight) as compliance,
        sum(propensity * weight) as propensity,
        sum(scale * weight) as scale,
        sum(segment * weight) as segment,
        median(fit) as fit_median,
        median(pain) as pain_median,
        median(compliance) as compliance_median,
        median(propensity) as propensity_median,
        median(scale) as scale_median,
        median(segment) as segment_median,
        sum(npi_count) as total_npi_count,
        sum(site_count) as total_site_count,
        sum(total) as total,
        count(*) filter (where fqhc_flag) as fqhc_clinics_count,
        count(*) filter (where aco_member) as aco_clinics_count
    from members
    group by network_id
),
-- Hundredths of points, not yet rounded.
averaged as (
    select
        summed.* exclude (fit, pain, compliance, propensity, scale, segment),
        if(by_median, fit_median, fit / weight) as fit,
        if(by_median, pain_median, pain / weight) as pain,
        if(by_median, compliance_median, compliance / weight) as compliance,
        if(by_median, propensity_median, propensity / weight) as propensity,
        if(by_median, scale_median, scale / weight) as scale,
        if(by_median, segment_median, segment / weight) as segment,
        if(
            by_median,
            fit_median + pain_median + compliance_median + propensity_median + scale_median + segment_median,
            (fit + pain + compliance + propensity + scale + segment) / weight
        ) as whole
    from summed, (select network_mean = 'median' as by_median from run_settings)
),
scored as (
    select *, round_even(whole, 0) / 100 as network_icp_total_score
    from averaged
),
tiered as (
    select scored.*, tiers.tier, tiers.label
    from scored
    join scorecard_tiers as tiers
        on tiers.level = 'network' and network_icp_total_score >= coalesce(tiers.at_least, 0)
    qualify row_number() over (partition by network_id order by tiers.tier) = 1
)
select
    network_id,
    network_name,
    num_clinics,
    num_states,
    states_covered,
    network_icp_total_score,
    cast(tier as tinyint) as network_icp_tier,
    label as network_icp_tier_label,
    network_icp_segment,
    round_even(fit, 0) / 100 as network_icp_fit_score,
    round_even(pain, 0) / 100 as network_icp_pain_score,
    round_even(compliance, 0) / 100 as network_icp_compliance_score,
    round_even(propensity, 0) / 100 as network_icp_propensity_score,
    round_even(scale, 0) / 100 as network_icp_scale_score,
    round_even(segment, 0) / 100 as network_icp_segment_score,
    try_cast(total_npi_count as bigint) as total_npi_count,
    try_cast(total_site_count as bigint) as total_site_count,
    round_even(total / num_clinics, 0) / 100 as avg_clinic_icp_score,
    fqhc_clinics_count,
    aco_clinics_count,
    anchor_clinic_id,
    display_name,
    num_clinics = 2 and num_states = 2 as is_ambiguous
from tiered
join anchors using (network_id)
join segments using (network_id)
left join spellings using (network_id)
order by network_icp_total_score desc, network_id
