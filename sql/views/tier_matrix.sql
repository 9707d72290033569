-- How two scorecards of a run sort the same clinics: clinics by the tier of one and the tier of the other.
-- Grain: one row per pair of scorecards (in the order of the run) and pair of their tiers, cells without a clinic too.
-- The clinics behind a cell stand in clinic_tier_pairs under the same scorecards and tiers. Share: of all clinics.
-- Inputs: clinic_tier_pairs, run_tiers.
with
cells as (
    select
        run_tiers.position,
        run_tiers.scorecard,
        run_tiers.tier,
        run_tiers.label as tier_label,
        others.position as other_position,
        others.scorecard as other_scorecard,
        others.tier as other_tier,
        others.label as other_tier_label
    from run_tiers
    join run_tiers as others on run_tiers.position < others.position
),
counted as (
    select scorecard, tier, other_scorecard, other_tier, count(*) as num_clinics
    from clinic_tier_pairs
    group by all
)
select
    scorecard,
    tier,
    tier_label,
    other_scorecard,
    other_tier,
    other_tier_label,
    coalesce(num_clinics, 0) as num_clinics,
    coalesce(num_clinics, 0) / sum(num_clinics) over (partition by scorecard, other_scorecard) as share
from cells
left join counted using (scorecard, tier, other_scorecard, other_tier)
order by position, other_position, tier, other_tier
