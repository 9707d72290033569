"""The record id of a practice in a CRM, simulated: in the form of a Salesforce id, the same in every run."""

from functools import partial

import polars as pl

from icp_engine.database import Database, sql_text

_PREFIX = "001"  # of a Salesforce Account
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_UPPER = range(10, 36)  # places of the capitals among them
_CHECKS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_HALF = 6  # characters from each half of the hash: 62^12 ids, so that a million practices collide once in 10^9 runs
_CHUNK = 5  # characters that one character of the checksum stands for


def record_id(key: pl.Expr, db: Database) -> pl.Expr:
    """Return the record id of a practice (text of 18 characters).

    Source: what stands for the practice. Its MD5 is written to base 62; the checksum tells capitals from small
    letters where a program ignores case: a bit for each of five characters, the first one the lowest.
    """
    return key.map_batches(partial(_record_ids, db), return_dtype=pl.String, is_elementwise=True)


def _record_ids(db: Database, keys: pl.Series) -> pl.Series:
    with db.cursor() as own:  # Polars calls from several threads at once
        own.register("practice_keys", keys.alias("key").to_frame().with_row_index("row_number"))
        hashes = own.frame(sql_text("partner_hashes"))
    digits = [
        (pl.col(half) // 62**place % 62).cast(pl.UInt8).alias(f"{half} {place}")
        for half in ("high", "low")
        for place in range(_HALF)
    ]
    names = [digit.meta.output_name() for digit in digits]
    capitals = [pl.lit(0, pl.UInt8)] * len(_PREFIX) + [
        pl.col(name).is_between(_UPPER.start, _UPPER.stop - 1).cast(pl.UInt8) for name in names
    ]
    checks = [
        pl.sum_horizontal(bit * 2**place for place, bit in enumerate(capitals[start : start + _CHUNK]))
        for start in range(0, len(capitals), _CHUNK)
    ]
    text = [
        pl.lit(_PREFIX),
        *(_letter(pl.col(name), _LETTERS) for name in names),
        *(_letter(check, _CHECKS) for check in checks),
    ]
    return hashes.select(digits).select(pl.concat_str(text).alias(keys.name)).to_series()


def _letter(place: pl.Expr, letters: str) -> pl.Expr:
    return place.replace_strict(range(len(letters)), list(letters), return_dtype=pl.String)
