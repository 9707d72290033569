"""The files of a hand-off: what to import, parents first; what to import to undo it; lists for people."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from icp_engine.crm.delta import CHANGED, NEW, WHAT
from icp_engine.crm.manifest import CHANGES, IMPORT, PENDING, ROLLBACK
from icp_engine.crm.mapping import CrmMapping, Kind
from icp_engine.crm.parts import Part, Parts
from icp_engine.crm.records import EXTERNAL_ID, FIELD, FLAGGED, KEY, OBJECT, WAS
from icp_engine.crm.requests import clearing_requests, request_content
from icp_engine.crm.sources import CrmField
from icp_engine.crm.vendors import Vendor, upsert_line
from icp_engine.display import shell_line
from icp_engine.tables.ordering import ORDER, sorted_slices
from icp_engine.tables.writer import write_json

_SLICE = 50_000  # rows that are in memory at once
_MOST = 400_000  # rows that are put into order at once
STEMS: dict[Kind, str] = {"network": "1-networks", "clinic": "2-clinics", "practice": "1-practices"}
_CLEAR = "-clear.jsonl"
_LISTED = (OBJECT, EXTERNAL_ID, KEY, FLAGGED, WHAT, CHANGED)
Delta = tuple[Sequence[CrmField], pl.LazyFrame | None, pl.DataFrame]


@dataclass(slots=True)
class Written:
    """What was written: files and the commands that load them, and counts."""

    files: tuple[Part, ...] = ()
    rollback: tuple[Part, ...] = ()
    commands: tuple[str, ...] = ()
    way_back: tuple[str, ...] = ()
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    changed_fields: dict[str, int] = field(default_factory=dict)
    oig_matches: int = 0


def write_files(
    folder: Path, deltas: Mapping[Kind, Delta], vendor: Vendor, mapping: CrmMapping, out: Path, temp: Path
) -> Written:
    """Write the files of a hand-off into its folder.

    Args:
        folder: where to.
        deltas: of each kind, parents first, its fields, what is to be written, and what of that is refused.
        vendor: whose importer takes them.
        mapping: what they are there.
        out: where the folder will be found, for the commands.
        temp: for what does not fit into memory.
    """
    written, kept = Written(), []
    with (folder / CHANGES).open("wb") as changes:
        changes.write(",".join(_LISTED).encode() + b"\n")
        for kind, (fields, delta, refused) in deltas.items():
            assert delta is not None
            good = delta.join(refused.lazy().select(EXTERNAL_ID, KEY), on=[EXTERNAL_ID, KEY], how="anti")
            kept.append(good.drop(ORDER))
            with ExitStack() as stack:
                there = stack.enter_context(_parts(folder, IMPORT, kind, vendor))
                back = stack.enter_context(_parts(folder, ROLLBACK, kind, vendor))
                for rows in slices(good, temp, EXTERNAL_ID):
                    there.write(cells(rows, fields, vendor, mapping.external_id))
                    back.write(cells(rows.filter(pl.col(WHAT) != NEW), fields, vendor, mapping.external_id, back=True))
                    rows.select(_LISTED).write_csv(changes, include_header=False)
                    if vendor.cleared is None:
                        _requests(folder, kind, rows, fields, mapping)
            written.files += tuple(there.parts)
            written.rollback += tuple(back.parts)
            _count(written, kind, good)
    pl.concat(kept, how="diagonal").sink_parquet(folder / PENDING, compression="zstd")
    written.changed_fields = dict(sorted(written.changed_fields.items(), key=lambda item: (-item[1], item[0])))
    written.commands = (*commands(out, written.files, mapping), *_clearing_lines(folder, IMPORT, out, mapping))
    written.way_back = (*commands(out, written.rollback, mapping), *_clearing_lines(folder, ROLLBACK, out, mapping))
    if mapping.system == "hubspot":
        for part in (*written.files, *written.rollback):
            names = _header(folder / part.file)
            write_json(folder / f"{part.file}.request.json", request_content(part, names, mapping))
    return written


def slices(rows: pl.LazyFrame, temp: Path, *ties: str) -> Iterator[pl.DataFrame]:
    """Yield rows in the order of the run, so that the best come first, in bounded memory."""
    count = rows.select(pl.len()).collect().item()
    yield from sorted_slices(rows, count, _MOST, _SLICE, temp, ties)


def _parts(folder: Path, inside: str, kind: Kind, vendor: Vendor) -> Parts:
    return Parts(folder, f"{inside}/{STEMS[kind]}", vendor.max_bytes, vendor.max_rows)


def cells(
    rows: pl.DataFrame,
    fields: Sequence[CrmField],
    vendor: Vendor,
    external_id: str,
    *,
    back: bool = False,
    whole: bool = False,
) -> pl.DataFrame:
    """Return what stands in a file: the external id, and of each field the value where it is another one than before.

    An empty cell leaves a field as it is: "Empty field values are ignored when you update records" (Prepare CSV Files).

    Args:
        rows: rows of a delta.
        fields: what they have.
        vendor: how a field is emptied.
        external_id: the field of the external id.
        back: write what was before instead.
        whole: write every value, whether it has changed or not.
    """
    return rows.select(
        pl.col(EXTERNAL_ID).alias(external_id), *(_cell(found, vendor, back=back, whole=whole) for found in fields)
    )


def _cell(field: CrmField, vendor: Vendor, *, back: bool, whole: bool) -> pl.Expr:
    new, old = pl.col(FIELD + field.name), pl.col(WAS + field.name)
    value, other = (old, new) if back else (new, old)
    empty = pl.lit(vendor.cleared if field.is_cleared else None, pl.String)
    told = pl.when(value.is_null() & other.is_not_null()).then(empty).otherwise(value)
    return (told if whole else pl.when(new.ne_missing(old)).then(told)).alias(field.name)


def commands(out: Path, parts: Sequence[Part], mapping: CrmMapping) -> tuple[str, ...]:
    """Return the lines that load files into the CRM, in their order."""
    if mapping.system == "salesforce":
        return tuple(upsert_line(mapping.object, mapping.external_id, str(out / part.file)) for part in parts)
    return tuple(import_line(str(out / part.file)) for part in parts)


def import_line(file: str) -> str:
    """Return the command that starts an import of one file into HubSpot, whose token a variable holds."""
    return (
        'curl --fail -H "Authorization: Bearer $HUBSPOT_TOKEN" '
        f'-F "importRequest=<{file}.request.json" -F "files=@{file}" https://api.hubapi.com/crm/v3/imports'
    )


def _clearing_lines(folder: Path, inside: str, out: Path, mapping: CrmMapping) -> Iterator[str]:
    """Yield the commands that empty what an import leaves as it is; without them the CRM keeps what the state has not.

    They come after the imports, which make the companies that they name.
    """
    for path in sorted((folder / inside).glob(f"*{_CLEAR}")):
        file = shell_line(str(out / inside / path.name))
        yield (
            'while read -r body; do curl --fail -H "Authorization: Bearer $HUBSPOT_TOKEN" '
            f'-H "Content-Type: application/json" -d "$body" https://api.hubapi.com/crm/v3/objects/{mapping.object}'
            f"/batch/update; done < {file}"
        )


def _header(path: Path) -> list[str]:
    with path.open("rb") as file:
        return pl.read_csv(file.readline()).columns


def _requests(folder: Path, kind: Kind, rows: pl.DataFrame, fields: Sequence[CrmField], mapping: CrmMapping) -> None:
    for inside, back in ((IMPORT, False), (ROLLBACK, True)):
        some = rows.filter(pl.col(WHAT) != NEW) if back else rows  # what is new is deleted
        lines = clearing_requests(some, fields, mapping.external_id, back=back)
        if lines:
            path = folder / inside / f"{STEMS[kind]}{_CLEAR}"
            path.parent.mkdir(exist_ok=True)
            with path.open("a", encoding="utf-8", newline="\n") as file:
                file.writelines(f"{line}\n" for line in lines)


def _count(written: Written, kind: Kind, rows: pl.LazyFrame) -> None:
    counts = rows.group_by(WHAT).agg(pl.len(), pl.col(FLAGGED).sum()).collect()
    written.counts[kind] = {what: number for what, number, _ in counts.iter_rows()}
    written.oig_matches += int(counts[FLAGGED].sum())
    names = rows.filter(pl.col(CHANGED) != "").select(pl.col(CHANGED).str.split(";").explode()).group_by(CHANGED).len()
    for name, number in names.collect().sort("len", CHANGED, descending=[True, False]).iter_rows():
        written.changed_fields[name] = written.changed_fields.get(name, 0) + number
