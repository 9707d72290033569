"""Public files become an extract: one clinic per organisation name and state, with every field that some file knows."""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from icp_engine.database import Database, database, sql_text
from icp_engine.errors import InputError
from icp_engine.extract.public import nppes, readers
from icp_engine.extract.public.kinds import KINDS, MATCH_COLUMNS, MATCHES
from icp_engine.extract.public.matching import match_amounts, match_lists
from icp_engine.extract.public.overrides import add_features
from icp_engine.extract.public.source import Source
from icp_engine.extract.public.stage import stage, stage_nothing
from icp_engine.extract.public.summary import (
    BuildSummary,
    EnrichSummary,
    FileSummary,
    build_summary,
    file_summaries,
    summary_content,
)
from icp_engine.extract.public.taxonomy import HEALTH_CENTER, code_segments, segments
from icp_engine.locks import remove_leftovers, temporary_folder

Report = Callable[[str, int, int], None]
FEATURES = "features"
SUMMARY = "build.json"
_DEFAULT_MEMORY = 4 << 30
_MATCHES = (
    f"select distinct {', '.join(MATCH_COLUMNS)} "
    "from (select public_ids.public_id as clinic_id, matches.* exclude (clinic_id) "
    "from matches join public_ids using (clinic_id)) "
    "where clinic_id in (select clinic_id from extract) order by all"
)


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """What a build reads: main files of NPPES, other files by kind, and which kinds hold everything there is.

    `memory_limit` is in bytes, of which the database takes a half.
    """

    nppes: tuple[str, ...]
    files: Mapping[str, Sequence[str]] = field(default_factory=dict)
    complete: frozenset[str] = frozenset()
    all_organizations: bool = False
    memory_limit: int = _DEFAULT_MEMORY
    temp_dir: Path | None = None


def build(options: BuildOptions, out: Path, report: Report = lambda *_: None) -> BuildSummary:
    """Build an extract, and write it with `build_matches.parquet` and `build.json` beside it.

    Nothing that is there already is replaced before all three are complete.

    Returns:
        what `build.json` holds.

    Raises:
        InputError: a file cannot be read or is of another kind, or the options do not go together.
    """
    began = time.perf_counter()
    check_options(options.files, options.complete, out)
    check_ours(out)
    inputs = [*options.nppes, *chain.from_iterable(options.files.values())]
    with workspace(out, options.temp_dir, inputs) as (temp, results), build_database(temp, options.memory_limit) as db:
        main = nppes.read(options.nppes, temp, lambda path, rows: report(f"read {Path(path).name}", rows, 0))
        db.view_parquet("nppes", *main.staged)
        sources = stage_files(db, options.files, temp, report)
        report("clinics", 0, 0)
        _make_clinics(db, main, temp)
        _stage_name_keys(db, main, options.files, temp)
        report("match", 0, 0)
        _match(db, options.complete)
        report("write", 0, 0)
        for step in ("clinic_pacs", "clinic_sites", "clinic_segments", "clinic_rows", "clinic_other_names"):
            db.table(step, sql_text(f"build/{step}"))
        db.view("clinics", sql_text("build/clinics"))
        if FEATURES in sources:
            add_features(db, sources[FEATURES], temp)
        else:
            db.view("clinics_with_features", "from clinics")
        kept = "" if options.all_organizations else "where is_clinic"
        write(db, f"from clinics_with_features {kept} order by clinic_id", results / out.name)
        db.view_parquet("extract", results / out.name)
        write(db, _MATCHES, results / MATCHES)
        files = {"nppes": FileSummary(main.files, main.invalid_npis)} | file_summaries(db, sources, options.complete)
        moment = datetime.now(UTC).isoformat(timespec="seconds")
        summary = build_summary(db, files, moment, round(time.perf_counter() - began, 3))
        write_summary(summary, results / SUMMARY)
        publish(results, out)
    return summary


def check_options(files: Mapping[str, Sequence[str]], complete: frozenset[str], out: Path) -> None:
    """Make sure that files, declarations and output go together.

    Raises:
        InputError: they do not.
    """
    if out.suffix.lower() not in (".parquet", ".pq") or out.is_dir():
        raise InputError(f"--out {out} is no Parquet file by its name; name one, such as clinics.parquet.")
    if not out.parent.is_dir():
        raise InputError(f"--out {out}: folder {out.parent} does not exist; make it first.")
    for name in sorted(complete):
        if name not in KINDS or not KINDS[name].false_by:
            can = ", ".join(kind.name for kind in KINDS.values() if kind.false_by)
            raise InputError(f"--complete {name}: no such file can make a flag false; it is for {can}.")
        if not files.get(name):
            raise InputError(f"--complete {name}: no such file is given; add {KINDS[name].option}.")
    for name, paths in files.items():
        if paths and KINDS[name].needs_enrollments and not files.get("enrollments"):
            raise InputError(
                f"{KINDS[name].option} is told apart by ids of Medicare enrolments, and no enrolment file is given; "
                "add --enrollments."
            )


