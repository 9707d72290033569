"""The documents in the repository are those that the code would write today."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

import icp_engine
from icp_engine.cli import _COMMANDS
from icp_engine.columns import FIELDS
from icp_engine.networks.columns import member_columns, networks_columns
from icp_engine.partnerships.columns import TABLES
from icp_engine.scorecard.loader import load_scorecard

ROOT = Path(__file__).resolve().parents[1]
WRITTEN = (
    "warehouse/README.md", "docs/data-model.md", "docs/scoring.md", "docs/partnerships.md", "docs/api.md",
    "docs/http.md",
    "icp_engine/scorecards/scorecard.schema.json", "icp_engine/partnerships/sla.schema.json",
    "icp_engine/partnerships/owners.schema.json", "icp_engine/partnerships/hooks.schema.json",
)  # fmt: skip


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_docs", ROOT / "scripts" / "make_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", WRITTEN)
def test_a_document_is_up_to_date(script: ModuleType, name: str) -> None:
    assert read(name) == script.DOCS[ROOT / name](), "run: python scripts/make_docs.py"


def test_every_document_that_is_written_is_checked(script: ModuleType) -> None:
    assert {ROOT / name for name in WRITTEN} == set(script.DOCS)


def test_the_dictionary_names_every_column_and_says_something_of_each() -> None:
    written = read("warehouse/README.md")
    icp = load_scorecard("icp")
    for name in [*FIELDS, *(column.name for column in (*member_columns(icp), *networks_columns(icp)))]:
        assert f"| `{name}` |" in written
    assert written.count("\n## `") == written.count("| column | type | meaning |") > 20
    assert "| None |" not in written
    echoes = [
        name
        for name, meaning in re.findall(r"^\| `(\w+)` \| \S+ \| (.*) \|$", written, re.MULTILINE)
        if meaning.lower().replace(" ", "_") == name
    ]
    assert echoes == []


def test_the_scoring_reference_has_every_band_of_the_first_scorecard() -> None:
    written = read("docs/scoring.md")
    card = load_scorecard("icp")
    for rule in card.characteristics:
        for band in rule.bands:
            assert f"| `{rule.code}.{band.name}` |" in written
    assert "| Tier 1 - HOT | score 80 or more |" in written
    assert "| Tier 1 - HOT | score 70 or more |" in written


def test_the_partnerships_reference_has_every_column_and_says_what_is_simulated() -> None:
    written = read("docs/partnerships.md")
    for name, columns in TABLES.items():
        part = written.split(f"### `{name}`\n")[1].split("\n## ")[0].split("\n### ")[0]
        assert [line.split(" | ")[0].removeprefix("| ") for line in part.splitlines() if line.startswith("| ")][2:] == [
            column.name for column in columns
        ]
    assert "| SF Record ID | text |  | Simulated: no Salesforce system knows it." in written
    assert "| Tier 1 | 2 | 1 | ON TRACK | AT RISK | URGENT - SLA BREACH |" in written


def test_the_api_reference_has_every_public_name_and_every_command() -> None:
    written = read("docs/api.md")
    for name in icp_engine.__all__:
        assert f"### `{name}`\n" in written
    for name in _COMMANDS:
        assert f"### `icp-engine {name}`\n" in written
    assert written.count("\n### `icp-engine") > len(_COMMANDS)


def test_the_http_reference_has_every_path_and_every_parameter() -> None:
    from icp_engine.api.parameters import ClinicsAsked, NetworksAsked

    written = read("docs/http.md")
    for path in ("clinics", "clinic/{clinic_id}", "stats", "networks", "networks/{network_id}"):
        assert f"## `GET /icp/{path}`" in written
    for name in (*ClinicsAsked.model_fields, *NetworksAsked.model_fields):
        assert f"| `{name}` |" in written
