"""The application: what it is called, its errors, and the paths of the scorecard of the run that answers."""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Receive, Scope, Send

from icp_engine.api import shapes
from icp_engine.api.access import check_token
from icp_engine.api.answers import RUN, SCORECARD, json_bytes
from icp_engine.api.current import Current, UnavailableError
from icp_engine.api.parameters import Parameters, parameters_of, wrong
from icp_engine.api.routes import ERRORS, UNDER, routes_of
from icp_engine.api.rows import Rows, rows_of
from icp_engine.display import listed
from icp_engine.distribution import engine_version
from icp_engine.errors import did_you_mean
from icp_engine.scorecard.loader import load_scorecard
from icp_engine.scorecard.model import Scorecard

_WORTH_ZIPPING = 1_000  # bytes
_SHOWN = 60  # characters of what a client sent
_ZIP_LEVEL = 3  # a third of the time of the usual 9, a quarter more bytes
_DESCRIPTION = f"""The published run of a warehouse: clinics, networks and statistics, read-only.

Every answer belongs to one run, which the header `{RUN}` names. A newer run is picked up as soon as it is published.
`ETag` and `If-None-Match` tell whether an answer is still the same. Lists come as CSV with `Accept: text/csv`.
A missing number or an unknown flag is null. Errors are `{{"detail": "one sentence"}}`.
"""


class Application:
    """Answers from the current run, in the names of its scorecard; with a token, to those who send it.

    A run of another scorecard has other columns, tiers and segments, and so another OpenAPI document. As long as there
    is no run, the document is that of the scorecard that runs take unless told otherwise.
    """

    def __init__(self, current: Current, token: str | None = None) -> None:
        """Start with the scorecard of the current run."""
        self._current = current
        self._token = token
        self._cards = current.cards or (load_scorecard(),)
        self._apps = _applications(self._cards, current, token)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, under the scorecard that it names."""
        apps = self._of_current_scorecards()
        main, scorecard = next(iter(apps.values())), None
        if scope["type"] == "http" and scope["path"].startswith(f"{UNDER}/"):
            scope, scorecard = _without_scorecard(scope)
        await (main if scorecard is None else apps.get(scorecard) or _unknown(scorecard, apps))(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        return next(iter(self._of_current_scorecards().values())).openapi()

    def _of_current_scorecards(self) -> dict[str, FastAPI]:
        cards = self._current.cards
        if cards and [card.hash for card in cards] != [card.hash for card in self._cards]:
            self._cards = cards
            self._apps = _applications(cards, self._current, self._token)
        return self._apps


def _without_scorecard(scope: Scope) -> tuple[Scope, str | None]:
    """Return a request without the parameter that names a scorecard, and what it names; as it is where it names none.

    Named twice it stays, so that it is refused as any parameter that is not known.
    """
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    named = [value for name, value in query if name == SCORECARD]
    if len(named) != 1:
        return scope, None
    rest = urlencode([(name, value) for name, value in query if name != SCORECARD])
    return {**scope, "query_string": rest.encode("latin-1"), SCORECARD: named[0]}, named[0]


def _unknown(scorecard: str, known: Iterable[str]) -> Response:
    near = did_you_mean(scorecard, known) or f"; it was with {listed(list(known))}"
    return _problem(422, f"The run was not scored with {scorecard[:_SHOWN]!r}{near}.")


def _applications(cards: Sequence[Scorecard], current: Current, token: str | None) -> dict[str, FastAPI]:
    """Return the application of each scorecard by its id; that of the main one tells of the parameter that chooses."""
    apps = {card.id: _application(rows_of(card, cards[0]), current, token) for card in cards}
    if cards[1:]:
        _tell_of_scorecards(apps[cards[0].id], list(apps))
    return apps


def _tell_of_scorecards(app: FastAPI, ids: list[str]) -> None:
    """Have the OpenAPI document of an application name the parameter that chooses a scorecard."""
    plain = app.openapi
    told = {
        "name": SCORECARD,
        "in": "query",
        "required": False,
        "description": "The scorecard whose scores are wanted; rows then have its columns.",
        "schema": {"type": "string", "enum": ids, "default": ids[0]},
    }

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            for path, methods in document["paths"].items():
                if path.startswith(f"{UNDER}/"):
                    for operation in methods.values():
                        operation.setdefault("parameters", []).append(told)
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _application(rows: Rows, current: Current, token: str | None) -> FastAPI:
    app = FastAPIOffline(
        title="icp-engine",
        version=engine_version(),
        description=_DESCRIPTION,
        redoc_url=None,
        redirect_slashes=False,
        swagger_ui_parameters={"validatorUrl": "none", "defaultModelsExpandDepth": 0},
    )
    parameters = parameters_of(rows)
    app.state.current = current
    app.state.parameters = parameters
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
        responses={200: ERRORS[200], 503: ERRORS[503]},
    )
    routes = routes_of(rows, parameters)
    if token is None:
        app.include_router(routes)
    else:
        denied = {"model": shapes.Problem, "description": "The token is missing or wrong"}
        app.include_router(routes, dependencies=[Depends(check_token(token))], responses={401: denied})
    return app


def _health(request: Request) -> Response:
    current: Current = request.app.state.current
    with current.run() as run:
        content = {
            "status": "outdated" if current.trouble else "ok",
            "run_id": run.run_id,
            "rows": run.count,
            "scorecard_id": run.rows.card.id,
            "scorecard_version": run.rows.card.version,
            "detail": current.trouble,
        }
        return Response(json_bytes(content), media_type="application/json", headers={RUN: run.run_id})


def _wrong_parameter(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    parameters: Parameters = request.app.state.parameters
    asked = parameters.networks if request.url.path.startswith("/icp/networks") else parameters.clinics
    messages = [wrong(asked, str(problem["loc"][1]), problem["input"]) for problem in error.errors()]
    return _problem(422, " ".join(dict.fromkeys(messages)))


def _unavailable(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return _problem(503, str(error), {"Retry-After": "5"})


def _mistake(request: Request, error: Exception) -> Response:  # noqa: ARG001
    """Answer in JSON; the server prints the error itself with its traceback."""
    return _problem(500, "The server made a mistake; its log says which.")


def _problem(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"detail": detail}, status, headers)
