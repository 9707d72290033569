"""`icp-engine run`: from an extract to published results."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from icp_engine.cli import cluster, intake, options, show
from icp_engine.display import shell_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from icp_engine.extract.reading import Reading
    from icp_engine.published.run import Run
    from icp_engine.published.statistics import BestClinic
    from icp_engine.scorecard.model import Scorecard
    from icp_engine.warehouse.manifest import Manifest, RowCounts

_BEST = 5
_LARGEST, _NAME = 3, 60  # networks, and characters of the name of one
_FEW = 0.01  # of all rows; when more are rejected that comes first


@click.command("run")
@options.extract
@click.option(
    "--out", "-o", type=click.Path(file_okay=False, path_type=Path), default="warehouse", show_default=True,
    metavar="DIR", help="Folder to publish into.",
)  # fmt: skip
@options.scorecards
@options.mapping
@options.mapping_file
@options.reading
@click.option(
    "--format", "format_", type=click.Choice(["both", "parquet"]), default="both", show_default=True,
    help="Write Parquet and CSV, or Parquet alone.",
)  # fmt: skip
@click.option(
    "--bibliography",
    is_flag=True,
    help="Spell the explanation of every clinic out in icp_scores (2 KB each).",
)
@click.option(
    "--stability",
    is_flag=True,
    help="Also say of every clinic how often it keeps its tier when weights are varied, and list the robust tier 1.",
)
@click.option(
    "--duplicates", type=click.Choice(["error", "first"]), default="error", show_default=True,
    help="What to do when a clinic_id stands twice: stop, or keep the first (by file, then row).",
)  # fmt: skip
@click.option("--strict", is_flag=True, help="Stop at invalid values and blank ids instead of reporting them.")
@click.option("--no-networks", is_flag=True, help="Score only: no networks, no warehouse file.")
@click.option(
    "--min-clinics", type=click.IntRange(2), default=2, show_default=True, help="Clinics that make a network."
)
@click.option(
    "--min-states", type=click.IntRange(1), default=2, show_default=True, help="States that make one, or else ..."
)
@click.option(
    "--min-single-state", type=click.IntRange(2), default=3, show_default=True, help="... clinics, whatever the states."
)
@click.option(
    "--network-mean", type=click.Choice(["weighted", "median"]), default="weighted", show_default=True,
    help="How members' scores become the network's.",
)  # fmt: skip
@click.option(
    "--grouping", type=click.Choice(["evidence", "exact"]), default="evidence", show_default=True,
    help="Group by owners, parents, contacts and names that hold across states, or by exact names alone.",
)  # fmt: skip
@click.option("--exclude-names", metavar="FILE", help="Text file of names that never group, one a line.")
@click.option("--network-overrides", metavar="FILE", help="CSV or Parquet: clinic_id, network_name, is_anchor.")
@click.option(
    "--decisions", type=click.Path(dir_okay=False), metavar="FILE",
    help="Decisions on networks, see icp-engine review; decisions.csv of the results' folder unless given.",
)  # fmt: skip
@click.option("--review", is_flag=True, help="Also make the queue of questions on what may belong together.")
@click.option("--partition-by", metavar="COLUMN", help="Also write a hive-partitioned copy, e.g. by state_code.")
@click.option("--no-charts", is_flag=True, help="No charts and no report page.")
@click.option("--keep", type=click.IntRange(1), default=2, show_default=True, help="Runs to keep, this one included.")
@cluster.options
@options.long_command
def command(
    extract: tuple[str, ...],
    out: Path,
    scorecards: tuple[str, ...],
    mapping: tuple[tuple[str, str], ...],
    mapping_file: Path | None,
    reading: "Reading",
    format_: str,
    bibliography: bool,
    stability: bool,
    duplicates: str,
    strict: bool,
    no_networks: bool,
    min_clinics: int,
    min_states: int,
    min_single_state: int,
    network_mean: str,
    grouping: str,
    exclude_names: str | None,
    network_overrides: str | None,
    decisions: str | None,
    review: bool,
    partition_by: str | None,
    no_charts: bool,
    keep: int,
    engine: str,
    master: str | None,
    remote: str | None,
    spark_settings: tuple[tuple[str, str], ...],
    driver_edges: int,
    ship: bool,
    memory_limit: int,
    temp_dir: Path | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Score an extract, group it into networks and publish the results.

    EXTRACT is one or more Parquet or CSV files, folders or globs. What was published
    before stays whole until the new results are complete.

    \b
    Examples:
      icp-engine run clinics.parquet --out warehouse
      icp-engine run exports/*.csv --map clinic_id=NPI --map npi_count=provider_total
      icp-engine run exports/*.csv --mapping ours.toml
      icp-engine run clinics.parquet --scorecard icp-2025-11 --format parquet
      icp-engine run clinics.parquet --scorecard icp --scorecard icf
      icp-engine run clinics.parquet --min-single-state 5 --exclude-names generic.txt
      icp-engine run /shared/extract --engine spark --master spark://host:7077 --out /shared/warehouse
      icp-engine run s3://bucket/in/ --engine spark --master spark://host:7077 --out s3://bucket/out
    """
    from icp_engine.networks.grouping import NetworkOptions
    from icp_engine.pipeline.run import RunOptions, run

    asked = RunOptions(
        scorecard=scorecards[0] if len(scorecards) == 1 else scorecards,
        mapping=options.fields_by_column(mapping, file=mapping_file),
        reading=reading,
        format=format_,  # type: ignore[arg-type]
        bibliography=bibliography,
        stability=stability,
        duplicates=duplicates,  # type: ignore[arg-type]
        strict=strict,
        networks=not no_networks,
        network=NetworkOptions(
            min_clinics=min_clinics,
            min_states=min_states,
            min_single_state=min_single_state,
            mean=network_mean,  # type: ignore[arg-type]
            exclude_names=exclude_names,
            grouping=grouping,  # type: ignore[arg-type]
            overrides=network_overrides,
            decisions=decisions,
            review=review,
        ),
        partition_by=partition_by,
        charts=not no_charts,
        keep=keep,
        memory_limit=memory_limit,
        temp_dir=None if temp_dir is None else str(temp_dir),
    )
    asked_of = cluster.asked(engine, master, remote, spark_settings, driver_edges, ship=ship, out=out)
    with show.Progress(quiet=quiet or as_json) as progress:
        if asked_of is None:
            manifest = run(extract, out, asked, progress)
        else:
            manifest = cluster.run(extract, out, asked, asked_of, progress)
    if as_json:
        from icp_engine.warehouse.manifest import manifest_content

        show.emit(manifest_content(manifest))
    elif asked_of is not None and not quiet:
        show.say(_summary_of_counts(manifest, out))
    elif not quiet:
        from icp_engine.published.run import open_run

        show.say(_summary(manifest, open_run(out)))


