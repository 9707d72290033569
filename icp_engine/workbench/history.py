"""The history of scores: what every run of a warehouse adds to the rows of the run before it, and what it tells.

A run carries all rows in its own folder, so that they are published with it: a run that is killed adds nothing, and
runs that are no longer kept stay in it.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from icp_engine.display import shell_line
from icp_engine.errors import InputError, first_line
from icp_engine.published.run import Run
from icp_engine.report.document import Column, Document, Picture, Table
from icp_engine.scorecard.model import Scorecard
from icp_engine.warehouse.folder import runs_by_age
from icp_engine.warehouse.manifest import Manifest
from icp_engine.workbench.measures import LARGE_SHIFT, cell_counts, decile_cuts, psi, shift_word

if TYPE_CHECKING:
    from icp_engine.charts.catalogue import Chart

HISTORY = "history"
_RUN = {
    "run_id": pl.String,
    "started_at": pl.String,
    "scorecard_id": pl.String,
    "scorecard_version": pl.String,
    "scorecard_hash": pl.String,
}
_ROWS: dict[str, Any] = {
    **_RUN,
    "measure": pl.String,
    "number": pl.Int64,
    "label": pl.String,
    "above": pl.Float64,
    "up_to": pl.Float64,
    "clinics": pl.Int64,
    "psi": pl.Float64,
    "run_before": pl.String,
}
_SHOWN = 40  # runs


def read_history(out: Path) -> pl.DataFrame:
    """Return the history that the published run of a warehouse carries; none where there is none yet.

    Raises:
        InputError: the file is damaged.
    """
    folder = next(iter(runs_by_age(out)), None)
    path = folder / f"{HISTORY}.parquet" if folder else None
    if path is None or not path.exists():
        return pl.DataFrame(schema=_ROWS)
    try:
        return pl.read_parquet(path).select(pl.col(name).cast(dtype) for name, dtype in _ROWS.items())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(
            f"{path} of the run before cannot be read ({first_line(error)}), and the history of scores goes on from "
            "it; put it right, or publish into another folder with --out."
        ) from error


def with_own_rows(before: pl.DataFrame, scores: pl.LazyFrame, card: Scorecard, manifest: Manifest) -> pl.DataFrame:
    """Return a history with the rows of one more run: tiers, deciles, and the shift since the last run of the card.

    Args:
        before: what `read_history` returned.
        scores: the scored clinics of the run.
        card: a scorecard that scored them.
        manifest: what the run says of itself.
    """
    hundredths = (pl.col(card.column("total_score")) * 100).round().cast(pl.Int64)
    tier = pl.col(card.column("tier")).alias("tier")
    by_tier = scores.group_by(hundredths.alias("value"), tier).len("clinics").collect()
    counts = by_tier.group_by("value").agg(pl.col("clinics").sum())
    cuts = decile_cuts(counts, step=1)
    edges = [None, *(cut / 100 for cut in cuts), None]
    tiers = dict(by_tier.group_by("tier").agg(pl.col("clinics").sum()).iter_rows())
    rows: list[dict[str, Any]] = [
        {"measure": "tier", "number": tier.number, "label": tier.label, "clinics": tiers.get(tier.number, 0)}
        for tier in card.tiers
    ]
    rows += [
        {"measure": "decile", "number": number, "above": above, "up_to": up_to, "clinics": clinics}
        for number, (above, up_to, clinics) in enumerate(
            zip(edges, edges[1:], cell_counts(counts, cuts), strict=False), 1
        )
    ]
    rows.append({"measure": "psi", "clinics": manifest.rows.scored, **_shift(before, counts, card)})
    run = (manifest.run_id, manifest.started_at, card.id, card.version, card.hash)
    own = dict(zip(_RUN, run, strict=True))
    return pl.concat([before, pl.DataFrame([own | row for row in rows], schema=_ROWS)])


def _shift(before: pl.DataFrame, counts: pl.DataFrame, card: Scorecard) -> dict[str, Any]:
    """Return the PSI over the deciles of the last run of the same scorecard, and which run that is."""
    of_card = before.filter(pl.col("scorecard_id") == card.id)
    if of_card.is_empty():
        return {}
    last = of_card["run_id"][-1]
    cells = of_card.filter((pl.col("run_id") == last) & (pl.col("measure") == "decile")).sort("number")
    cuts = [round(edge * 100) for edge in cells["up_to"].drop_nulls()]
    return {"psi": psi(cells["clinics"].to_list(), cell_counts(counts, cuts)), "run_before": last}


def run_history(run: Run) -> Document:
    """Return how tiers and scores went from run to run.

    Raises:
        InputError: the run is of a version that kept no history.
    """
    if not run.path(HISTORY).exists():
        again = shell_line("icp-engine", "run", "EXTRACT", "--out", str(run.warehouse))
        raise InputError(f"{run.warehouse} has no history yet: an older version published it. Run again: {again}")
    history = run.table(HISTORY).collect()
    runs = history.filter(pl.col("measure") == "psi")
    tiers = history.filter(pl.col("measure") == "tier")
    counts = {(key, card, number): clinics for key, card, number, clinics in
              tiers.select("run_id", "scorecard_id", "number", "clinics").iter_rows()}  # fmt: skip
    numbers = tiers["number"].unique().sort().to_list()
    return Document(
        title=f"History of {run.warehouse}",
        headline=_headline(runs, counts, run.card),
        sentences=tuple(_sentences(runs, run.card)),
        subtitle=f"Up to run {run.manifest.run_id}",
        parts=(_runs(runs, counts, numbers), _picture(tiers), _deciles(history, run)),
        facts={"number_of_runs": runs["run_id"].n_unique()},
    )


Counts = dict[tuple[str, str, int], int]


def _headline(runs: pl.DataFrame, counts: Counts, card: Scorecard) -> str:
    first, best = runs["started_at"][0][:10], card.tiers[0]
    of_card = runs.filter(pl.col("scorecard_id") == card.id)["run_id"].to_list()
    now = counts.get((of_card[-1], card.id, best.number), 0)
    many = runs["run_id"].n_unique()
    begun = f"{many:,} {'run' if many == 1 else 'runs'} since {first}. {best.label} has {now:,} clinics"
    if len(of_card) == 1:
        return f"{begun}."
    return f"{begun}, and had {counts.get((of_card[-2], card.id, best.number), 0):,} in the run before."


def _sentences(runs: pl.DataFrame, card: Scorecard) -> Iterator[str]:
    large = runs.filter(pl.col("psi") >= LARGE_SHIFT)
    if len(large):
        last = large["run_id"][-1]
        yield f"Scores shifted much (PSI of {LARGE_SHIFT:g} or more) {len(large):,} times, last in run {last}."
    index, before = runs.filter(pl.col("scorecard_id") == card.id).select("psi", "run_before").row(-1)
    if index is not None:
        yield f"The PSI of the last run against {before} is {index:.3f}: {shift_word(index)}."
    cards = runs["scorecard_hash"].n_unique()
    if cards > 1:
        yield f"{cards:,} scorecards or versions made these scores; a shift may come from their rules."


def _runs(runs: pl.DataFrame, counts: Counts, numbers: Sequence[int]) -> Table:
    rows = [
        (
            row["run_id"],
            row["started_at"][:16].replace("T", " "),
            f"{row['scorecard_id']} {row['scorecard_version']}",
            row["clinics"],
            *(counts.get((row["run_id"], row["scorecard_id"], number)) for number in numbers),
            row["psi"],
            shift_word(row["psi"]) if row["psi"] is not None else None,
        )
        for row in runs.reverse().head(_SHOWN).iter_rows(named=True)
    ]
    columns = (
        Column("run_id", "Run"),
        Column("started_at", "Began, UTC"),
        Column("scorecard", "Scorecard"),
        Column("clinics", "Clinics", "count"),
        *(Column(f"tier_{number}", f"Tier {number}", "count") for number in numbers),
        Column("psi", "PSI", "number"),
        Column("says", "Since the run before"),
    )
    left = len(runs) - len(rows)
    return Table("runs", "Runs, the last first", columns, rows, f"{left:,} older ones are left out." if left else "")


def _deciles(history: pl.DataFrame, run: Run) -> Table:
    last = history.filter((pl.col("run_id") == run.manifest.run_id) & (pl.col("measure") == "decile"))
    rows = last.filter(pl.col("scorecard_id") == run.card.id).select("above", "up_to", "clinics").rows()
    columns = (
        Column("above", "Score above", "points"),
        Column("up_to", "Up to", "points"),
        Column("clinics", "Clinics", "count"),
    )
    says = "A score that fills several deciles has a cell of its own."
    return Table("deciles", "Deciles of the last run", columns, rows, says)


def _picture(tiers: pl.DataFrame) -> Picture:
    def draw() -> "Chart":
        from icp_engine.charts.changes import tier_history

        return tier_history(tiers.select("started_at", "scorecard_id", "number", "label", "clinics"))

    return Picture(draw)
