"""The data dictionary in the repository is the one that the engine would write today."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from icp_engine.columns import FIELDS, NETWORK_COLUMNS, NETWORKS_TABLE

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_dictionary", ROOT / "scripts" / "make_dictionary.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_dictionary_is_up_to_date_and_names_every_column(script: ModuleType) -> None:
    written = (ROOT / "warehouse" / "README.md").read_text(encoding="utf-8")
    assert script.TARGET == ROOT / "warehouse" / "README.md"
    assert written == script.dictionary(), "run: python scripts/make_dictionary.py"
    for name in [*FIELDS, *(one.name for one in (*NETWORK_COLUMNS, *NETWORKS_TABLE))]:
        assert f"| `{name}` |" in written
    assert written.count("\n## `") == written.count("| column | type | meaning |") > 20
    assert "| None |" not in written
