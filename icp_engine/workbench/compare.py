"""`compare`: what became of clinics and networks from one run to the next, and why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from icp_engine.columns import KEY, NAME, STATE
from icp_engine.display import listed
from icp_engine.errors import InputError
from icp_engine.report.document import Column, Document, Table
from icp_engine.scorecard.model import Scorecard
from icp_engine.scorecard.rounding import in_points
from icp_engine.scoring.compiler import HUNDREDTHS
from icp_engine.workbench.causes import DATA, EDGES, RULE, Causes, causes_of
from icp_engine.workbench.clinics import part_labels
from icp_engine.workbench.moves import in_words, matrix, matrix_picture, moves_by
from icp_engine.workbench.network_moves import network_moves
from icp_engine.workbench.rules import rule_changes, rules_table
from icp_engine.workbench.sides import Side

_LISTED, _STATES = 15, 20  # clinics and states
_CAUSES = {
    "data": "Their data changed",
    "rule": "The rules changed",
    "both": "Data and rules changed",
    "unknown": "Not known: scoring again does not give what was published",
}


@dataclass(frozen=True, slots=True)
class Compared:
    """Clinics of both sides (`old_...`, `new_...`; missing on the side where a clinic is not), moves and causes."""

    clinics: pl.DataFrame
    moved: pl.DataFrame
    causes: Causes | None


def compare(old: Side, new: Side) -> Document:
    """Return what became of clinics and networks from one run to the next.

    Raises:
        InputError: the scorecards read a field by different types, or a file has a clinic more than once.
    """
    found = _compared(old, new)
    stayed = found.clinics.drop_nulls(["old_tier", "new_tier"])
    arrived, gone = (found.clinics.filter(pl.col(f"{side}_tier").is_null()) for side in ("old", "new"))
    moves = stayed.group_by(STATE, "old_tier", "new_tier").len("clinics")
    tiers = old.card.tiers, new.card.tiers
    networks = network_moves(old, new, found.clinics)
    counts = dict(found.causes.clinics["cause"].value_counts().iter_rows()) if found.causes else {}
    changes = rule_changes(old.card, new.card)
    return Document(
        title="What changed from one run to the next",
        headline=in_words(moves, *tiers),
        sentences=(
            f"{len(arrived):,} clinics are new, and {len(gone):,} are gone.",
            *_why(counts, len(found.moved)),
            *([f"The rules differ in {len(changes):,} places."] if changes else ["The rules are the same."]),
            *networks.sentences,
            *_order(old, new),
        ),
        subtitle=f"From {old.says} to {new.says}",
        parts=(
            matrix(moves, *tiers),
            matrix_picture(moves, *tiers),
            _causes(counts),
            *(_reasons(found.causes, old.card, new.card) if found.causes else ()),
            _movers(found, old.card, new.card),
            *((rules_table(changes),) if changes else ()),
            _listed("new_clinics", "New clinics, best first", arrived, "new", new.card),
            _listed("gone_clinics", "Clinics that are gone, best first", gone, "old", old.card),
            moves_by(moves, STATE, "states", "By state", "State", limit=_STATES),
            *networks.tables,
        ),
        facts={
            "old": old.says,
            "new": new.says,
            "clinics_in_both": len(stayed),
            "clinics_new": len(arrived),
            "clinics_gone": len(gone),
            "clinics_moved": len(found.moved),
            "score_changed": stayed.select((pl.col("old_total") != pl.col("new_total")).sum()).item(),
            "rules_changed": len(changes),
            **networks.counts,
        },
    )


def _compared(old: Side, new: Side) -> Compared:
    sides = [_results(side, name) for side, name in ((old, "old"), (new, "new"))]
    both = sides[0].join(sides[1], on=KEY, how="full", coalesce=True)
    both = both.with_columns(pl.coalesce(f"new_{name}", f"old_{name}").alias(name) for name in (NAME, STATE))
    clinics = both.drop(f"{side}_{name}" for side in ("old", "new") for name in (NAME, STATE)).collect()
    if len(clinics) != clinics[KEY].n_unique():
        twice = clinics[KEY].filter(clinics[KEY].is_duplicated())[0]
        raise InputError(f"Clinic {twice} stands more than once in {old.says} or {new.says}; results have it once.")
    moved = clinics.filter(pl.col("old_tier") != pl.col("new_tier"))
    return Compared(clinics, moved, causes_of(moved.drop(NAME, STATE), old, new) if len(moved) else None)


def _results(side: Side, name: str) -> pl.LazyFrame:
    """Return id, name, state, total in hundredths, tier and network of the clinics of a run."""
    there, card = side.clinics.collect_schema().names(), side.card
    plain = [pl.col(column) if column in there else pl.lit(None, pl.String).alias(column) for column in
             (NAME, STATE, "network_id")]  # fmt: skip
    total = (pl.col(card.column("total_score")) * 100).round().cast(HUNDREDTHS).alias("total")
    found = side.clinics.select(KEY, *plain, total, pl.col(card.column("tier")).alias("tier"))
    return found.select(KEY, pl.exclude(KEY).name.prefix(f"{name}_"))


def _why(counts: dict[str, int], moved: int) -> Iterator[str]:
    if moved:
        parts = [f"{count:,} because {text}" for cause, text in
                 (("data", "their data changed"), ("rule", "the rules changed"), ("both", "both did"))
                 if (count := counts.get(cause))]  # fmt: skip
        if parts:
            yield f"Of those that move, {listed(parts)}."
    if unknown := counts.get("unknown"):
        yield (
            f"Of {unknown:,} it cannot be told: scoring them again does not give what was published, since a file "
            "lacks fields or another version of the program scored them."
        )


def _order(old: Side, new: Side) -> Iterator[str]:
    if old.run and new.run and old.run.manifest.started_at > new.run.manifest.started_at:
        yield "The first run is the later one: old ids of networks are not followed backwards."


def _causes(counts: dict[str, int]) -> Table:
    rows = [(_CAUSES[cause], counts[cause]) for cause in _CAUSES if cause in counts]
    columns = (Column("cause", "Cause"), Column("clinics", "Clinics", "count"))
    return Table("causes", "Why clinics move", columns, rows, empty="No clinic moves.")


def _labels(old: Scorecard, new: Scorecard) -> dict[str, str]:
    return part_labels((old, new)) | {EDGES: "Where tiers begin"}


def _reasons(causes: Causes, old: Scorecard, new: Scorecard) -> Iterator[Table]:
    """Yield which characteristics moved clinics, by data and by rules, and which fields."""
    labels, rows = _labels(old, new), []
    for mark, what in ((DATA, "data"), (RULE, "rule")):
        for code in causes.codes:
            if mark + code in causes.clinics.columns:
                counted = causes.clinics.filter(pl.col("cause") != "unknown")[mark + code]
                changed = counted.filter(counted != 0)
                mean = None if code == EDGES or changed.is_empty() else in_points(int(changed.sum())) / len(changed)
                rows.append((what, labels[code], len(changed), mean))
    rows = sorted((row for row in rows if row[2]), key=lambda row: (-row[2], row[0], row[1]))
    columns = (
        Column("cause", "What changed"),
        Column("characteristic", "Characteristic"),
        Column("clinics", "Clinics that move", "count"),
        Column("mean_change", "Mean change, points", "change"),
    )
    says = (
        "Data first by the old rules, then rules on the new data; a clinic counts wherever its points changed, and "
        "under where tiers begin if its points of now would be in another tier by the tiers of before."
    )
    yield Table("characteristics", "What moved them", columns, rows, says, "Nothing is known of it.")
    fields = (
        Column("field", "Field"),
        Column("clinics", "Clinics that move", "count"),
        Column("came", "Value came", "count"),
        Column("went", "Value went", "count"),
    )
    yield Table("fields", "Fields whose values moved them", fields, causes.fields.rows(), empty="No field did.")


def _movers(found: Compared, old: Scorecard, new: Scorecard) -> Table:
    """Return clinics that move: those that rise to the best tiers first, then those that fall from them."""
    labels = [{tier.number: tier.label for tier in card.tiers} for card in (old, new)]
    rows = []
    if found.causes:
        best = pl.min_horizontal("old_tier", "new_tier")
        size = (pl.col("new_total") - pl.col("old_total")).abs()
        first = found.moved.sort(best, size, KEY, descending=[False, True, False]).head(_LISTED)
        joined = first.join(found.causes.clinics, on=KEY, how="left", maintain_order="left")
        for clinic in joined.iter_rows(named=True):
            tiers = labels[0][clinic["old_tier"]], labels[1][clinic["new_tier"]]
            points = in_points(clinic["old_total"]), in_points(clinic["new_total"])
            why = _because(clinic, found.causes.codes, _labels(old, new))
            rows.append((clinic[KEY], clinic[STATE], *tiers, *points, clinic["cause"], why))
    columns = (
        Column("clinic_id", "Clinic"),
        Column("state", "State"),
        Column("old_tier", "Tier before"),
        Column("new_tier", "Tier now"),
        Column("old_score", "Before", "points"),
        Column("new_score", "Now", "points"),
        Column("cause", "Cause"),
        Column("because", "Because"),
    )
    return Table("movers", "Clinics that move, the best tiers first", columns, rows, empty="No clinic moves.")


def _because(clinic: dict[str, int], codes: Sequence[str], labels: dict[str, str]) -> list[str]:
    if str(clinic["cause"]) == "unknown":
        return []
    parts = []
    for mark, what in ((DATA, "data"), (RULE, "rule")):
        for code in codes:
            if change := clinic.get(mark + code):
                told = "" if code == EDGES else f" {in_points(change):+g}"
                parts.append(f"{labels[code]}{told} ({what})")
    return parts


def _listed(name: str, title: str, clinics: pl.DataFrame, side: str, card: Scorecard) -> Table:
    labels = {tier.number: tier.label for tier in card.tiers}
    best = clinics.sort(f"{side}_tier", f"{side}_total", KEY, descending=[False, True, False]).head(_LISTED)
    rows = [
        (key, text, state, in_points(total), labels[tier])
        for key, text, state, total, tier in best.select(KEY, NAME, STATE, f"{side}_total", f"{side}_tier").iter_rows()
    ]
    columns = (
        Column("clinic_id", "Clinic"),
        Column("name", "Name"),
        Column("state", "State"),
        Column("score", "Score", "points"),
        Column("tier", "Tier"),
    )
    counts = dict(clinics[f"{side}_tier"].value_counts().iter_rows())
    says = listed([f"{labels[tier]}: {counts[tier]:,}" for tier in sorted(counts)]) + "." if counts else ""
    return Table(name, title, columns, rows, says, "There are none.")
