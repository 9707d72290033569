"""The command line: parse, call one function, print."""

import signal
import sys
from importlib import import_module
from importlib.metadata import version
from types import FrameType
from typing import Any

import click

from icp_engine.errors import IcpError

# Modules are loaded when their command is called: `--threads` has to be read before Polars starts.
_COMMANDS = {
    "explain": "explain",
    "run": "run",
    "scorecard": "scorecard",
    "stats": "stats",
    "validate": "validate",
}


class _Commands(click.Group):
    """The commands, each in a module of its own."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of all commands."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command; near names are suggested by click."""
        if cmd_name not in _COMMANDS:
            return super().get_command(ctx, cmd_name)
        module = import_module(f"icp_engine.cli.{_COMMANDS[cmd_name]}")
        command: click.Command = module.command
        return command


@click.command(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(version("icp-engine"), prog_name="icp-engine")
def cli() -> None:
    """Whom to call first in US healthcare, and why.

    Scores clinics against a scorecard and explains every point.

    \b
    Start with:
      icp-engine validate clinics.parquet
      icp-engine run clinics.parquet --out warehouse
      icp-engine explain CLINIC_ID --warehouse warehouse
    """


def main() -> None:
    """Run the command line and exit: 1 data and files, 2 words on the command line, 3 a failed gate, 130 interrupted."""
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(_exit_code())


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    raise KeyboardInterrupt


def _exit_code() -> int:
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _say("Interrupted; what was published before is still there.", 130)
    except IcpError as error:
        return _say(str(error), error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read the output has seen enough
        return 0
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        return _say(f"{error.strerror or error}{where}; what was published before is still there.", 1)
    except Exception as error:
        if type(error).__module__.startswith(("polars", "pyarrow")):
            return _say(f"{_first_line(error)}; what was published before is still there.", 1)
        raise
    return 0


def _first_line(error: Exception) -> Any:
    return next(iter(str(error).strip().splitlines()), type(error).__name__).rstrip(".")


def _say(message: str, code: int) -> int:
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)
    click.echo(message if code == 130 else f"Error: {message}", err=True)
    return code
