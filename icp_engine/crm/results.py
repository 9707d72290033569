"""What an importer says became of each record: Salesforce's files of success, of failure and of the unprocessed.

Sources: "Get Job Successful Record Results", "Get Job Failed Record Results", "Get Job Unprocessed Record Results" of
the Bulk API 2.0 Developer Guide: the fields of the request with `sf__Id` and `sf__Created`, with `sf__Error`, or alone.
HubSpot: the error file of an import, and `GET /crm/v3/imports/{importId}/errors`.
"""

import json
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from icp_engine.crm.manifest import HandOff
from icp_engine.crm.records import CRM_ID, EXTERNAL_ID, FIELD, WAS
from icp_engine.crm.vendors import CLEARED
from icp_engine.errors import InputError, first_line
from icp_engine.extract.files import RawFile, open_files
from icp_engine.named_files import read_text

ERROR, SUCCEEDED = "error", "succeeded"
_ID, _CREATED, _ERROR = "sf__Id", "sf__Created", "sf__Error"
_SCHEMA = {EXTERNAL_ID: pl.String, CRM_ID: pl.String, SUCCEEDED: pl.Boolean, ERROR: pl.String}
_UNPROCESSED = "not processed"
_TENTH = 10  # one row in so many may come back otherwise, such as a name with an end of line in it
_DELETED = ("Id", "ID", "id")


def read_results(
    files: Iterable[Path], found: HandOff, pending: pl.LazyFrame, temp: Path, *, rollback: bool
) -> pl.DataFrame:
    """Return `EXTERNAL_ID`, `CRM_ID`, `SUCCEEDED` and `ERROR` of every row; of deleted records the CRM's id alone.

    Raises:
        InputError: a file cannot be read, is none of these, or has other values than were handed off.
    """
    frames, goes_on = [pl.DataFrame(schema=_SCHEMA)], []
    for number, path in enumerate(files):
        place = temp / f"results-{number}"
        place.mkdir()
        is_json = path.suffix.lower() == ".json"
        if is_json:
            errors, after = _of_errors(path)
            frames.append(errors)
            goes_on.append(after)
            continue
        file = open_files([str(path)], place)[0]
        frames.append(_of_file(file, found))
        _check_values(file, found, pending, rollback=rollback)
    if goes_on and all(goes_on):  # what has no error counts as taken
        raise InputError(
            f"HubSpot has more errors than these files hold; ask for those after {goes_on[-1]} too (its parameter "
            "'after'), until an answer names none to come, and give all files at once."
        )
    return pl.concat(frames)


def _of_file(file: RawFile, found: HandOff) -> pl.DataFrame:
    by_lower = {name.lower(): name for name in file.schema}
    ids = next((by_lower[name.lower()] for name in (found.external_id, EXTERNAL_ID) if name.lower() in by_lower), None)
    error = _error_column(file, found)
    if ids is None and not (set(_DELETED) & set(file.schema) and _ID in file.schema):
        raise InputError(
            f"{file.path} has no column {found.external_id}; name the files of success and of errors that the import "
            "of this hand-off left."
        )
    text = {name: pl.col(name).cast(pl.String).str.strip_chars() for name in file.schema}
    told = text[error].fill_null("") if error else pl.lit("")
    succeeded = (told == "") if error or _ID in file.schema else pl.lit(value=False)
    unprocessed = pl.lit(_UNPROCESSED) if error is None and _ID not in file.schema else told
    nothing = pl.lit(None, pl.String)
    frame = file.frame.select(
        (text[ids] if ids else nothing).alias(EXTERNAL_ID),
        (text[_ID] if _ID in file.schema else nothing).alias(CRM_ID),
        succeeded.alias(SUCCEEDED),
        unprocessed.alias(ERROR),
    )
    return frame.collect()


def _check_values(file: RawFile, found: HandOff, pending: pl.LazyFrame, *, rollback: bool) -> None:
    """Make sure that a file is about this hand-off: results give back the values of the request.

    Those of another hand-off, or of `rollback/`, have the same external ids, and would make the state a wrong one.
    """
    before = WAS if rollback else FIELD
    names = [name for name in file.schema if before + name in pending.collect_schema()]
    if found.external_id not in file.schema or not names:
        return
    told = file.frame.select(
        pl.col(found.external_id).cast(pl.String).alias(EXTERNAL_ID), pl.col(names).cast(pl.String)
    )
    both = told.join(pending.select(EXTERNAL_ID, *(before + name for name in names)), on=EXTERNAL_ID)
    differs = [
        (pl.col(name) != "") & (pl.col(name) != pl.col(before + name).fill_null(CLEARED)).fill_null(value=False)
        for name in names
    ]
    rows, wrong = both.select(pl.len(), pl.any_horizontal(differs).sum().alias("wrong")).collect().row(0)
    if wrong * _TENTH > rows:
        other = (
            "of an older hand-off, or of its files in import/" if rollback else "of an older hand-off, or --rollback"
        )
        raise InputError(
            f"{file.path} has other values than were written, {wrong:,} of {rows:,} records: are they {other}?"
        )


def _error_column(file: RawFile, found: HandOff) -> str | None:
    if found.system == "salesforce":
        return _ERROR if _ERROR in file.schema else None
    errors = [name for name in file.schema if "error" in name.lower()]
    if not errors:
        raise InputError(f"{file.path} has no column of errors; name the error file of the import, or --no-errors.")
    return next((name for name in errors if "message" in name.lower()), errors[0])


def _of_errors(path: Path) -> tuple[pl.DataFrame, str | None]:
    """Return what HubSpot's programs say of the errors of an import, and where the next page begins, if there is one.

    The external id is the first value of the row.
    """
    try:
        answer = json.loads(read_text(path, "File of results"))
        rows = [
            {EXTERNAL_ID: error["sourceData"]["rowData"][0], SUCCEEDED: False, ERROR: _message(error)}
            for error in answer["results"]
        ]
        after = ((answer.get("paging") or {}).get("next") or {}).get("after")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is no answer of HubSpot on the errors of an import ({first_line(error)}).") from error
    return pl.DataFrame(rows, schema=_SCHEMA), after


def _message(error: dict[str, str]) -> str:
    return error.get("errorMessage") or error.get("errorType") or "error"
