"""What `icp-engine review decide --dry-run` prints: what a decision would do to networks."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from icp_engine.cli import show

if TYPE_CHECKING:
    from icp_engine.published.effect import Effect

_NAME, _ROWS = 48, 20


def show_effect(effect: "Effect", *, as_json: bool) -> None:
    """Print which networks would join or part, and what would be another in those that go on."""
    if as_json:
        decisions = [asdict(decision) for decision in effect.decisions]
        tables = {"changes": effect.changes.to_dicts(), "networks": effect.networks.to_dicts()}
        show.emit({"decisions": decisions, "clinics": effect.clinics, **tables})
        return
    for decision in effect.decisions:
        show.say(f"{decision.text}: {decision.state}")
    clinics = {0: "No clinic", 1: "1 clinic"}.get(effect.clinics, f"{effect.clinics:,} clinics")
    show.say(f"{clinics} would get another network, or one with another tier or anchor. Nothing was written.")
    changes = [
        (row["change"], row["network_id"] or "", row["former_id"] or "", f"{row['num_clinics']:,}",
         show.cut(row["network_name"] or row["former_name"] or "", _NAME))
        for row in effect.changes.head(_ROWS).iter_rows(named=True)
    ]  # fmt: skip
    _table(("change", "network", "before", "clinics", "name"), changes, "<<<><", len(effect.changes))
    networks = [
        (row["network_id"], *(_from_to(row, name) for name in ("clinics", "score", "tier", "anchor")))
        for row in effect.networks.head(_ROWS).iter_rows(named=True)
    ]
    _table(("network", "clinics", "score", "tier", "anchor"), networks, "<<<<<", len(effect.networks))


def _from_to(row: dict[str, Any], name: str) -> str:
    before, after = row[f"{name}_before"], row[name]
    return str(after) if before == after else f"{before} -> {after}"


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]], align: str, count: int) -> None:
    if rows:
        more = f"\n... and {count - len(rows):,} more" if count > len(rows) else ""
        show.say(f"\n{show.table([header, *rows], align, header=True)}{more}")
