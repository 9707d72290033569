"""`/networks`: the list of networks, best first, each with the clinic to call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from icp_engine.api.snapshot import Snapshot
from icp_engine.extract.states import CODES
from icp_engine.networks.columns import network_tiers
from icp_engine.networks.columns import network_total as total_of
from icp_engine.web import spelling
from icp_engine.web.asked import networks_asked
from icp_engine.web.clinics import sort_link
from icp_engine.web.pager import paged
from icp_engine.web.rows import ClinicRow, Score, clinic_rows, cuts, network_url, short_tier

_STATES = 6  # that a row names; its page has them all
_MORE = ("min_clinics", "min_states", "min_score")


@dataclass(frozen=True, slots=True)
class NetworkRow:
    """A network of a page; `anchor` is the clinic to call."""

    network_id: str
    name: str
    score: Score
    tier: int
    tier_name: str
    clinics: int
    states: tuple[str, ...]
    more_states: int
    is_ambiguous: bool
    anchor: ClinicRow | None

    @property
    def url(self) -> str:
        """The page of the network."""
        return network_url(self.network_id)


def show(run: Snapshot, request: Request) -> tuple[str, Mapping[str, Any]]:
    """Return the page of the networks that a form asks for."""
    card = run.rows.card
    asked = networks_asked(dict(request.query_params), card, run.networks.columns, run.rows.network_total)
    values: dict[str, Any] = {
        "asked": asked,
        "problems": asked.problems,
        "tiers": {str(tier.number): short_tier(tier) for tier in network_tiers(card)},
        "segments": card.segments,
        "states": CODES,
        "more": sum(name in asked.typed for name in _MORE),
        "sorts": {
            "name": sort_link(asked, "display_name", ascending_first=True),
            "score": sort_link(asked, run.rows.network_total),
            "clinics": sort_link(asked, "num_clinics"),
            "states": sort_link(asked, "num_states"),
        },
        "none": run.run.manifest.no_networks,
    }
    if asked.problems:
        return "networks", values | {"rows": (), "pager": None}
    page, where = paged(run.networks, asked)
    return "networks", values | {"rows": network_rows(run, page.to_dicts()), "pager": where}


def network_rows(run: Snapshot, found: Sequence[Mapping[str, Any]]) -> tuple[NetworkRow, ...]:
    """Return networks as rows, each with its anchor."""
    with run.db.cursor() as db:
        anchors = {row.clinic_id: row for row in clinic_rows(run, db, [row["anchor_clinic_id"] for row in found])}
    return tuple(network_row(run, row, anchors.get(row["anchor_clinic_id"])) for row in found)


def network_row(run: Snapshot, row: Mapping[str, Any], anchor: ClinicRow | None) -> NetworkRow:
    """Return a network as a row."""
    card = run.rows.card
    tiers = network_tiers(card)
    number = row[f"network_{card.column('tier')}"]
    states = (row["states_covered"] or "").split(",") if row["states_covered"] else []
    score = Score(row[total_of(card)], None, None, card.maximum, cuts(tiers))
    return NetworkRow(
        network_id=row["network_id"],
        name=spelling.name(row["display_name"] or row["network_name"]),
        score=score,
        tier=number,
        tier_name=short_tier(next(tier for tier in tiers if tier.number == number)),
        clinics=row["num_clinics"],
        states=tuple(states[:_STATES]),
        more_states=max(0, len(states) - _STATES),
        is_ambiguous=bool(row["is_ambiguous"]),
        anchor=anchor,
    )
