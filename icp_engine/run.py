"""One run, from the files of an extract to a published warehouse."""

import platform
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import polars as pl

from icp_engine.columns import KEY, NAME, STATE
from icp_engine.conform import CLIPPED, INVALID
from icp_engine.errors import InputError, first_line
from icp_engine.extract import Extract, Rejects, conformed_rows, file_of, find_rejects, open_extract, rejected_rows
from icp_engine.names import normalized_name
from icp_engine.ordering import materialised, sorted_slices, with_order
from icp_engine.profile import Profile, describe, profile
from icp_engine.scorecard.compiler import HELPERS, prepared
from icp_engine.scorecard.explain import reason_code_patterns, with_bibliography
from icp_engine.scorecard.loader import load_scorecard
from icp_engine.scorecard.model import Scorecard
from icp_engine.scoring import add_bands, add_scores, band_columns, score_columns
from icp_engine.tables import ROW_GROUP, Rows, TableWriter, write_json
from icp_engine.warehouse import MANIFEST, UNFINISHED, new_run, publish, run_id

Report = Callable[[str, int, int], None]
"""Called with a stage, the rows done and the rows in all; 0 where a stage does not count rows."""

_BYTES_A_ROW = 2_000  # what a clinic takes while it is sorted and written, twice over, measured
_BIBLIOGRAPHY_ROWS = 8_192  # rows of 2 KB of text that are made and written at once: larger texts cost page faults
_AHEAD = 2  # slices that may wait while the slowest table is written
_NORMALIZED = f"{HELPERS}normalized_name"
_TABLES = ("icp_scores", "clinics_icp", "icp_bands")
_SCORES_BEFORE = (KEY, NAME, STATE, "segment_label")
_SCORES_AFTER = ("npi_count", "site_count", "fqhc_flag", "aco_member")


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a run is asked to do; the defaults are those of the command line. `memory_limit` is in bytes."""

    scorecard: str = "icp"
    mapping: dict[str, str] = field(default_factory=dict)
    format: Literal["both", "parquet"] = "both"
    bibliography: bool = False
    duplicates: Literal["error", "first"] = "error"
    strict: bool = False
    keep: int = 2
    memory_limit: int = 4 << 30
    temp_dir: str | None = None


@dataclass(slots=True)
class Stages:
    """The seconds that each stage of a run took."""

    report: Report
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, name: str, rows: int = 0) -> Iterator[None]:
        """Time what happens inside."""
        self.report(name, 0, rows)
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)


def run(patterns: Iterable[str], out: Path, options: RunOptions, report: Report = lambda *_: None) -> dict[str, Any]:
    """Score an extract and publish the result; return the manifest of the run.

    Args:
        patterns: paths, folders, globs or addresses of the extract.
        out: the warehouse to publish into.
        options: what to do.
        report: called as the run goes on.

    Raises:
        InputError: the extract or a folder cannot be used; what was published stays published.
        ScorecardError: the scorecard has mistakes.
    """
    patterns = list(patterns)
    card = load_scorecard(options.scorecard)
    started = datetime.now(UTC)
    stages = Stages(report)
    with _said(patterns, out), new_run(out) as folder, _temporary(options, folder) as temp:
        with stages("read"):
            extract = open_extract(patterns, card.fields, options.mapping, temp=temp)
        with stages("score", extract.rows):
            scored, found, rejects = _scored(extract, card, options, temp)
        with stages("write", extract.rows):
            tables, counts = _write(scored, extract, card, options, folder, report)
        outputs = [_output(path, table.rows) for table in tables for path in table.files]
        if len(rejects):
            outputs += _write_rejects(extract, rejects, options, folder)
        about = {
            "run_id": run_id(folder),
            "started_at": started.isoformat(timespec="seconds"),
            "engine": _versions(),
            "scorecard": {
                "id": card.id,
                "version": card.version,
                "hash": card.hash,
                "title": card.title,
                "prefix": card.prefix,
                "content": card.content,
            },
            "options": asdict(options),
            "inputs": [{"path": one.path, "rows": one.rows, "bytes": one.bytes} for one in extract.files],
            "rows": {"in": extract.rows, "scored": extract.rows - len(rejects), "rejected": len(rejects)},
            "replaced_columns": _replaced(extract, card),
            **describe(found, card),
            **counts,
            "seconds": stages.seconds,
            "outputs": outputs,
        }
        write_json(folder / MANIFEST, about)
        with stages("publish"):
            publish(folder, out, options.keep)
    return about


@contextmanager
def _said(patterns: Iterable[str], out: Path) -> Iterator[None]:
    """Say which files were at fault where the libraries below do not."""
    try:
        yield
    except pl.exceptions.PolarsError as error:
        raise InputError(f"{', '.join(patterns)} cannot be scored ({first_line(error)}); is a file damaged?") from error
    except OSError as error:
        if error.filename:
            raise
        raise InputError(f"Writing to {out} failed ({error.strerror or first_line(error)}).") from error


@contextmanager
def _temporary(options: RunOptions, folder: Path) -> Iterator[Path]:
    """Give a folder for what is read once and thrown away, beside the results unless another place is named."""
    try:
        with tempfile.TemporaryDirectory(
            prefix="icp-", suffix=UNFINISHED, dir=options.temp_dir or folder.parent
        ) as temp:
            yield Path(temp)
    except FileNotFoundError as error:
        if options.temp_dir is None or Path(options.temp_dir).is_dir():
            raise
        raise InputError(f"{options.temp_dir} is not a folder; choose another --temp-dir.") from error


@dataclass(frozen=True, slots=True)
class Scored:
    """All clinics with bands and scores, computed once, in no order; `most` rows of them fit into memory."""

    frame: pl.LazyFrame
    rows: int
    most: int


def _scored(extract: Extract, card: Scorecard, options: RunOptions, temp: Path) -> tuple[Scored, Profile, Rejects]:
    """Score all rows, and once more without the rejected ones where there are any: nearly always one pass."""
    most = max(ROW_GROUP, options.memory_limit // _BYTES_A_ROW)
    scored = _score(extract, Rejects(), card, most, temp)
    found = profile(extract, scored.frame)
    _check(extract, found, options)
    if not found.blank_ids and not found.duplicate_rows:
        return scored, found, Rejects()
    rejects = find_rejects(extract, duplicates=bool(found.duplicate_rows))
    if len(rejects) == extract.rows:
        raise InputError(f"{extract.files[0].path} has no row with a clinic_id; there is nothing to score.")
    return _score(extract, rejects, card, most, temp), found, rejects


def _score(extract: Extract, rejects: Rejects, card: Scorecard, most: int, temp: Path) -> Scored:
    needed = {*card.reads, *_SCORES_BEFORE, *_SCORES_AFTER}
    lf = add_scores(add_bands(conformed_rows(extract, rejects, needed), card), card)
    lf = lf.with_columns(normalized_name(pl.col(NAME)).alias(_NORMALIZED))
    lf = with_order(lf, card.column("total_score")).drop(one.meta.output_name() for one in prepared(card))
    rows = extract.rows - len(rejects)
    return Scored(materialised(lf, rows, most, temp), rows, most)


def _check(extract: Extract, found: Profile, options: RunOptions) -> None:
    """Say why a run cannot go on with what the extract holds, and where that stands."""
    if found.duplicate_rows and options.duplicates == "error":
        examples = ", ".join(found.duplicate_examples)
        raise InputError(
            f"{found.duplicate_ids:,} clinic_id stand more than once ({found.duplicate_rows:,} rows too many), "
            f"such as {examples}, first in {file_of(extract, find_rejects(extract, duplicates=True, blanks=False))}; "
            "--duplicates first keeps the first of each."
        )
    if not options.strict:
        return
    wrong = [
        f"{one.invalid:,} in {name} (such as {one.examples[0]!r}, first in {one.file})"
        for name, one in found.fields.items()
        if one.invalid
    ]
    if found.blank_ids:
        wrong.append(f"{found.blank_ids:,} blank in {KEY}, first in {file_of(extract, find_rejects(extract))}")
    if wrong:
        raise InputError(f"Invalid values: {'; '.join(wrong)}; correct them, or leave --strict out.")


def _write(
    scored: Scored, extract: Extract, card: Scorecard, options: RunOptions, folder: Path, report: Report
) -> tuple[list[TableWriter], dict[str, Any]]:
    """Write the clinic tables, row group by row group, in the order of the result.

    While row groups are being written the next one is put into order.
    """
    marks = pl.selectors.starts_with(INVALID, CLIPPED)
    writers = _writers(card, options, folder)
    tiers: Counter[int] = Counter()
    segments: Counter[str] = Counter()
    done = 0
    with ExitStack() as stack:
        for writer in writers:
            stack.callback(writer.close)
        pools = [stack.enter_context(ThreadPoolExecutor(1)) for _ in writers]  # one each, so that slices keep order
        writing: deque[list[Future[None]]] = deque()
        for piece in sorted_slices(scored.frame.drop(marks), scored.rows, scored.most, ROW_GROUP):
            tiers.update(_counted(piece, card.column("tier")))
            if card.segment_source:
                segments.update(_counted(piece, card.column("segment")))
            if len(writing) == _AHEAD:
                _finish(writing.popleft())
            report("write", done, scored.rows)
            done += len(piece)
            rows = Rows.of(piece)
            writing.append(
                [
                    pool.submit(_write_slice, writer, rows, extract, card, options)
                    for pool, writer in zip(pools, writers, strict=True)
                ]
            )
        for futures in writing:
            _finish(futures)
    if done != scored.rows:
        raise AssertionError(f"{scored.rows} clinics went in and {done} came out; nothing was published")
    return writers, {"tiers": dict(sorted(tiers.items())), "segments": dict(sorted(segments.items()))}


def _finish(writing: Iterable[Future[None]]) -> None:
    for one in writing:
        one.result()


def _counted(piece: pl.DataFrame, column: str) -> dict[Any, int]:
    return dict(piece[column].value_counts().iter_rows())


def _writers(card: Scorecard, options: RunOptions, folder: Path) -> list[TableWriter]:
    metadata = {"scorecard_id": card.id, "scorecard_version": card.version, "scorecard_hash": card.hash}
    csv = options.format == "both"
    return [TableWriter(folder, table, metadata, csv and table != "icp_bands") for table in _TABLES]


def _write_slice(writer: TableWriter, rows: Rows, extract: Extract, card: Scorecard, options: RunOptions) -> None:
    """Write one slice of one clinic table. Network columns will join here."""
    results = score_columns(card)
    if writer.name == "clinics_icp":
        writer.write(rows.select(_same(*(name for name in extract.columns if name not in _own(card)), *results)))
    elif writer.name == "icp_bands":
        writer.write(rows.select({KEY: KEY, "normalized_name": _NORMALIZED, **band_columns(card)}))
    elif options.bibliography:
        columns = [*_SCORES_BEFORE, *results, *_SCORES_AFTER, f"{card.prefix}_bibliography"]
        with ThreadPoolExecutor(2) as pool:  # texts are put together while those before them are written
            parts = rows.frame.iter_slices(_BIBLIOGRAPHY_ROWS)
            for explained, coded in pool.map(partial(_explained, card=card, columns=columns), parts):
                writer.write(explained, coded, before=columns[-1])
    else:
        coded = {card.column("reason_codes"): reason_code_patterns(rows.frame, card)}
        writer.write(rows.select(_same(*_SCORES_BEFORE, *results, *_SCORES_AFTER)), coded)


def _explained(part: pl.DataFrame, card: Scorecard, columns: list[str]) -> tuple[Rows, dict[str, Any]]:
    """Return rows with their bibliography, and their reason codes as `TableWriter.write` takes them."""
    whole = with_bibliography(part, card).select(columns)
    return Rows.of(whole, views=True), {card.column("reason_codes"): reason_code_patterns(part, card)}


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


def _write_rejects(extract: Extract, rejects: Rejects, options: RunOptions, folder: Path) -> list[dict[str, Any]]:
    writer = TableWriter(folder, "rejects", {}, csv=options.format == "both")
    writer.write(Rows.of(rejected_rows(extract, rejects)))
    writer.close()
    return [_output(path, writer.rows) for path in writer.files]


def _output(path: Path, rows: int) -> dict[str, Any]:
    return {"file": path.name, "rows": rows, "bytes": path.stat().st_size}


def _replaced(extract: Extract, card: Scorecard) -> list[str]:
    """Return the extract's columns that the run writes itself."""
    return [name for name in extract.columns if name in _own(card)]


def _own(card: Scorecard) -> set[str]:
    return {*score_columns(card), card.column("reason_codes"), f"{card.prefix}_bibliography"}


def _versions() -> dict[str, str]:
    packages = ("icp-engine", "polars", "duckdb", "pyarrow")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}
