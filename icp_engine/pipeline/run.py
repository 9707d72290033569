"""One run, from the files of an extract to a published warehouse."""

import platform
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from dataclasses import replace as dataclass_replace
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import polars as pl
from msgspec.structs import replace

from icp_engine.columns import KEY, NAME, STATE
from icp_engine.database import database
from icp_engine.display import shell_line
from icp_engine.distribution import NAME as DISTRIBUTION
from icp_engine.distribution import engine_version, install_extra
from icp_engine.errors import InputError, did_you_mean
from icp_engine.extract.conventions import item_notes
from icp_engine.extract.extract import Extract, Rejects, open_extract, rejected_rows
from icp_engine.extract.profile import Profile, describe
from icp_engine.extract.public.kinds import matches_beside
from icp_engine.networks.columns import check_names
from icp_engine.networks.decisions import FILE as DECISIONS
from icp_engine.networks.evidence import NORMALIZED_NAME, held_evidence
from icp_engine.networks.grouping import NETWORKS, Networks, find_networks, network_inputs
from icp_engine.networks.identity import Former
from icp_engine.pipeline.clinics import (
    NORMALIZED,
    Counts,
    Scored,
    clinic_outputs,
    clinic_tables,
    metadata,
    own_columns,
    score_clinics,
    write_clinics,
)
from icp_engine.pipeline.options import RunOptions
from icp_engine.pipeline.progress import Report, Stages
from icp_engine.pipeline.workspace import clean_temporary, temporary, translate_errors
from icp_engine.published.run import Run
from icp_engine.scorecard.loader import load_scorecard
from icp_engine.scorecard.model import Scorecard
from icp_engine.scorecard.several import apart, fields_of_all
from icp_engine.tables.writer import TableWriter, write_table
from icp_engine.warehouse.audits import check_run
from icp_engine.warehouse.duckdb_file import WarehouseFile, add_matches, finish, warehouse_file
from icp_engine.warehouse.folder import clean, new_run, publish, run_id
from icp_engine.warehouse.former import read_former
from icp_engine.warehouse.manifest import (
    InputFile,
    Manifest,
    NetworkCounts,
    OtherScorecard,
    RowCounts,
    ScorecardRecord,
    output_files,
    write_manifest,
)
from icp_engine.workbench.history import HISTORY, read_history, with_own_rows

__all__ = ["RunOptions", "run"]

_LEAST_SQL_MEMORY = 256 << 20  # bytes; DuckDB starts no query with less
_EDGES = "network_edges.parquet"
_DRAW_WITH = ("plotly", "jinja2")  # of the extra `charts`
_SQL_SHARE = 4  # of the memory limit that goes to SQL, while clinics wait in memory


def run(patterns: Iterable[str], out: Path, options: RunOptions, report: Report = lambda *_: None) -> Manifest:
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
    names = (options.scorecard,) if isinstance(options.scorecard, str) else options.scorecard
    cards = apart(map(load_scorecard, names))
    if options.networks:
        check_names(cards[0], cards[1:])
    stages, started = Stages(report), datetime.now(UTC)
    with translate_errors(patterns, out), new_run(out) as folder, temporary(options.temp_dir, folder.parent) as temp:
        with stages("read"):
            extract = open_extract(patterns, fields_of_all(cards), options.mapping, temp=temp, reading=options.reading)
        inputs = [file.path for file in extract.files]
        clean(folder, out, inputs)
        clean_temporary(options.temp_dir, inputs)
        _check_partition(extract, cards, options)
        with stages("score", extract.rows):
            scored, found, rejects = score_clinics(extract, cards, options, temp)
        work = Work(extract, cards, options, out, folder, temp, stages)
        notes = (*extract.notes, *(note for card in cards for note in item_notes(scored.frame, card)))
        manifest = manifest_of(work, started, found, rejects, notes)
        networks = networks_of(scored, work, read_former(out, manifest.started_at))
        rejected = rejected_rows(extract, rejects) if len(rejects) else None
        manifest = write_results(scored, networks, work, manifest, rejected)
        manifest = publish_results(work, manifest, rejected)
    return replace(manifest, seconds=dict(stages.seconds), elapsed_seconds=stages.elapsed)


