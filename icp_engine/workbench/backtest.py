"""`backtest`: what became of the accounts of a run, by tier, segment, score and band. It proposes nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl

from icp_engine.columns import KEY
from icp_engine.display import percent
from icp_engine.errors import InputError
from icp_engine.published.run import Run
from icp_engine.report.document import Column, Document, Picture, Table
from icp_engine.scorecard.outcomes import CharacteristicOutcomes, outcome_table
from icp_engine.scorecard.rounding import in_points
from icp_engine.scoring.score import band_columns
from icp_engine.workbench.clinics import CLINICS
from icp_engine.workbench.measures import decile_cuts, wilson
from icp_engine.workbench.outcomes import Outcomes

if TYPE_CHECKING:
    from icp_engine.charts.catalogue import Chart

_WORDS = 6  # that are named
ENOUGH = 30  # outcomes, below which a rate is not told
_TOPS = (10, 50, 100, 500, 1_000, 5_000, 10_000, 50_000)
_TOTAL, _RANK, _CELL, _WON = "hundredths", "rank", "cell", "won"


@dataclass(frozen=True, slots=True)
class Cell:
    """Accounts of a kind that were decided, and how many of them were won."""

    name: str
    accounts: int
    won: int

    @property
    def enough(self) -> bool:
        """Whether there are enough outcomes to tell a rate."""
        return self.accounts >= ENOUGH

    @property
    def rate(self) -> float:
        """The share that was won."""
        return self.won / self.accounts

    @property
    def interval(self) -> tuple[float, float]:
        """Where the rate lies with 95%."""
        return wilson(self.won, self.accounts)


@dataclass(frozen=True, slots=True)
class BandCell:
    """A cell of a band: its characteristic, and the least and the most hundredths that the band gives."""

    characteristic: str
    points: tuple[int, int]
    cell: Cell


def backtest(run: Run, outcomes: Outcomes, top: int | None = None) -> Document:
    """Return how often accounts were won, by what the run says of them.

    Args:
        run: the scores.
        outcomes: what became of accounts.
        top: one more number of best clinics whose precision is told.

    Raises:
        InputError: no account of the run has an outcome.
    """
    if outcomes.accounts.is_empty():
        raise InputError(
            f"None of {outcomes.rows:,} rows tells won or lost of a clinic of {run.warehouse}; check the columns "
            "clinic_id, account_name, state_code and outcome, and map them with --map FIELD=COLUMN."
        )
    card, (accounts, clinics, cuts) = run.card, _placed(run, outcomes)
    whole = Cell("All", len(accounts), int(accounts[_WON].sum()))
    tiers = _cells(accounts, card.column("tier"), {tier.number: tier.label for tier in card.tiers})
    bands = list(_bands(run, accounts))
    tables = [_table("tiers", "By tier", "Tier", tiers, whole)]
    if card.segment_source:
        segments = _cells(
            accounts, card.column("segment"), {key: f"{key}: {label}" for key, label in card.segments.items()}
        )
        tables.append(_table("segments", "By segment", "Segment", segments, whole))
    tables.append(_table("deciles", "By score, over deciles of all clinics", "Score", _deciles(accounts, cuts), whole))
    contradictions = list(_contradictions(bands))
    return Document(
        title="How accounts turned out",
        headline=_headline(whole, tiers),
        sentences=(
            *_sentences(outcomes, run),
            *(contradictions or ["No band wins clearly less often than one that gives fewer points."]),
        ),
        subtitle=f"{outcomes.rows:,} rows of outcomes on run {run.manifest.run_id} ({card.id} {card.version})",
        parts=(
            tables[0],
            _picture(tiers, whole),
            *tables[1:],
            _precision(accounts, clinics, top, whole),
            _band_table(bands, whole),
            _left_out(outcomes),
        ),
        facts={
            "rows": outcomes.rows,
            "accounts": whole.accounts,
            "won": whole.won,
            "rate": whole.rate,
            "matched_by_id": outcomes.by_id,
            "matched_by_name": outcomes.by_name,
            "repeated": outcomes.again,
            "undecided": dict(outcomes.open),
            "not_matched": dict(outcomes.lost_rows),
            "contradictions": contradictions,
        },
    )


def _placed(run: Run, outcomes: Outcomes) -> tuple[pl.DataFrame, int, list[float]]:
    """Return the accounts with what the run says of them and their rank, how many clinics it has, and decile cuts."""
    card = run.card
    total = (pl.col(card.column("total_score")) * 100).round().cast(pl.Int64).alias(_TOTAL)
    clinics = run.table(CLINICS)
    rank = card.column("rank")
    by, best = (_TOTAL, True) if rank not in clinics.collect_schema() else (rank, False)  # runs of former versions
    kept = [pl.col(by)] if by == rank else []
    scores = clinics.select(KEY, total, *kept).collect()
    ranked = scores.sort(by, KEY, descending=[best, False]).select(KEY, _TOTAL).with_row_index(_RANK, 1)
    named = [card.column("tier"), *([card.column("segment")] if card.segment_source else [])]
    said = clinics.select(KEY, *named)
    bands = run.table("icp_bands").select(KEY, *band_columns(card))
    wanted = outcomes.accounts.lazy().select(KEY, _WON)
    accounts = wanted.join(ranked.lazy(), on=KEY).join(said, on=KEY).join(bands, on=KEY).collect()
    counts = scores.group_by(pl.col(_TOTAL).alias("value")).len("clinics")
    return accounts, len(scores), decile_cuts(counts, step=1)


def _cells(accounts: pl.DataFrame, column: str, names: Mapping[int, str] | Mapping[str, str]) -> list[Cell]:
    """Return a cell for every name, with or without accounts."""
    counts = accounts.group_by(column).agg(pl.len().alias("accounts"), pl.col(_WON).sum())
    found = {key: (count, won) for key, count, won in counts.iter_rows()}
    return [Cell(name, *found.get(key, (0, 0))) for key, name in names.items()]


def _deciles(accounts: pl.DataFrame, cuts: Sequence[float]) -> list[Cell]:
    place = pl.Series(cuts, dtype=pl.Float64).search_sorted(accounts[_TOTAL].cast(pl.Float64), side="left")
    edges = [f"{in_points(int(cut)):g}" for cut in cuts]
    names = [f"up to {edges[0]}", *(f"above {low} to {high}" for low, high in pairwise(edges))]
    names.append(f"above {edges[-1]}")
    return _cells(accounts.with_columns(place.cast(pl.Int64).alias(_CELL)), _CELL, dict(enumerate(names)))


def _bands(run: Run, accounts: pl.DataFrame) -> Iterator[BandCell]:
    for part in outcome_table(run.card).parts:
        names = {outcome.number: outcome.code.removeprefix(f"{part.code}.") for outcome in part.outcomes}
        for number, cell in zip(names, _cells(accounts, part.rule.column, names), strict=True):
            if cell.accounts:
                yield BandCell(part.code, _range(part, number), cell)


def _range(part: CharacteristicOutcomes, number: int) -> tuple[int, int]:
    outcome = next(outcome for outcome in part.outcomes if outcome.number == number)
    low, high = (outcome.worth(points) for points in outcome.points.range)
    return low, high


def _contradictions(bands: Sequence[BandCell]) -> Iterator[str]:
    """Yield a sentence for each pair of bands of which the one with more points wins less often, for sure."""
    for more in bands:
        for less in bands:
            if more.characteristic != less.characteristic or more.points[0] <= less.points[1]:
                continue
            high, low = more.cell.interval[1], less.cell.interval[0]
            if more.cell.enough and less.cell.enough and high < low:
                yield (
                    f"{more.characteristic}: {more.cell.name} gives {_points(more.points)} points and wins "
                    f"{percent(more.cell.rate)}, {less.cell.name} gives {_points(less.points)} and wins "
                    f"{percent(less.cell.rate)}: the points contradict the outcomes."
                )


def _points(points: tuple[int, int]) -> str:
    low, high = (f"{in_points(end):g}" for end in points)
    return low if low == high else f"{low} to {high}"


def _headline(whole: Cell, tiers: Sequence[Cell]) -> str:
    start = f"Of {whole.accounts:,} accounts with an outcome {whole.won:,} ({percent(whole.rate)}) were won"
    too_few = [f"{tier.name} has {tier.accounts:,}, too few to tell" for tier in tiers if not tier.enough]
    known = [
        f"of {tier.name} {percent(tier.rate)}{f', {tier.rate / whole.rate:.2f} times as often' if whole.won else ''}"
        for tier in tiers
        if tier.enough
    ]
    return "; ".join([start, *known[:1], *too_few[:1]]) + "."


def _sentences(outcomes: Outcomes, run: Run) -> Iterator[str]:
    missed = [f"; to none, since {reason}: {count:,}" for reason, count in outcomes.lost_rows.items()]
    yield f"Rows matched by clinic_id: {outcomes.by_id:,}; by name and state: {outcomes.by_name:,}{''.join(missed)}."
    if outcomes.open:
        words = [f"{word} ({count:,})" for word, count in list(outcomes.open.items())[:_WORDS]]
        more = f" and {len(outcomes.open) - _WORDS:,} words more" if len(outcomes.open) > _WORDS else ""
        yield f"Rows left out that say neither won nor lost: {', '.join(words)}{more}."
    if outcomes.again:
        yield f"Older outcomes of accounts that have a later one, which alone counts: {outcomes.again:,}."
    if outcomes.first and outcomes.last:
        scored = run.manifest.started_at[:10]
        warning = (
            ": data that came in after a decision may be what the score saw" if str(outcomes.first) < scored else ""
        )
        yield f"They were decided from {outcomes.first} to {outcomes.last}, and the run scored on {scored}{warning}."


def _rated(cell: Cell, whole: Cell) -> tuple[object, ...]:
    """Return the cells of a table for a cell of accounts; no rate where there are too few."""
    if not cell.enough:
        return cell.accounts, cell.won, None, None, None, None, "too few"
    low, high = cell.interval
    says = "above average" if low > whole.rate else "below average" if high < whole.rate else "like the average"
    return cell.accounts, cell.won, cell.rate, low, high, cell.rate / whole.rate if whole.won else None, says


_RATES = (
    Column("accounts", "Accounts", "count"),
    Column("won", "Won", "count"),
    Column("rate", "Rate", "share"),
    Column("low", "At least", "share"),
    Column("high", "At most", "share"),
    Column("lift", "Lift", "points"),
    Column("says", "Which is"),
)


def _table(name: str, title: str, heading: str, cells: Sequence[Cell], whole: Cell) -> Table:
    rows = [(cell.name, *_rated(cell, whole)) for cell in cells]
    says = f"At least and at most: Wilson's 95% interval. Lift: times the average of {percent(whole.rate)}."
    return Table(name, title, (Column("name", heading), *_RATES), rows, says)


def _band_table(bands: Sequence[BandCell], whole: Cell) -> Table:
    rows = [(band.characteristic, band.cell.name, _points(band.points), *_rated(band.cell, whole)) for band in bands]
    columns = (Column("characteristic", "Characteristic"), Column("band", "Band"), Column("points", "Points"), *_RATES)
    return Table("bands", "By band", columns, rows, "Bands that some account with an outcome landed in.")


def _precision(accounts: pl.DataFrame, clinics: int, top: int | None, whole: Cell) -> Table:
    """Return how many of the best clinics were won, of those with an outcome."""
    sizes = sorted({size for size in (*_TOPS, *([top] if top else []), clinics) if size <= clinics})
    cells = []
    for size in sizes:
        best = accounts.filter(pl.col(_RANK) <= size)
        cells.append(Cell(f"{size:,}", len(best), int(best[_WON].sum())))
    rows = [(cell.name, *_rated(cell, whole)) for cell in cells]
    says = "Of the best clinics, in the order of the run: those with an outcome, and how many of them were won."
    return Table("precision", "Precision in the top", (Column("top", "Top"), *_RATES), rows, says)


def _left_out(outcomes: Outcomes) -> Table:
    columns = (
        Column("row", "Row", "count"),
        Column("clinic_id", "Clinic"),
        Column("name", "Name"),
        Column("state", "State"),
        Column("reason", "Why"),
    )
    total = sum(outcomes.lost_rows.values())
    says = f"The first {len(outcomes.examples):,} of {total:,}." if total > len(outcomes.examples) else ""
    return Table(
        "not_matched_rows", "Outcomes of no clinic", columns, outcomes.examples, says, "Every outcome is matched."
    )


def _picture(tiers: Sequence[Cell], whole: Cell) -> Picture:
    def draw() -> "Chart":
        from icp_engine.charts.changes import rates

        rows = [(cell.name, cell.rate, *cell.interval, cell.accounts) for cell in tiers if cell.enough]
        schema = {"name": pl.String, "rate": pl.Float64, "low": pl.Float64, "high": pl.Float64, "accounts": pl.Int64}
        return rates(pl.DataFrame(rows, schema, orient="row"), whole.rate)

    return Picture(draw)
