"""From what is found to bytes: JSON or CSV, and a tag by which whoever has an answer already gets none again."""

import json
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any, Literal

import polars as pl
from fastapi import Request, Response

from icp_engine.distribution import engine_version

Form = Literal["json", "csv"]
RUN = "X-ICP-Run"
TOTAL = "X-Total-Count"
NETWORK = "X-ICP-Network"
SCORECARD = "scorecard"  # the parameter that chooses one of a run
_TYPES: dict[Form, str] = {"json": "application/json", "csv": "text/csv; charset=utf-8"}
_NOT_AT_ALL = (0.0, 2)  # of a media type that is named with q=0
_ENGINE = engine_version()


def answered(
    request: Request,
    run_id: str,
    asked: Mapping[str, Any],
    make: Callable[[Form], tuple[bytes, Mapping[str, str]]],
    *,
    csv: bool = False,
) -> Response:
    """Answer a request, or say that nothing has changed since whoever asks got that answer.

    Args:
        request: the request.
        run_id: the run that answers.
        asked: what was asked, every default filled in, so that the same question has the same tag however it is put.
        make: gives the body in a form, and headers of its own; not called where nothing has changed.
        csv: whether there is CSV to be had.
    """
    form = form_of(request.headers.get("accept", "")) if csv else "json"
    chosen = {SCORECARD: request.scope[SCORECARD]} if SCORECARD in request.scope else {}
    tag = _tag(run_id, request.url.path, {**asked, **chosen}, form)
    headers = {RUN: run_id, "ETag": tag, "Cache-Control": "private, no-cache"} | ({"Vary": "Accept"} if csv else {})
    if tag in [part.strip() for part in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    body, more = make(form)
    return Response(body, media_type=_TYPES[form], headers={**headers, **more})


def _tag(run_id: str, path: str, asked: Mapping[str, Any], form: Form) -> str:
    """Return a tag for an answer: of a run, which never changes, of a question and a form. Weak: it may be zipped."""
    identity = json.dumps([_ENGINE, run_id, path, dict(asked), form], sort_keys=True)
    return f'W/"{blake2b(identity.encode(), digest_size=16).hexdigest()}"'


def form_of(accept: str) -> Form:
    """Return the form that an Accept header likes better; the one it names on a tie, and JSON where it names both."""
    json_liking, csv_liking = _liking(accept, "application", "json"), _liking(accept, "text", "csv")
    return "csv" if csv_liking > max(json_liking, _NOT_AT_ALL) else "json"


def _liking(accept: str, family: str, kind: str) -> tuple[float, int]:
    """Return how much a media type is liked, 0 to 1, and how closely it is named; its closest name counts."""
    names = {f"{family}/{kind}": 2, f"{family}/*": 1, "*/*": 0}
    closest = (-1, 0.0)
    for part in accept.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        if name in names:
            weight = next((parameter[2:] for parameter in parameters if parameter.startswith("q=")), "1")
            closest = max(closest, (names[name], _weight(weight)))
    return closest[1], closest[0]


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0


def json_bytes(value: Any) -> bytes:
    """Return a value as JSON; a number that JSON has no word for is a mistake of ours and raises."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def rows_bytes(before: Mapping[str, Any], name: str, rows: pl.DataFrame, after: Mapping[str, Any]) -> bytes:
    """Return an object with rows under a name as JSON, in the order given; Polars writes the rows, all at once."""
    head, tail = json_bytes(before)[1:-1], json_bytes(after)[1:-1]
    listed = f'"{name}":'.encode() + rows.write_json().encode()
    return b"{" + b",".join(part for part in (head, listed, tail) if part) + b"}"
