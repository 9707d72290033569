"""Why a network is one, as text: what `networks show --why` prints between profile and members."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from icp_engine.cli import show

if TYPE_CHECKING:
    from icp_engine.published.why import NetworkWhy, Shared

_FEW = 10  # parts, owners and near misses that are shown; `--json` has them all
_WIDE = 40  # letters of a name


def network_why_text(why: "NetworkWhy") -> str:
    """Return the parts of an explanation that have something to say, with a blank line between them."""
    return "\n\n".join(_sections(why))


def _sections(why: "NetworkWhy") -> Iterator[str]:
    yield f"Members by state: {_counted(why.states, 'not known')}"
    rows = [
        (tie.kind, f"{tie.clinics:,}", f"{tie.num_values:,}", _counted(tie.values) + _dots(tie.values, tie.num_values))
        for tie in why.ties
    ]
    yield "What ties them\n" + show.table(
        [("tie", "clinics", "values", "shared, by clinics"), *rows], "<>><", header=True
    )
    if why.weakest:
        yield _falls_apart(why)
    for title, shared in (("Owners", why.owners), ("Parents", why.parents)):
        if shared:
            yield f"{title} known: {len(shared):,}: {_counted(shared[:_FEW])}{_dots(shared[:_FEW], len(shared))}"
    if why.decisions:
        lines = [
            (" ".join(filter(None, (line.action, line.subject, line.object))), line.author, line.state, line.reason)
            for line in why.decisions
        ]
        yield "Decisions\n" + show.table([("decision", "author", "state", "reason"), *lines], "<<<<", header=True)
    if why.former_ids:
        told = (f"{former.former_id} ({former.why}, {former.since})" for former in why.former_ids)
        yield f"Former ids: {', '.join(told)}"
    if why.near_misses:
        yield "Left out, though they share a name\n" + _near_misses(why)


def _falls_apart(why: "NetworkWhy") -> str:
    rows = [
        (f"{part.clinics:,}", ",".join(part.states) or "not known", show.cut(part.name or "", _WIDE))
        for part in why.parts[:_FEW]
    ]
    table = show.table([("clinics", "states", "name"), *rows], "><<", header=True)
    more = f"\nand {len(why.parts) - _FEW:,} more" if len(why.parts) > _FEW else ""
    return f"Without {why.weakest} it falls into {len(why.parts):,} parts\n{table}{more}"


def _near_misses(why: "NetworkWhy") -> str:
    rows = [
        (
            show.cut(miss.name, _WIDE),
            f"{miss.clinics:,}",
            _listed(miss.states, "not known"),
            _listed(miss.networks, "none"),
            miss.why,
        )
        for miss in why.near_misses[:_FEW]
    ]
    table = show.table([("name", "clinics", "states", "networks", "why"), *rows], "<><<<", header=True)
    more = f"\nand {len(why.near_misses) - _FEW:,} more" if len(why.near_misses) > _FEW else ""
    return table + more


def _counted(shared: Iterable["Shared"], unknown: str = "") -> str:
    return ", ".join(f"{show.cut(part.value or unknown, _WIDE)} ({part.clinics:,})" for part in shared)


def _dots(shown: Sequence[object], total: int) -> str:
    return ", ..." if len(shown) < total else ""


def _listed(names: Sequence[str], nothing: str, few: int = 4) -> str:
    return (", ".join(names[:few]) + _dots(names[:few], len(names))) or nothing
