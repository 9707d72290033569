"""`icp-engine enrich`: flags of public files for an extract that is there already."""

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from icp_engine.cli import build, options, show

if TYPE_CHECKING:
    from icp_engine.extract.public.summary import EnrichSummary


@click.command("enrich", cls=build.Several)
@options.extract
@build.files("leie", "hrsa", "enrollments", "aco")
@build.complete
@options.mapping
@options.mapping_file
@click.option(
    "--out", "-o", type=click.Path(path_type=Path), required=True, metavar="FILE",
    help="The extract to write, .parquet; build_matches.parquet and enrich.json go beside it.",
)  # fmt: skip
@options.long_command
def command(
    extract: tuple[str, ...],
    complete: tuple[str, ...] | None,
    mapping: tuple[tuple[str, str], ...],
    mapping_file: Path | None,
    out: Path,
    memory_limit: int,
    temp_dir: Path | None,
    quiet: bool,
    as_json: bool,
    **files: tuple[str, ...],
) -> None:
    """Add what public lists say of clinics to an extract that you have already.

    EXTRACT stands before the options. A clinic is told by its npi where it has one, else by its normalised name and
    state. A flag is false only where --complete says that its file is whole; what no file knows stays as it was.

    \b
    Examples:
      icp-engine enrich clinics.parquet --leie UPDATED.csv --complete leie --out enriched.parquet
      icp-engine enrich export.csv --map clinic_id=NPI --hrsa sites.csv --aco participants.csv --out enriched.parquet
    """
    from icp_engine.extract.public.enrich import EnrichOptions, enrich

    fields = options.fields_by_column(mapping, file=mapping_file)
    asked = EnrichOptions(files, build.kinds(complete), fields, memory_limit, temp_dir)
    with show.Progress(quiet=quiet or as_json) as progress:
        summary = enrich(extract, asked, out, progress)
    if as_json:
        from icp_engine.extract.public.summary import summary_content

        show.emit(summary_content(summary))
    elif not quiet:
        show.say(_text(summary, out))


def _text(summary: "EnrichSummary", out: Path) -> str:
    rows = summary.rows
    heads = ("Flag", "true", "false", "as before")
    flags = [
        (name, f"{found.true:,}", f"{found.false:,}", f"{rows - found.true - found.false:,}")
        for name, found in summary.flags.items()
    ]
    notes = [("Note", note) for found in summary.files.values() for note in found.notes]
    places = [("Extract", str(out)), ("Next", f"icp-engine run {quote(str(out))}")]
    return "\n\n".join(
        [
            f"{rows:,} clinics enriched in {summary.seconds:.1f} s",
            show.table([heads, *flags], "<>>>", header=True),
            build.file_table(summary.files),
            show.table([*notes, *places], "<<"),
        ]
    )
