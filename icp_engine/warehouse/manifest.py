"""The manifest of a run, `run.json`: what a run says of itself, as a frozen value. Written and read here alone."""

from collections.abc import Mapping
from dataclasses import replace as dataclass_replace
from pathlib import Path
from typing import Any, cast

import msgspec
import polars as pl
from msgspec import structs

from icp_engine.errors import InputError
from icp_engine.extract.ids import Suspicion
from icp_engine.extract.profile import FieldCoverage, LostPoints
from icp_engine.tables.writer import whole, write_json
from icp_engine.warehouse.folder import MANIFEST

_OF_NETWORKS = ("indexed", "networks", "no_networks", "decisions")  # not in the file of a run that made none


class ScorecardRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The scorecard of a run. `content` is the whole of it, merged, as `restore_scorecard` reads it."""

    id: str
    version: str
    hash: str
    title: str = ""
    prefix: str = ""
    content: dict[str, Any]


class OtherScorecard(msgspec.Struct, frozen=True, kw_only=True):
    """What a run says of a scorecard after the first: the same as `Manifest` says of the main one."""

    scorecard: ScorecardRecord
    reads: tuple[str, ...] = ()
    reachable: float = 0.0
    out_of_reach: tuple[LostPoints, ...] = ()
    tiers: Mapping[int, int] = {}
    segments: Mapping[str, int] = {}


class InputFile(msgspec.Struct, frozen=True):
    """A file that was read: rows in it, and its size in bytes."""

    path: str
    rows: int
    bytes: int


class RowCounts(msgspec.Struct, frozen=True, rename={"read": "in"}):
    """Rows of the extract, and what became of them: rejected ones by reason too. `read` is `in` in the file."""

    read: int
    scored: int
    rejected: int
    reasons: Mapping[str, int] = {}


class NetworkCounts(msgspec.Struct, frozen=True):
    """Networks, and clinics that belong to one; the columns that held evidence beside names, by what they are.

    `idle_parents` are the clinics whose parent ties nobody, since the column repeats their names.
    """

    found: int
    clinics: int
    evidence: Mapping[str, str] = {}
    idle_parents: int = 0


class OutputFile(msgspec.Struct, frozen=True):
    """A file that the run made: its size in bytes, and its rows where it holds one table."""

    file: str
    rows: int | None
    bytes: int


class Manifest(msgspec.Struct, frozen=True):
    """What a run says of itself. Keys that came later have a default, so that the file of an older run is read.

    Attributes:
        started_at: UTC, as ISO 8601 writes it.
        engine: the versions of Python and of the packages that did the work.
        options: what the run was asked to do, as JSON: options come and go with the versions.
        suspicions: kinds of ids that look wrong.
        notes: how files were read where that is out of the ordinary, in sentences.
        replaced_columns: columns of the extract that the run writes itself.
        fields: per field what the extract holds of it.
        carried_columns: columns of the extract that are no field.
        renamed_columns: new names of some of these by the old ones: the name is a field's, or differs in case alone.
        reachable: the highest sum of category scores that the extract allows, in points.
        out_of_reach: what each characteristic loses to fields that are missing for everyone.
        tiers: clinics by number of the tier, those that occur.
        segments: clinics by letter of the segment, those that occur.
        indexed: whether there was memory for the index of the warehouse file.
        networks: None where the run made none.
        no_networks: why nothing was found, in one sentence; None where something was.
        decisions: lines of the decisions by what became of them.
        no_charts: why there are no charts, in one sentence; None where there are, or none were wanted.
        other_scorecards: those after the first; what stands above is of the first, the main one.
        seconds: seconds of each stage; stages may run beside each other.
    """

    run_id: str
    started_at: str
    engine: Mapping[str, str]
    scorecard: ScorecardRecord
    options: Mapping[str, Any]
    inputs: tuple[InputFile, ...]
    rows: RowCounts
    suspicions: tuple[Suspicion, ...] = ()
    notes: tuple[str, ...] = ()
    replaced_columns: tuple[str, ...] = ()
    fields: Mapping[str, FieldCoverage] = {}
    carried_columns: tuple[str, ...] = ()
    renamed_columns: Mapping[str, str] = {}
    reachable: float = 0.0
    out_of_reach: tuple[LostPoints, ...] = ()
    tiers: Mapping[int, int] = {}
    segments: Mapping[str, int] = {}
    indexed: bool | None = None
    networks: NetworkCounts | None = None
    no_networks: str | None = None
    decisions: Mapping[str, tuple[int, ...]] = {}
    no_charts: str | None = None
    seconds: Mapping[str, float] = {}
    elapsed_seconds: float = 0.0
    outputs: tuple[OutputFile, ...] = ()
    other_scorecards: tuple[OtherScorecard, ...] = ()


def manifest_content(manifest: Manifest) -> dict[str, Any]:
    """Return a manifest as JSON has it."""
    content = cast(dict[str, Any], msgspec.json.decode(msgspec.json.encode(manifest)))
    unsaid = (() if manifest.networks else _OF_NETWORKS) + (() if manifest.other_scorecards else ("other_scorecards",))
    return {key: content[key] for key in content if key not in unsaid}


def under(manifest: Manifest, other: OtherScorecard) -> Manifest:
    """Return a manifest as it would be if a scorecard after the first were the main one."""
    return structs.replace(
        manifest,
        scorecard=other.scorecard,
        fields={name: dataclass_replace(field, read=name in other.reads) for name, field in manifest.fields.items()},
        reachable=other.reachable,
        out_of_reach=other.out_of_reach,
        tiers=other.tiers,
        segments=other.segments,
    )


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Write the manifest of a run into its folder, whole or not at all."""
    with whole(folder / MANIFEST) as path:
        write_json(path, manifest_content(manifest))


def output_files(folder: Path) -> tuple[OutputFile, ...]:
    """Return every file of a run with its size, and the rows of those that hold one table."""
    rows = {path.stem: pl.scan_parquet(path).select(pl.len()).collect().item() for path in folder.glob("*.parquet")}
    files = sorted(path for path in (*folder.glob("*"), *folder.glob("charts/*")) if path.is_file())
    return tuple(
        OutputFile(path.relative_to(folder).as_posix(), rows.get(path.stem), path.stat().st_size)
        for path in files
        if not path.name.startswith(".")
    )


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of the run in a folder.

    Raises:
        InputError: it is damaged, or not that of a run.
    """
    path = folder / MANIFEST
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (OSError, ValueError) as error:  # msgspec's errors are ValueErrors
        raise InputError(f"{path} is damaged, or no manifest of a run ({error}); run again.") from error
