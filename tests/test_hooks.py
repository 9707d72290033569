"""What is checked before each commit is what CI checks, with programs and tests that the project has."""

import re
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
TESTS = (ROOT / "scripts" / "test.sh").read_text(encoding="utf-8")
ONLY_BEFORE_A_COMMIT = {"--fix", "--exit-non-zero-on-fix"}  # the hook mends what CI only finds


def repositories() -> list[dict[str, Any]]:
    return list(yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"])


def entries() -> list[list[str]]:
    return [hook["entry"].split() for repository in repositories() for hook in repository["hooks"]]


def test_hooks_need_nothing_but_the_environment_of_the_project() -> None:
    assert [repository["repo"] for repository in repositories()] == ["local"]
    assert {hook["language"] for hook in repositories()[0]["hooks"]} == {"system"}
    programs = {Path(entry[0]) for entry in entries()}
    assert {program.parent for program in programs} == {Path(".venv/bin")}
    assert [program for program in programs if not Path(sys.executable).with_name(program.name).exists()] == []


def test_hooks_run_what_ci_runs() -> None:
    stages = {tuple(line.split()) for line in re.findall(r"^stage \w+ (.+?)(?: --check)?$", CI, re.MULTILINE)}
    assert ("tests",) in stages
    assert re.search(r"^tests\(\) \{.*?^    sh scripts/test.sh ", CI, re.MULTILINE | re.DOTALL)
    assert 'exec .venv/bin/python -m pytest "$@"' in TESTS
    tested = [entry for entry in entries() if entry[1:3] == ["-m", "pytest"]]
    kept = [[word for word in entry if word not in ONLY_BEFORE_A_COMMIT] for entry in entries()]
    others = [tuple(entry) for entry in kept if entry not in tested]
    assert len(tested) == 1
    assert len(others) == 3
    assert set(others) <= stages
    files = [word for word in tested[0][3:] if not word.startswith("-")]
    assert files
    assert [file for file in files if not (ROOT / file).is_file()] == []
