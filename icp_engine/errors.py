"""Every error that a user can cause, each one sentence that says what to do."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class IcpError(Exception):
    """Base of all errors of this package. `exit_code` is what the command line returns.

    >>> import icp_engine as icp
    >>> try:
    ...     icp.load_scorecard("nobody.toml")
    ... except icp.IcpError as error:
    ...     print(error.exit_code, error)
    1 Scorecard nobody.toml does not exist; check the path.
    """

    exit_code = 1


class InputError(IcpError):
    """An extract, a frame, a folder or a file that cannot be used as it is.

    >>> import icp_engine as icp
    >>> icp.score([{"clinic_id": "007"}], icp.load_scorecard("icp"))
    Traceback (most recent call last):
    icp_engine.errors.InputError: A frame is due, but found list: give a Polars, PyArrow or pandas frame.
    """


class GateError(IcpError):
    """A check that the user asked for has failed: audits, `scorecard check`, a churn limit.

    >>> import icp_engine as icp
    >>> icp.GateError.exit_code, issubclass(icp.ScorecardError, icp.GateError)
    (3, True)
    """

    exit_code = 3


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake of a scorecard or another file of rules: where it stands, what was found, what would be right.

    >>> import icp_engine as icp
    >>> print(icp.Problem("mine.toml", 12, "'pionts' is not known (did you mean 'points'?)."))
    mine.toml:12: 'pionts' is not known (did you mean 'points'?).
    """

    source: str
    line: int
    message: str

    def __str__(self) -> str:
        """Return `file:line: message`, as compilers do, so that editors can jump there."""
        return printable(f"{self.source}:{self.line}: {self.message}", keep="")


class MistakesError(GateError):
    """A file of rules with mistakes. `problems` holds all of them, in the order of the file."""

    exit_code = 1

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


class ScorecardError(MistakesError):
    r"""A scorecard with mistakes: `problems` holds all of them, in the order of the file.

    >>> import icp_engine as icp
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "mine.toml")
    ...     _ = path.write_text('extends = "icp"\n[category.pain]\nmax = "25"\n')
    ...     try:
    ...         icp.load_scorecard(path)
    ...     except icp.ScorecardError as error:
    ...         for problem in error.problems:
    ...             print(problem.line, problem.message)
    3 category.pain.max: expected a number, found '25'
    """


def printable(text: str, *, keep: str = "\n\t") -> str:
    r"""Return a text for people: control characters, which may move a cursor or change a title, read `\x1b`."""
    return (
        text
        if text.isprintable()
        else _CONTROL.sub(lambda match: match[0] if match[0] in keep else repr(match[0])[1:-1], text)
    )


def first_line(error: BaseException) -> str:
    """Return the first line of what a library says of an error, as a part of a sentence."""
    if type(error).__name__ == "PanicException":  # of Polars, and what it says is about its own code
        return "Polars gave up on what is in it"
    return next(iter(str(error).strip().splitlines()), type(error).__name__).rstrip(".")


def did_you_mean(found: str, known: Iterable[str]) -> str:
    """Return ` (did you mean 'x' or 'y'?)` for the nearest known names, whatever their case, or an empty text."""
    plain: dict[str, str] = {}
    for name in known:
        plain.setdefault(_plain(name), name)
    near = get_close_matches(_plain(found), plain, n=3, cutoff=0.6)
    return f" (did you mean {' or '.join(repr(plain[name]) for name in near)}?)" if near else ""


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")
