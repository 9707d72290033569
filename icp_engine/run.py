"""One run, from the files of an extract to a published warehouse."""

import platform
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import polars as pl

from icp_engine.columns import KEY, NAME, STATE
from icp_engine.errors import InputError
from icp_engine.extract import Extract, Rejects, conformed_rows, find_rejects, open_extract, rejected_rows
from icp_engine.names import normalized_name
from icp_engine.ordering import sorted_parts, with_order
from icp_engine.profile import Profile, profile
from icp_engine.scorecard.compiler import HELPERS
from icp_engine.scorecard.explain import bibliography_expr, reason_codes_expr
from icp_engine.scorecard.loader import load_scorecard
from icp_engine.scorecard.model import Scorecard
from icp_engine.scorecard.reach import out_of_reach
from icp_engine.scoring import add_bands, add_scores, band_columns, score_columns
from icp_engine.tables import ROW_GROUP, TableWriter, write_json
from icp_engine.warehouse import MANIFEST, new_run, publish, run_id

Report = Callable[[str, int, int], None]
"""Called with a stage, the rows done and the rows in all; 0 where a stage does not count rows."""

_BYTES_A_ROW = 2_000  # what a clinic takes while it is sorted and written, twice over, measured
_NORMALIZED = f"{HELPERS}normalized_name"
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
    card = load_scorecard(options.scorecard)
    started = datetime.now(UTC)
    stages = Stages(report)
    with new_run(out) as folder, _temporary(options, folder) as temp:
        with stages("read"):
            extract = open_extract(patterns, card.fields, options.mapping, temp=temp)
        with stages("check", extract.rows):
            found = profile(extract)
            rejects = _rejects(extract, found, options)
        with stages("score", extract.rows):
            tables, counts = _write(extract, rejects, card, options, folder, temp, report)
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
def _temporary(options: RunOptions, folder: Path) -> Iterator[Path]:
    """Give a folder for what is read once and thrown away, beside the results unless another place is named."""
    try:
        with tempfile.TemporaryDirectory(prefix="icp-", dir=options.temp_dir or folder.parent) as temp:
            yield Path(temp)
    except FileNotFoundError as error:
        if options.temp_dir is None or Path(options.temp_dir).is_dir():
            raise
        raise InputError(f"{options.temp_dir} is not a folder; choose another --temp-dir.") from error


def _rejects(extract: Extract, found: Profile, options: RunOptions) -> Rejects:
    """Return the rows to leave out, or say why the run cannot go on."""
    if found.duplicate_rows and options.duplicates == "error":
        examples = ", ".join(found.duplicate_examples)
        raise InputError(
            f"{found.duplicate_ids:,} clinic_id stand more than once ({found.duplicate_rows:,} rows too many), "
            f"such as {examples}; --duplicates first keeps the first of each."
        )
    if options.strict:
        _be_strict(found)
    if not found.blank_ids and not found.duplicate_rows:
        return Rejects()
    rejects = find_rejects(extract, duplicates=bool(found.duplicate_rows))
    if len(rejects) == extract.rows:
        raise InputError(f"{extract.files[0].path} has no row with a clinic_id; there is nothing to score.")
    return rejects


def _be_strict(found: Profile) -> None:
    wrong = [f"{one.invalid:,} in {name} (such as {one.examples[0]!r})" for name, one in found.fields.items() if one.invalid]
    if found.blank_ids:
        wrong.append(f"{found.blank_ids:,} blank in {KEY}")
    if wrong:
        raise InputError(f"Invalid values: {'; '.join(wrong)}; correct them, or leave --strict out.")


