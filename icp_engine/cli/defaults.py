"""Defaults of options: `icp.toml` in the working folder, and `ICP_ENGINE_*` variables. Click lays them under the flags.

A key above the tables of the file, or a variable without the name of a command, is for `run` and for every command
whose option takes the same values and has the same default; a table (`[export]`, `[partners.run]`) is for one command.
"""

import os
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from icp_engine.cli.options import Several
from icp_engine.errors import MistakesError, Problem, did_you_mean

if TYPE_CHECKING:
    from icp_engine.scorecard.toml.files import Source

FILE = "icp.toml"
PREFIX = "ICP_ENGINE"
_COLUMNS = {"map", "mapping"}  # those of clinics are no columns of practices
_SCORECARD_KEYS = {"id", "extends", "category", "characteristic"}

_NOTE = (
    f"Note: {FILE} in this folder is a scorecard: no defaults are read from it. --scorecard {FILE} scores with it. "
    "Another name for it ends this note."
)

Words = tuple[str, ...]
"""The words that call a command, such as `("partners", "run")`."""


@dataclass(frozen=True, slots=True)
class Default:
    """What `icp.toml` says for one option of one command, and on which line."""

    value: Any
    line: int


def option_key(option: click.Option) -> str:
    """Return what an option is called in the file: its long flag without the hyphens in front."""
    return max(option.opts, key=len).lstrip("-")


def options_of(command: click.Command, words: Words = ()) -> Iterator[tuple[Words, click.Command, click.Option]]:
    """Yield all options of a command and of those below it, each with the words that call its command."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            if inner := command.get_command(context, name):
                yield from options_of(inner, (*words, name))
    elif words:
        for option in command.params:
            if isinstance(option, click.Option):
                yield words, command, option


def name_variables(command: click.Command, words: Words, run: click.Command) -> None:
    """Give the options of a command their variables, that of the command itself before the general one."""
    general = _general(run)
    for inner, _, option in options_of(command, words):
        option.envvar = ["_".join([PREFIX, *scope, option_key(option)]).upper().replace("-", "_")
                         for scope in _scopes(inner, option, general)]  # fmt: skip


def _general(run: click.Command) -> dict[str, tuple[Any, ...]]:
    """Return what the options of `run` take, by their keys."""
    return {option_key(option): _kind(option) for _, _, option in options_of(run, ("run",))}


def _kind(option: click.Option) -> tuple[Any, ...]:
    described = option.to_info_dict()
    return described["type"], described["default"], option.multiple


def _scopes(words: Words, option: click.Option, general: Mapping[str, tuple[Any, ...]]) -> list[Words]:
    """Return the tables that an option is looked for in, the innermost first."""
    inner, key = [words[:length] for length in range(len(words), 0, -1)], option_key(option)
    apart = key in _COLUMNS and words[0] == "partners"
    return inner if apart or general.get(key, _kind(option)) != _kind(option) else [*inner, ()]


def read_defaults(group: click.Group, run: click.Command) -> dict[Words, dict[str, Default]]:
    """Return what `icp.toml` of the working folder says, by command and name of the parameter; nothing without a file.

    Raises:
        InputError: the file cannot be read.
        MistakesError: it is not TOML, or says what no option knows.
    """
    if not Path(FILE).exists() or Path(FILE).is_dir():
        return {}
    from icp_engine.scorecard.toml.files import read_toml

    source = read_toml(Path(FILE), FILE, "Defaults file")
    options = list(options_of(group))
    if _is_scorecard(source.content, {option_key(option) for *_, option in options}):
        click.echo(_NOTE, err=True)
        return {}
    problems = list(_unknown(source, source.content, (), options))
    general, found = _general(run), dict[Words, dict[str, Default]]()
    for words, command, option in options:
        place = next((place for place in _places(words, option, general) if _value_at(source.content, place)), None)
        if place is None:
            continue
        value = _value_at(source.content, place)[0]
        try:
            plain = _plain(option, value)
            option.type_cast_value(click.Context(command), plain)
        except click.BadParameter as error:
            problems.append(source.problem(place, error.message))
        else:
            found.setdefault(words, {})[option.name or ""] = Default(plain, source.place(place)[1])
    if problems:
        raise MistakesError(problems)
    return found


def _is_scorecard(content: Mapping[str, Any], keys: Set[str]) -> bool:
    """Return whether a file is a scorecard of the user's: it has keys of one, and no value for an option."""
    values = {key for key, value in content.items() if not isinstance(value, dict)}
    return bool(_SCORECARD_KEYS & content.keys()) and not keys & values


