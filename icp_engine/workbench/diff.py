"""`scorecard diff`: what a change of the rules does, before anybody publishes it."""

from collections.abc import Iterator, Sequence

import polars as pl

from icp_engine.columns import KEY, NAME, STATE
from icp_engine.display import percent
from icp_engine.report.document import Column, Document, Table
from icp_engine.scorecard.model import Scorecard
from icp_engine.scorecard.rounding import in_points
from icp_engine.workbench.clinics import NEW, OLD, Source, band_names, left_out_in_words, part_codes, part_labels
from icp_engine.workbench.differences import CHANGE, Differences, differences
from icp_engine.workbench.measures import shift_word
from icp_engine.workbench.moves import in_words, matrix, matrix_picture, moves_by
from icp_engine.workbench.rules import Change, rule_changes, rules_table

_STATES = 20  # that are listed


def diff_cards(old: Scorecard, new: Scorecard) -> Document:
    """Return what differs in the rules of two scorecards."""
    changes = rule_changes(old, new)
    return Document(
        title=_title(old, new),
        headline=_rules_in_words(changes, old, new),
        sentences=("Name clinics with --extract or --warehouse to see what that does to them.",),
        subtitle=f"{_named(old)} and {_named(new)}",
        parts=(rules_table(changes),),
        facts={"rules_changed": len(changes)},
    )


def diff_clinics(source: Source, old: Scorecard, new: Scorecard, top: int | None = None) -> tuple[Document, float]:
    """Return what changes from one scorecard to another for the clinics of a source, and the churn of the top (0 to 1).

    Raises:
        InputError: the source cannot be read, or `top` leaves nobody outside.
    """
    changes, found = rule_changes(old, new), differences(source, old, new, top)
    moves, churn = found.moves, found.churn
    moved = moves.filter(pl.col("old_tier") != pl.col("new_tier"))
    up = _sum(moved.filter(pl.col("new_tier") < pl.col("old_tier")))
    facts = {
        "clinics": found.clinics,
        "left_out": found.left_out,
        "rules_changed": len(changes),
        "moved": _sum(moved),
        "up": up,
        "down": _sum(moved) - up,
        "psi": found.psi,
        "top": churn.top,
        "top_leaving": churn.leaving,
        "churn": churn.share,
        "tied_at_the_cut": churn.tied,
    }
    document = Document(
        title=_title(old, new),
        headline=in_words(moves, old.tiers, new.tiers),
        sentences=tuple(_sentences(changes, found, old, new)),
        subtitle=f"{_named(old)} and {_named(new)} on {source.says}",
        parts=(
            *((rules_table(changes),) if changes else ()),
            matrix(moves, old.tiers, new.tiers),
            matrix_picture(moves, old.tiers, new.tiers),
            moves_by(moves, STATE, "states", "By state", "State", limit=_STATES),
            *_segment_tables(moves, old, new),
            _parts(found, old, new),
            _movers(found, old, new),
            _mover_parts(found, old, new),
            _deciles(found),
        ),
        facts=facts,
    )
    return document, churn.share


def _title(old: Scorecard, new: Scorecard) -> str:
    return f"What changes from {_named(old)} to {_named(new)}"


def _named(card: Scorecard) -> str:
    return f"{card.id} {card.version}"


def _sum(moves: pl.DataFrame) -> int:
    return int(moves["clinics"].sum())


def _rules_in_words(changes: Sequence[Change], old: Scorecard, new: Scorecard) -> str:
    if changes:
        kinds = [(kind, sum(change.kind == kind for change in changes)) for kind in ("changed", "added", "removed")]
        parts = ", ".join(f"{count} {kind}" for kind, count in kinds if count)
        return f"The rules of {_named(old)} and {_named(new)} differ in {len(changes):,} places: {parts}."
    if old.hash == new.hash:
        return f"The rules of {_named(old)} and {_named(new)} are the same."
    return f"{_named(old)} and {_named(new)} differ in nothing that scores: titles, names of columns or examples."


def _sentences(changes: Sequence[Change], found: Differences, old: Scorecard, new: Scorecard) -> Iterator[str]:
    yield _rules_in_words(changes, old, new)
    if found.psi is not None:
        word = shift_word(found.psi)
        yield f"The population stability index (PSI) over deciles of the old score is {found.psi:.3f}: {word}."
    churn = found.churn
    among = f"Of the first {churn.top:,}, {churn.leaving:,} ({percent(churn.share)}) are no longer among them."
    level = f" {churn.tied:,} are level at the cut, so that ids decide who of them is in." if churn.tied > 1 else ""
    yield among + level
    if found.left_out:
        yield left_out_in_words(found.left_out)