@dataclass(frozen=True, slots=True)
class Work:
    """What the stages of one run share."""

    extract: Extract
    cards: tuple[Scorecard, ...]
    options: RunOptions
    out: Path
    folder: Path
    temp: Path
    stages: Stages

    @property
    def card(self) -> Scorecard:
        """The main scorecard: it orders the clinics, and networks are made of its scores."""
        return self.cards[0]

    @property
    def sql_memory(self) -> int:
        """Bytes that DuckDB may take, while clinics wait in memory."""
        return max(self.options.memory_limit // _SQL_SHARE, _LEAST_SQL_MEMORY)


def publish_results(work: Work, manifest: Manifest, rejected: pl.DataFrame | None) -> Manifest:
    """Write what stands beside the tables, charts and report among it, and publish all of it."""
    if rejected is not None:
        _write_table("rejects", rejected, work)
    manifest = _finished(_draw(work, manifest), work)
    write_manifest(manifest, work.folder)
    with work.stages("publish"):
        publish(work.folder, work.out, work.options.keep)
    return manifest


def networks_of(scored: Scored, work: Work, former: Former) -> Networks | None:
    """Group the scored clinics, of which only the columns that grouping reads go to SQL."""
    if not work.options.networks:
        return None
    with (
        work.stages("networks", scored.rows),
        database(memory_limit=work.sql_memory, temp_dir=work.temp) as db,
    ):
        evidence = {
            field: column for field, column in _evidence(scored, work).items() if field not in network_inputs(work.card)
        }
        renamed = [pl.col(column).alias(field) for field, column in evidence.items()]
        named = pl.col(NORMALIZED).alias(NORMALIZED_NAME)
        scores = scored.files  # where there are any, what grouping itself does not read stays there
        inputs = [KEY, NAME, STATE] if scores else network_inputs(work.card)
        # What is in memory the streaming engine would cut into pieces, and put together as a second copy.
        clinics = scored.frame.select(*inputs, *renamed, named).collect(engine="auto" if scores else "in-memory")
        options, beside = work.options.network, work.out / DECISIONS
        if options.decisions is None and beside.exists():
            options = dataclass_replace(options, decisions=str(beside))
        found = find_networks(db, clinics, work.card, options, former, scores=scores)
    aside = work.temp / _EDGES  # 130 MB of a million clinics with contacts, which nobody reads until all is written
    found.edges.sink_parquet(aside, compression="lz4", statistics=False)
    return dataclass_replace(found, edges=pl.scan_parquet(aside))


def _evidence(scored: Scored, work: Work) -> dict[str, str]:
    """Return the columns that hold evidence for networks, by field."""
    if work.options.network.grouping != "evidence":
        return {}
    return held_evidence(work.extract.columns, scored.frame.collect_schema())


def write_results(
    scored: Scored,
    networks: Networks | None,
    work: Work,
    manifest: Manifest,
    rejected: pl.DataFrame | None,
    *,
    audited: bool = True,
) -> Manifest:
    """Write all tables and the warehouse file; return the manifest with what was counted.

    Audits are for all clinics of a run: of some, a network may lack its anchor.
    """
    with ExitStack() as stack:
        file: WarehouseFile | None = None
        if networks is not None:
            file = stack.enter_context(warehouse_file(work.folder, work.cards, work.sql_memory, work.temp))
        with work.stages("write", scored.rows):
            outputs = clinic_outputs(work.extract, work.cards, work.options, work.folder, file)
            columns = networks.columns if networks else None
            counts = write_clinics(scored, outputs, work.cards, columns, work.stages.report)
        manifest = with_counts(manifest, *counts)
        history = read_history(work.out)
        for card in work.cards:
            history = with_own_rows(history, _scores(work), card, manifest)
        _write_table(HISTORY, history, work)
        if file is None or networks is None:
            return manifest
        with work.stages("warehouse", scored.rows):
            _partition(work)
            _write_table(NETWORKS, networks.networks, work, metadata(work.cards))
            tables = clinic_tables(work.extract, work.cards, work.options)
            file.db.copy(HISTORY, history)
            if matches := matches_beside(source.path for source in work.extract.files):
                add_matches(file, matches)
            with ThreadPoolExecutor(1) as pool:  # the files are audited while the index is made
                audits = pool.submit(_audit, work, manifest, networks) if audited else None
                indexed = finish(file, work.cards, networks, work.options.network, manifest, tables, rejects=rejected)
                stack.close()
                if audits is not None:
                    audits.result()
        return replace(with_networks(manifest, networks, scored, work), indexed=indexed)


def with_networks(manifest: Manifest, networks: Networks, scored: Scored, work: Work) -> Manifest:
    """Return the manifest with what grouping found."""
    found, members = len(networks.networks), len(networks.columns)
    return replace(
        manifest,
        networks=NetworkCounts(found, members, _evidence(scored, work), networks.idle_parents),
        no_networks=networks.why_none,
        decisions=networks.applied.lines_by_state(),
    )


def with_counts(manifest: Manifest, main: Counts, *others: Counts) -> Manifest:
    """Return the manifest with the clinics of every tier and segment."""
    told = zip(manifest.other_scorecards, others, strict=True)
    return replace(
        manifest,
        tiers=main.tiers,
        segments=main.segments,
        other_scorecards=tuple(replace(card, tiers=counts.tiers, segments=counts.segments) for card, counts in told),
    )


def _scores(work: Work) -> pl.LazyFrame:
    return pl.scan_parquet(work.folder / "icp_scores.parquet")


def _audit(work: Work, manifest: Manifest, networks: Networks) -> None:
    with work.stages("audit"):
        check_run(work.folder, work.cards, manifest.rows.scored, networks)


def _draw(work: Work, manifest: Manifest) -> Manifest:
    """Write charts and report where they are wanted; return the manifest with the reason why there are none."""
    if not work.options.charts:
        return manifest
    if not all(map(find_spec, _DRAW_WITH)):
        later = shell_line("icp-engine", "report", "-w", str(work.out))
        why = f"Charts and report need more packages: {install_extra('charts')}; then run {later}"
        return replace(manifest, no_charts=why)
    from icp_engine.report.content import content
    from icp_engine.report.pages import write_pages

    with work.stages("charts", manifest.rows.scored):
        so_far = _finished(manifest, work)
        write_pages(content(Run(work.out, work.folder, work.card, so_far, work.cards)), work.folder)
    return manifest


def _finished(manifest: Manifest, work: Work) -> Manifest:
    """Return the manifest with the seconds and the files that there are by now."""
    return replace(
        manifest,
        seconds=dict(work.stages.seconds),
        elapsed_seconds=work.stages.elapsed,
        outputs=output_files(work.folder),
    )


def _check_partition(extract: Extract, cards: Sequence[Scorecard], options: RunOptions) -> None:
    """Say before anything is scored that the copy that was asked for cannot be made."""
    column = options.partition_by
    if column is None:
        return
    if not options.networks:
        raise InputError("--partition-by copies clinics_icp_with_networks, which --no-networks leaves out; drop one.")
    known = clinic_tables(extract, cards, options)["clinics_icp_with_networks"]
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


def manifest_of(work: Work, started: datetime, found: Profile, rejects: Rejects, notes: tuple[str, ...]) -> Manifest:
    """Return what can be said of a run once its clinics are scored: engine, scorecard, options, input."""
    extract, card, options = work.extract, work.card, work.options
    packages = ("polars", "duckdb", "pyarrow")
    own = own_columns(work.cards, networks=options.networks)
    described = describe(found, card)
    return Manifest(
        run_id=run_id(work.folder),
        started_at=started.isoformat(timespec="seconds"),
        engine={
            "python": platform.python_version(),
            DISTRIBUTION: engine_version(),
            **{name: version(name) for name in packages},
        },
        scorecard=_record(card),
        options=asdict(options),
        inputs=tuple(InputFile(file.path, file.rows, file.bytes) for file in extract.files),
        rows=RowCounts(extract.rows, extract.rows - len(rejects), len(rejects), rejects.reasons),
        suspicions=found.suspicions,
        notes=notes,
        replaced_columns=tuple(name for name in extract.columns if name in own),
        fields=described.fields,
        carried_columns=described.carried_columns,
        renamed_columns=described.renamed_columns,
        reachable=described.reachable,
        out_of_reach=described.out_of_reach,
        other_scorecards=tuple(_other(other, found) for other in work.cards[1:]),
    )


def _record(card: Scorecard) -> ScorecardRecord:
    return ScorecardRecord(
        id=card.id, version=card.version, hash=card.hash, title=card.title, prefix=card.prefix, content=card.content
    )


def _other(card: Scorecard, found: Profile) -> OtherScorecard:
    described = describe(found, card)
    return OtherScorecard(
        scorecard=_record(card),
        reads=card.reads,
        reachable=described.reachable,
        out_of_reach=described.out_of_reach,
    )
