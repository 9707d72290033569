"""Does the ranking mean anything: which clinics keep their tier when the weights of the categories are varied."""

from typing import TYPE_CHECKING

import polars as pl

from icp_engine.columns import KEY, NAME, STATE
from icp_engine.display import percent
from icp_engine.errors import InputError
from icp_engine.published.run import Run
from icp_engine.report.document import Column, Document, Picture, Table
from icp_engine.scorecard.model import Scorecard, Tier
from icp_engine.scoring.stability import DRAWS, WITHIN, tier_stability, weight_factors
from icp_engine.tables.ordering import best_first

if TYPE_CHECKING:
    from icp_engine.charts.catalogue import Chart

ROBUST = 0.95  # of the variations: whoever keeps its tier so often has it whatever the weights
_CLASSES = ((ROBUST, "95% or more"), (0.8, "80% to 95%"), (0.5, "50% to 80%"), (0.0, "less than half"))
_LISTED = 10  # clinics of a list
_MOSTLY = 0.8  # of a tier: where so many are robust, the tier hardly depends on the weights


def stability(run: Run) -> Document:
    """Return how many clinics of each tier keep it when weights are varied, and which ones of the best tier do."""
    card, counts = run.card, _counts(run)
    tier, rows = _best_tier(card, counts), int(counts["clinics"].sum())
    facts: dict[str, object] = {"variations": DRAWS, "within": WITHIN}
    lists: tuple[Table, ...] = ()
    if tier is card.tiers[-1]:
        headline = f"All {rows:,} clinics are in {tier.label}: the tiers do not say who comes first."
    else:
        clinics, share = tier_clinics(run, tier), card.column("tier_stability")
        robust, shaky = clinics.filter(pl.col(share) >= ROBUST), clinics.filter(pl.col(share) < ROBUST)
        facts |= {"robust": len(robust), "tier_clinics": len(clinics)}
        lists = _lists(card, tier, robust, shaky.sort(share, *best_first(card, clinics.columns)))
        headline = (
            f"{len(robust):,} of the {len(clinics):,} clinics in {tier.label} keep it whatever the weights: "
            f"in at least {ROBUST:.0%} of {DRAWS} variations."
        )
    return Document(
        title="Does the ranking mean anything",
        headline=headline,
        sentences=_sentences(card, tier, counts),
        subtitle=f"{card.id} {card.version}, run {run.manifest.run_id}, {rows:,} clinics",
        parts=(_tier_table(card, counts), Picture(lambda: _chart(card, counts)), *lists),
        facts=facts,
    )


def _lists(card: Scorecard, tier: Tier, robust: pl.DataFrame, shaky: pl.DataFrame) -> tuple[Table, ...]:
    return (
        _clinic_table(card, robust, "robust", f"Robust {tier.label}", "The first of them, in the order of lists."),
        _clinic_table(card, shaky, "unsure", f"Least sure of {tier.label}", "Those that lose it in most variations."),
    )


def tier_clinics(run: Run, tier: Tier) -> pl.DataFrame:
    """Return the clinics of a tier, best first, each with the share of variations in which it keeps the tier."""
    card, clinics = run.card, run.clinics()
    order = best_first(card, clinics.collect_schema())
    total, categories = card.column("total_score"), [category.column for category in card.categories]
    shown = dict.fromkeys([*order, NAME, STATE, total, card.column("tier"), *categories])
    inside = clinics.filter(pl.col(card.column("tier")) == tier.number).select(*shown)
    found = inside.sort(*order, descending=list(order.values())).collect()
    return found.with_columns(tier_stability(found, card, weight_factors(card))).drop(categories)


def robust_clinics(run: Run) -> pl.DataFrame:
    """Return the clinics of the best tier that has any which keep it in nearly all variations, best first.

    Raises:
        InputError: all clinics are in the last tier.
    """
    tier = _best_tier(run.card, _counts(run))
    if tier is run.card.tiers[-1]:
        raise InputError(f"All clinics are in {tier.label}, which takes the rest: there is no list of robust ones.")
    return tier_clinics(run, tier).filter(pl.col(run.card.column("tier_stability")) >= ROBUST)


def _best_tier(card: Scorecard, counts: pl.DataFrame) -> Tier:
    """Return the best tier that has clinics."""
    return next(tier for tier in card.tiers if tier.number in set(counts["tier"]))


