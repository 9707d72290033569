"""The fenced blocks of a page: what a reader would run, save or compare, and how the page marks them.

An HTML comment on the line before a block says what a test has to know and a reader has not:

    <!-- not run: needs dbt -->     a command that no test can run, with the reason
    <!-- in the background -->      a server, which goes on running while the rest of the page is run
    <!-- exits with 3 -->           a command that is to fail

A block of `text` right after a command is what the command prints. In it, `...` stands for anything: alone on a line
for any number of lines, otherwise for the rest of a word or a line.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

COMMANDS = ("sh", "bash", "python", "sql")
FILES = ("toml", "yaml", "json", "csv")
SHOWN = ("text", "mermaid")

_FENCE = re.compile(r"^(?P<indent> *)(?P<ticks>`{3,})(?P<language>[\w+-]*) *(?P<rest>[^`]*)$")
_TITLE = re.compile(r'title="([^"]+)"')
_MARK = re.compile(r"^<!-- (?P<words>not run: *(?P<reason>.*?)|in the background|exits with (?P<code>\d+)) -->$")
_CHANGES = (  # what differs from one run to the next
    (re.compile(r"\b\d{8}T\d{6,12}Z-[0-9a-f]{6}\b"), "RUN"),
    (re.compile(r"\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[+-]\d\d:?\d\d)?"), "TIME"),
    (re.compile(r"\b\d[\d,]*(\.\d+)? (s|ms|a second)\b"), r"N \2"),
)


@dataclass(frozen=True)
class Block:
    """A fenced block: where it begins, what it holds, and how it is marked. Lines count from 1."""

    line: int
    end: int
    language: str
    text: str
    title: str | None = None
    reason: str | None = None  # why it is not run; blank where the page forgot to say
    background: bool = False
    code: int = 0  # what it exits with


def blocks(text: str) -> list[Block]:
    """Return the fenced blocks of a page in their order."""
    return list(_blocks(text.splitlines()))


def _blocks(lines: list[str]) -> Iterator[Block]:
    start = 0
    while start < len(lines):
        if not (fence := _FENCE.match(lines[start])):
            start += 1
            continue
        closing = fence["indent"] + fence["ticks"]
        end = next((at for at in range(start + 1, len(lines)) if lines[at].rstrip() == closing), None)
        if end is None:
            raise ValueError(f"line {start + 1}: the fenced block is never closed.")
        body = [line.removeprefix(fence["indent"]) for line in lines[start + 1 : end]]
        mark = _MARK.match(lines[start - 1].strip()) if start else None
        title = _TITLE.search(fence["rest"])
        yield Block(
            line=start + 1,
            end=end + 1,
            language=fence["language"],
            text="\n".join(body) + "\n",
            title=title[1] if title else None,
            reason=mark["reason"] if mark else None,
            background=bool(mark and mark["words"] == "in the background"),
            code=int(mark["code"] or 0) if mark else 0,
        )
        start = end + 1


def output_of(block: Block, page: list[Block], text: str) -> Block | None:
    """Return the block of text that shows what a command prints: the next one, with nothing but blank lines between."""
    after = next((other for other in page if other.line > block.line), None)
    between = text.splitlines()[block.end : after.line - 1] if after else ["none"]
    return after if after and after.language == "text" and not any(line.strip() for line in between) else None


def is_shown(printed: str, shown: str) -> bool:
    """Say whether the output of a command is what its page shows."""
    pattern = ""
    for line in steady(shown).splitlines():
        pattern += r"(?:.*\n)*?" if line.strip() == "..." else re.escape(line).replace(r"\.\.\.", ".*") + r"\n"
    return re.fullmatch(pattern, steady(printed)) is not None


def steady(text: str) -> str:
    """Return an output without what differs from run to run: run ids, times, seconds, blanks at the end of a line."""
    for pattern, word in _CHANGES:
        text = pattern.sub(word, text)
    return "".join(f"{line.rstrip()}\n" for line in text.strip("\n").splitlines())


def pages(root: Path) -> list[str]:
    """Return the pages that people read, as paths within the repository."""
    found = [
        root / "README.md",
        root / "CONTRIBUTING.md",
        root / "warehouse" / "README.md",
        *(root / "docs").rglob("*.md"),
    ]
    return sorted(path.relative_to(root).as_posix() for path in found)
