"""What the OpenAPI document allows gets answers of its shape, what it does not gets an error of its shape."""

import subprocess
import sys
from pathlib import Path

import pytest
from serving import served

pytest.importorskip("schemathesis")
PROGRAM = Path(sys.executable).with_name("schemathesis")


def test_the_document_holds_for_whatever_is_asked(pictured: Path, tmp_path: Path) -> None:
    with served(pictured) as server:
        done = subprocess.run(
            [
                PROGRAM, "run", f"http://127.0.0.1:{server.port}/openapi.json", "--checks", "all", "--seed", "7",
                "--max-examples", "25", "--phases", "examples,coverage,fuzzing", "--generation-database", "none",
                "--no-color", "--warnings", "off",
            ],
            capture_output=True, text=True, check=False, cwd=tmp_path, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-5_000:] + done.stderr[-2_000:]
        assert "No issues found" in done.stdout
        assert server.get("/health").status == 200
        assert "Traceback" not in server.end()[1]
