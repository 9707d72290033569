"""Who looks after a practice: given, from the latest contact, kept from the run before, or assigned."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from icp_engine.columns import HELPERS
from icp_engine.crm.dealing import ACCOUNT, OWNER, POINTS, SEGMENT, STATE, deal, hundredths
from icp_engine.crm.team import Owner, read_team
from icp_engine.errors import InputError, first_line
from icp_engine.partnerships.columns import KEY
from icp_engine.scorecard.toml.table import Table

RECORD = f"{HELPERS}record"


def read_owners(top: Table) -> tuple[str, ...]:
    """Read the names of those who take practices without an owner; mistakes are noted."""
    return tuple(owner.name for owner in read_team(top))


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
    nowhere = pl.lit(None, pl.String)
    accounts = lf.select(
        pl.col(KEY).alias(ACCOUNT), OWNER, hundredths(total).alias(POINTS), nowhere.alias(STATE), nowhere.alias(SEGMENT)
    )
    listed = pl.col(OWNER).is_null() | pl.col(OWNER).is_in(list(owners))  # who was given somebody else keeps them
    dealt = deal(accounts.filter(listed), [Owner(name) for name in owners])
    return dealt.rename({ACCOUNT: KEY})
