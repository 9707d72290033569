"""Runs the commands of a page in their order, as a reader in a clone would: each block in a process of its own.

`python tests/doc_session.py PAGE...` runs pages, all where none is named, and writes what their commands print today.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import groupby
from pathlib import Path

import yaml
from doc_blocks import COMMANDS, Block, blocks, is_shown, output_of

ROOT = Path(__file__).resolve().parents[1]
GENERATED = {"api.md", "data-model.md", "http.md", "partnerships.md", "scoring.md"}  # by scripts/make_docs.py
PAGES = [path for path in sorted((ROOT / "docs").rglob("*.md")) if path.name not in GENERATED] + [ROOT / "README.md"]
PATIENCE = 120.0  # seconds for any one block
_ADDRESS = "localhost:8000"  # as the pages say it; in a test it is wherever the server listens


@dataclass
class Session:
    """The folder of a reader, and the servers that the page has started there."""

    folder: Path
    environment: dict[str, str]
    servers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    address: str = _ADDRESS


@contextmanager
def session() -> Iterator[Session]:
    """Give a folder that holds what a clone holds for readers: the examples and the queries to copy."""
    with tempfile.TemporaryDirectory() as place:
        clone = Path(place) / "clone"
        shutil.copytree(ROOT / "docs" / "examples", clone / "docs" / "examples")
        shutil.copytree(ROOT / "sql" / "analyst", clone / "sql" / "analyst")
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ICP_")}
        reader = Session(clone, kept | {"PATH": programs, "HOME": place, "COLUMNS": "100"})
        try:
            yield reader
        finally:
            for server in reader.servers:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()


def run_page(text: str) -> Iterator[tuple[Block, str, str]]:
    """Run a page; yield each block, what it printed, and what is wrong with that, in a sentence or blank."""
    page = blocks(text)
    with session() as reader:
        for block in page:
            if block.language in COMMANDS and block.reason is None:
                code, printed = (_serve if block.background else _run)(block, reader)
                yield block, printed, _fault(block, code, printed, output_of(block, page, text))
            elif block.language in _READERS:
                yield block, "", _file(block, reader)


def _fault(block: Block, code: int, printed: str, shown: Block | None) -> str:
    if code != block.code:
        return f"exits with {code} instead of {block.code}:\n{printed}"
    if shown and not is_shown(printed, shown.text):
        return f"prints something else than the page shows:\n{printed}"
    return ""


def _run(block: Block, reader: Session) -> tuple[int, str]:
    text = block.text.replace(_ADDRESS, reader.address)
    commands = {"python": [sys.executable, "-W", "error", "-c", text], "sql": ["icp-engine", "sql", text]}
    done = subprocess.run(
        commands.get(block.language, [block.language, "-e", "-c", text]),
        cwd=reader.folder,
        env=reader.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PATIENCE,
        check=False,
    )
    printed = done.stdout.decode().replace(str(reader.folder), "/clone")
    return done.returncode, printed.replace(reader.address, _ADDRESS)


def _serve(block: Block, reader: Session) -> tuple[int, str]:
    """Start a server on a free port, and wait until it listens."""
    log = reader.folder.parent / f"server-{block.line}.log"
    with log.open("wb") as file:
        command = ["sh", "-c", f"{block.text.rstrip()} --port 0"]
        server = subprocess.Popen(
            command, cwd=reader.folder, env=reader.environment, stdout=file, stderr=file, start_new_session=True
        )
    reader.servers.append(server)
    end = time.monotonic() + PATIENCE
    while not (found := re.search(r"Listening on http://\S+:(\d+);.*\n", log.read_text())):
        if server.poll() is not None or time.monotonic() > end:
            return server.poll() or -1, log.read_text()
        time.sleep(0.05)
    reader.address = f"127.0.0.1:{found[1]}"
    return 0, log.read_text().replace(reader.address, _ADDRESS)


def _file(block: Block, reader: Session) -> str:
    """Save a block that has a file name, and say what is wrong with what it holds."""
    try:
        content = _READERS[block.language](block.text)
    except ValueError as error:
        return f"is not {block.language}: {error}"
    if block.title is None:
        return ""
    target = reader.folder / block.title
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(block.text)
    if not (block.language == "toml" and isinstance(content, dict) and {"id", "version"} <= content.keys()):
        return ""
    code, printed = _run(Block(block.line, block.end, "sh", f"icp-engine scorecard check {block.title}"), reader)
    return f"is a scorecard with mistakes:\n{printed}" if code else ""


def _yaml(text: str) -> object:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


_READERS: dict[str, Callable[[str], object]] = {
    "toml": tomllib.loads,
    "yaml": _yaml,
    "json": json.loads,
    "csv": str.splitlines,
}


def refresh(path: Path) -> list[str]:
    """Write what the commands of a page print today into it; return what else is wrong."""
    text = path.read_text(encoding="utf-8")
    lines, page, faults = text.splitlines(), blocks(text), []
    stale = []
    for block, printed, fault in run_page(text):
        shown = output_of(block, page, text)
        if shown and fault.startswith("prints"):
            stale.append((shown, printed))
        elif fault:
            faults.append(f"{path}:{block.line}: {fault}")
    for shown, printed in reversed(stale):
        indent = lines[shown.line - 1].partition("`")[0]
        today = excerpt(printed.rstrip().splitlines(), shown.text.splitlines())
        lines[shown.line : shown.end - 1] = [(indent + line).rstrip() for line in today]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return faults


def excerpt(printed: list[str], shown: list[str]) -> list[str]:
    """Return what is printed today with the parts left out that the page left out: `...` stays where it stood."""
    found: list[str] = []
    start = 0
    parts = [list(part) for _, part in groupby(shown, key=lambda line: line.strip() == "...")]
    if len(parts) == 1:
        return printed
    for part in parts:
        if part[0].strip() == "...":
            found += part
            continue
        places = range(start, max(start, len(printed) - len(part)) + 1)
        first, last = not found, part is parts[-1]
        likeliest = max(places, key=lambda place: _likeness(printed[place : place + len(part)], part))
        place = 0 if first else places[-1] if last else likeliest
        today = printed[place : place + len(part)]
        found += [old if is_shown(new, old) else new for new, old in zip(today, part, strict=False)]
        start = place + len(part)
    return found


def _likeness(lines: list[str], others: list[str]) -> float:
    return sum(SequenceMatcher(None, line, other).ratio() for line, other in zip(lines, others, strict=False))


if __name__ == "__main__":
    asked = [Path(name) for name in sys.argv[1:]] or PAGES
    sys.exit("\n".join(fault for path in asked for fault in refresh(path)))