def _segment_tables(moves: pl.DataFrame, old: Scorecard, new: Scorecard) -> Iterator[Table]:
    if old.segment_source:
        yield moves_by(moves, "old_segment", "segments", "By segment", "Segment", labels=old.segments)
    elif new.segment_source:
        yield moves_by(moves, "new_segment", "segments", "By segment", "Segment", labels=new.segments)
    if old.segment_source and new.segment_source:
        changed = moves.filter(pl.col("old_segment").ne_missing(pl.col("new_segment")))
        counts = changed.group_by("old_segment", "new_segment").agg(pl.col("clinics").sum())
        rows = counts.sort("clinics", "old_segment", "new_segment", descending=[True, False, False]).rows()
        columns = (Column("old", "From"), Column("new", "To"), Column("clinics", "Clinics", "count"))
        yield Table("segment_moves", "Clinics that change segment", columns, rows, empty="No clinic changes segment.")


def _parts(found: Differences, old: Scorecard, new: Scorecard) -> Table:
    labels = part_labels((old, new))
    rows = [
        (labels[code], up, down, in_points(change) / found.clinics)
        for code, up, down, change in found.parts.sort(
            pl.col("up") + pl.col("down"), "code", descending=[True, False]
        ).iter_rows()
    ]
    columns = (
        Column("characteristic", "Characteristic"),
        Column("up", "Clinics with more", "count"),
        Column("down", "With less", "count"),
        Column("mean_change", "Mean change, points", "change"),
    )
    return Table("characteristics", "What the points come from", columns, rows, empty="No clinic gets other points.")


def _movers(found: Differences, old: Scorecard, new: Scorecard) -> Table:
    chosen = found.movers.select(
        KEY, NAME, STATE, f"{OLD}total", f"{NEW}total", f"{CHANGE}total", f"{OLD}tier", f"{NEW}tier"
    )
    labels = [{tier.number: tier.label for tier in card.tiers} for card in (old, new)]
    rows = [
        (key, name, state, *map(in_points, points), labels[0][before], labels[1][after])
        for key, name, state, *points, before, after in chosen.iter_rows()
    ]
    columns = (
        Column("clinic_id", "Clinic"),
        Column("name", "Name"),
        Column("state", "State"),
        Column("old_score", "Before", "points"),
        Column("new_score", "Now", "points"),
        Column("change", "Change", "change"),
        Column("old_tier", "Tier before"),
        Column("new_tier", "Tier now"),
    )
    return Table("movers", "Clinics whose score changes the most", columns, rows, empty="No score changes.")


def _mover_parts(found: Differences, old: Scorecard, new: Scorecard) -> Table:
    """Return the exact difference of each mover per characteristic, which adds up to that of its score."""
    labels, bands = part_labels((old, new)), [band_names(card) for card in (old, new)]
    rows = []
    for mover in found.movers.iter_rows(named=True):
        for code in part_codes((old, new)):
            if change := mover[CHANGE + code]:
                pairs = zip((OLD, NEW), bands, strict=True)
                names = [known.get(code, {}).get(mover.get(f"{mark}band {code}", -1)) for mark, known in pairs]
                rows.append((mover[KEY], labels[code], *names, in_points(change)))
    columns = (
        Column("clinic_id", "Clinic"),
        Column("characteristic", "Characteristic"),
        Column("old_band", "Band before"),
        Column("new_band", "Band now"),
        Column("change", "Points", "change"),
    )
    whole = all(card.combine == "sum" and all(part.combine == "sum" for part in card.categories) for card in (old, new))
    says = "These points add up to the change of the score." if whole else "Points before weights and products."
    return Table("mover_characteristics", "Where their points come from", columns, rows, says, "Nothing to explain.")


def _deciles(found: Differences) -> Table:
    edges = [None, *(in_points(int(cut)) for cut in found.cuts), None]
    rows = [
        (low, high, before, now, before / found.clinics, now / found.clinics)
        for low, high, before, now in zip(edges, edges[1:], found.old_cells, found.new_cells, strict=False)
    ]
    columns = (
        Column("above", "Score above", "points"),
        Column("up_to", "Up to", "points"),
        Column("old_clinics", "Before", "count"),
        Column("new_clinics", "Now", "count"),
        Column("old_share", "Share before", "share"),
        Column("new_share", "Share now", "share"),
    )
    says = "Cells are deciles of the old score; a score that fills several has a cell of its own."
    return Table("deciles", "Where scores stand", columns, rows, says)
