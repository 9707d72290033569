"""Taxonomy codes to segments: the longest prefix of `taxonomy.csv` that a code starts with."""

from functools import cache
from pathlib import Path

import polars as pl

HEALTH_CENTER = "261QF0400X"
NO_CLINIC = "none"
_FOLDER = Path(__file__).parent
_CODE = r"^[0-9A-Z]{10}$"


@cache
def prefixes() -> dict[str, tuple[str, str]]:
    """Return by prefix the segment of codes that start so, and the one they have in a clinic that is a hospital.

    The longest prefix comes first; the last is empty, which every code starts with. `NO_CLINIC` is the segment of
    suppliers and services that are no clinic. 261QC1500X (community health) is a health center only where the clinic
    is known to be one, which makes it one whatever its code: so it has no row.
    """
    rows = _table("taxonomy.csv").rows()
    found = {prefix: (segment, beside_hospital or segment) for prefix, segment, beside_hospital in rows}
    return dict(sorted(found.items(), key=lambda item: (-len(item[0]), item[0])))


def segments() -> pl.DataFrame:
    """Return the segments: `rank` (on a tie the lowest wins), `segment`, `segment_label`, `sector`, `role`."""
    return _table("segments.csv").with_row_index("rank", offset=1)


def code_segments(codes: pl.Series) -> pl.DataFrame:
    """Return per distinct code its `segment` and `beside_hospital`; what is no taxonomy code is left out."""
    known = codes.drop_nulls().unique().sort()
    known = known.filter(known.str.contains(_CODE))
    found = [next(pair for prefix, pair in prefixes().items() if code.startswith(prefix)) for code in known]
    columns = {"code": known, "segment": [pair[0] for pair in found], "beside_hospital": [pair[1] for pair in found]}
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


def _table(name: str) -> pl.DataFrame:
    return pl.read_csv(_FOLDER / name, infer_schema=False).fill_null("")
