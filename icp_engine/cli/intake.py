"""What came in, in words: rows that were rejected, ids that look wrong."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from icp_engine.cli import show

if TYPE_CHECKING:
    from icp_engine.extract.ids import Suspicion
    from icp_engine.warehouse.manifest import RowCounts


def rejected(rows: "RowCounts") -> str:
    """Return how many rows were rejected, which share of all, and why."""
    reasons = [f"{reason} {count:,}" for reason, count in rows.reasons.items()]
    why = ", ".join(reasons if len(reasons) > 1 else rows.reasons)
    return f"Rejected {rows.rejected:,} of {rows.read:,} rows ({show.percent(rows.rejected / rows.read)}): {why}"


def suspicious(found: Iterable["Suspicion"]) -> Iterator[str]:
    """Yield a line for each kind of ids that look wrong."""
    for one in found:
        yield f"{one.count:,} {one.kind}: {', '.join(show.cut(example, 60) for example in one.examples)}"
