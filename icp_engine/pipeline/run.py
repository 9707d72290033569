"""One run, from the files of an extract to a published warehouse."""

import platform
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import polars as pl

from icp_engine.database import database
from icp_engine.distribution import NAME, engine_version, install_extra
from icp_engine.errors import InputError, did_you_mean
from icp_engine.extract.extract import Extract, Rejects, open_extract, rejected_rows
from icp_engine.extract.profile import Profile, describe
from icp_engine.networks.grouping import NETWORKS, Networks, check_card, find_networks, give_clinics, network_inputs
from icp_engine.pipeline.clinics import (
    NORMALIZED,
    Report,
    Scored,
    clinic_outputs,
    clinic_tables,
    metadata,
    own_columns,
    score_clinics,
    write_clinics,
)
from icp_engine.pipeline.options import RunOptions
from icp_engine.pipeline.workspace import said, temporary
from icp_engine.scorecard.loader import load_scorecard
from icp_engine.scorecard.model import Scorecard
from icp_engine.tables.writer import TableWriter, write_json, write_table
from icp_engine.warehouse.audits import check_run
from icp_engine.warehouse.duckdb_file import WarehouseFile, finish, warehouse_file
from icp_engine.warehouse.folder import MANIFEST, new_run, publish, run_id

__all__ = ["RunOptions", "run"]

_LEAST_SQL_MEMORY = 256 << 20  # bytes; DuckDB starts no query with less
_DRAW_WITH = ("plotly", "jinja2")  # of the extra `charts`
_SQL_SHARE = 4  # of the memory limit that goes to SQL, while clinics wait in memory


@dataclass(slots=True)
class Stages:
    """The seconds that each stage of a run took."""

    report: Report
    seconds: dict[str, float] = field(default_factory=dict)
    began: float = field(default_factory=time.perf_counter)

    @property
    def elapsed(self) -> float:
        """Seconds since the run began; stages that run beside each other count once."""
        return round(time.perf_counter() - self.began, 3)

    @contextmanager
    def __call__(self, name: str, rows: int = 0) -> Iterator[None]:
        """Time what happens inside."""
        self.report(name, 0, rows)
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)


def run(patterns: Iterable[str], out: Path, options: RunOptions, report: Report = lambda *_: None) -> dict[str, Any]:
    """Score an extract, group it into networks and publish the result; return the manifest of the run.

    Args:
        patterns: paths, folders, globs or addresses of the extract.
        out: the warehouse to publish into.
        options: what to do.
        report: called as the run goes on.

    Raises:
        InputError: the extract or a folder cannot be used; what was published stays published.
        ScorecardError: the scorecard has mistakes.
        GateError: the results fail an audit.
    """
    patterns = list(patterns)
    card = load_scorecard(options.scorecard)
    if options.networks:
        check_card(card)
    stages = Stages(report)
    about: dict[str, Any] = {"run_id": "", "started_at": datetime.now(UTC).isoformat(timespec="seconds")}
    with said(patterns, out), new_run(out) as folder, temporary(options.temp_dir, folder.parent) as temp:
        about["run_id"] = run_id(folder)
        with stages("read"):
            extract = open_extract(patterns, card.fields, options.mapping, temp=temp)
        _check_partition(extract, card, options)
        with stages("score", extract.rows):
            scored, found, rejects = score_clinics(extract, card, options, temp)
        about |= _about(extract, found, rejects, card, options)
        work = Work(extract, card, options, folder, temp, stages)
        networks = _networks(scored, work)
        rejected = rejected_rows(extract, rejects) if len(rejects) else None
        about |= _write(scored, networks, work, about, rejected)
        if rejected is not None:
            _write_table("rejects", rejected, work)
        about["no_charts"] = _draw(work, about)
        about["seconds"] = stages.seconds
        about["elapsed_seconds"] = stages.elapsed
        about["outputs"] = _outputs(folder)
        write_json(folder / MANIFEST, about)
        with stages("publish"):
            publish(folder, out, options.keep)
    about["elapsed_seconds"] = stages.elapsed
    return about


