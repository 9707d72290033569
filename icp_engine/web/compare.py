"""`/compare`: the published run against one that is kept from before."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from icp_engine.api.snapshot import Snapshot
from icp_engine.errors import InputError
from icp_engine.report.document import Document
from icp_engine.web.kept import Kept
from icp_engine.web.missing import NotFoundError
from icp_engine.web.runs import kept_runs
from icp_engine.workbench.compare import compare
from icp_engine.workbench.sides import aliases_in, open_side, side_of


def _none_yet(run: Snapshot) -> dict[str, Document]:  # noqa: ARG001
    return {}


_FOUND = Kept(_none_yet)  # what became of the run since each of those before


def show(run: Snapshot, request: Request) -> tuple[str, Mapping[str, Any]]:
    """Return the page that compares, or, where no run is named and several are kept, asks with which.

    Raises:
        NotFoundError: no run of that name is kept.
    """
    others = [line for line in kept_runs(run)[0] if not line.is_current]
    word = request.query_params.get("with") or (others[0].run_id if len(others) == 1 else None)
    document = None
    if word is not None:
        if word not in {line.run_id for line in others}:
            raise NotFoundError("kept run", word, (("/runs", "the runs that are kept"),))
        found = _FOUND.of(run)
        document = found[word] = found.get(word) or _compared(run, word)
    return "compare", {"others": others, "chosen": word, "document": document}


def _compared(run: Snapshot, other: str) -> Document:
    with run.db.cursor() as db:
        new = side_of(run.run, aliases_in(db))
    try:
        return compare(open_side(other, run.run.warehouse), new)
    except InputError as error:
        return Document("The runs cannot be compared", str(error))
