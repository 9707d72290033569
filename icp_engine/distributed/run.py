"""One run on a Spark cluster, from an extract to a published folder.

slices are scored, each by itself → ids that stand twice, and ranks, by shuffles of narrow rows → clinics go to their
state, packed → each part of a state is written by the code that writes a table on one machine.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
from msgspec import structs

from icp_engine.columns import KEY, STATE
from icp_engine.distributed import tasks
from icp_engine.distributed.address import address_of, is_address
from icp_engine.distributed.destination import bucket_of, folder_of
from icp_engine.distributed.job import KEYS, SCORED, Job, job_of, opened
from icp_engine.distributed.session import Cluster, check_versions, grouped, session
from icp_engine.errors import InputError
from icp_engine.extract.conventions import item_notes
from icp_engine.extract.extract import (
    FILE,
    ROW,
    Extract,
    Rejects,
    rejected_rows,
    rejects_among,
    totals_at_the_end,
)
from icp_engine.extract.ids import TOTALS
from icp_engine.extract.lake import is_delta
from icp_engine.extract.profile import Profile, profile_of
from icp_engine.networks.columns import check_names
from icp_engine.networks.decisions import FILE as DECISIONS
from icp_engine.networks.grouping import NETWORKS
from icp_engine.pipeline.clinics import Counts, Scored, check_profile, check_rejects, metadata
from icp_engine.pipeline.options import RunOptions
from icp_engine.pipeline.progress import Report, Stages
from icp_engine.pipeline.run import Work, manifest_of, networks_of, with_counts, with_networks
from icp_engine.pipeline.workspace import clean_temporary, translate_errors
from icp_engine.scorecard.loader import load_scorecard
from icp_engine.scorecard.model import Scorecard
from icp_engine.scorecard.several import apart
from icp_engine.tables.writer import TableWriter, arrow, write_table
from icp_engine.warehouse.folder import clean
from icp_engine.warehouse.former import read_former
from icp_engine.warehouse.manifest import Manifest, OutputFile, output_files, write_manifest
from icp_engine.warehouse.switch import CLUSTER

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_TASKS = 200  # of a shuffle, at most
_KINDS = {  # as Spark has them
    pa.large_string(): pa.string(), pa.uint8(): pa.int16(), pa.uint16(): pa.int32(), pa.uint32(): pa.int64(),
}  # fmt: skip


def run_on_cluster(
    patterns: Iterable[str], out: Path, options: RunOptions, cluster: Cluster, report: Report = lambda *_: None
) -> Manifest:
    """Score an extract on a cluster and publish the result; return the manifest of the run.

    Args:
        patterns: paths, folders, globs or addresses of the extract, the same on every machine.
        out: the folder to publish into, on a disk that all machines share, or an address of S3.
        options: what to do.
        cluster: which machines do it.
        report: called as the run goes on.

    Raises:
        InputError: the extract, a folder or the cluster cannot be used; what was published stays published.
        ScorecardError: the scorecard has mistakes.
    """
    patterns, address = list(patterns), address_of(out)
    out = out if address else out.absolute()
    if options.network.decisions is None and (beside := out / DECISIONS).exists():
        options = replace(options, network=replace(options.network, decisions=str(beside)))
    options = replace(options, format="parquet", charts=False)
    names = (options.scorecard,) if isinstance(options.scorecard, str) else options.scorecard
    cards = apart(map(load_scorecard, names))
    if options.networks:
        check_names(cards[0], cards[1:])
    stages, started = Stages(report), datetime.now(UTC)
    with (
        _connected(cluster, stages) as spark,
        translate_errors(patterns, out),
        bucket_of(address, options) if address else folder_of(out, options) as to,
    ):
        with stages("versions"):
            check_versions(spark)
        with stages("read"):
            extract = opened(patterns, cards, options, to.temp)
        inputs = [file.path for file in extract.files]
        clean(to.folder, to.out, inputs, CLUSTER)
        clean_temporary(options.temp_dir, inputs)
        check_driver(extract, options, cluster)
        if address:
            check_shared(extract, options)
        job = job_of(extract, cards, options, cluster.slice_rows, to.results, to.work)
        spark.conf.set("spark.sql.shuffle.partitions", str(min(_TASKS, max(2, len(job.slices)))))
        with stages("score", extract.rows):
            found, rejects = _scored(spark, job)
        work = Work(extract, cards, options, to.out, to.folder, to.temp, stages)
        scored = _without(job.all(SCORED), rejects)
        notes = (*extract.notes, *(note for card in cards for note in item_notes(scored, card)))
        manifest = manifest_of(work, started, found, rejects, notes)
        manifest = structs.replace(manifest, engine={**manifest.engine, "pyspark": version("pyspark")})
        manifest = _with_networks(scored, work, job, manifest)
        with stages("write", manifest.rows.scored):
            counts, files = _written(spark, job, cluster, rejects)
        if len(rejects):
            write_table(TableWriter(to.folder, "rejects", {}, csv=False), _rejected(spark, job, rejects))
        manifest = structs.replace(
            with_counts(manifest, *counts),
            seconds=dict(stages.seconds),
            elapsed_seconds=stages.elapsed,
            outputs=(*output_files(to.folder), *files),
        )
        write_manifest(manifest, to.folder)
        with stages("publish"):
            to.publish()
    return structs.replace(manifest, seconds=dict(stages.seconds), elapsed_seconds=stages.elapsed)


@contextmanager
def _connected(cluster: Cluster, stages: Stages) -> Iterator["SparkSession"]:
    """Give a session of a cluster; to start one is a stage of its own, which may take as long as a small run."""
    with ExitStack() as stack:
        with stages("connect"):
            spark = stack.enter_context(session(cluster))
        yield spark


def check_driver(extract: Extract, options: RunOptions, cluster: Cluster) -> None:
    """Make sure, before anything is scored, that the driver groups so many clinics.

    Raises:
        InputError: there are more than it is said to take.
    """
    if options.networks and extract.rows > cluster.driver_rows:
        raise InputError(
            f"{extract.rows:,} clinics are to be grouped into networks on the driver, which takes "
            f"{cluster.driver_rows:,}; raise --driver-edges if it has the memory, or leave networks out with "
            "--no-networks."
        )


def check_shared(extract: Extract, options: RunOptions) -> None:
    """Make sure that nothing which workers read was made on a disk of the driver alone.

    Raises:
        InputError: a file becomes Parquet there.
    """
    staged = next((file.path for file in extract.files if file.staged or is_delta(file.path)), None)
    if staged is not None and options.temp_dir is None:
        raise InputError(
            f"{staged} becomes Parquet on the driver, where workers do not find it; give Parquet files, or name a disk "
            "that all machines share with --temp-dir."
        )


def _rejected(spark: "SparkSession", job: Job, rejects: Rejects) -> pl.DataFrame:
    """Return the rejected rows as they stand in the extract, which workers look for in their slices."""
    places = rejects.positions.select(FILE, ROW)
    marked = set(rejects.positions[FILE])
    numbers = [part.number for part in job.slices if marked.intersection(piece.file for piece in part.pieces)]
    rows = spark.createDataFrame(pa.table({tasks.SLICE: pa.array(numbers, pa.int64())}))
    kept = rows.repartition(len(numbers)).mapInArrow(partial(tasks.keep_rejected, job, places), rows.schema)
    kept.toArrow()
    found = [
        pl.scan_ipc(job.rejected(number, piece))
        for number in numbers
        for piece in range(len(job.slices[number].pieces))
    ]
    return rejected_rows(job.extract, rejects, found)


def _scored(spark: "SparkSession", job: Job) -> tuple[Profile, Rejects]:
    """Score all slices, and find the rows that are left out."""
    count = len(job.slices)
    counted = spark.range(0, count, 1, count).mapInArrow(partial(tasks.score_slices, job), tasks.COUNTED)
    total: Counter[str] = Counter()
    for told in counted.toArrow().column(tasks.TOLD).to_pylist():
        total.update({name: number or 0 for name, number in json.loads(told).items()})
    suspects, last = _suspects(_keys(spark, job), job)
    rows, named = job.all(SCORED), suspects.drop_nulls(KEY).select(FILE, ROW).lazy()
    alike = rows.join(named, on=[FILE, ROW], how="semi") if suspects[KEY].count() else None
    found = profile_of(job.extract, rows, total, alike)
    check_profile(job.extract, found, job.options)
    if not found.rejects_any:
        return found, Rejects()
    totals = pl.any_horizontal(tasks.TOTAL, *((pl.col(FILE) == file) & (pl.col(ROW) == row) for file, row in last))
    placed = suspects.lazy().select(FILE, ROW, KEY, totals.alias(TOTALS))
    rejects = rejects_among(
        placed, job.extract, blanks=True, totals=bool(found.totals), duplicates=bool(found.duplicate_rows)
    )
    check_rejects(job.extract, rejects)
    return found, rejects


def _keys(spark: "SparkSession", job: Job) -> "DataFrame":
    """Return what tells all clinics apart and ranks them: narrow rows, which shuffles can take."""
    if not is_address(job.work):
        return spark.read.parquet(f"{job.work}/{KEYS}")
    found = arrow(job.all(KEYS).collect_schema().to_frame())  # Spark itself may know nothing of S3
    schema = pa.schema([(field.name, _KINDS.get(field.type, field.type)) for field in found.schema])
    count = len(job.slices)
    kinds = spark.createDataFrame(pa.Table.from_pylist([{}], schema)).schema  # Spark Connect infers none of no rows
    return spark.range(0, count, 1, count).mapInArrow(partial(tasks.keys, job, schema), kinds)


def _suspects(keys: "DataFrame", job: Job) -> tuple[pl.DataFrame, list[tuple[int, int]]]:
    """Return the rows that may be left out: ids that are blank or come again in some case, totals; and last rows."""
    last = [(file, job.extract.files[file].rows - 1) for file in totals_at_the_end(job.extract)]
    are_last = "".join(f" or (`{FILE}` = {file} and `{ROW}` = {row})" for file, row in last)
    columns = (FILE, ROW, KEY, tasks.TOTAL)
    twice = keys.groupBy(tasks.LOW).count().filter(f"`{tasks.LOW}` is not null and count > 1").select(tasks.LOW)
    again = keys.join(twice, tasks.LOW, "left_semi").select(*columns)
    odd = keys.filter(f"`{KEY}` is null or `{tasks.TOTAL}`{are_last}").select(*columns)
    return _frame(again.union(odd).distinct()).cast({FILE: pl.UInt32, ROW: pl.UInt32}), last


def _without(rows: pl.LazyFrame, rejects: Rejects) -> pl.LazyFrame:
    return rows.join(rejects.positions.lazy(), on=[FILE, ROW], how="anti") if len(rejects) else rows


def _frame(rows: "DataFrame") -> pl.DataFrame:
    frame = pl.from_arrow(rows.toArrow())
    assert isinstance(frame, pl.DataFrame)
    return frame


def _with_networks(rows: pl.LazyFrame, work: Work, job: Job, manifest: Manifest) -> Manifest:
    """Group the clinics on the driver, and leave what workers write of it where they find it."""
    if not job.options.networks:
        return manifest
    scored = Scored(rows, manifest.rows.scored, manifest.rows.scored, work.temp)
    networks = networks_of(scored, work, read_former(work.out, manifest.started_at, CLUSTER))
    assert networks is not None
    networks.columns.write_parquet(tasks.networks_path(job), compression="lz4")
    tables = {
        NETWORKS: networks.networks,
        "excluded_names": networks.excluded,
        "network_overrides": networks.overrides,
        "network_edges": networks.edges.collect(),
        "network_candidates": networks.candidates,
        "network_aliases": networks.aliases,
        "network_changes": networks.changes,
        "decisions": networks.applied.frame(),
        "decision_pairs": networks.applied.pair_frame(),
        **({} if networks.questions is None else {"review_queue": networks.questions}),
    }
    for name, frame in tables.items():
        write_table(TableWriter(work.folder, name, metadata(work.cards), csv=False), frame)
    return with_networks(manifest, networks, scored, work)


def _written(
    spark: "SparkSession", job: Job, cluster: Cluster, rejects: Rejects
) -> tuple[tuple[Counts, ...], list[OutputFile]]:
    """Rank all clinics, and write them by state; return what was counted by scorecard, and the files."""
    keys = _keys(spark, job)
    if len(rejects):
        places = rejects.positions.select(pl.col(FILE, ROW).cast(pl.Int64)).to_arrow()
        keys = keys.join(spark.createDataFrame(places), [FILE, ROW], "left_anti")
    ranks, *others = (_ranked(spark, keys, card, cluster.slice_rows) for card in job.cards)
    for other in others:
        ranks = ranks.join(other, list(tasks.PLACE))
    parts = _parts(keys, job.cards[0], cluster.part_rows)
    sent = grouped(ranks, [tasks.SLICE], partial(tasks.send, job, parts), tasks.SENT)
    written = grouped(sent, [STATE, tasks.PART], partial(tasks.write_part, job), tasks.WRITTEN)
    told = [json.loads(text) for text in written.toArrow().column(tasks.TOLD).to_pylist()]
    files = [OutputFile(name, part["rows"], size) for part in told for name, size in part["files"].items()]
    due = job.extract.rows - len(rejects)
    done = sum(part["rows"] for part in told)
    if done != due:
        raise AssertionError(f"{due} clinics went in and {done} came out; nothing was published")
    return _summed(told, len(job.cards)), sorted(files, key=lambda file: file.file)


def _summed(told: list[dict[str, list[dict[str, dict[str, int]]]]], cards: int) -> tuple[Counts, ...]:
    """Return the clinics of all parts by tier and segment, by scorecard."""
    sums = []
    for card in range(cards):
        tiers: Counter[int] = Counter()
        segments: Counter[str] = Counter()
        for part in told:
            tiers.update({int(tier): count for tier, count in part["counts"][card]["tiers"].items()})
            segments.update(part["counts"][card]["segments"])
        sums.append(Counts(dict(sorted(tiers.items())), dict(sorted(segments.items()))))
    return tuple(sums)


def _ranked(spark: "SparkSession", keys: "DataFrame", card: Scorecard, size: int) -> "DataFrame":
    """Return the ranks of all clinics by their places: each bucket of scores is ranked by itself."""
    total = card.column("total_score")
    counts = _frame(keys.groupBy(total).count()).sort(total, descending=True)
    better = pl.col("count").cum_sum() - pl.col("count")
    counts = counts.with_columns(better.alias("better")).with_columns((pl.col("better") // size).alias(tasks.BUCKET))
    before = dict(counts.group_by(tasks.BUCKET).agg(pl.col("better").min()).iter_rows())
    buckets = spark.createDataFrame(counts.select(total, tasks.BUCKET).to_arrow())
    ranking = tasks.Ranking(card, before, int(counts["count"].sum()))
    wanted = [*tasks.PLACE, *dict.fromkeys((total, *card.tie_fields)), tasks.BUCKET]
    rows = keys.join(buckets, total).select(*wanted)
    return grouped(rows, [tasks.BUCKET], partial(tasks.rank, ranking), ranking.schema)


def _parts(keys: "DataFrame", card: Scorecard, size: int) -> pl.DataFrame:
    """Return by state and score which part of the result clinics belong to, so that parts are of about one size."""
    total = card.column("total_score")
    counts = _frame(keys.groupBy(STATE, total).count()).sort(STATE, total, descending=[False, True])
    before = (pl.col("count").cum_sum() - pl.col("count")).over(STATE)
    return counts.select(STATE, total, (before // size).cast(pl.Int64).alias(tasks.PART))
