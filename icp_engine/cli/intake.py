"""What came in, in words: columns and what told them, rejected rows, ids that look wrong."""

from collections.abc import Iterable, Iterator, Mapping
from textwrap import fill
from typing import TYPE_CHECKING

from icp_engine.cli import show

if TYPE_CHECKING:
    from icp_engine.extract.ids import Suspicion
    from icp_engine.extract.profile import FieldCoverage
    from icp_engine.extract.searched import SearchedField
    from icp_engine.warehouse.manifest import RowCounts

_WIDTH = 48  # of the rows and the text


def rejected(rows: "RowCounts") -> str:
    """Return how many rows were rejected, which share of all, and why."""
    reasons = [f"{reason} {count:,}" for reason, count in rows.reasons.items()]
    why = ", ".join(reasons if len(reasons) > 1 else rows.reasons)
    return f"Rejected {rows.rejected:,} of {rows.read:,} rows ({show.percent(rows.rejected / rows.read)}): {why}"


def suspicious(found: Iterable["Suspicion"]) -> Iterator[str]:
    """Yield a line for each kind of ids that look wrong."""
    for match in found:
        yield f"{match.count:,} {match.kind}: {', '.join(show.cut(example, 60) for example in match.examples)}"


def column(name: str, coverage: "FieldCoverage") -> str:
    """Return the column of a field and what told it, or what it might be."""
    if coverage.column is None:
        missing = "not there" if coverage.read else "not there, not read"
        return f"{missing}; is it {' or '.join(map(repr, coverage.near))}?" if coverage.near else missing
    return coverage.column if coverage.column == name else f"{coverage.column} ({coverage.matched})"


def matched(fields: Mapping[str, "FieldCoverage"]) -> str:
    """Return which columns of other names the fields are read from, and what told so; empty where all have theirs."""
    told = [
        f"{name} from {column(name, field)}" for name, field in fields.items() if field.column and field.column != name
    ]
    return ", ".join(told)


def renamed(names: Mapping[str, str], columns: Iterable[str]) -> Iterator[str]:
    """Yield what columns are called instead, and which differ in case alone."""
    if names:
        yield ", ".join(f"{old} is {new}" for old, new in names.items())
    seen: dict[str, str] = {}
    for name in columns:
        first = seen.setdefault(name.lower(), name)
        if first != name:
            yield f"{first} and {name} differ in case alone: in icp.duckdb one of them has a number after its name"


def searched(found: "SearchedField") -> str:
    """Return what a text field says, the commonest first, and which bands have a phrase for it."""
    left = show.width() - _WIDTH
    rows = [
        (f"{value.rows:,}", show.cut(value.text, _WIDTH - 12), show.cut(", ".join(value.bands) or "nothing", left))
        for value in found.commonest
    ]
    bands = [f"{name} {rows:,}" for name, rows in found.bands.items()]
    matched = fill(
        f"Rows by match: {', '.join(bands)}, nothing {found.unmatched:,}", show.width(), subsequent_indent="  "
    )
    heads = ("Rows", f"{found.field} says", "which matches a phrase of")
    return f"{show.table([heads, *rows], '><<', header=True)}\n{matched}"