@dataclass(frozen=True, slots=True)
class Work:
    """What the stages of one run share."""

    extract: Extract
    card: Scorecard
    options: RunOptions
    folder: Path
    temp: Path
    stages: Stages

    @property
    def sql_memory(self) -> int:
        """Bytes that DuckDB may take, while clinics wait in memory."""
        return max(self.options.memory_limit // _SQL_SHARE, _LEAST_SQL_MEMORY)


def _networks(scored: Scored, work: Work) -> Networks | None:
    """Group the scored clinics, of which only the columns that grouping reads go to SQL."""
    if not work.options.networks:
        return None
    with (
        work.stages("networks", scored.rows),
        database(memory_limit=work.sql_memory, temp_dir=work.temp) as db,
    ):
        clinics = scored.frame.select(*network_inputs(work.card), NORMALIZED).collect()
        give_clinics(db, clinics, work.card, NORMALIZED)
        return find_networks(db, work.card, work.options.network)


def _write(
    scored: Scored, networks: Networks | None, work: Work, about: Mapping[str, Any], rejected: pl.DataFrame | None
) -> dict[str, Any]:
    """Write all tables and the warehouse file; return the counts for the manifest."""
    with ExitStack() as stack:
        file: WarehouseFile | None = None
        if networks is not None:
            file = stack.enter_context(warehouse_file(work.folder, work.sql_memory, work.temp))
        with work.stages("write", scored.rows):
            outputs = clinic_outputs(work.extract, work.card, work.options, work.folder, file)
            columns = networks.columns if networks else None
            counts = write_clinics(scored, outputs, work.card, columns, work.stages.report)
        if file is None or networks is None:
            return counts
        with work.stages("warehouse", scored.rows):
            _partition(work)
            _write_table(NETWORKS, networks.networks, work, metadata(work.card))
            tables = clinic_tables(work.extract, work.card)
            with ThreadPoolExecutor(1) as pool:  # the files are audited while the index is made
                audited = pool.submit(_audit, work, about, networks)
                counts["indexed"] = finish(
                    file, work.card, networks, work.options.network, about, tables, rejects=rejected
                )
                stack.close()
                audited.result()
        counts["networks"] = {"found": len(networks.networks), "clinics": len(networks.columns)}
        counts["no_networks"] = networks.why_none
        return counts


def _audit(work: Work, about: Mapping[str, Any], networks: Networks) -> None:
    with work.stages("audit"):
        check_run(work.folder, work.card, about, networks)


def _draw(work: Work, about: dict[str, Any]) -> str | None:
    """Write charts and report; return in one sentence why there are none, None where there are or none were wanted."""
    if not work.options.charts:
        return None
    if not all(map(find_spec, _DRAW_WITH)):
        return f"Charts and report need more packages: {install_extra('charts')}; then run icp-engine report."
    from icp_engine.report.content import content
    from icp_engine.report.pages import write_pages

    with work.stages("charts", about["rows"]["scored"]):
        so_far = {**about, "seconds": work.stages.seconds, "outputs": _outputs(work.folder)}
        write_pages(content(work.folder, work.card, so_far), work.folder)
    return None


def _check_partition(extract: Extract, card: Scorecard, options: RunOptions) -> None:
    """Say before anything is scored that the copy that was asked for cannot be made."""
    column = options.partition_by
    if column is None:
        return
    if not options.networks:
        raise InputError("--partition-by copies clinics_icp_with_networks, which --no-networks leaves out; drop one.")
    known = clinic_tables(extract, card)["clinics_icp_with_networks"]
    if column not in known:
        raise InputError(f"--partition-by {column}: there is no such column{did_you_mean(column, known)}.")


def _partition(work: Work) -> None:
    """Write the hive-partitioned copy that was asked for: a folder per value, for engines that read by folder."""
    column = work.options.partition_by
    if column is None:
        return
    with database(memory_limit=work.sql_memory, temp_dir=work.temp) as db:
        db.view_parquet("clinics", work.folder / "clinics_icp_with_networks.parquet")
        db.write_partitioned("clinics", work.folder / f"clinics_by_{column}", column)


def _write_table(name: str, frame: pl.DataFrame, work: Work, metadata: dict[str, str] | None = None) -> None:
    write_table(TableWriter(work.folder, name, metadata or {}, csv=work.options.format == "both"), frame)


def _outputs(folder: Path) -> list[dict[str, Any]]:
    """Return every file of a run with its size, and the rows of those that hold one table."""
    rows = {path.stem: pl.scan_parquet(path).select(pl.len()).collect().item() for path in folder.glob("*.parquet")}
    files = sorted(path for path in (*folder.glob("*"), *folder.glob("charts/*")) if path.is_file())
    return [
        {"file": path.relative_to(folder).as_posix(), "rows": rows.get(path.stem), "bytes": path.stat().st_size}
        for path in files
    ]


def _about(extract: Extract, found: Profile, rejects: Rejects, card: Scorecard, options: RunOptions) -> dict[str, Any]:
    """Return what the manifest says of engine, scorecard, options and input."""
    packages = ("polars", "duckdb", "pyarrow")
    own = own_columns(card, networks=options.networks)
    return {
        "engine": {
            "python": platform.python_version(),
            NAME: engine_version(),
            **{name: version(name) for name in packages},
        },
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
        "replaced_columns": [name for name in extract.columns if name in own],
        **describe(found, card),
    }
