"""A list of clinics as a file: the rows that a form asks for, in its order, sent as they are made."""

import io
from collections.abc import Iterator
from contextlib import ExitStack

import polars as pl
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from icp_engine.api.answers import RUN
from icp_engine.api.current import Current
from icp_engine.api.snapshot import Snapshot, led_query
from icp_engine.errors import InputError
from icp_engine.tables.workbook import write_workbook
from icp_engine.tables.writer import flat
from icp_engine.web.access import SECURITY
from icp_engine.web.asked import Asked, clinics_asked
from icp_engine.web.missing import NotFoundError

_AT_ONCE = 20_000  # rows that are made at a time
_MAX_SHEET = 100_000  # rows of a workbook: more take too much memory, and nobody reads them
_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def download(current: Current, request: Request) -> Response:
    """Return the list that a form asks for as a file.

    Raises:
        NotFoundError: there is no such kind of file.
        UnavailableError: no run answers.
    """
    form = request.path_params["form"]
    if form not in _TYPES:
        raise NotFoundError("kind of file", form, why="There are csv, xlsx and json.")
    with ExitStack() as stack:
        run = stack.enter_context(current.run())
        asked = clinics_asked(led_query(run, request.query_params), run.rows.card, run.clinics.columns)
        if asked.problems:
            return PlainTextResponse(" ".join(asked.problems.values()), 422, headers=SECURITY)
        headers = SECURITY | {RUN: run.run_id, "Content-Disposition": f'attachment; filename="clinics.{form}"'}
        if form == "xlsx":
            return _workbook(run, asked, headers)
        write = _csv if form == "csv" else _json
        held = stack.pop_all()  # the run stays open until the last row is sent, or whoever asked has gone
        return StreamingResponse(_held(held, write(_pieces(run, asked))), media_type=_TYPES[form], headers=headers)
    raise AssertionError("no way out of the context")


def _held(stack: ExitStack, parts: Iterator[bytes]) -> Iterator[bytes]:
    with stack:
        yield from parts


def _pieces(run: Snapshot, asked: Asked) -> Iterator[pl.DataFrame]:
    """Yield the rows of a list, some thousands at a time; where there are none, their columns once."""
    offset, total = 0, 1
    while offset < total:
        page = run.clinics.page(asked.wanted, asked.sort_by, descending=asked.descending, limit=_AT_ONCE, offset=offset)
        yield page.rows
        offset, total = offset + _AT_ONCE, page.total


def _csv(pieces: Iterator[pl.DataFrame]) -> Iterator[bytes]:
    for number, piece in enumerate(pieces):
        yield flat(piece).write_csv(include_header=number == 0).encode()


def _json(pieces: Iterator[pl.DataFrame]) -> Iterator[bytes]:
    between = b"["
    for piece in pieces:
        rows = piece.write_json().encode()[1:-1]
        if rows:
            yield between + rows
            between = b",\n"
    yield b"]" if between != b"[" else b"[]"


def _workbook(run: Snapshot, asked: Asked, headers: dict[str, str]) -> Response:
    page = run.clinics.page(asked.wanted, asked.sort_by, descending=asked.descending, limit=_MAX_SHEET + 1, offset=0)
    if page.total > _MAX_SHEET:
        text = (
            f"{page.total:,} rows are more than a workbook should hold ({_MAX_SHEET:,}); narrow the list, or take CSV."
        )
        return PlainTextResponse(text, 422, headers=SECURITY)
    file = io.BytesIO()
    try:
        write_workbook(page.rows, file)
    except InputError as error:
        return PlainTextResponse(str(error), 501, headers=SECURITY)
    return Response(file.getvalue(), media_type=_TYPES["xlsx"], headers=headers)