def _summary(manifest: "Manifest", run: "Run") -> str:
    """Return what a run comes to, on one screen: rows, tiers, segments, networks, top five, what was missing, where."""
    from icp_engine.published.matrix import tier_matrices
    from icp_engine.published.ranking import best_tie, ranking_doubts
    from icp_engine.published.statistics import best_clinics

    scored, seconds, card = manifest.rows.scored, manifest.elapsed_seconds, run.card
    doubts = ranking_doubts(run, best_tie(run))
    best = best_clinics(run.clinics(), card, _BEST)
    loudly = [*_mostly_rejected(manifest.rows), *doubts]
    lines = [
        *([*loudly, ""] if loudly else []),
        f"{scored:,} clinics scored with {card.id} {card.version} in {seconds:.1f} s "
        f"({scored / max(seconds, 1e-9):,.0f} a second)",
        "",
        _tiers(manifest.tiers, scored, card),
        _spread(run),
    ]
    if manifest.segments:
        lines += ["", _segments(manifest, card)]
    for other in run.each[1:]:
        lines += [
            "",
            f"With {other.card.id} {other.card.version}",
            _tiers(other.manifest.tiers, scored, other.card),
            _spread(other),
        ]
    lines += [line for matrix in tier_matrices(run) for line in ("", show.tier_matrix(matrix))]
    if manifest.networks:
        lines += ["", _networks(manifest, run)]
    lines += ["", "No list of the best clinics: their order means nothing, see above." if doubts else _best(best)]
    lines += ["", show.table([*_notes(manifest), *_would_help(run), *_places(manifest, run.warehouse, best)], "<<")]
    return "\n".join(lines)