def _write(
    extract: Extract,
    rejects: Rejects,
    card: Scorecard,
    options: RunOptions,
    folder: Path,
    temp: Path,
    report: Report,
) -> tuple[list[TableWriter], dict[str, Any]]:
    """Score all clinics and write the clinic tables, row group by row group, in the order of the result."""
    needed = {*card.reads, *_SCORES_BEFORE, *_SCORES_AFTER}
    lf = add_scores(add_bands(conformed_rows(extract, rejects, needed), card), card)
    lf = lf.with_columns(normalized_name(pl.col(NAME)).alias(_NORMALIZED))
    rows = extract.rows - len(rejects)
    writers = _writers(card, options, folder)
    tiers: Counter[int] = Counter()
    segments: Counter[str] = Counter()
    done = 0
    most = max(ROW_GROUP, options.memory_limit // _BYTES_A_ROW)
    with ThreadPoolExecutor(len(writers)) as pool:
        for part in sorted_parts(with_order(lf, card.column("total_score")), rows, most, temp):
            tiers.update(dict(part.group_by(card.column("tier")).len().iter_rows()))
            if card.segment_source:
                segments.update(dict(part.group_by(card.column("segment")).len().iter_rows()))
            for piece in part.iter_slices(ROW_GROUP):
                frames = _frames(piece, extract, card, options)
                list(pool.map(lambda pair: pair[0].write(pair[1].collect()), zip(writers, frames, strict=True)))
                done += len(piece)
                report("score", done, rows)
    for writer in writers:
        writer.close()
    if done != rows:
        raise AssertionError(f"{rows} clinics went in and {done} came out; nothing was published")
    return writers, {"tiers": dict(sorted(tiers.items())), "segments": dict(sorted(segments.items()))}


def _writers(card: Scorecard, options: RunOptions, folder: Path) -> list[TableWriter]:
    metadata = {"scorecard_id": card.id, "scorecard_version": card.version, "scorecard_hash": card.hash}
    csv = options.format == "both"
    return [
        TableWriter(folder, "clinics_icp", metadata, csv),
        TableWriter(folder, "icp_scores", metadata, csv),
        TableWriter(folder, "icp_bands", metadata, csv=False),
    ]


def _frames(piece: pl.DataFrame, extract: Extract, card: Scorecard, options: RunOptions) -> list[pl.LazyFrame]:
    """Return a slice of the clinic tables, in the order of `_writers`. Network columns will join here."""
    lf, results = piece.lazy(), score_columns(card)
    reasons = [reason_codes_expr(card).alias(card.column("reason_codes"))]
    if options.bibliography:
        reasons.append(bibliography_expr(card).alias(f"{card.prefix}_bibliography"))
    carried = [name for name in extract.columns if name not in results]
    return [
        lf.select(*carried, *results),
        lf.select(*_SCORES_BEFORE, *results, *_SCORES_AFTER, *reasons),
        lf.select(KEY, pl.col(_NORMALIZED).alias("normalized_name"), *band_columns(card)),
    ]


def _write_rejects(extract: Extract, rejects: Rejects, options: RunOptions, folder: Path) -> list[dict[str, Any]]:
    writer = TableWriter(folder, "rejects", {}, csv=options.format == "both")
    writer.write(rejected_rows(extract, rejects))
    writer.close()
    return [_output(path, writer.rows) for path in writer.files]


def _output(path: Path, rows: int) -> dict[str, Any]:
    return {"file": path.name, "rows": rows, "bytes": path.stat().st_size}


def _replaced(extract: Extract, card: Scorecard) -> list[str]:
    """Return the extract's columns that the run writes itself."""
    own = {*score_columns(card), card.column("reason_codes"), f"{card.prefix}_bibliography"}
    return [name for name in extract.columns if name in own]


def describe(found: Profile, card: Scorecard) -> dict[str, Any]:
    """Return what the manifest and `validate` say of an extract: fields, columns nobody knows, points out of reach."""
    absent = {name for name, one in found.fields.items() if one.given == one.invalid}
    return {
        "fields": {
            name: {
                "column": one.column,
                "given": one.given - one.invalid,
                "missing": found.rows - one.given,
                "invalid": one.invalid,
                "clipped": one.clipped,
                "examples": list(one.examples),
                "read": name in card.reads,
            }
            for name, one in found.fields.items()
        },
        "carried_columns": list(found.unknown),
        "out_of_reach": [
            {"characteristic": lost.characteristic.code, "fields": list(lost.fields), "points": lost.points}
            for lost in out_of_reach(card, absent)
        ],
    }


def _versions() -> dict[str, str]:
    packages = ("icp-engine", "polars", "duckdb", "pyarrow")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}
