"""What is not known of the clinics of a run, what hangs on it, and so which file would help the most.

A field counts by itself: what a clinic could come to if this field became known while all others stay as they are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from icp_engine.columns import CONTACT, HELPERS, KEY, NAME, STATE
from icp_engine.display import percent
from icp_engine.errors import InputError, did_you_mean
from icp_engine.published.run import Run
from icp_engine.report.document import Column, Document, Picture, Table
from icp_engine.scorecard.model import Scorecard
from icp_engine.scoring.bounds import BoundsFinder
from icp_engine.scoring.score import add_bands
from icp_engine.scoring.situations import with_values

if TYPE_CHECKING:
    from icp_engine.charts.catalogue import Chart

ROWS = 250_000  # clinics that are looked at together
_SAMPLE = 50_000  # clinics that tell at the end of a run which field would help
SHOWN = 15  # states in a table
_SAME = 6  # decimals of points to which sums are the same whatever the order of adding up
COUNTS = ("lacking", "at_stake", "up", "down")
_SEGMENT = f"{HELPERS}segment"
_GROUPS = {
    "field": pl.String, "state": pl.String, "segment": pl.String,
    "lacking": pl.UInt32, "at_stake": pl.Float64, "up": pl.UInt32, "down": pl.UInt32,
}  # fmt: skip
_CHANGES: tuple[Column, ...] = (
    Column("up", "Could rise", "count"),
    Column("down", "Could fall", "count"),
)


@dataclass(frozen=True, slots=True)
class Gaps:
    """What each field hides.

    Attributes:
        card: the scorecard of the run.
        clinics: how many there are.
        certain: how many no missing field could move to another tier, whatever becomes known.
        could_rise: how many could be in a better tier if everything became known.
        fields: one row per field that some clinics lack: `lacking`, `at_stake` (points of an average one of them),
            `up` and `down` (clinics that it could move by itself), best first.
        groups: the same counts by field, state and segment, `at_stake` in points of all together.
    """

    card: Scorecard
    clinics: int
    certain: int
    could_rise: int
    fields: pl.DataFrame
    groups: pl.DataFrame

    @property
    def dearest(self) -> str | None:
        """The field that could lift the most clinics into a better tier; None where none could lift one."""
        best = self.fields.head(1)
        return best["field"].item() if len(best) and best["up"].item() else None


def find_gaps(run: Run, sample: int | None = None) -> Gaps:
    """Return what is not known of the clinics of a run, field by field.

    Args:
        run: the run.
        sample: how many clinics to look at, spread evenly; all unless given.
    """
    finder, card = BoundsFinder(run.card), run.card
    groups = [pl.DataFrame(schema=_GROUPS)]
    clinics = certain = could_rise = 0
    for frame in _pieces(run, max(run.manifest.rows.scored // (sample or run.manifest.rows.scored), 1)):
        clinics, certain = clinics + len(frame), certain + int(frame[card.column("tier_certain")].sum())
        high = finder.reached(with_values(frame, card))[1]
        could_rise += int((high["tier"] < frame[card.column("tier")]).sum())
        groups += [_of_field(finder, frame, field, card) for field in card.reads if frame[field].null_count()]
    every = pl.concat(groups).group_by("field", "state", "segment").agg(pl.col(COUNTS).sum())
    fields = every.group_by("field").agg(pl.col(COUNTS).sum()).with_columns(pl.col("at_stake") / pl.col("lacking"))
    stake = pl.col("at_stake").round(_SAME)
    fields = fields.sort("up", stake, "down", "field", descending=[True, True, True, False])
    return Gaps(card, clinics, certain, could_rise, fields, every)


def clinics_lacking(run: Run, field: str) -> pl.DataFrame:
    """Return the clinics that lack a field, those first whose tier it could better, then those that it could worsen.

    Beside what a vendor needs to find them it says which tier and which total the field could lead to.

    Raises:
        InputError: the scorecard does not read such a field.
    """
    card = run.card
    if field not in card.reads:
        raise InputError(
            f"{card.id} does not read '{field}'{did_you_mean(field, card.reads)}; it reads {', '.join(card.reads)}."
        )
    finder, total, tier = BoundsFinder(card), card.column("total_score"), card.column("tier")
    found = []
    for frame in _pieces(run):
        lacking = frame.filter(pl.col(field).is_null())
        low, high = finder.reached(with_values(lacking, card), field)
        least, most = f"{total}_at_least", f"{total}_at_most"
        reached = [
            (low["total"] / 100).alias(least),
            (high["total"] / 100).alias(most),
            high["tier"].alias(f"{tier}_best"),
            low["tier"].alias(f"{tier}_worst"),
        ]
        shown = dict.fromkeys((KEY, NAME, STATE, *_contact(frame), total, tier))
        found.append(lacking.with_columns(reached).select(*shown, least, most, f"{tier}_best", f"{tier}_worst"))
    listed = pl.concat(found)
    up, down = pl.col(tier) - pl.col(f"{tier}_best"), pl.col(f"{tier}_worst") - pl.col(tier)
    return listed.sort(
        up > 0, f"{tier}_best", down > 0, f"{total}_at_most", KEY, descending=[True, False, True, True, False]
    )


def gaps_document(run: Run) -> Document:
    """Return what is not known of a run's clinics and what hangs on it, for people."""
    gaps = find_gaps(run)
    share = percent(gaps.certain / max(gaps.clinics, 1))
    return Document(
        title="What is not known, and what hangs on it",
        headline=_headline(gaps),
        sentences=(
            f"The tier of {gaps.certain:,} of {gaps.clinics:,} clinics ({share}) is certain whatever becomes known; "
            f"that of {gaps.clinics - gaps.certain:,} hangs on missing data. With everything known at its best, "
            f"{gaps.could_rise:,} would be in a better tier.",
            *_next_step(gaps),
        ),
        subtitle=f"{gaps.card.id} {gaps.card.version}, run {run.manifest.run_id}, {gaps.clinics:,} clinics",
        parts=(
            _fields(gaps),
            Picture(partial(_chart, gaps)),
            *(_by(gaps, *names) for names in (("state", "states", "State"), ("segment", "segments", "Segment"))),
        ),
        facts={
            "clinics": gaps.clinics,
            "certain": gaps.certain,
            "could_rise": gaps.could_rise,
            "dearest": gaps.dearest,
        },
    )


