"""`icp-engine build`: public files become an extract."""

from collections.abc import Callable
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, TypeVar

import click

from icp_engine.cli import options, show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from icp_engine.extract.public.summary import BuildSummary, FileSummary

_Command = TypeVar("_Command", bound=Callable[..., Any])
_FILES = {
    "locations": "Secondary practice locations of NPPES (pl_pfile).",
    "other_names": "Other names of NPPES (othername_pfile).",
    "deactivated": "Deactivated NPIs, workbook or CSV.",
    "leie": "Exclusions of the OIG (LEIE): the whole list, or monthly supplements.",
    "hrsa": "Health center sites of HRSA.",
    "enrollments": "Medicare enrolments, of any kind.",
    "owners": "All owners of enrolled facilities; needs --enrollments.",
    "reassignments": "Clinicians who reassign benefits; needs --enrollments.",
    "group_sizes": "National file of clinicians (DAC); needs --enrollments.",
    "institutional": "Post-acute care and hospice by provider; needs --enrollments.",
    "utilization": "Medicare utilisation by provider, or by provider and service.",
    "aco": "Participants of ACOs.",
    "features": "Columns of your own, by clinic_id or npi: they go first.",
}


class Several(click.Command):
    """A command whose repeated options take several values at once, as a shell spells a glob out: `--leie *.csv`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; each value after the first gets its option before it."""
        names = {name for param in self.params if param.multiple for name in param.opts}
        spelled: list[str] = []
        option = None
        for place, word in enumerate(args):
            if word.startswith("-") and word != "-":
                option = word if word in names else None
            elif option and args[place - 1] != option:
                spelled.append(option)
            spelled.append(word)
        return super().parse_args(ctx, spelled)


def files(*names: str) -> Callable[[_Command], _Command]:
    """Add an option for each kind of public file."""

    def add(command: _Command) -> _Command:
        for name in reversed(names):
            command = click.option(
                f"--{name.replace('_', '-')}", name, multiple=True, metavar="FILE...", help=_FILES[name]
            )(command)
        return command

    return add


complete = click.option(
    "--complete", type=options.Several(), default=None, metavar="leie,hrsa,...",
    help="Kinds of files that hold everything there is: who is not in them gets false, not unknown.",
)  # fmt: skip


def _print_sources(ctx: click.Context, param: click.Parameter, value: bool) -> None:  # noqa: ARG001
    if not value:
        return
    from icp_engine.extract.public.catalogue import public_files

    parts = []
    for file in public_files():
        option = f"--{file.kind.replace('_', '-')}"
        lines = [("From", file.agency), ("File", file.file), ("Page", file.page), ("Appears", file.appears)]
        told = [f"  {label:<8} {text}" for label, text in [*lines, ("Fills", file.fills)] if text]
        parts.append("\n".join([option, *told]))
    show.say("\n\n".join(parts))
    ctx.exit()


@click.command("build", cls=Several)
@click.option(
    "--sources", is_flag=True, expose_value=False, is_eager=True, callback=_print_sources,
    help="List the public files: agency, name, page, how often, what each fills.",
)  # fmt: skip
@click.option(
    "--nppes", multiple=True, required=True, metavar="FILE...",
    help="Main file of NPPES (npidata_pfile), and weekly updates.",
)  # fmt: skip
@files(*_FILES)
@complete
@click.option("--all-organisations", is_flag=True, help="Keep suppliers, laboratories, transport and plans too.")
@click.option(
    "--out", "-o", type=click.Path(path_type=Path), default="clinics.parquet", show_default=True, metavar="FILE",
    help="The extract to write; build_matches.parquet and build.json go beside it.",
)  # fmt: skip
@options.long_command
def command(
    nppes: tuple[str, ...],
    complete: tuple[str, ...] | None,
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

    asked = BuildOptions(nppes, files, kinds(complete), all_organisations, memory_limit, temp_dir)
    with show.Progress(quiet=quiet or as_json) as progress:
        summary = build(asked, out, progress)
    if as_json:
        from icp_engine.extract.public.summary import summary_content

        show.emit(summary_content(summary))
    elif not quiet:
        show.say(_text(summary, out))


def kinds(complete: tuple[str, ...] | None) -> frozenset[str]:
    """Return the kinds of files that `--complete` names."""
    return frozenset(word.lower().replace("-", "_") for word in complete or ())


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
        file_table(summary.files),
        show.table([*_notes(summary), ("Extract", str(out)), ("Next", f"icp-engine run {quote(str(out))}")], "<<"),
    ]
    return "\n\n".join(part for part in parts if part)


def file_table(files: "Mapping[str, FileSummary]") -> str:
    """Return what was read of every kind of file, used and matched."""
    heads = ("File", "rows", "used", "matched", "not matched", "clinics")
    rows = [
        (
            f"{name}, complete" if found.complete else name,
            *map(_counted, (found.read, found.used, found.matched, found.not_matched, found.clinics)),
        )
        for name, found in files.items()
    ]
    return show.table([heads, *rows], "<>>>>>", header=True)


def _counted(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


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
