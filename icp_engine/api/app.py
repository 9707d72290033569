"""The application: what it is called, its errors, and the paths of the scorecard of the run that answers."""

from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Receive, Scope, Send

from icp_engine.api import shapes
from icp_engine.api.access import check_token
from icp_engine.api.answers import RUN, json_bytes
from icp_engine.api.current import Current, UnavailableError
from icp_engine.api.parameters import Parameters, parameters_of, wrong
from icp_engine.api.routes import ERRORS, routes_of
from icp_engine.api.rows import Rows, rows_of
from icp_engine.distribution import engine_version
from icp_engine.scorecard.loader import load_scorecard

_WORTH_ZIPPING = 1_000  # bytes
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
        self._rows = rows_of(current.card or load_scorecard())
        self._app = _application(self._rows, current, token)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await self._of_current_scorecard()(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        return self._of_current_scorecard().openapi()

    def _of_current_scorecard(self) -> FastAPI:
        card = self._current.card
        if card is not None and card.hash != self._rows.card.hash:
            self._rows = rows_of(card)
            self._app = _application(self._rows, self._current, self._token)
        return self._app


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
