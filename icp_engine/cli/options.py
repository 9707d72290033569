"""Options that several commands share."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from icp_engine.extract.reading import Reading
    from icp_engine.scorecard.model import Scorecard
    from icp_engine.workbench.clinics import Source

_Value = TypeVar("_Value")
_Command = TypeVar("_Command", bound=Callable[..., Any])
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


class Bytes(click.ParamType[int]):
    """A number of bytes such as `4GB` or `500MB`."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read a size."""
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*", str(value).lower())
        if not match or float(match[1]) <= 0:
            self.fail(f"{value!r} is not a size; write it like 4GB or 500MB.", param, ctx)
        return int(float(match[1]) * _UNITS[match[2]])


class Mapping(click.ParamType[tuple[str, str]]):
    """A renamed column, `field=column`."""

    name = "field=column"
    envvar_list_splitter = ";"  # columns have blanks in their names

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Read a pair."""
        if isinstance(value, tuple):
            return value
        new, _, old = str(value).partition("=")
        if not new.strip() or not old.strip():
            self.fail(f"{value!r} is not a mapping; write it like npi_count=provider_total.", param, ctx)
        return new.strip(), old.strip()


class Repeated(click.types.StringParamType):
    """A value of an option that may be repeated; in a variable they are separated by semicolons."""

    envvar_list_splitter = ";"


class ScorecardName(click.ParamType[str]):
    """A scorecard; several stand in a variable with semicolons between them."""

    name = "scorecard"
    envvar_list_splitter = ";"


class Several(click.ParamType[tuple[str, ...]]):
    """Values separated by commas; which of them there are depends on the scorecard of the run."""

    name = "list"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Read a list."""
        if isinstance(value, tuple):
            return value
        words = tuple(word.strip() for word in str(value).split(",") if word.strip())
        if not words:
            self.fail(f"{value!r} is empty; name one or more, separated by commas.", param, ctx)
        return words


class Share(click.ParamType[float]):
    """A share such as `5%` or `0.05`, as a number of 0 to 1."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read a share."""
        if isinstance(value, float):
            return value
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?|\.\d+)\s*(%?)\s*", str(value))
        share = float(match[1]) / (100 if match[2] else 1) if match else -1.0
        if not 0 <= share <= 1:
            self.fail(f"{value!r} is not a share; write it like 5%.", param, ctx)
        return share


def chosen_tiers(words: tuple[str, ...] | None, card: "Scorecard") -> tuple[int, ...] | None:
    """Return the tiers that `--tier` names.

    Raises:
        click.BadParameter: the scorecard has no such tier.
    """
    found = _known(words, {str(tier.number): tier.number for tier in card.tiers}, "--tier", card)
    return None if found is None else tuple(found)


def chosen_segments(words: tuple[str, ...] | None, card: "Scorecard") -> tuple[str, ...] | None:
    """Return the segments that `--segment` names, whatever their case.

    Raises:
        click.BadParameter: the scorecard has no such segment.
    """
    found = _known(words, {letter: letter for letter in card.segments}, "--segment", card)
    return None if found is None else tuple(found)


def _known(
    words: tuple[str, ...] | None, known: dict[str, _Value], option: str, card: "Scorecard"
) -> list[_Value] | None:
    if words is None:
        return None
    by_word = {name.upper(): value for name, value in known.items()}
    wrong = next((word for word in words if word.upper() not in by_word), None)
    if wrong is not None:
        kind = option.removeprefix("--")
        among = f"is none of {', '.join(known)}" if known else f"is no {kind}: scorecard {card.id} has none"
        raise click.BadParameter(f"{wrong} {among}.", param_hint=f"'{option}'")
    return [by_word[word.upper()] for word in words]


