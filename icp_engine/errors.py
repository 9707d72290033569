"""Every error that a user can cause, each one sentence that says what to do."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class IcpError(Exception):
    """Base of all errors of this package. `exit_code` is what the command line returns."""

    exit_code = 1


class InputError(IcpError):
    """An extract, a folder or a file that cannot be used as it is."""


class GateError(IcpError):
    """A check that the user asked for has failed: audits, `scorecard check`, a churn limit."""

    exit_code = 3


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake of a scorecard or another file of rules: where it stands, what was found, what would be right."""

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
    """A scorecard with mistakes."""


def printable(text: str, *, keep: str = "\n\t") -> str:
    r"""Return a text for people: control characters, which may move a cursor or change a title, read `\x1b`."""
    return _CONTROL.sub(lambda match: match[0] if match[0] in keep else repr(match[0])[1:-1], text)


def first_line(error: BaseException) -> str:
    """Return the first line of what a library says of an error, as a part of a sentence."""
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
