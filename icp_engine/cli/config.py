"""`icp-engine config`: which defaults hold here, and where they come from."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from icp_engine.cli import defaults, options, show
from icp_engine.errors import InputError, did_you_mean


@dataclass(frozen=True, slots=True)
class Setting:
    """What an option of a command is when its flag is left out: `source` is `variable`, `file` or `default`."""

    command: str
    option: str
    value: Any
    source: str
    where: str | None


@click.command("config")
@click.argument("command_words", nargs=-1, metavar="[COMMAND]")
@options.as_json
@click.pass_context
def command(ctx: click.Context, command_words: tuple[str, ...], as_json: bool) -> None:
    """Show the defaults that hold in this folder, and where they come from.

    A flag wins over an ICP_ENGINE_* variable, a variable over icp.toml of the working folder, and the file over what is
    built in. With a COMMAND, all options of that command are shown.

    \b
    Examples:
      icp-engine config
      icp-engine config run
      icp-engine config partners sla --json
    """
    root = ctx.find_root()
    assert isinstance(root.command, click.Group)
    settings = list(_settings(root, root.command))
    unknown = list(_unknown_variables(root.command))
    shown = settings
    if command_words:
        wanted = " ".join(command_words)
        shown = [setting for setting in settings if f"{setting.command} ".startswith(f"{wanted} ")]
        if not shown:
            known = {" ".join(words) for words, *_ in defaults.options_of(root.command)}
            raise InputError(f"There is no command '{wanted}' with options{did_you_mean(wanted, known)}.")
    if as_json:
        show.emit({"settings": [asdict(setting) for setting in shown], "unknown_variables": unknown})
        return
    if not command_words:
        shown = sorted((setting for setting in settings if setting.source != "default"), key=lambda each: each.option)
    show.say("\n\n".join([_table(shown, settings), *unknown, *([] if command_words else [_rest(shown)])]).strip())


def _settings(root: click.Context, group: click.Group) -> Iterator[Setting]:
    for words, leaf, option in defaults.options_of(group):
        parent = root
        for word in words[:-1]:
            parent = click.Context(group, parent, word)
        context = leaf.make_context(words[-1], [], parent, resilient_parsing=True)
        name, origin = option.name or "", context.get_parameter_source(option.name or "")
        given = None if origin is ParameterSource.DEFAULT else option.consume_value(context, {})[0]
        of = " ".join(words), defaults.option_key(option)
        if origin is ParameterSource.ENVIRONMENT:
            yield Setting(*of, given, "variable", defaults.variable(option))
        elif origin is ParameterSource.DEFAULT_MAP:
            yield Setting(*of, given, "file", f"{defaults.FILE}, line {root.obj[words][name].line}")
        else:
            yield Setting(*of, option.to_info_dict()["default"], "default", None)


def _unknown_variables(group: click.Group) -> Iterator[str]:
    """Yield what is to be said of variables that look like ours and set nothing."""
    known = {name for *_, option in defaults.options_of(group) for name in option.envvar or ()}
    for name in sorted(os.environ):
        if name.startswith(f"{defaults.PREFIX}_") and name not in known:
            yield f"{name} sets nothing: there is no such option{did_you_mean(name, known)}."


def _table(shown: Sequence[Setting], settings: Sequence[Setting]) -> str:
    """Return settings as a table, those of several commands that are the same in one line."""
    commands: dict[tuple[str, str, str], list[str]] = {}
    for setting in shown:
        key = (setting.option, _value_text(setting.value), setting.where or "default")
        commands.setdefault(key, []).append(setting.command)
    rows = [(*key, ", ".join(_together(key[0], names, settings))) for key, names in commands.items()]
    return show.table([("Option", "value", "from", "for"), *rows], "<<<<", header=True) if rows else ""


def _together(option: str, commands: Sequence[str], settings: Sequence[Setting]) -> Iterator[str]:
    """Yield commands, and instead of all of a group that have the option, the group."""
    groups: dict[str, list[str]] = {}
    for command in commands:
        groups.setdefault(command.split()[0], []).append(command)
    for group, names in groups.items():
        of_group = [each.command for each in settings if each.option == option and each.command.split()[0] == group]
        yield from [group] if len(names) == len(of_group) > 1 else names


def _value_text(value: Any) -> str:
    if value is None or value == ():
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _rest(shown: Sequence[Setting]) -> str:
    file = "" if Path(defaults.FILE).exists() else f"There is no {defaults.FILE} in {Path.cwd()}. "
    others = "All other options have" if shown else "All options have"
    return f"{file}{others} their built-in defaults; icp-engine config COMMAND shows those of a command."