def _places(words: Words, option: click.Option, general: Mapping[str, tuple[Any, ...]]) -> list[Words]:
    return [(*scope, option_key(option)) for scope in _scopes(words, option, general)]


def _value_at(content: Mapping[str, Any], place: Words) -> list[Any]:
    """Return the value that stands somewhere, in a list that is empty where there is none, or a table."""
    value: Any = content
    for part in place:
        value = value.get(part) if isinstance(value, dict) else None
    return [] if value is None or isinstance(value, dict) else [value]


def _unknown(
    source: "Source", table: Mapping[str, Any], scope: Words, options: list[tuple[Words, click.Command, click.Option]]
) -> Iterator[Problem]:
    """Yield the keys of a table that are neither an option below it nor a command."""
    below = [(words, option_key(option)) for words, _, option in options if words[: len(scope)] == scope]
    keys = {key for _, key in below}
    commands = {words[len(scope)] for words, _ in below if len(words) > len(scope)}
    for key, value in table.items():
        if isinstance(value, dict) and key in commands:
            yield from _unknown(source, value, (*scope, key), options)
        elif isinstance(value, dict) and key in keys:
            yield source.problem((*scope, key), "expected a value, or a list of them, and found a table.")
        elif key not in keys:
            kind, known = ("command", commands) if isinstance(value, dict) else ("option", keys)
            whose = f" of {' '.join(scope)}" if scope else ""
            of_scorecards = " A scorecard has such a key: give scorecards another name."
            hint = f".{of_scorecards}" if key in _SCORECARD_KEYS else f"{did_you_mean(key, known)}."
            message = f"there is no {kind} '{key}'{whose}{hint}"
            yield Problem(*source.place((*scope, key)), message)


def _plain(option: click.Option, value: Any) -> Any:
    """Return a value of the file as click wants it.

    Raises:
        click.BadParameter: it is of a kind that the option cannot be.
    """
    if option.is_flag:
        if not isinstance(value, bool):
            raise click.BadParameter(f"{value!r} is neither true nor false.")
        return value
    values = value if isinstance(value, list) else [value]
    several = option.multiple or isinstance(option.type, Several)
    if any(isinstance(item, bool | list | dict) for item in values) or (isinstance(value, list) and not several):
        raise click.BadParameter(f"{value!r} is no value of --{option_key(option)}.")
    if option.multiple:
        return [str(item) for item in values]
    return ",".join(map(str, value)) if isinstance(value, list) else value


def default_map(found: Mapping[Words, Mapping[str, Default]]) -> dict[str, Any]:
    """Return defaults as click wants them: tables by the words of commands, values by the names of parameters."""
    top: dict[str, Any] = {}
    for words, defaults in found.items():
        table = top
        for word in words:
            table = table.setdefault(word, {})
        table.update({name: default.value for name, default in defaults.items()})
    return top


def name_source(error: click.ClickException) -> None:
    """Have a bad value of a variable name the variable, and not the option that nobody typed."""
    if isinstance(error, click.BadParameter) and isinstance(error.param, click.Option) and error.ctx:
        origin = error.ctx.get_parameter_source(error.param.name or "")
        error.param_hint = variable(error.param) if origin is ParameterSource.ENVIRONMENT else error.param_hint


def variable(option: click.Option) -> str | None:
    """Return the variable that sets an option, None where none does."""
    names = option.envvar if isinstance(option.envvar, list) else []
    return next((name for name in names if os.environ.get(name)), None)
