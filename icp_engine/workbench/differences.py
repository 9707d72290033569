"""What two scorecards make of the same clinics: one pass over them, and what it adds up to."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from icp_engine.columns import HELPERS, KEY, NAME, STATE
from icp_engine.errors import InputError
from icp_engine.scorecard.model import Scorecard
from icp_engine.scoring.compiler import prepared, value_of
from icp_engine.workbench.clinics import NEW, OLD, Source, clinics_of, part_codes, with_points
from icp_engine.workbench.measures import cell_counts, decile_cuts, psi

CHANGE = f"{HELPERS}change_"
_TOP, _TOP_SHARE = 1_000, 10  # clinics of the top, and at most one in so many
_MOVERS = 10


@dataclass(frozen=True, slots=True)
class Churn:
    """What becomes of the best: `leaving` of the first `top` leave it; `tied` are level with the last of them."""

    top: int
    leaving: int
    tied: int

    @property
    def share(self) -> float:
        """The share of the top that leaves it."""
        return self.leaving / self.top


@dataclass(frozen=True, slots=True)
class Differences:
    """What changes for clinics from one scorecard to another; points are hundredths.

    Attributes:
        clinics: how many there are.
        left_out: rows of the extract that no run would score.
        moves: `state_code`, `old_segment`, `new_segment`, `old_tier`, `new_tier`, `clinics`.
        parts: `code`, `up`, `down` (clinics), `change` (sum) of every characteristic and cap that changes for somebody.
        movers: those whose total changes the most, ties by id: `clinic_id`, `account_name`, `state_code`, totals,
            tiers, and per code the change and the bands.
        cuts: totals up to which the old deciles go.
        old_cells: clinics of these, and `new_cells` those under the other scorecard.
        churn: what becomes of the best.
    """

    clinics: int
    left_out: int
    moves: pl.DataFrame
    parts: pl.DataFrame
    movers: pl.DataFrame
    cuts: Sequence[float]
    old_cells: Sequence[int]
    new_cells: Sequence[int]
    churn: Churn

    @property
    def psi(self) -> float | None:
        """The population stability index over deciles of the old totals."""
        return psi(self.old_cells, self.new_cells)


def differences(source: Source, old: Scorecard, new: Scorecard, top: int | None = None) -> Differences:
    """Return what changes for the clinics of a source.

    Args:
        source: where they come from.
        old: the scorecard as it was.
        new: the scorecard that may follow.
        top: how many of the best are followed: 1,000, and at most a tenth of all, unless given.

    Raises:
        InputError: the source cannot be read, or `top` leaves nobody outside.
    """
    with clinics_of(source, (old, new)) as (lf, left_out):
        both = with_points(with_points(_with_ties(_with_ties(lf, old, OLD), new, NEW), old, OLD), new, NEW)
        codes = part_codes((old, new))
        names = both.collect_schema().names()
        changes = [_change(code, names).alias(CHANGE + code) for code in codes]
        kept = [f"{mark}{name}" for mark in (OLD, NEW) for name in ("total", "tier", "segment")]
        bands = [name for name in names if name.startswith((f"{OLD}band ", f"{NEW}band "))]
        ties = [f"{mark}{name}" for mark, card in ((OLD, old), (NEW, new)) for name in _ties(card)]
        frame = both.select(KEY, STATE, *kept, *ties, *bands, *changes).collect()
        movers = _movers(frame)
        named = lf.select(KEY, NAME).filter(pl.col(KEY).is_in(movers[KEY].implode())).collect()
    clinics = len(frame)
    cuts = decile_cuts(old_counts := _counts(frame, OLD), step=1)
    return Differences(
        clinics=clinics,
        left_out=left_out,
        moves=_moves(frame),
        parts=_parts(frame, codes),
        movers=movers.join(named, on=KEY, how="left", maintain_order="left"),
        cuts=cuts,
        old_cells=cell_counts(old_counts, cuts),
        new_cells=cell_counts(_counts(frame, NEW), cuts),
        churn=_churn(frame, _size_of_top(top, clinics), old, new),
    )


def _change(code: str, names: Sequence[str]) -> pl.Expr:
    """Return by how much the points of a characteristic change, which one of the scorecards may not have."""
    new, old = (pl.col(mark + code) if mark + code in names else pl.lit(0, pl.Int32) for mark in (NEW, OLD))
    return new - old


def _moves(frame: pl.DataFrame) -> pl.DataFrame:
    keys = [STATE, *(f"{mark}{name}" for name in ("segment", "tier") for mark in (OLD, NEW))]
    found = frame.group_by(keys).len("clinics").sort(keys, nulls_last=True)
    return found.rename({key: key.removeprefix(HELPERS) for key in keys})


def _parts(frame: pl.DataFrame, codes: Sequence[str]) -> pl.DataFrame:
    columns = [pl.col(CHANGE + code) for code in codes]
    found = frame.select(
        *((column > 0).sum().alias(f"up {code}") for code, column in zip(codes, columns, strict=True)),
        *((column < 0).sum().alias(f"down {code}") for code, column in zip(codes, columns, strict=True)),
        *(column.cast(pl.Int64).sum().alias(f"change {code}") for code, column in zip(codes, columns, strict=True)),
    ).row(0, named=True)
    rows = [(code, *(found[f"{name} {code}"] for name in ("up", "down", "change"))) for code in codes]
    schema = {"code": pl.String, "up": pl.Int64, "down": pl.Int64, "change": pl.Int64}
    return pl.DataFrame(rows, schema, orient="row").filter((pl.col("up") > 0) | (pl.col("down") > 0))


def _movers(frame: pl.DataFrame) -> pl.DataFrame:
    change = pl.col(f"{NEW}total") - pl.col(f"{OLD}total")
    moved = frame.lazy().filter(change != 0).with_columns(change.alias(f"{CHANGE}total"))
    by = [pl.col(f"{CHANGE}total").abs(), pl.col(KEY)]
    return moved.top_k(_MOVERS, by=by, reverse=[False, True]).sort(by, descending=[True, False]).collect()


def _counts(frame: pl.DataFrame, mark: str) -> pl.DataFrame:
    return frame.group_by(pl.col(f"{mark}total").alias("value")).len("clinics")


def _size_of_top(top: int | None, clinics: int) -> int:
    if top is None:
        return min(_TOP, max(1, clinics // _TOP_SHARE))
    if top >= clinics:
        raise InputError(f"--top {top} takes in all {clinics:,} clinics, so that nobody could leave; choose fewer.")
    return top


def _ties(card: Scorecard) -> list[str]:
    """Return the columns of what breaks ties, without their mark."""
    return [f"tie_{place}" for place in range(len(card.tie_breaks))]


def _with_ties(lf: pl.LazyFrame, card: Scorecard, mark: str) -> pl.LazyFrame:
    """Return conformed clinics with what breaks ties of a scorecard."""
    lf = lf.with_columns(prepared(card, [tie.field for tie in card.tie_breaks]))
    values = zip(_ties(card), card.tie_breaks, strict=True)
    return lf.with_columns(value_of(tie.field, card).alias(f"{mark}{name}") for name, tie in values)


def _churn(frame: pl.DataFrame, top: int, old: Scorecard, new: Scorecard) -> Churn:
    """Return what becomes of the best, in the order of a run: by score, tie-breakers, and then by id."""
    (before, tied), (after, _) = (_best(frame, top, card, mark) for card, mark in ((old, OLD), (new, NEW)))
    return Churn(top, len(before.join(after, on=KEY, how="anti")), tied)


def _best(frame: pl.DataFrame, top: int, card: Scorecard, mark: str) -> tuple[pl.DataFrame, int]:
    """Return the ids of the best, and how many clinics are level with the last of them but for their ids."""
    keys = [f"{mark}total", *(f"{mark}{name}" for name in _ties(card))]
    total = pl.col(keys[0])
    near = frame.filter(total >= total.top_k(top).min()).select(KEY, *keys)
    descending = [True, *(tie.order == "descending" for tie in card.tie_breaks), False]
    best = near.sort(*keys, KEY, descending=descending, nulls_last=True).head(top)
    level = near.join(best.tail(1), on=keys, how="semi", nulls_equal=True)
    return best.select(KEY), len(level)
