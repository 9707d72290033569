"""What `icp-engine build` and `enrich` share: options of public files, and how what they came to is shown."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from icp_engine.cli import options, show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from icp_engine.extract.public.build import Report
    from icp_engine.extract.public.summary import BuildSummary, EnrichSummary, FileSummary

_Command = TypeVar("_Command", bound=Callable[..., Any])
_Summary = TypeVar("_Summary", "BuildSummary", "EnrichSummary")
FILES = {
    "nppes": "Main file of NPPES (npidata_pfile), and weekly updates.",
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


def files(*names: str, required: str = "") -> Callable[[_Command], _Command]:
    """Add an option for each kind of public file, one of which may be required."""

    def add(command: _Command) -> _Command:
        for name in reversed(names):
            command = click.option(
                f"--{name.replace('_', '-')}", name, multiple=True, required=name == required, metavar="FILE...",
                help=FILES[name],
            )(command)  # fmt: skip
        return command

    return add


complete = click.option(
    "--complete", type=options.Several(), default=(), metavar="leie,hrsa,...",
    callback=lambda _ctx, _param, words: frozenset(word.lower().replace("-", "_") for word in words),
    help="Kinds of files that hold everything there is: who is not in them gets false, not unknown.",
)  # fmt: skip


def out(help_text: str, default: str | None = None) -> Callable[[_Command], _Command]:
    """Add `--out`, the extract to write; required unless there is a default."""
    return click.option(
        "--out", "-o", type=click.Path(path_type=Path), default=default, required=default is None,
        show_default=default is not None, metavar="FILE", help=help_text,
    )  # fmt: skip


def check_out(path: Path) -> None:
    """Make sure that the extract is not written into a published run."""
    from icp_engine.warehouse.switch import check_outside

    check_outside(path)


def work_and_show(
    work: "Callable[[Report], _Summary]", text: "Callable[[_Summary], str]", *, quiet: bool, as_json: bool
) -> None:
    """Do the work with its progress on the terminal, and print what it came to: as JSON, as text, or not."""
    from icp_engine.extract.public.summary import summary_content

    with show.Progress(quiet=quiet or as_json) as progress:
        summary = work(progress)
    if as_json:
        show.emit(summary_content(summary))
    elif not quiet:
        show.say(text(summary))


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
