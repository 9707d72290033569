"""The addresses of pages: each holds the run that answers for as long as it reads, and says which it was."""

import logging
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from icp_engine.api.answers import RUN
from icp_engine.api.anything import ANYTHING
from icp_engine.api.current import Current, UnavailableError
from icp_engine.api.snapshot import Snapshot
from icp_engine.errors import InputError
from icp_engine.web import (
    clinic,
    clinics,
    compare,
    downloads,
    home,
    network,
    networks,
    reports,
    review,
    runs,
    scorecard,
)
from icp_engine.web.access import SECURITY, Session, SignIn, form_of, same_site
from icp_engine.web.curation import LONGEST_REASON, Curation, last_of, moment, once, undoing, write
from icp_engine.web.missing import NotFoundError
from icp_engine.web.render import Frame, frame_of, page
from icp_engine.web.rows import clinic_url, network_url

_LOG = logging.getLogger("uvicorn.error")
_FRESH = {"Cache-Control": "private, no-cache"}

Show = Callable[[Snapshot, Request], tuple[str, Mapping[str, Any]]]
"""Makes a page of a run: the name of its template and its values. Raises `NotFoundError` where there is none."""


class Site:
    """Pages for people, and behind them the API: what is no page goes on to it."""

    def __init__(
        self, api: ASGIApp, current: Current, token: str | None = None, curation: Curation | None = None
    ) -> None:
        """Make the addresses.

        Args:
            api: answers everything that is no page.
            current: the run that answers.
            token: what people sign in with; None where nobody has to.
            curation: where decisions on networks are written; None where nobody takes any.
        """
        self._current = current
        self._curation = curation
        self._sign_in = SignIn(token) if token else None
        self.routes = self._addresses()
        router = Router(self.routes, redirect_slashes=False, default=api)
        self._app = ExceptionMiddleware(router)  # which answers for files that are not there

    def _addresses(self) -> list[BaseRoute]:
        return [
            self._page("/", home.show, "/"),
            self._page("/clinics", clinics.show, "/clinics"),
            self._route("/clinics.{form}", self._download),
            self._page(f"/clinics/{{clinic_id:{ANYTHING}}}", clinic.show, "/clinics"),
            self._page("/networks", networks.show, "/networks"),
            self._page(f"/networks/{{network_id:{ANYTHING}}}", self._network, "/networks"),
            self._page("/scorecard", scorecard.show, "/scorecard"),
            self._page("/compare", compare.show, "/compare"),
            self._page("/runs", runs.show, "/runs"),
            self._route("/review", self._ask, "/review"),
            self._route("/review/list", self._ask_list, "/review"),
            self._route("/review/{question_id}", self._ask, "/review"),
            Route("/review/{question_id}", self._answer, methods=["POST"]),
            Route("/decide", self._decide, methods=["POST"]),
            self._route("/search", _search),
            self._route("/report", reports.report),
            self._page("/charts", reports.charts, ""),
            self._route("/charts/{name}", reports.chart),
            Mount("/static", StaticFiles(packages=[("icp_engine.web", "static")])),
            *(self._sign_in.routes() if self._sign_in else []),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await self._app(scope, receive, send)

    def _download(self, run: Snapshot, request: Request, frame: Frame) -> Response:  # noqa: ARG002
        return downloads.download(self._current, request)

    def _page(self, path: str, show: Show, here: str) -> Route:
        def answer(run: Snapshot, request: Request, frame: Frame) -> Response:
            template, values = show(run, request)
            status = 422 if values.get("problems") else 200
            form_key = self._form_key(request)
            return _html(page(template, frame, form_key=form_key, **values), status, {RUN: run.run_id})

        return self._route(path, answer, here)

    def _session(self, request: Request) -> Session | None:
        return self._sign_in.session(request) if self._sign_in else None

    def _form_key(self, request: Request) -> str | None:
        """Return what forms that decide must carry; None where nobody decides."""
        return self._curation.form_key(self._session(request)) if self._curation else None

    def _network(self, run: Snapshot, request: Request) -> tuple[str, Mapping[str, Any]]:
        return network.show(run, request, self._curation)

    def _ask(self, run: Snapshot, request: Request, frame: Frame, problem: str = "") -> Response:
        question_id = request.path_params.get("question_id")
        query = request.query_params
        template, values = review.asked(run, self._curation, question_id, query.get("after"), query.get("kind", ""))
        return self._reviewed(run, request, frame, template, {**values, "problem": problem})

    def _ask_list(self, run: Snapshot, request: Request, frame: Frame) -> Response:
        template, values = review.listed(run, self._curation, request.query_params.get("kind", ""))
        return self._reviewed(run, request, frame, template, {**values, "problem": ""})

    def _reviewed(
        self, run: Snapshot, request: Request, frame: Frame, template: str, values: Mapping[str, Any]
    ) -> Response:
        author = self._curation.signer(self._session(request)) if self._curation else ""
        more = {
            "author": author,
            "last": last_of(values["queue"].decisions, author),
            "form_key": self._form_key(request),
            "done": request.query_params.get("done", ""),
        }
        return _html(page(template, frame, **more, **values), 409 if values["problem"] else 200, {RUN: run.run_id})

    async def _answer(self, request: Request) -> Response:
        """Take the answer to a question, and go on to the next."""
        fields = await form_of(request)
        answer, question_id = fields.get("answer", ""), request.path_params["question_id"]
        query = {"after": question_id, **({"kind": fields["kind"]} if fields.get("kind") else {})}
        following = RedirectResponse(f"/review?{urlencode(query)}", 303, headers=SECURITY)

        def decided(run: Snapshot, curation: Curation, author: str) -> Response:
            if answer == "later":
                return following
            if answer == "undo":
                write(run, curation.path, undoing(curation.path, author, fields.get("last", "")))
                return RedirectResponse(f"/review/{quote(question_id)}?done=undo", 303, headers=SECURITY)
            question = review.question_of(run, curation, question_id)
            reason = fields.get("reason", "")[:LONGEST_REASON]
            lines = review.decisions_of(question, answer, author, reason)
            write(run, curation.path, once(curation.path, lines))
            return RedirectResponse(f"/review?{urlencode(query | {'done': answer})}", 303, headers=SECURITY)

        def again(run: Snapshot, frame: Frame, problem: str) -> Response:
            return self._ask(run, request, frame, problem)

        return await run_in_threadpool(self._written, request, fields, decided, again)

    async def _decide(self, request: Request) -> Response:
        """Take a decision on a network: its anchor, its name, or who leaves it."""
        fields = await form_of(request)
        back = fields.get("network_id", "")

        def decided(run: Snapshot, curation: Curation, author: str) -> Response:
            line = network.decision_of(fields, moment(), author)
            write(run, curation.path, once(curation.path, [line]))
            return RedirectResponse(f"{network_url(back)}?done={quote(line.action)}", 303, headers=SECURITY)

        def again(run: Snapshot, frame: Frame, problem: str) -> Response:
            return _html(page("refused", frame, problem=problem, back=network_url(back)), 409, {RUN: run.run_id})

        return await run_in_threadpool(self._written, request, fields, decided, again)

    def _written(
        self,
        request: Request,
        fields: Mapping[str, str],
        decided: Callable[[Snapshot, Curation, str], Response],
        again: Callable[[Snapshot, Frame, str], Response],
    ) -> Response:
        """Do what a form asks for, if it is from a page of ours and somebody may decide; say why not otherwise."""
        session, curation = self._session(request), self._curation
        if self._sign_in is not None and session is None:
            return self._sign_in.redirect(request)

        def answer(run: Snapshot, request: Request, frame: Frame) -> Response:
            if curation is None:
                why = "This server takes no decisions; start it with icp-engine serve --curate."
                return _html(page("refused", frame, problem=why, back="/review"), 403)
            if not same_site(request) or not curation.is_ours(fields.get("key", ""), session):
                why = "This form did not come from a page of this server, or the page is too old. Open it again."
                return _html(page("refused", frame, problem=why, back="/review"), 403)
            try:
                return decided(run, curation, curation.signer(session))
            except InputError as error:
                return again(run, frame, str(error))

        return self._answered(answer, request, "/review", session is not None)

    def _route(self, path: str, answer: Callable[[Snapshot, Request, Frame], Response], here: str = "") -> Route:
        async def answered(request: Request) -> Response:
            signed_in = self._sign_in is not None and self._sign_in.session(request) is not None
            if self._sign_in is not None and not signed_in:
                return self._sign_in.redirect(request)
            return await run_in_threadpool(self._answered, answer, request, here, signed_in)

        return Route(path, answered, methods=["GET"])

    def _answered(
        self,
        answer: Callable[[Snapshot, Request, Frame], Response],
        request: Request,
        here: str,
        signed_in: bool,
    ) -> Response:
        frame = Frame(here, signed_in=signed_in)
        try:
            with self._current.run() as run:
                frame = frame_of(run, here, signed_in=signed_in)
                return answer(run, request, frame)
        except NotFoundError as missing:
            return _html(page("not_found", frame, missing=missing), 404)
        except UnavailableError as error:
            return _html(page("unavailable", frame, why=str(error)), 503, {"Retry-After": "5"})
        except InputError as error:  # the file of decisions, say
            return _html(page("mistake", frame, why=str(error)), 500)
        except Exception:
            _LOG.exception("A page could not be made.")
            return _html(page("mistake", frame, why=""), 500)


def _html(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return HTMLResponse(text, status, headers=SECURITY | _FRESH | dict(headers or {}))


def _search(run: Snapshot, request: Request, frame: Frame) -> Response:  # noqa: ARG001
    """Lead to the clinic or network of that id, or else to the clinics with those words in their names."""
    text = request.query_params.get("q", "").strip()
    url = f"/clinics?{request.url.query}" if text else "/clinics"
    if text:
        with run.db.cursor() as db:
            if db.row("select 1 from clinics where clinic_id = $id", {"id": text}):
                url = clinic_url(text)
        if text in run.places or run.former_ids.get(text):
            url = network_url(text)
    return RedirectResponse(url, 303, headers=SECURITY)