def in_short(run: Run) -> str | None:
    """Return which field would help the most, in shares of all clinics; None where none would lift a clinic.

    A large run is judged by clinics spread evenly over it.
    """
    gaps = find_gaps(run, _SAMPLE)
    if gaps.dearest is None:
        return None
    best = gaps.fields.row(0, named=True)
    lacking, up = (percent(best[name] / gaps.clinics) for name in ("lacking", "up"))
    return (
        f"{gaps.dearest}: {lacking} of clinics lack it, and it could lift {up} of all into a better tier; "
        "see icp-engine gaps"
    )


def _headline(gaps: Gaps) -> str:
    if gaps.dearest is not None:
        best = gaps.fields.row(0, named=True)
        word = "clinic lacks" if best["lacking"] == 1 else "clinics lack"
        lifts = f"{best['up']:,} of them into a better tier"
        return f"{gaps.dearest} would help the most: {best['lacking']:,} {word} it, and it could lift {lifts}."
    if gaps.fields.is_empty():
        return "Nothing is missing: every clinic has every field that the scorecard reads."
    return "No single field could lift a clinic into a better tier."


def _next_step(gaps: Gaps) -> list[str]:
    if gaps.dearest is None:
        return []
    return [
        f"icp-engine gaps --field {gaps.dearest} --out list.csv writes the clinics that lack it, those first whose "
        "tier hangs on it."
    ]


