"""The application: paths, what they take and what they answer."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline
from starlette.convertors import Convertor, register_url_convertor
from starlette.middleware.gzip import GZipMiddleware

from icp_engine.api import shapes
from icp_engine.api.access import check_token
from icp_engine.api.answers import RUN, TOTAL, Form, answered, json_bytes, rows_bytes
from icp_engine.api.current import Current, UnavailableError
from icp_engine.api.listing import Listing, Page
from icp_engine.api.parameters import ClinicsAsked, NetworksAsked, NothingAsked, only, wrong
from icp_engine.api.snapshot import clinic, network
from icp_engine.distribution import engine_version
from icp_engine.published.filters import Condition, conditions

_WORTH_ZIPPING = 1_000  # bytes
_ZIP_LEVEL = 3  # a third of the time of the usual 9, a quarter more bytes
_ABOUT = f"""The published run of a warehouse: clinics, networks and statistics, read-only.

Every answer belongs to one run, which the header `{RUN}` names. A newer run is picked up as soon as it is published.
`ETag` and `If-None-Match` tell whether an answer is still the same. Lists come as CSV with `Accept: text/csv`.
A missing number or an unknown flag is null. Errors are `{{"detail": "one sentence"}}`.
"""
_RUN_HEADER = {RUN: {"description": "The run that answers", "schema": {"type": "string"}}}
_TOTAL_HEADER = {TOTAL: {"description": "Rows on all pages together", "schema": {"type": "integer"}}}
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": shapes.Problem, "description": "There is none of that id"}}
_ERRORS: dict[int | str, dict[str, Any]] = {
    200: {"headers": _RUN_HEADER},
    304: {"description": "Nothing has changed since the answer of that `If-None-Match`"},
    422: {"model": shapes.Problem, "description": "A parameter cannot be what it is, or is not known"},
    503: {"model": shapes.Problem, "description": "There is no published run"},
}
_LIST = _ERRORS | {
    200: {
        "headers": _RUN_HEADER | _TOTAL_HEADER,
        "content": {"text/csv": {"schema": {"type": "string", "description": "The rows, with a header line"}}},
    }
}


def application(current: Current, token: str | None = None) -> FastAPI:
    """Return the application that answers from the current run; with a token, to those who send it."""
    app = FastAPIOffline(
        title="icp-engine",
        version=engine_version(),
        description=_ABOUT,
        redoc_url=None,
        redirect_slashes=False,
        swagger_ui_parameters={"validatorUrl": "none", "defaultModelsExpandDepth": 0},
    )
    app.state.current = current
    app.add_middleware(GZipMiddleware, minimum_size=_WORTH_ZIPPING, compresslevel=_ZIP_LEVEL)
    app.add_exception_handler(RequestValidationError, _wrong_parameter)
    app.add_exception_handler(UnavailableError, _unavailable)
    app.add_exception_handler(Exception, _mistake)
    app.add_api_route(
        "/health",
        _health,
        operation_id="health",
        tags=["server"],
        summary="Which run answers",
        response_model=shapes.Health,
        responses={200: _ERRORS[200], 503: _ERRORS[503]},
    )
    if token is None:
        app.include_router(_ROUTES)
    else:
        denied = {"model": shapes.Problem, "description": "The token is missing or wrong"}
        app.include_router(_ROUTES, dependencies=[Depends(check_token(token))], responses={401: denied})
    return app


class _Anything(Convertor[str]):
    """The rest of a path whatever it holds, line breaks too: ids may hold any character."""

    regex = "(?s:.*)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("anything", _Anything())
_ROUTES = APIRouter(prefix="/icp", tags=["icp"])


def _current(request: Request) -> Current:
    current: Current = request.app.state.current
    return current


@_ROUTES.get(
    "/clinics", operation_id="list_clinics",
    response_model=shapes.Clinics, responses=_LIST,
    dependencies=[Depends(only(ClinicsAsked))],
    summary="Clinics, highest score first",
)  # fmt: skip
def _clinics(request: Request, asked: Annotated[ClinicsAsked, Query()]) -> Response:
    with _current(request).run() as run:

        def make(form: Form) -> tuple[bytes, dict[str, str]]:
            page = _page(run.clinics, asked, conditions(asked.filter(), "clinics"))
            before = {"total": page.total, "limit": asked.limit, "offset": asked.offset}
            return _listed(page, form, before, "clinics", {})

        return answered(request, run.run_id, asked.model_dump(), make, csv=True)


@_ROUTES.get(
    "/networks", operation_id="list_networks",
    response_model=shapes.Networks, responses=_LIST,
    dependencies=[Depends(only(NetworksAsked))],
    summary="Networks, highest score first",
)  # fmt: skip
def _networks(request: Request, asked: Annotated[NetworksAsked, Query()]) -> Response:
    with _current(request).run() as run:

        def make(form: Form) -> tuple[bytes, dict[str, str]]:
            page = _page(run.networks, asked, conditions(asked.filter(), "networks"))
            return _listed(
                page,
                form,
                {"total": page.total, "returned": len(page.rows)},
                "networks",
                {"filters_applied": _filters(asked)},
            )

        return answered(request, run.run_id, asked.model_dump(), make, csv=True)


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


@_ROUTES.get(
    "/clinic/{clinic_id:anything}", operation_id="get_clinic",
    response_model=shapes.Clinic, responses=_ERRORS | _UNKNOWN,
    dependencies=[Depends(only(NothingAsked))], summary="One clinic, its score explained",
)  # fmt: skip
def _clinic(request: Request, clinic_id: str) -> Response:
    with _current(request).run() as run:

        def make(_: Form) -> tuple[bytes, dict[str, str]]:
            found = clinic(run, clinic_id)
            if found is None:
                raise HTTPException(
                    404, "There is no clinic of that id (capitals and blanks count).", {RUN: run.run_id}
                )
            return json_bytes(found), {}

        return answered(request, run.run_id, {}, make)


@_ROUTES.get(
    "/networks/{network_id:anything}", operation_id="get_network",
    response_model=shapes.Network, responses=_ERRORS | _UNKNOWN,
    dependencies=[Depends(only(NothingAsked))], summary="One network and its members",
)  # fmt: skip
def _network(request: Request, network_id: str) -> Response:
    with _current(request).run() as run:

        def make(_: Form) -> tuple[bytes, dict[str, str]]:
            found = network(run, network_id)
            if found is None:
                raise HTTPException(404, "There is no network of that id; see /icp/networks.", {RUN: run.run_id})
            return json_bytes(found), {}

        return answered(request, run.run_id, {}, make)


@_ROUTES.get(
    "/stats", operation_id="get_stats",
    response_model=shapes.Stats, responses=_ERRORS,
    dependencies=[Depends(only(NothingAsked))],
    summary="Statistics of the run",
)  # fmt: skip
def _stats(request: Request) -> Response:
    with _current(request).run() as run:
        return answered(request, run.run_id, {}, lambda _: (json_bytes(run.statistics), {}))


def _health(request: Request) -> Response:
    current = _current(request)
    with current.run() as run:
        said = {
            "status": "outdated" if current.trouble else "ok",
            "run_id": run.run_id,
            "rows": run.count,
            "scorecard_id": run.card.id,
            "scorecard_version": run.card.version,
            "detail": current.trouble,
        }
        return Response(json_bytes(said), media_type="application/json", headers={RUN: run.run_id})


def _wrong_parameter(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    asked = NetworksAsked if request.url.path.startswith("/icp/networks") else ClinicsAsked
    said = [wrong(asked, str(one["loc"][1]), one["input"]) for one in error.errors()]
    return _problem(422, " ".join(dict.fromkeys(said)))


def _unavailable(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return _problem(503, str(error), {"Retry-After": "5"})


def _mistake(request: Request, error: Exception) -> Response:  # noqa: ARG001
    """Answer in JSON; the server prints the error itself with its traceback."""
    return _problem(500, "The server made a mistake; its log says which.")


def _problem(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"detail": detail}, status, headers)
