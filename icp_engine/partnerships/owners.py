"""Who looks after a practice: given, from the latest contact, kept from the run before, or assigned."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from icp_engine.columns import HELPERS
from icp_engine.errors import InputError, first_line
from icp_engine.partnerships.columns import KEY
from icp_engine.scorecard.toml.table import Table

OWNER = f"{HELPERS}owner"
RECORD = f"{HELPERS}record"
_SCORE = f"{HELPERS}score"


def read_owners(top: Table) -> tuple[str, ...]:
    """Read the names of those who take practices without an owner; mistakes are noted."""
    found: list[str] = []
    for item in top.items("owner"):
        name = " ".join(item.text("name").split())
        if name in found:
            item.problem(f"'{name}' stands here a second time", "name")
        found.append(name)
        item.close()
    if not found:
        top.problem("'owner' is missing: list everybody as [[owner]] with a name")
    return tuple(found)


def previous_owners(crm: Path, owners: Sequence[str]) -> pl.LazyFrame | None:
    """Return record id and owner of the CRM table of the run before, of those owners that are still listed.

    None where there is no such table.

    Raises:
        InputError: the table is damaged, or somebody else's.
    """
    if not crm.exists():
        return None
    try:
        lf = pl.scan_parquet(crm, glob=False).select(
            pl.col("SF Record ID").alias(RECORD), pl.col("Owner").alias(f"{OWNER}_before")
        )
        kept = lf.filter(pl.col(f"{OWNER}_before").is_in(list(owners))).unique(RECORD, keep="any")
        kept.collect_schema()
    except pl.exceptions.PolarsError as error:
        raise InputError(
            f"{crm} should say who owned each practice, and cannot be read ({first_line(error)}); "
            "move it away, or choose another --out."
        ) from error
    return kept


def assigned(lf: pl.LazyFrame, owners: Sequence[str], total: str) -> pl.DataFrame:
    """Return `KEY` and `OWNER` of the practices that have no owner, so that the sums of scores come out even.

    What an owner has already counts: who has less gets more of the new ones. They are dealt out from the highest
    score down, back and forth, so that everybody gets good and poor ones. The order of the rows changes nothing.

    Args:
        lf: all practices with `KEY`, `OWNER` and the total score.
        owners: who takes new ones.
        total: the column of the total score, points.
    """
    hundredths = (pl.col(total) * 100).round().cast(pl.Int64)  # whole, so that no order of addition changes a digit
    loads = (
        lf.filter(pl.col(OWNER).is_in(list(owners))).group_by(OWNER).agg(hundredths.sum()).collect().rows_by_key(OWNER)
    )
    new = lf.filter(pl.col(OWNER).is_null()).select(KEY, hundredths.alias(_SCORE)).collect()
    if new.is_empty():
        return new.select(KEY, pl.lit(None, pl.String).alias(OWNER))
    shares = _shares([loads[owner][0][0] if owner in loads else 0 for owner in owners], int(new[_SCORE].sum()))
    new = new.sort(_SCORE, KEY, descending=[True, False])
    return new.select(KEY).with_columns(_dealt(shares, len(new), owners))


def _shares(loads: list[int], new: int) -> list[float]:
    """Return the share of the new points (hundredths) that each owner gets: the least loaded ones rise to one level."""
    if new <= 0:
        return [1 / len(loads)] * len(loads)
    level, rest = 0.0, sorted(loads)
    for count in range(1, len(rest) + 1):
        level = (new + sum(rest[:count])) / count
        if count == len(rest) or level <= rest[count]:
            break
    return [max(0.0, level - load) / new for load in loads]


def _dealt(shares: list[float], count: int, owners: Sequence[str]) -> pl.Series:
    """Return the owner of each place of a list of so many practices, the best first."""
    exact = [share * count for share in shares]
    whole = [int(share) for share in exact]
    by_rest = sorted(range(len(owners)), key=lambda place: (whole[place] - exact[place], place))
    for place in by_rest[: count - sum(whole)]:
        whole[place] += 1
    turns = pl.DataFrame({"owner": list(owners), "place": range(len(owners)), "turns": whole}).filter(
        pl.col("turns") > 0
    )
    turn = pl.col("turn")
    return (
        turns.with_columns(pl.int_ranges(pl.col("turns")).alias("turn"))
        .explode("turn")
        .with_columns(
            ((turn + 0.5) / pl.col("turns")).alias("when"),
            pl.when(turn % 2 == 0).then(pl.col("place")).otherwise(-pl.col("place")).alias("who first"),
        )
        .sort("when", "who first")["owner"]
        .alias(OWNER)
    )