def _pieces(run: Run, step: int = 1) -> Iterator[pl.DataFrame]:
    """Yield the clinics of a run, or every so many of them, some at a time: fields, scores and bands."""
    card, clinics = run.card, run.table("clinics_icp")
    present = clinics.collect_schema()
    if card.column("tier_certain") not in present:
        raise InputError(
            f"{run.warehouse} was published by a version that did not say what missing data hides; run again."
        )
    absent = [pl.lit(None, card.fields[name].dtype).alias(name) for name in card.reads if name not in present]
    segment = pl.col(card.column("segment")) if card.segment_source else pl.lit(None, pl.String)
    for start in range(0, run.manifest.rows.scored, ROWS * step):
        piece = clinics.slice(start, ROWS * step).gather_every(step).with_columns(*absent, segment.alias(_SEGMENT))
        for name in (NAME, STATE):
            if name not in present:
                piece = piece.with_columns(pl.lit(None, pl.String).alias(name))
        yield add_bands(piece, card).collect()


def _contact(frame: pl.DataFrame) -> list[str]:
    return [name for name in CONTACT if name in frame.columns]


def _of_field(finder: BoundsFinder, frame: pl.DataFrame, field: str, card: Scorecard) -> pl.DataFrame:
    """Return what a field hides of some clinics, by state and segment."""
    tier = card.column("tier")
    lacking = frame.filter(pl.col(field).is_null())
    low, high = finder.reached(with_values(lacking, card), field)
    found = pl.DataFrame(
        {
            "field": field,
            "state": lacking[STATE],
            "segment": lacking[_SEGMENT],
            "at_stake": (high["total"] - low["total"]) / 100,
            "up": high["tier"] < lacking[tier],
            "down": low["tier"] > lacking[tier],
        }
    )
    return found.group_by("field", "state", "segment").agg(
        pl.len().alias("lacking"), pl.col("at_stake").sum(), pl.col("up").sum(), pl.col("down").sum()
    )


def _fields(gaps: Gaps) -> Table:
    return Table(
        "fields",
        "Fields, those first that could lift the most clinics",
        (
            Column("field", "Field"),
            Column("lacking", "Clinics without", "count"),
            Column("share", "Share", "share"),
            *_CHANGES,
            Column("at_stake", "Points at stake", "points"),
        ),
        [
            (row["field"], row["lacking"], row["lacking"] / gaps.clinics, row["up"], row["down"], row["at_stake"])
            for row in gaps.fields.iter_rows(named=True)
        ],
        "Each field by itself: what clinics could come to if it alone became known. Points at stake are those between "
        "the worst and the best value, of an average clinic that lacks it.",
        "Nothing is missing.",
    )


def _by(gaps: Gaps, name: str, table: str, title: str) -> Table:
    """Return the states or segments in which a single field could lift the most clinics, and which field that is."""
    counts = gaps.groups.group_by(name, "field").agg(pl.col(COUNTS).sum())
    stake = pl.col("at_stake").round(_SAME)
    order = counts.sort("up", stake, "field", name, descending=[True, True, False, False], nulls_last=True)
    best = order.unique(name, keep="first", maintain_order=True)
    rows: Sequence[dict[str, object]] = best.head(SHOWN).to_dicts()
    labels = gaps.card.segments if name == "segment" else {}
    more = f" The first {SHOWN} of {len(best)}." if len(best) > SHOWN else ""
    return Table(
        table,
        f"By {title.lower()}: the field that could lift the most clinics",
        (
            Column(name, title),
            Column("field", "Field"),
            Column("lacking", "Clinics without", "count"),
            *_CHANGES,
        ),
        [(_told(row[name], labels), row["field"], row["lacking"], row["up"], row["down"]) for row in rows],
        f"Where to begin.{more}",
        "Nothing is missing.",
    )


def _told(value: object, labels: dict[str, str]) -> str:
    if value is None:
        return "unknown"
    label = labels.get(str(value))
    return f"{value}: {label}" if label else str(value)


def _chart(gaps: Gaps) -> "Chart":
    from icp_engine.charts.gaps import gaps_chart

    return gaps_chart(gaps.fields)
