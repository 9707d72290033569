"""`icp-engine build`: public files become an extract."""

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from icp_engine.cli import options, public_files, show

if TYPE_CHECKING:
    from icp_engine.extract.public.summary import BuildSummary


def _print_sources(ctx: click.Context, param: click.Parameter, value: bool) -> None:  # noqa: ARG001
    if not value:
        return
    from icp_engine.extract.public.catalogue import public_files as listed_files

    parts = []
    for file in listed_files():
        option = f"--{file.kind.replace('_', '-')}"
        lines = [("From", file.agency), ("File", file.file), ("Page", file.page), ("Appears", file.appears)]
        told = [f"  {label:<8} {text}" for label, text in [*lines, ("Fills", file.fills)] if text]
        parts.append("\n".join([option, *told]))
    show.say("\n\n".join(parts))
    ctx.exit()


@click.command("build", cls=public_files.Several)
@click.option(
    "--sources", is_flag=True, expose_value=False, is_eager=True, callback=_print_sources,
    help="List the public files: agency, name, page, how often, what each fills.",
)  # fmt: skip
@public_files.files(*public_files.FILES, required="nppes")
@public_files.complete
@click.option("--all-organisations", is_flag=True, help="Keep suppliers, laboratories, transport and plans too.")
@public_files.out("The extract to write; build_matches.parquet and build.json go beside it.", default="clinics.parquet")
@options.long_command
def command(
    nppes: tuple[str, ...],
    complete: frozenset[str],
    all_organisations: bool,
    out: Path,
    memory_limit: int,
    temp_dir: Path | None,
    quiet: bool,
    as_json: bool,
    **files: tuple[str, ...],
) -> None:
    """Make an extract of clinics from the files that federal agencies publish.

    A clinic is one organisation name in one state. Only NPPES is needed; each further file fills fields that
    are missing without it. What no file knows stays missing: a flag is false only where --complete says that
    its file is whole.

    \b
    Examples:
      icp-engine build --sources
      icp-engine build --nppes npidata_pfile.csv --out clinics.parquet
      icp-engine build --nppes npidata_pfile.csv --leie UPDATED.csv --complete leie
    """
    from icp_engine.extract.public.build import BuildOptions, build

    public_files.check_out(out)
    asked = BuildOptions(nppes, files, complete, all_organisations, memory_limit, temp_dir)
    public_files.work_and_show(
        lambda progress: build(asked, out, progress), lambda summary: _text(summary, out), quiet=quiet, as_json=as_json
    )


def _text(summary: "BuildSummary", out: Path) -> str:
    """Return what a build came to, on one screen: clinics, segments, what each file gave, what to know, what next."""
    written = summary.written
    parts = [
        f"{written:,} clinics of {summary.organizations:,} organisations in {summary.seconds:.1f} s",
        show.table(
            [
                (label, f"{rows:,}", show.percent(rows / written), show.bar(rows / written))
                for label, rows in summary.segments.items()
            ],
            "<>><",
        ),
        public_files.file_table(summary.files),
        show.table([*_notes(summary), ("Extract", str(out)), ("Next", f"icp-engine run {quote(str(out))}")], "<<"),
    ]
    return "\n\n".join(part for part in parts if part)


def _notes(summary: "BuildSummary") -> list[tuple[str, str]]:
    left_out = [f"{rows:,} {why}" for why, rows in summary.left_out.items()]
    notes = [("Left out", f"{', '.join(left_out)} (organisations)")] if left_out else []
    without = summary.clinics - summary.written
    if without:
        notes.append(("Left out", f"suppliers and services, no clinics: {without:,}; --all-organisations keeps them"))
    if summary.names_at_the_edge:
        notes.append(("Names", f"{summary.names_at_the_edge:,} of 70 characters may be cut: their ids can change"))
    if summary.with_unlinked_rows:
        notes.append(
            ("Doubtful", f"{summary.with_unlinked_rows:,} clinics with rows that share no contact: unlinked_rows")
        )
    if summary.possible_exclusions:
        notes.append(
            (
                "Possible",
                f"{summary.possible_exclusions:,} clinics share name and state with an exclusion; no flag",
            )
        )
    for name, found in summary.files.items():
        if found.invalid_npis:
            notes.append(("Invalid", f"{name}: {found.invalid_npis:,} NPIs fail their check digit; not used"))
        notes += [("Note", note) for note in found.notes]
    return notes