def _summary_of_counts(manifest: "Manifest", out: Path) -> str:
    """Return what a run on a cluster comes to, as far as its manifest says, which reads none of its tables."""
    from icp_engine.scorecard.loader import restore_scorecard

    scored, seconds = manifest.rows.scored, manifest.elapsed_seconds
    card = restore_scorecard(manifest.scorecard.content, manifest.scorecard.id)
    loudly = _mostly_rejected(manifest.rows)
    lines = [
        *([*loudly, ""] if loudly else []),
        f"{scored:,} clinics scored with {card.id} {card.version} on a cluster in {seconds:.1f} s "
        f"({scored / max(seconds, 1e-9):,.0f} a second)",
        "",
        _tiers(manifest.tiers, scored, card),
    ]
    if manifest.segments:
        lines += ["", _segments(manifest, card)]
    for other in manifest.other_scorecards:
        restored = restore_scorecard(other.scorecard.content, other.scorecard.id)
        lines += ["", f"With {restored.id} {restored.version}", _tiers(other.tiers, scored, restored)]
    if counted := _network_counts(manifest):
        lines += ["", counted]
    lines += ["", show.table([*_notes(manifest), *_places_on_cluster(manifest, out)], "<<")]
    return "\n".join(lines)


def _places_on_cluster(manifest: "Manifest", out: Path) -> list[tuple[str, str]]:
    """Return where a cluster has put the results, and how to have them here."""
    from icp_engine.distributed.address import address_of
    from icp_engine.warehouse.folder import published
    from icp_engine.warehouse.switch import CLUSTER

    address = address_of(out)
    place = f"{address}/{CLUSTER.runs}/{manifest.run_id}" if address else published(out, CLUSTER)
    files = sum(output.file.endswith(".parquet") for output in manifest.outputs)
    size = sum(output.bytes for output in manifest.outputs) / 1e6
    pull = shell_line("icp-engine", "published", "pull", address or str(out))
    return [
        ("Results", f"{place}: {files:,} Parquet files, {size:,.1f} MB"),
        ("Next", f"{pull}: icp.duckdb, report, pages, API here"),
    ]


def _spread(run: "Run") -> str:
    """Return the mean score and the largest tie, so that nobody tunes a scorecard to a tie."""
    from icp_engine.published.ranking import largest_tie

    mean, tie = largest_tie(run)
    share = show.percent(tie.clinics / run.manifest.rows.scored)
    word = "clinic has" if tie.clinics == 1 else "clinics have"
    return f"Mean {mean:.1f}; most often {tie.score:g}, which {tie.clinics:,} {word} ({share})"


def _would_help(run: "Run") -> list[tuple[str, str]]:
    """Return which field, and so which file, would lift the most clinics into a better tier."""
    from icp_engine.workbench.gaps import in_short

    told = in_short(run)
    return [("Would help", told)] if told else []


def _mostly_rejected(rows: "RowCounts") -> list[str]:
    return [intake.rejected(rows)] if rows.rejected > _FEW * rows.read else []


def _networks(manifest: "Manifest", run: "Run") -> str:
    """Return how many networks there are, and the largest by name, so that a wrong one is seen at once."""
    from icp_engine.published.statistics import largest_networks

    counted = _network_counts(manifest)
    if manifest.no_networks or manifest.networks is None:
        return counted
    rows = [
        (
            "Largest" if not place else "",
            show.cut(network.name, _NAME),
            f"{network.clinics:,} clinics in {network.states:,} {'state' if network.states == 1 else 'states'}",
        )
        for place, network in enumerate(largest_networks(run, _LARGEST))
    ]
    return f"{counted}\n{show.table(rows, '<<<')}"


def _network_counts(manifest: "Manifest") -> str:
    """Return how many networks there are, or why there is none; nothing where none were asked for."""
    found = manifest.networks
    if manifest.no_networks or found is None:
        return manifest.no_networks or ""
    word = "network" if found.found == 1 else "networks"
    share = show.percent(found.clinics / manifest.rows.scored)
    return f"{found.found:,} {word} of {found.clinics:,} clinics ({share})"


def _best(best: "Sequence[BestClinic]") -> str:
    rows: list[tuple[object, ...]] = [("Top", "score", "state", "clinic")]
    for place, clinic in enumerate(best, 1):
        name = show.cut(clinic.name or "No name", show.width() - 25)
        rows.append((place, f"{clinic.score:g}", clinic.state or "", name))
    return show.table(rows, ">><<")