def _counts(run: Run) -> pl.DataFrame:
    """Return how many clinics of each `tier` keep it in which `share` of the variations. Source: `icp_scores`."""
    card = run.card
    columns = [*(category.column for category in card.categories), card.column("tier")]
    patterns = run.table("icp_scores").group_by(columns).agg(pl.len().cast(pl.Int64).alias("__icp_clinics")).collect()
    shares = tier_stability(patterns, card, weight_factors(card))
    found = patterns.select(pl.col(card.column("tier")).alias("tier"), shares.alias("share"), clinics="__icp_clinics")
    return found.group_by("tier", "share").agg(pl.col("clinics").sum()).sort("tier", "share")


def _class_counts(counts: pl.DataFrame, tier: Tier) -> list[int]:
    """Return the clinics of a tier by how often they keep it, the surest first."""
    own, found, above = counts.filter(pl.col("tier") == tier.number), [], 2.0
    for low, _ in _CLASSES:
        found.append(int(own.filter(pl.col("share").is_between(low, above, closed="left"))["clinics"].sum()))
        above = low
    return found


def _sentences(card: Scorecard, tier: Tier, counts: pl.DataFrame) -> tuple[str, ...]:
    told = [
        f"In each variation the weight of every category is changed by up to {WITHIN:.0%}, and all are brought back to "
        "the same sum. Weights are not known better than that."
    ]
    rows, inside = int(counts["clinics"].sum()), sum(_class_counts(counts, tier))
    robust = _class_counts(counts, tier)[0] / inside
    if tier is card.tiers[-1]:
        targets = ",".join(f"{better.number}=10%" for better in card.tiers[:-1])
        told.append(f"Cut-offs that tell clinics apart: icp-engine simulate --target {targets}")
    elif robust >= _MOSTLY:
        told.append(f"{tier.label} hardly depends on the weights: {percent(robust)} of it is robust.")
    else:
        told.append(
            f"{tier.label} depends on the weights: {percent(1 - robust)} of it is there by their exact values. "
            "Work the robust ones first."
        )
    if tier is not card.tiers[0]:
        told.insert(0, f"No clinic is in {card.tiers[0].label}; {tier.label} is the best tier that has clinics.")
    moved = int(counts.filter(pl.col("share") < _CLASSES[1][0])["clinics"].sum())
    share = percent(moved / rows)
    told.append(f"{moved:,} of all {rows:,} clinics ({share}) change tier in more than a fifth of the variations.")
    return tuple(told)


def _tier_table(card: Scorecard, counts: pl.DataFrame) -> Table:
    lines = []
    for tier in card.tiers:
        own = counts.filter(pl.col("tier") == tier.number)
        clinics = int(own["clinics"].sum())
        mean = (own["share"] * own["clinics"]).sum() / clinics if clinics else None
        lines.append((tier.label, clinics, mean, *_class_counts(counts, tier)))
    keys = ("robust", "mostly", "often", "seldom")
    return Table(
        "tiers",
        "How often clinics keep their tier",
        (
            Column("tier", "Tier"),
            Column("clinics", "Clinics", "count"),
            Column("mean", "On average", "share"),
            *(Column(key, title, "count") for key, (_, title) in zip(keys, _CLASSES, strict=True)),
        ),
        lines,
        f"Clinics by the share of {DRAWS} variations in which they are in the tier that they are in now.",
    )


def _clinic_table(card: Scorecard, clinics: pl.DataFrame, name: str, title: str, says: str) -> Table:
    shown = (card.column("total_score"), card.column("tier_stability"), NAME, STATE, KEY)
    return Table(
        name,
        title,
        (
            Column("score", "Score", "points"),
            Column("tier_stability", "Keeps it in", "share"),
            Column("account_name", "Clinic"),
            Column("state_code", "State"),
            Column("clinic_id", "Id"),
        ),
        clinics.select(shown).head(_LISTED).rows(),
        says,
        "There is none.",
    )


def _chart(card: Scorecard, counts: pl.DataFrame) -> "Chart":
    from icp_engine.charts.stability import stability_chart

    rows = {tier.label: _class_counts(counts, tier) for tier in card.tiers}
    return stability_chart(rows, [title for _, title in _CLASSES])
