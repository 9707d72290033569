"""`icp-engine enrich`: flags of public files for an extract that is there already."""

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from icp_engine.cli import options, public_files, show

if TYPE_CHECKING:
    from icp_engine.extract.public.summary import EnrichSummary


@click.command("enrich", cls=public_files.Several)
@options.extract
@public_files.files("leie", "hrsa", "enrollments", "aco")
@public_files.complete
@options.mapping
@options.mapping_file
@public_files.out("The extract to write, .parquet; build_matches.parquet and enrich.json go beside it.")
@options.long_command
def command(
    extract: tuple[str, ...],
    complete: frozenset[str],
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

    public_files.check_out(out)
    fields = options.fields_by_column(mapping, file=mapping_file)
    asked = EnrichOptions(files, complete, fields, memory_limit, temp_dir)
    public_files.work_and_show(
        lambda progress: enrich(extract, asked, out, progress),
        lambda summary: _text(summary, out),
        quiet=quiet,
        as_json=as_json,
    )


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
            public_files.file_table(summary.files),
            show.table([*notes, *places], "<<"),
        ]
    )
