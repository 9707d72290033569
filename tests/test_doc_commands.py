"""Every command of every page runs as it stands, in order, and prints what the page shows."""

import shutil
from pathlib import Path

import pytest
from doc_blocks import COMMANDS, blocks
from doc_session import PAGES, ROOT, excerpt, run_page


def programs(text: str) -> set[str]:
    """Return the programs besides our own that a page has its reader start."""
    run = [block for block in blocks(text) if block.language in COMMANDS and block.reason is None]
    shells = {block.language for block in run if block.language in {"sh", "bash"}}
    return shells | {"curl" for block in run if "curl " in block.text}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_commands_of_a_page(path: Path) -> None:
    absent = [program for program in programs(path.read_text("utf-8")) if shutil.which(program) is None]
    if absent:
        pytest.skip(f"the commands of {path.name} need {' and '.join(absent)}, which this machine lacks")
    faults = [f"{path.name}:{block.line} {fault}" for block, _, fault in run_page(path.read_text("utf-8")) if fault]
    assert faults == []


def test_most_pages_have_commands_and_what_is_not_run_says_why() -> None:
    found = [block for path in PAGES for block in blocks(path.read_text("utf-8")) if block.language in COMMANDS]
    assert sum(block.reason is None for block in found) > 40
    assert all(block.reason is None or len(block.reason.split()) > 1 for block in found)


@pytest.mark.parametrize(
    ("shown", "today"),
    [
        (["a 1", "b 2"], ["a 1", "b 3", "c 4", "d 5", "e 6"]),
        (["a 1", "..."], ["a 1", "..."]),
        (["a 9", "...", "d 8", "...", "e 7"], ["a 1", "...", "d 5", "...", "e 6"]),
        (["...", "c ...", "...", "e 0"], ["...", "c ...", "...", "e 6"]),
    ],
)
def test_a_page_that_is_written_anew_leaves_out_what_it_left_out(shown: list[str], today: list[str]) -> None:
    assert excerpt(["a 1", "b 3", "c 4", "d 5", "e 6"], shown) == today