def check_ours(out: Path, summary: str = SUMMARY) -> None:
    """Make sure that what lies beside the extract under the names of a build is of one, and may be replaced.

    Raises:
        InputError: it is somebody's own.
    """
    for path, ours in ((out.parent / MATCHES, _holds_matches), (out.parent / summary, _is_summary)):
        if path.exists() and not ours(path):
            raise InputError(f"{path} is not of a build, and would be replaced; move it, or choose another --out.")


def _holds_matches(path: Path) -> bool:
    """Return whether a file has the columns of matches; its rows, of which there may be many, are not read."""
    try:
        return set(MATCH_COLUMNS) <= set(pq.read_schema(path).names)
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        return False


def _is_summary(path: Path) -> bool:
    try:
        return "files" in json.loads(path.read_bytes())
    except (ValueError, TypeError, OSError):
        return False


@contextmanager
def workspace(out: Path, temp_dir: Path | None, inputs: Sequence[str]) -> Iterator[tuple[Path, Path]]:
    """Give a folder for intermediate files, and one for results on the disk where they go.

    What killed builds left there is removed afterwards, once the input has been found good, and unless it lies there.
    """
    if temp_dir is not None and not temp_dir.is_dir():
        raise InputError(f"{temp_dir} is not a folder; choose another --temp-dir.")
    place = temp_dir or out.parent
    with temporary_folder(place, hidden=True) as temp, temporary_folder(out.parent, hidden=True) as results:
        yield temp, results
    for folder in {place, out.parent}:
        remove_leftovers(folder, inputs)


@contextmanager
def build_database(temp: Path, memory_limit: int) -> Iterator[Database]:
    """Open a database with half of the memory (bytes): the rest is for reading files.

    It is in memory, which takes a third less time than a file of its own; what does not fit goes to `temp`.
    """
    with database(memory_limit=memory_limit // 2, temp_dir=temp) as db:
        db.run("set preserve_insertion_order = false")  # every table has a key, and what is written is sorted
        yield db


def stage_files(db: Database, files: Mapping[str, Sequence[str]], temp: Path, report: Report) -> dict[str, Source]:
    """Read every kind of file and make its table, an empty one where no file is given."""
    sources = {}
    for kind in KINDS.values():
        if paths := files.get(kind.name):
            report(f"read {kind.name}", 0, 0)
            sources[kind.name] = readers.read(kind.name, paths, temp)
        if kind.name == FEATURES:  # their columns are the user's own
            continue
        if kind.name in sources:
            stage(db, sources[kind.name], temp)
        else:
            stage_nothing(db, kind)
    return sources


def _make_clinics(db: Database, main: nppes.MainFiles, temp: Path) -> None:
    for step in ("organizations", "clinic_keys", "members"):
        db.table(step, sql_text(f"build/{step}"))
    if db.row("select 1 from members limit 1") is None:
        paths = ", ".join(file.path for file in main.files)
        raise InputError(f"{paths} holds no active organisation in a state or territory; there is nothing to build.")
    db.view("clinic_npis", "select clinic_id, npi, state_code from members")
    db.view("clinic_ids", "select clinic_id from clinic_keys")
    db.view("public_ids", sql_text("build/public_ids"))
    staged = temp / "contacts.parquet"
    nppes.contacts(main, db.frame(sql_text("build/to_compare"))).sink_parquet(staged, compression="lz4")
    db.view_parquet("contacts", staged)
    codes = db.frame("select distinct primary_code as code from nppes")["code"]
    db.copy("code_segments", code_segments(codes))
    db.copy("segments", segments())
    db.table("run_settings", "select $code as health_center_code", {"code": HEALTH_CENTER})


def _stage_name_keys(db: Database, main: nppes.MainFiles, files: Mapping[str, Sequence[str]], temp: Path) -> None:
    """Normalise the names of all organisations where a list that is matched by them is given."""
    staged = temp / "name_keys.parquet"
    asked = any(files.get(kind.name) for kind in KINDS.values() if kind.by_name)
    nppes.names(main, every=asked).sink_parquet(staged, compression="lz4")
    db.view_parquet("name_keys", staged)


def _match(db: Database, complete: frozenset[str]) -> None:
    db.table("clinic_enrollments", sql_text("build/clinic_enrollments"))
    for step in ("clinic_names", "clinic_places"):
        db.view(step, sql_text(f"build/{step}"))
    match_lists(db, complete, ["match_taxonomy"])
    match_amounts(db)


def write(db: Database, query: str, path: Path) -> None:
    """Write the rows of a query as Parquet; the first level of zstd takes a fifth less time, and 5% more disk."""
    db.run(f"copy ({query}) to $path (format parquet, compression zstd, compression_level 1)", {"path": str(path)})


def write_summary(summary: BuildSummary | EnrichSummary, path: Path) -> None:
    """Write a summary as JSON."""
    path.write_text(json.dumps(summary_content(summary), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def publish(results: Path, out: Path, summary: str = SUMMARY) -> None:
    """Move what was written into place, the extract last."""
    names = (MATCHES, summary, out.name)
    for name in names:
        with (results / name).open("rb") as file:
            os.fsync(file.fileno())
    for name in names:
        (results / name).replace(out.parent / name)
