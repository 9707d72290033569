"""`icp-engine published`: what a cluster published, brought to this machine."""

from pathlib import Path

import click

from icp_engine.cli import options, show


@click.group("published")
def command() -> None:
    """Bring down what a cluster published.

    \b
    Examples:
      icp-engine published pull /mnt/shared/warehouse --out warehouse
    """


@command.command("pull")
@click.argument("source", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--out", "-o", type=click.Path(file_okay=False, path_type=Path), default="warehouse", show_default=True,
    metavar="DIR", help="Folder to publish into.",
)  # fmt: skip
@options.tier
@options.segment
@options.state
@options.min_score
@click.option(
    "--format", "format_", type=click.Choice(["both", "parquet"]), default="both", show_default=True,
    help="Write Parquet and CSV, or Parquet alone.",
)  # fmt: skip
@click.option("--no-charts", is_flag=True, help="No charts and no report page.")
@click.option("--keep", type=click.IntRange(1), default=2, show_default=True, help="Runs to keep, this one included.")
@options.long_command
def pull(
    source: Path,
    out: Path,
    tier: tuple[str, ...] | None,
    segment: tuple[str, ...] | None,
    state: str | None,
    min_score: float | None,
    format_: str,
    no_charts: bool,
    keep: int,
    memory_limit: int,
    temp_dir: Path | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Bring a run of a cluster down as a warehouse on this machine.

    SOURCE is the folder, or the address of S3, that `icp-engine run --engine spark` published
    into. What comes down is what `icp-engine run` makes here: tables, icp.duckdb, report, pages
    and API. Filters bring some clinics down, with the scores, ranks and networks that they have
    among all.

    \b
    Examples:
      icp-engine published pull /shared/warehouse --out warehouse
      icp-engine published pull /shared/warehouse --out texas --state TX --tier 1,2
      icp-engine published pull s3://bucket/warehouse --out warehouse
    """
    from icp_engine.distributed.pull import card_of
    from icp_engine.distributed.pull import pull as bring_down
    from icp_engine.pipeline.options import RunOptions
    from icp_engine.published.filters import Filter

    card = card_of(source)
    wanted = Filter(options.chosen_tiers(tier, card), options.chosen_segments(segment, card), state, min_score)
    how = RunOptions(
        format=format_,  # type: ignore[arg-type]
        charts=not no_charts,
        keep=keep,
        memory_limit=memory_limit,
        temp_dir=None if temp_dir is None else str(temp_dir),
    )
    with show.Progress(quiet=quiet or as_json) as progress:
        manifest = bring_down(source, out, wanted, how, progress)
    if as_json:
        from icp_engine.warehouse.manifest import manifest_content

        show.emit(manifest_content(manifest))
    elif not quiet:
        show.say(f"{manifest.rows.scored:,} clinics in {out} (run {manifest.run_id})")
