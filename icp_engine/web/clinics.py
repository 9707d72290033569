"""`/clinics`: the list of clinics, filtered by a form, each row with what sets it apart."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from icp_engine.api.snapshot import Snapshot, current_network, led_query
from icp_engine.columns import KEY, NAME
from icp_engine.extract.states import CODES
from icp_engine.scorecard.model import TOTAL
from icp_engine.web.asked import COULD_BE, NETWORKS, UNKNOWN, Asked, clinics_asked, could_rise, tier_choices
from icp_engine.web.pager import paged
from icp_engine.web.rows import apart, bound, clinic_rows, clinic_url, network_url, shared_reasons, short_tier

_REASONS = 3
_MORE = ("min_score", "min_ceiling", "min_coverage", "network")


def show(run: Snapshot, request: Request) -> tuple[str, Mapping[str, Any]]:
    """Return the page of the clinics that a form asks for."""
    card = run.rows.card
    former, query = request.query_params.get("network_id"), led_query(run, request.query_params)
    asked = clinics_asked(query, card, run.clinics.columns)
    values: dict[str, Any] = {
        "asked": asked,
        "problems": asked.problems,
        "tiers": tier_choices(card, run.clinics.columns),
        "segments": card.segments,
        "states": [*CODES, UNKNOWN],
        "networks": NETWORKS,
        "has_bounds": bound(card, "ceiling") in run.clinics.columns,
        "has_coverage": card.column("coverage") in run.clinics.columns,
        "more": sum(name in asked.typed for name in _MORE),
        "former": former if former != query.get("network_id") else None,
        "exact": _exact(run, asked.typed.get("q")),
    }
    if asked.problems:
        return "clinics", values | {"rows": (), "shared": (), "pager": None, "told": (), "sorts": _sorts(run, asked)}
    page, where = paged(run.clinics, asked)
    with run.db.cursor() as db:
        rows = clinic_rows(run, db, page[KEY].to_list())
    shared = shared_reasons(card, rows)
    rows = apart(card, rows, {reason.code for reason, _ in shared}, _REASONS)
    return "clinics", values | {
        "rows": rows,
        "shared": shared,
        "pager": where,
        "told": _told(run, asked, where.total),
        "sorts": _sorts(run, asked),
    }


def _told(run: Snapshot, asked: Asked, total: int) -> tuple[tuple[str, str | None], ...]:
    """Return what is worth knowing of the rows together: how many could rise, each with the list of them."""
    card = run.rows.card
    ceiling = bound(card, "ceiling")
    if not total or ceiling not in run.clinics.columns:
        return ()
    tier = next((tier for tier in card.tiers if set(tier.at_least) == {TOTAL}), None)
    if tier is None:
        return ()
    count = run.clinics.count(asked.wanted, could_rise(card, tier), asked.sort_by, descending=asked.descending)
    if not count:
        return ()
    could = None if "tier" in asked.typed else asked.url(tier=f"{COULD_BE}{tier.number}", page=None)
    return ((f"{count:,} could be {short_tier(tier)}", could),)


def _exact(run: Snapshot, text: str | None) -> str | None:
    """Return the page of the clinic or network whose id was typed into the search, if there is one."""
    if not text or any(sign.isspace() for sign in text):
        return None
    if current_network(run, text) in run.places:
        return network_url(text)
    with run.db.cursor() as db:
        return clinic_url(text) if db.row("select 1 from clinics where clinic_id = $id", {"id": text}) else None


def _sorts(run: Snapshot, asked: Asked) -> dict[str, tuple[str, str | None]]:
    """Return where the headings of the table lead, and how they are sorted now: ascending, descending or not."""
    names = {"name": NAME, "score": run.rows.total}
    return {what: sort_link(asked, column, ascending_first=what == "name") for what, column in names.items()}


def sort_link(asked: Asked, column: str, *, ascending_first: bool = False) -> tuple[str, str | None]:
    """Return where a heading leads, and how the list is sorted by its column now."""
    now = None if asked.sort_by != column else "descending" if asked.descending else "ascending"
    first = "asc" if ascending_first else "desc"
    other = {"descending": "asc", "ascending": "desc"}
    return asked.url(sort=column, order=other[now] if now else first, page=None), now
