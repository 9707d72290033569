"""Nobody is told to install a stranger's package, and the version stands in one place."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("icp_engine", "sql", "scripts", "docs", "warehouse", "tests", ".ci", ".github")
KINDS = {".py", ".md", ".sh", ".toml", ".yml", ".yaml", ".cff", ".html", ".sql", ""}
OTHER_NAME = re.compile(r"pip3? install\s+(-\S+\s+)*['\"]?icp-" + r"engine\b|\bicp-" + r"engine\[")


def texts() -> dict[Path, str]:
    """Every text of the repository that somebody may read."""
    inside = [path for room in ROOMS for path in (ROOT / room).rglob("*")]
    files = [path for path in (*ROOT.glob("*"), *inside) if path.is_file() and path.suffix in KINDS]
    return {path: path.read_text(encoding="utf-8") for path in files if "__pycache__" not in path.parts}


def test_nobody_is_told_to_install_the_package_of_somebody_else() -> None:
    found = texts()
    assert ROOT / "README.md" in found
    assert ROOT / "icp_engine" / "distribution.py" in found
    told = [str(path.relative_to(ROOT)) for path, text in found.items() if OTHER_NAME.search(text)]
    assert told == []


def test_the_words_are_recognised() -> None:
    for line in ("pip install 'icp-" + "engine[charts]'", "pip install icp-" + "engine"):
        assert OTHER_NAME.search(line)
    assert not OTHER_NAME.search("pip install '.[charts]'; then run icp-engine report")


def test_the_version_is_the_same_everywhere() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\n## {version} - " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
