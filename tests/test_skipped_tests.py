"""What is skipped on the bare machine of CI is named as pytest takes it, so that it can be run elsewhere."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parent.parent / "scripts/skipped_tests.py"
FILES = {
    "test_some.py": """
import pytest

@pytest.mark.parametrize("name", [])
def test_nothing_to_try(name): ...

@pytest.mark.parametrize("name", ["docs/a.md", "b c"])
def test_parts(name):
    if name != "b c":
        pytest.skip("not here")

class TestInside:
    def test_method(self): pytest.skip("not here")
""",
    "test_module.py": "import pytest\npytest.importorskip('there_is_no_such_module')\n",
    "folder/test_passes.py": "def test_it(): ...\n",
}


def test_skipped_tests_are_named_as_pytest_takes_them(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".", "-c", "/dev/null"]
    subprocess.run([*pytest, "--junitxml", "report.xml"], cwd=tmp_path, check=True, capture_output=True)
    told = subprocess.run(
        [sys.executable, SCRIPT, "report.xml"], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    assert told == [
        "test_module.py",
        "test_some.py::TestInside::test_method",
        "test_some.py::test_nothing_to_try",
        "test_some.py::test_parts[docs/a.md]",
    ]
    again = subprocess.run([*pytest, *told], cwd=tmp_path, check=False, capture_output=True, text=True).stdout
    assert "4 skipped" in again
    assert "passed" not in again