def _places(manifest: "Manifest", out: Path, best: "Sequence[BestClinic]") -> list[tuple[str, str]]:
    """Return where the results are, and what to do next."""
    from icp_engine.warehouse.folder import MANIFEST, place_of

    at = () if out == options.default_warehouse() else ("-w", str(out))
    clinic = best[0].clinic_id
    why = shell_line("icp-engine", "explain", *at, *(("--",) if clinic.startswith("-") else ()), clinic)
    places = [("Results", f"{place_of(out, MANIFEST).parent} (run {manifest.run_id})"), ("Why", why)]
    report = place_of(out, "report.html")
    if report.exists():
        places.insert(0, ("Report", f"{report}: open it in a browser"))
    return places


def _tiers(tiers: "Mapping[int, int]", scored: int, card: "Scorecard") -> str:
    cells = []
    for tier in card.tiers:
        count = tiers.get(tier.number, 0)
        share = count / scored
        cells.append((tier.label, f"{count:,}", show.percent(share), show.bar(share)))
    return show.table(cells, "<>><")


def _segments(manifest: "Manifest", card: "Scorecard") -> str:
    cells = []
    for letter, label in card.segments.items():
        count = manifest.segments.get(letter, 0)
        cells.append((f"Segment {letter}", f"{count:,}", show.percent(count / manifest.rows.scored), label))
    return show.table(cells, "<>><")


def _notes(manifest: "Manifest") -> list[tuple[str, str]]:
    """Return what a user should know of the input: missing, invalid, clipped, rejected, replaced."""
    rows = manifest.rows
    read = {name: field for name, field in manifest.fields.items() if field.read}
    absent = [name for name, field in read.items() if not field.given]
    partly = sorted(
        ((1 - field.given / rows.read, name) for name, field in read.items() if 0 < field.given < rows.read),
        reverse=True,
    )
    notes = [("Read as", note) for note in manifest.notes]
    if told := intake.matched(manifest.fields):
        notes.append(("Read", told))
    notes += [("Renamed", line) for line in intake.renamed(manifest.renamed_columns, manifest.carried_columns)]
    if partly:
        notes.append(("Missing", ", ".join(f"{name} {show.percent(share)}" for share, name in partly[:5])))
    if absent:
        notes.append(("Not there", f"{', '.join(absent)}; {manifest.reachable:g} points are within reach without"))
    notes += _values(manifest)
    if manifest.networks and (evidence := manifest.networks.evidence):
        columns = [field if field == column else f"{field} ({column})" for field, column in evidence.items()]
        notes.append(("Networks", f"by names and {', '.join(columns)}"))
        if idle := manifest.networks.idle_parents:
            parent = evidence["parent_name"]
            said = f"{parent} repeats the name of the clinic, as where there is no parent: {idle:,} such tie nobody"
            notes.append(("Networks", said))
    if rows.rejected:
        word, said = intake.rejected(rows).split(" ", 1)
        notes.append((word, f"{said}; see rejects.parquet"))
    notes += [("Suspicious ids", line) for line in intake.suspicious(manifest.suspicions)]
    for state, numbers in manifest.decisions.items():
        told = "" if state == "holds" else f": line{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers[:10]))}"
        notes.append(("Decisions", f"{len(numbers):,} {state}{told}"))
    if manifest.indexed is False:
        notes.append(("No index", "look-ups by clinic_id in icp.duckdb are slower; a higher --memory-limit makes it"))
    if manifest.no_charts:
        notes.append(("No charts", manifest.no_charts))
    if manifest.replaced_columns:
        notes.append(("Replaced", f"{', '.join(manifest.replaced_columns)}: in the extract already, written anew"))
    return notes


def _values(manifest: "Manifest") -> list[tuple[str, str]]:
    """Return what was wrong with the values of fields."""
    notes = []
    for name, field in manifest.fields.items():
        if field.invalid:
            some = ", ".join(show.cut(repr(value), 24) for value in field.examples[:3])
            notes.append(("Invalid", f"{name}: {field.invalid:,} values such as {some}; counted as missing"))
        if field.absent_words:
            notes.append(("Missing", f"{name}: {field.absent_words:,} words such as NA or unknown"))
        if field.clipped:
            notes.append(("Clipped", f"{name}: {field.clipped:,} values above the scale, cut to its top"))
    return notes
