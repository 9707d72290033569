"""The paths of lists, clinics, networks and statistics, in the names of a scorecard."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response

from icp_engine.api import shapes
from icp_engine.api.answers import NETWORK, RUN, TOTAL, Form, answered, json_bytes, rows_bytes
from icp_engine.api.anything import ANYTHING
from icp_engine.api.current import OTHER_CARDS, Current, UnavailableError
from icp_engine.api.listing import Listing, Page
from icp_engine.api.parameters import ClinicsAsked, NetworksAsked, NothingAsked, Parameters, only
from icp_engine.api.rows import Rows
from icp_engine.api.snapshot import Snapshot, clinic, led, network
from icp_engine.published.filters import Condition, conditions

RUN_HEADER = {RUN: {"description": "The run that answers", "schema": {"type": "string"}}}
UNDER = "/icp"  # where the paths of lists, clinics, networks and statistics begin
_TOTAL_HEADER = {TOTAL: {"description": "Rows on all pages together", "schema": {"type": "integer"}}}
_NETWORK_HEADER = {
    NETWORK: {
        "description": "Network that an id no longer in use leads to",
        "schema": {"type": "string"},
    }
}
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": shapes.Problem, "description": "There is none of that id"}}
ERRORS: dict[int | str, dict[str, Any]] = {
    200: {"headers": RUN_HEADER},
    304: {"description": "Nothing has changed since the answer of that `If-None-Match`"},
    422: {"model": shapes.Problem, "description": "A parameter cannot be what it is, or is not known"},
    503: {"model": shapes.Problem, "description": "There is no published run"},
}
_CSV = {"text/csv": {"schema": {"type": "string", "description": "The rows, with a header line"}}}
_LIST = ERRORS | {200: {"headers": RUN_HEADER | _TOTAL_HEADER, "content": _CSV}}
_CLINICS = ERRORS | {200: {"headers": RUN_HEADER | _TOTAL_HEADER | _NETWORK_HEADER, "content": _CSV}}


def routes_of(rows: Rows, parameters: Parameters) -> APIRouter:
    """Return the paths under a scorecard."""
    router, shape = APIRouter(prefix=UNDER, tags=["icp"]), shapes.shapes_of(rows)
    _add_lists(router, rows, parameters, shape)
    _add_single_answers(router, rows, shape)
    return router


@contextmanager
def _answering(request: Request, rows: Rows) -> Iterator[Snapshot]:
    """Hold the run that answers, which is of the scorecard unless another was published this very moment."""
    current: Current = request.app.state.current
    with current.run(rows.card.id) as run:
        if (run.rows.card.hash, run.rows.network_card.hash) != (rows.card.hash, rows.network_card.hash):
            raise UnavailableError(OTHER_CARDS)
        yield run


def _add_lists(router: APIRouter, rows: Rows, parameters: Parameters, shape: shapes.Shapes) -> None:
    def list_clinics(request: Request, asked: Annotated[parameters.clinics, Query()]) -> Response:  # type: ignore[name-defined]
        with _answering(request, rows) as run:

            def make(form: Form) -> tuple[bytes, dict[str, str]]:
                wanted = led(run, asked.filter())
                page = _page(run.clinics, asked, conditions(wanted, "clinics", rows.card))
                before = {"total": page.total, "limit": asked.limit, "offset": asked.offset}
                body, headers = _listed(page, form, before, "clinics", {})
                led_to = {NETWORK: wanted.network_id} if wanted.network_id not in (None, asked.network_id) else {}
                return body, headers | led_to

            return answered(request, run.run_id, asked.model_dump(), make, csv=True)

    def list_networks(request: Request, asked: Annotated[parameters.networks, Query()]) -> Response:  # type: ignore[name-defined]
        with _answering(request, rows) as run:

            def make(form: Form) -> tuple[bytes, dict[str, str]]:
                page = _page(run.networks, asked, conditions(asked.filter(), "networks", rows.network_card))
                before = {"total": page.total, "returned": len(page.rows)}
                return _listed(page, form, before, "networks", {"filters_applied": _filters(asked)})

            return answered(request, run.run_id, asked.model_dump(), make, csv=True)

    router.add_api_route(
        "/clinics", list_clinics, operation_id="list_clinics", response_model=shape.clinics, responses=_CLINICS,
        dependencies=[Depends(only(parameters.clinics))], summary="Clinics, highest score first",
    )  # fmt: skip
    router.add_api_route(
        "/networks", list_networks, operation_id="list_networks", response_model=shape.networks, responses=_LIST,
        dependencies=[Depends(only(parameters.networks))], summary="Networks, highest score first",
    )  # fmt: skip


def _add_single_answers(router: APIRouter, rows: Rows, shape: shapes.Shapes) -> None:
    nothing = [Depends(only(NothingAsked))]

    def get_clinic(request: Request, clinic_id: str) -> Response:
        with _answering(request, rows) as run:

            def make(_: Form) -> tuple[bytes, dict[str, str]]:
                found = clinic(run, clinic_id)
                if found is None:
                    missing = "There is no clinic of that id (capitals and blanks count)."
                    raise HTTPException(404, missing, {RUN: run.run_id})
                return json_bytes(found), {}

            return answered(request, run.run_id, {}, make)

    def get_network(request: Request, network_id: str) -> Response:
        with _answering(request, rows) as run:

            def make(_: Form) -> tuple[bytes, dict[str, str]]:
                found = network(run, network_id)
                if found is None:
                    raise HTTPException(404, "There is no network of that id; see /icp/networks.", {RUN: run.run_id})
                return json_bytes(found), {}

            return answered(request, run.run_id, {}, make)

    def get_stats(request: Request) -> Response:
        with _answering(request, rows) as run:
            return answered(request, run.run_id, {}, lambda _: (json_bytes(run.statistics), {}))

    router.add_api_route(
        f"/clinic/{{clinic_id:{ANYTHING}}}", get_clinic, operation_id="get_clinic", response_model=shape.clinic,
        responses=ERRORS | _UNKNOWN, dependencies=nothing, summary="One clinic, its score explained",
    )  # fmt: skip
    router.add_api_route(
        f"/networks/{{network_id:{ANYTHING}}}", get_network, operation_id="get_network", response_model=shape.network,
        responses=ERRORS | _UNKNOWN, dependencies=nothing, summary="One network and its members",
    )  # fmt: skip
    router.add_api_route(
        "/stats", get_stats, operation_id="get_stats", response_model=shape.statistics, responses=ERRORS,
        dependencies=nothing, summary="Statistics of the run",
    )  # fmt: skip


def _filters(asked: NetworksAsked) -> dict[str, Any]:
    """Return every filter as it was understood."""
    wanted = asked.filter()
    return {
        "tier": wanted.tiers or None,
        "segment": wanted.segments or None,
        "min_clinics": wanted.min_clinics,
        "min_states": wanted.min_states,
        "min_score": wanted.min_score,
        "state": wanted.state,
        "q": asked.q,
    }


def _page(listing: Listing, asked: ClinicsAsked | NetworksAsked, wanted: tuple[Condition, ...]) -> Page:
    return listing.page(
        wanted, asked.sort_by, descending=asked.sort_dir == "desc", limit=asked.limit, offset=asked.offset
    )


def _listed(
    page: Page, form: Form, before: dict[str, Any], name: str, after: dict[str, Any]
) -> tuple[bytes, dict[str, str]]:
    total = {TOTAL: str(page.total)}
    if form == "csv":
        return page.rows.write_csv().encode(), total
    return rows_bytes(before, name, page.rows, after), total