def _known_state(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:  # noqa: ARG001
    """Return the two letters of a state: one that there is none of would list nothing, as if nothing were there."""
    from icp_engine.extract.states import code_of_state

    if value is None:
        return None
    code = code_of_state(value)
    if code is None:
        raise click.BadParameter(f"{value!r} is no state of the United States; write two letters, as in TX.")
    return code


def _set_threads(ctx: click.Context, param: click.Parameter, value: int | None) -> int | None:  # noqa: ARG001
    """Tell Polars before it starts; it reads this once."""
    if value is not None:
        os.environ["POLARS_MAX_THREADS"] = str(value)
    return value


threads = click.option(
    "--threads", type=click.IntRange(1), callback=_set_threads, is_eager=True, expose_value=False, metavar="N",
    help="Threads to use; all cores unless given.",
)  # fmt: skip
memory_limit = click.option(
    "--memory-limit", type=Bytes(), default="4GB", show_default=True, metavar="SIZE",
    help="Memory to aim at; more rows than fit go through --temp-dir.",
)  # fmt: skip
temp_dir = click.option(
    "--temp-dir", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
    help="Folder for intermediate files; beside the results unless given.",
)  # fmt: skip
quiet = click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout instead of text.")
html_page = click.option(
    "--html", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Write all of it as a page, which needs no other file.",
)  # fmt: skip
warehouse = click.option(
    "--warehouse", "-w", type=click.Path(file_okay=False, path_type=Path), default="warehouse", show_default=True,
    metavar="DIR", help="Folder that a run published into.",
)  # fmt: skip
optional_warehouse = click.option(
    "--warehouse", "-w", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
    help="Folder that a run published into, for its clinics.",
)  # fmt: skip
scorecards = click.option(
    "--scorecard", "-s", "scorecards", type=ScorecardName(), multiple=True, default=["icp"], show_default=True,
    metavar="NAME|FILE",
    help="A shipped scorecard, or a .toml file of your own. Repeat for several; the first is the main one.",
)  # fmt: skip
scorecard_of_run = click.option(
    "--scorecard", "-s", "scorecard", metavar="ID",
    help="One of the scorecards that the run was scored with; the main one unless given.",
)  # fmt: skip
mapping = click.option(
    "--map", "mapping", type=Mapping(), multiple=True, metavar="FIELD=COLUMN",
    help="Read a field from a column of another name. Repeat for more.",
)  # fmt: skip
mapping_file = click.option(
    "--mapping", "mapping_file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Read fields from the columns that a TOML file names; --map wins over it.",
)  # fmt: skip
tier = click.option("--tier", type=Several(), metavar="1,2", help="Tiers, separated by commas.")
segment = click.option("--segment", type=Several(), metavar="A,B", help="Segments, separated by commas.")
state = click.option(
    "--state", callback=_known_state, metavar="TX", help="A state, by its two letters or its name."
)  # fmt: skip
min_score = click.option("--min-score", type=float, help="Scores of at least so many points.")
extract = click.argument("extract", nargs=-1, required=True)


def default_warehouse() -> Path:
    """Return the folder that commands read where nobody names one: what is printed as advice may leave it out."""
    root = click.get_current_context().find_root()
    assert isinstance(root.command, click.Group)
    explain = root.command.get_command(root, "explain")
    assert explain is not None
    folder: Path = explain.make_context("explain", [], root, resilient_parsing=True).params["warehouse"]
    return folder


def reading(command: _Command) -> _Command:
    """Add the options that say how text is read where a file does not tell; the command gets them as one `reading`."""

    @wraps(command)
    def read(**given: Any) -> Any:
        from icp_engine.extract.reading import Reading

        ways = {field.name: given.pop(field.name) for field in fields(Reading)}
        return command(**given, reading=Reading(**ways))

    for option in reversed(_READING):
        read = option(read)
    return read  # type: ignore[return-value]


_READING = (
    click.option(
        "--header-line", type=click.IntRange(1), metavar="N",
        help="Line of a CSV file on which its header begins; found unless given.",
    ),
    click.option(
        "--decimal-comma/--decimal-point", default=None,
        help="Numbers in text are like 1.234,56 or like 1,234.56; each column tells unless given.",
    ),
    click.option(
        "--day-first/--month-first", default=None,
        help="Dates in text are like 31/12/2026 or like 12/31/2026; each column tells unless given.",
    ),
    click.option(
        "--time-zone", metavar="ZONE",
        help="Zone by whose clock a time with a zone is told, such as America/New_York; UTC unless given.",
    ),
)  # fmt: skip


def long_command(command: _Command) -> _Command:
    """Add the options of every long command."""
    for option in (as_json, quiet, temp_dir, memory_limit, threads):
        command = option(command)
    return command


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Say which extra to install where what is loaded inside is not there.

    Raises:
        InputError: a package is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("icp_engine"):
            raise
        from icp_engine.distribution import install_extra
        from icp_engine.errors import InputError

        raise InputError(f"This needs more packages: {install_extra(name)}.") from error


def source(
    extract: tuple[str, ...],
    warehouse: Path | None,
    mapping: dict[str, str],
    reading: "Reading",
    temp_dir: Path | None,
) -> "Source | None":
    """Return where clinics come from: an extract, or the published run of a warehouse; None where neither is named.

    Raises:
        click.UsageError: both are named.
        InputError: the warehouse holds no published run.
    """
    from icp_engine.published.run import open_run
    from icp_engine.workbench.clinics import Source

    said = click.get_current_context().get_parameter_source("warehouse")
    if extract and warehouse is not None and said is ParameterSource.COMMANDLINE:  # else it is a default of icp.toml
        raise click.UsageError("--extract and --warehouse both name clinics; drop one.")
    if extract:
        return Source(", ".join(extract), extract, None, mapping, reading, temp_dir)
    if warehouse is None:
        return None
    run = open_run(warehouse)
    return Source(f"run {run.manifest.run_id} of {warehouse}", run=run)


@contextmanager
def reading_errors(patterns: tuple[str, ...]) -> Iterator[None]:
    """Say which files were at fault where a library fails on what it reads."""
    from icp_engine.pipeline.workspace import translate_errors

    with translate_errors(patterns or ("the published run",), Path(), "read"):
        yield


def fields_by_column(
    pairs: tuple[tuple[str, str], ...], option: str = "--map", file: Path | None = None
) -> dict[str, str]:
    """Return the mappings by field: those of a file, and over them those of the command line.

    Raises:
        click.UsageError: a field is mapped twice.
        InputError: the file is no mapping.
    """
    fields = [field for field, _ in pairs]
    twice = next((field for field in fields if fields.count(field) > 1), None)
    if twice:
        raise click.UsageError(f"{option} names '{twice}' twice; a field is read from one column.")
    if file is None:
        return dict(pairs)
    from icp_engine.extract.mapping import read_mapping

    return read_mapping(file) | dict(pairs)
