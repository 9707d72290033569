"""The command line: parse, call one function, print."""

import signal
import sys
import threading
from contextlib import suppress
from importlib import import_module
from io import StringIO
from types import FrameType
from typing import Any

import click

from icp_engine.cli import defaults, streams
from icp_engine.distribution import NAME
from icp_engine.errors import GateError, IcpError, first_line, printable

# Modules are loaded when their command is called: `--threads` has to be read before Polars starts.
_COMMANDS = {
    "audit": "audit",
    "backtest": "backtest",
    "build": "build",
    "charts": "charts",
    "compare": "compare",
    "config": "config",
    "crm": "crm",
    "enrich": "enrich",
    "explain": "explain",
    "export": "export",
    "gaps": "gaps",
    "networks": "networks",
    "open": "open",
    "partners": "partners",
    "published": "published",
    "report": "report",
    "review": "review",
    "run": "run",
    "scorecard": "scorecard",
    "serve": "serve",
    "simulate": "simulate",
    "sql": "sql",
    "stability": "stability",
    "stats": "stats",
    "validate": "validate",
}


_INTERRUPTED = 130
_interruption = threading.Event()  # set once a signal asks the command to end
_KEPT = "what was published before is still there."


def _load(name: str) -> click.Command:
    command: click.Command = import_module(f"icp_engine.cli.{_COMMANDS[name]}").command
    return command


class _Commands(click.Group):
    """The commands, each in a module of its own."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of all commands."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command; of another name click says which ones are near."""
        if cmd_name not in _COMMANDS:
            if ctx.resilient_parsing or cmd_name.startswith("-"):
                return None
            raise click.NoSuchCommand(cmd_name, possibilities=_COMMANDS, ctx=ctx)
        command = _load(cmd_name)
        defaults.name_variables(command, (cmd_name,), _load("run"))
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; whoever reads its output may have seen enough and gone."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            streams.drop(sys.stdout)
            return 0


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name=NAME, prog_name="icp-engine")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Whom to call first in US healthcare, and why.

    Scores clinics against a scorecard, groups them into networks and explains every point.

    \b
    Start with:
      icp-engine build --sources
      icp-engine validate clinics.parquet
      icp-engine run clinics.parquet --out warehouse
      icp-engine networks list --warehouse warehouse
      icp-engine explain CLINIC_ID --warehouse warehouse
    """
    ctx.obj = defaults.read_defaults(cli, _load("run"))
    ctx.default_map = defaults.default_map(ctx.obj)


def main() -> None:
    """Run the command line and exit with one of the codes of `errors`, or 130 when interrupted."""
    streams.prepare()
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else whoever started this has it ignored
        signal.signal(signal.SIGINT, _interrupt)
    with streams.without_panics():
        code = _outcome()
        with suppress(OSError):  # Python would try once more to print what there was no room for, and complain
            streams.finish()
    sys.exit(code)


def _outcome() -> int:
    """Run the command line, say what went wrong, and return the exit code."""
    try:
        code: int = cli.main(standalone_mode=False) or 0
        streams.finish()
        return code
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        defaults.name_source(error)
        shown = StringIO()
        error.show(shown)
        _complain(shown.getvalue().removesuffix("\n"))
        return error.exit_code
    except BaseException as error:  # a panic of Polars is no Exception
        message, code = _explained(error)
        _complain(message)
        return code


def _complain(message: str) -> None:
    with suppress(OSError):  # nobody reads stderr
        click.echo(printable(message), file=sys.stderr)


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    _interruption.set()
    raise KeyboardInterrupt


def _explained(error: BaseException) -> tuple[str, int]:
    """Return one sentence about an error, and the exit code. An error of the engine's own making is raised again.

    Libraries that are interrupted raise errors of their own kinds; whatever ends an interrupted command is that.
    """
    if _interruption.is_set() or isinstance(error, click.Abort | KeyboardInterrupt):
        return f"Interrupted; {_KEPT}", _INTERRUPTED
    if isinstance(error, IcpError):
        lines = str(error).split("\n") if isinstance(error, GateError) else [str(error)]
        return "Error: " + "\n".join(printable(line, keep="") for line in lines), error.exit_code
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        return printable(f"Error: {error.strerror or error}{where}; {_KEPT}", keep=""), IcpError.exit_code
    if type(error).__name__ == "PanicException":
        return printable(
            f"Error: the input cannot be read ({first_line(error)}); is a file damaged?", keep=""
        ), IcpError.exit_code
    if type(error).__module__.startswith(("polars", "pyarrow")):
        return printable(f"Error: {first_line(error)}; {_KEPT}"), IcpError.exit_code
    raise error
