"""Tables for people: aligned plain text for terminals, and HTML for notebooks, where everything is escaped."""

import os
from collections.abc import Iterable, Sequence
from html import escape
from shlex import quote
from subprocess import list2cmdline

from icp_engine.errors import printable

_BAR = "█"
_EIGHTHS = " ▏▎▍▌▋▊▉"
_SIDES = {"<": "left", ">": "right"}


def table(rows: Sequence[Sequence[object]], align: str, *, indent: str = "", header: bool = False) -> str:
    """Return rows as aligned columns.

    Args:
        rows: cells, the same number in each row.
        align: `<` or `>` for each column; the last column is not padded.
        indent: what each line starts with.
        header: underline the first row.
    """
    texts = [["" if cell is None else printable(str(cell), keep="") for cell in row] for row in rows]
    widths = [max(len(row[place]) for row in texts) for place in range(len(align))]
    if header:
        texts.insert(1, ["-" * width for width in widths])
    lines = [
        "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(row, align, widths, strict=True))
        for row in texts
    ]
    return "\n".join(indent + line.rstrip() for line in lines)


def bar(share: float, width: int = 30) -> str:
    """Return a bar for a share of 0 to 1; anything above nothing shows."""
    eighths = round(share * width * 8)
    eighths = max(eighths, 1) if share > 0 else 0
    return (_BAR * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


def percent(share: float) -> str:
    """Return a share of 0 to 1 as a percentage; what is not nothing and not all never reads so."""
    text = f"{share:.1%}"
    if text == "0.0%" and share > 0:
        return "<0.1%"
    return ">99.9%" if text == "100.0%" and share < 1 else text


def cut(text: str, width: int) -> str:
    """Return a text on one line, shortened to a width."""
    line = printable(" ".join(text.split()), keep="")
    return line if len(line) <= width else line[: width - 1] + "…"


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence lists them; there is at least one."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if names[1:] else names[0]


def shell_line(*words: str) -> str:
    """Return a command that can be pasted: blanks, quotes and control characters of its words do nothing there."""
    if os.name == "nt":
        return list2cmdline(words)
    return " ".join(quote(word) if printable(word, keep="") == word else _escaped(word) for word in words)


def _escaped(word: str) -> str:
    """Return a word with control characters as bash and zsh read it."""
    plain = "".join(f"\\{sign}" if sign in "\\'" else sign for sign in word)
    return f"$'{printable(plain, keep='')}'"


def html_table(heading: Sequence[object], rows: Iterable[Sequence[object]], align: str) -> str:
    """Return a heading and rows as an HTML table; `align` is `<` or `>` for each column."""
    lines = [_html_row("th", heading, align), *(_html_row("td", row, align) for row in rows)]
    return f'<table style="border-collapse: collapse; margin: 0.5em 0">{"".join(lines)}</table>'


def _html_row(tag: str, row: Sequence[object], align: str) -> str:
    cells = [
        f'<{tag} style="padding: 2px 8px; text-align: {_SIDES[side]}">{escape(str(cell))}</{tag}>'
        for cell, side in zip(row, align, strict=True)
    ]
    return f"<tr>{''.join(cells)}</tr>"


def html_block(title: str, lines: Iterable[str], tables: Iterable[str]) -> str:
    """Return a title and lines of text, which are escaped, above tables of `html_table`."""
    told = "".join(f"<div>{escape(line)}</div>" for line in lines)
    return f"<div><strong>{escape(title)}</strong>{told}{''.join(tables)}</div>"
