"""The README fits its reader: short, its links lead somewhere, and what it shows is what the program prints."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from icp_engine.cli import cli
from icp_engine.pipeline.run import RunOptions, run

ROOT = Path(__file__).resolve().parents[1]


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(page: str) -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text(encoding="utf-8"))
    assert targets or page == "CONTRIBUTING.md"
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_the_explanation_that_it_shows_is_printed(tmp_path: Path) -> None:
    shown = re.search(r"```text\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert shown is not None
    examples = [str(ROOT / "docs" / "examples" / "clinics.csv")]
    run(examples, tmp_path / "warehouse", RunOptions(format="parquet", charts=False))
    printed = CliRunner().invoke(cli, ["explain", "C-134", "-w", str(tmp_path / "warehouse")])
    assert printed.stdout.startswith(shown[1])
