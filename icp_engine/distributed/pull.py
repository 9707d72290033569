"""A run of a cluster, or some of its clinics, as a warehouse on this machine: `icp.duckdb`, report, pages, API.

Scores, ranks and networks come as they were made; explanations are spelled out anew from bands and fields.
"""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from msgspec import structs

from icp_engine.columns import KEY
from icp_engine.distributed.address import address_of
from icp_engine.distributed.destination import fetch
from icp_engine.errors import InputError
from icp_engine.extract.extract import Extract
from icp_engine.networks.applied import Applied
from icp_engine.networks.columns import member_columns
from icp_engine.networks.decisions import Decision, Pair
from icp_engine.networks.grouping import NETWORKS, NetworkOptions, Networks, excluded_names, read_overrides
from icp_engine.pipeline.clinics import NORMALIZED, Scored, needed_fields, own_columns
from icp_engine.pipeline.options import RunOptions
from icp_engine.pipeline.progress import Report, Stages
from icp_engine.pipeline.run import Work, publish_results, write_results
from icp_engine.pipeline.workspace import clean_temporary, temporary, translate_errors
from icp_engine.published.filters import Filter, conditions, in_frame
from icp_engine.published.run import Run, run_in
from icp_engine.scorecard.model import Scorecard
from icp_engine.scorecard.several import fields_of_all
from icp_engine.scoring.score import band_columns
from icp_engine.tables.ordering import staged, with_order
from icp_engine.tables.writer import ROW_GROUP
from icp_engine.warehouse.folder import clean, new_run, published, run_id
from icp_engine.warehouse.manifest import Manifest, RowCounts
from icp_engine.warehouse.switch import CLUSTER

_BYTES_A_ROW = 4_000  # what a clinic takes while its columns are joined, measured


def pull(source: Path, out: Path, wanted: Filter, options: RunOptions, report: Report = lambda *_: None) -> Manifest:
    """Bring a run down, or the clinics of a filter, and publish it here; return the manifest of the new run.

    Args:
        source: the folder or the address that a cluster publishes into.
        out: the warehouse to publish into.
        wanted: which clinics.
        options: how to write: `format`, `charts`, `keep`, `memory_limit` and `temp_dir` count.
        report: called as the work goes on.

    Raises:
        InputError: nothing is published there, no clinic is wanted, or a folder cannot be used.
    """
    stages, address = Stages(report), address_of(source)
    if address is None:
        published(source, CLUSTER)  # else nothing is made here
    with (
        translate_errors([address or str(source)], out),
        new_run(out) as folder,
        temporary(options.temp_dir, folder.parent) as temp,
    ):
        clean(folder, out, [])
        clean_temporary(options.temp_dir, [])
        if address is not None:
            with stages("fetch"):
                source = fetch(address, temp / "fetched", state=wanted.state and wanted.state.upper())
        run = run_in(source, published(source, CLUSTER))
        options = _as_it_ran(run.manifest, options)
        asked = conditions(wanted, "clinics", run.card)
        with stages("read"):
            clinics = _table(run, "clinics_icp")
            columns = clinics.collect_schema().names()
            scored = _scored(run, clinics.filter(in_frame(asked)), options, temp)
        if not scored.rows:
            raise InputError(f"{address or source} holds no clinic of that kind; ask for more.")
        carried = tuple(name for name in columns if name not in own_columns(run.cards, networks=options.networks))
        extract = Extract((), fields_of_all(run.cards), carried, {}, {})
        work = Work(extract, run.cards, options, out, folder, temp, stages)
        rejects = run.path("rejects")
        rejected = pl.read_parquet(rejects) if rejects.exists() and not asked else None
        manifest = _manifest(run.manifest, run_id(folder), scored.rows, address or source, filtered=bool(asked))
        networks = _networks(run, scored) if options.networks else None
        manifest = write_results(scored, networks, work, manifest, rejected, audited=not asked)
        manifest = publish_results(work, manifest, rejected)
    return structs.replace(manifest, seconds=dict(stages.seconds), elapsed_seconds=stages.elapsed)


def card_of(source: Path) -> Scorecard:
    """Return the scorecard of what a cluster has published.

    Raises:
        InputError: nothing is published there.
    """
    if address := address_of(source):
        with TemporaryDirectory() as folder:
            fetched = fetch(address, Path(folder), manifest_alone=True)
            return run_in(fetched, published(fetched, CLUSTER)).card
    return run_in(source, published(source, CLUSTER)).card


def _as_it_ran(manifest: Manifest, options: RunOptions) -> RunOptions:
    """Return how to write, with what the run was asked to do."""
    ran = manifest.options
    network = NetworkOptions(**ran["network"])
    kept = {name: ran[name] for name in ("networks", "stability", "bibliography")}
    return replace(options, network=network, **kept)


def _table(run: Run, name: str) -> pl.LazyFrame:
    return pl.scan_parquet(run.folder / name / "*" / "*.parquet", hive_partitioning=False)


def _scored(run: Run, clinics: pl.LazyFrame, options: RunOptions, temp: Path) -> Scored:
    """Return clinics as scoring left them: with their bands, the normalised name and every field that is read."""
    bands = {column: name for card in run.cards for name, column in band_columns(card).items()}
    names = {NORMALIZED: "normalized_name", **bands}
    evidence = _table(run, "icp_bands").select(KEY, *(pl.col(name).alias(column) for column, name in names.items()))
    fields, there = fields_of_all(run.cards), clinics.collect_schema().names()
    absent = [
        pl.lit(None, field.dtype).alias(name)
        for name, field in fields.items()
        if name in needed_fields(run.cards) and name not in there
    ]
    rows = clinics.select(pl.len()).collect().item()
    max_rows = max(ROW_GROUP, options.memory_limit // _BYTES_A_ROW)
    joined = staged(clinics.join(evidence, on=KEY, how="inner").with_columns(absent), rows, max_rows, temp)
    return Scored(with_order(joined, run.card.column("rank")), rows, max_rows, temp)


def _networks(run: Run, scored: Scored) -> Networks:
    """Return the networks of the run: all of them, with the clinics that are brought down."""

    def table(name: str) -> pl.DataFrame:
        return pl.read_parquet(run.path(name))

    names = [column.name for column in member_columns(run.card)]
    columns = scored.frame.filter(pl.col("network_id").is_not_null()).select(KEY, *names).collect()
    decisions = tuple(Decision(**row) for row in table("decisions").iter_rows(named=True))
    pairs = tuple(Pair(*row) for row in table("decision_pairs").iter_rows())
    questions = run.path("review_queue")
    return Networks(
        networks=table(NETWORKS),
        columns=columns,
        shared_names=len(table("network_candidates")),
        excluded=excluded_names(None),
        overrides=read_overrides(None),
        edges=table("network_edges").join(columns, on=KEY, how="semi").lazy(),
        candidates=table("network_candidates"),
        aliases=table("network_aliases"),
        changes=table("network_changes"),
        applied=Applied(decisions, pairs),
        questions=pl.read_parquet(questions) if questions.exists() else None,
    )


def _manifest(manifest: Manifest, run: str, rows: int, source: Path | str, *, filtered: bool) -> Manifest:
    """Return what the run says of itself, under the id that it has here."""
    counts = manifest.rows
    note = f"{source}: {'some clinics' if filtered else 'all clinics'} of run {manifest.run_id} of a cluster"
    return structs.replace(
        manifest,
        run_id=run,
        rows=RowCounts(counts.read, rows, counts.rejected, counts.reasons),
        notes=(*manifest.notes, note),
        outputs=(),
    )
