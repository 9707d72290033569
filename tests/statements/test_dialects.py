"""Statements of every dialect: small golden texts that its own parser reads, names, types of columns, and errors.

ICP_GOLDEN=1 writes the golden texts anew; read their diff.
"""

import os
import re
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from click.testing import CliRunner, Result

import icp_engine
from icp_engine import Scorecard
from icp_engine.cli import cli
from icp_engine.errors import InputError
from icp_engine.scorecard.loader import restore_scorecard
from icp_engine.scorecard.toml.source import shipped_names
from icp_engine.statements.dialects import DIALECTS, find_dialect
from icp_engine.statements.source import SourceColumn, read_columns
from icp_engine.statements.statement import statement

GOLDEN = Path(__file__).parent / "golden"
EVERY = pytest.mark.parametrize("dialect", DIALECTS)
CONTENT: dict[str, Any] = {
    "id": "small",
    "version": "1",
    "title": "Small",
    "prefix": "small",
    "fields": {"plans": {"type": "list", "description": "Plans"}},
    "category": {
        "fit": {
            "label": "Fit",
            "max": 5,
            "size": {
                "field": "npi_count",
                "missing": {"points": 0, "note": "No count"},
                "bands": [
                    {
                        "name": "big",
                        "at_least": 7.35,
                        "points": {"from": 1, "to": 4, "over": [7.35, 60]},
                        "reason": "R",
                    },
                    {"name": "it's", "points": 0, "reason": "R"},
                ],
            },
            "kind": {
                "missing": "never",
                "bands": [
                    {"name": "x", "mentions": ["q'x"], "field": "sector", "points": 1.5, "reason": "R"},
                    {"name": "y", "includes": ["oscar"], "field": "plans", "points": 1, "reason": "R"},
                    {"name": "z", "is": False, "field": "fqhc_flag", "points": 0.5, "reason": "R"},
                    {"name": "rest", "points": 0, "reason": "R"},
                ],
            },
        }
    },
    "tier": {"1": {"label": "First", "at_least": 3}, "2": {"label": "Rest"}},
}


def small() -> Scorecard:
    return restore_scorecard(CONTENT, "small")


def without_versions(text: str) -> str:
    return re.sub(r"made by \S+ [0-9.]+\S*\.", "made by us.", re.sub(r"hash \w+", "hash", text).replace("\n-- ", " "))


@EVERY
def test_golden_text(dialect: str) -> None:
    columns = {
        "clinic_id": SourceColumn("Id", "text"),
        "npi_count": SourceColumn("npi count", "text", decimal_comma=True),
        "sector": SourceColumn("order", "text"),
        "fqhc_flag": SourceColumn("fqhc_flag", "flag"),
        "plans": SourceColumn("plans", "text", separator="|"),
    }
    found = without_versions(statement(small(), DIALECTS[dialect], table="crm.clinics", columns=columns))
    path = GOLDEN / f"{dialect}.sql"
    if os.environ.get("ICP_GOLDEN"):
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


@EVERY
@pytest.mark.parametrize("name", shipped_names())
def test_statements_of_shipped_cards_are_parsed_in_their_dialect(dialect: str, name: str) -> None:
    text = statement(
        icp_engine.load_scorecard(name),
        DIALECTS[dialect],
        columns=None if DIALECTS[dialect].lists else {"clinic_id": SourceColumn("clinic_id", "text")},
    )
    assert len(sqlglot.parse(text, dialect=dialect)) == 1
    first = text.splitlines()[0]
    assert ("not executed by us" in first) is not DIALECTS[dialect].executed
    assert not {"CONTAINS(", "CONCAT_WS(", "ROUND_EVEN", "HUGEINT"} & set(re.findall(r"[A-Z_]+\(?", text))


def test_a_list_needs_a_text_in_redshift() -> None:
    with pytest.raises(InputError, match="lists cannot be joined in redshift"):
        statement(small(), DIALECTS["redshift"])


def read(text: str, tmp_path: Path, dialect: str = "duckdb") -> dict[str, SourceColumn]:
    path = tmp_path / "columns.csv"
    path.write_text(text, encoding="utf-8")
    return read_columns(path, small(), DIALECTS[dialect])


@pytest.mark.parametrize(
    ("dialect", "type_", "kind"),
    [
        ("duckdb", "VARCHAR", "text"),
        ("duckdb", "hugeint", "integer"),
        ("duckdb", "decimal(10, 2)", "number"),
        ("snowflake", "NUMBER(38,0)", "number"),
        ("snowflake", "TEXT", "text"),
        ("bigquery", "FLOAT64", "number"),
        ("bigquery", "INT64", "integer"),
        ("spark", "bigint", "integer"),
        ("trino", "double", "number"),
        ("redshift", "character varying(256)", "text"),
        ("duckdb", "flag", "flag"),
    ],
)
def test_types_of_columns(dialect: str, type_: str, kind: str, tmp_path: Path) -> None:
    found = read(
        f'Column_Name,data_type\nID,text\nclinic_id,text\nNPI_COUNT,"{type_}"\nother,json\n', tmp_path, dialect
    )
    assert found["npi_count"] == SourceColumn("NPI_COUNT", kind)
    assert list(found) == ["clinic_id", "npi_count"]


ID = "column,type,field,reading\nclinic_id,text,,\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name,type\n", "begins with 'name,type', but column,type is due"),
        ("column,type\nsector,text\n", "names no column for clinic_id"),
        (ID + "x,text,sectr,\n", "line 3: small reads no field 'sectr' (did you mean 'sector'?)"),
        (ID + "sector,text,,\nSector2,text,sector,\n", "'sector' and 'Sector2' are both the field sector"),
        (ID + "sector,double,,\n", "sector is double, but text or whole numbers is due"),
        (ID + "plans,bigint,,\n", "plans is bigint, but text or a list of texts is due"),
        (ID + "npi_count,timestamp,,\n", "a column of type timestamp can become no field"),
        (ID + "npi_count,text,,comma\n", "'comma' does not say how npi_count is read"),
        (ID + "npi_count,bigint,,decimal comma\n", "does not say how npi_count is read"),
        (ID + "plans,text,,decimal comma\n", "does not say how plans is read"),
    ],
)
def test_mistakes_in_a_file_of_types(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=re.escape(says)):
        read(text, tmp_path)


def call(*args: str) -> Result:
    return CliRunner().invoke(cli, ["scorecard", "sql", *args], prog_name="icp-engine")


def test_the_command(tmp_path: Path) -> None:
    path = tmp_path / "columns.csv"
    path.write_text("column,type,field\naccount,varchar,clinic_id\nnpi_count,varchar,\n")
    text = call("icp", "--dialect", "Trino", "--types", str(path), "--table", 'lake."my clinics"').stdout
    assert text.startswith("-- not executed by us.\n")
    assert 'FROM lake."my clinics"' in text
    assert "account AS id_clinic_id" in text
    assert "These fields have no column" in text
    assert "sector" in text.split("WITH")[0]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("icp", "--dialect", "snowflak"), "There is no dialect 'snowflak' (did you mean 'snowflake'?)"),
        (("icp", "--dialect", "duckdb", "--table", "a b; drop"), "is no name of a table in duckdb"),
        (("icp", "--dialect", "duckdb", "--types", "none.csv"), "none.csv does not exist"),
    ],
)
def test_errors_of_the_command(args: tuple[str, ...], says: str) -> None:
    with pytest.raises(InputError, match=re.escape(says)):
        raise call(*args).exception or AssertionError("no error")


def test_results_that_differ_in_capitals_alone() -> None:
    content = CONTENT | {"category": {"fit": CONTENT["category"]["fit"], "Fit": CONTENT["category"]["fit"]}}
    with pytest.raises(InputError, match="differ in capitals alone"):
        statement(restore_scorecard(content, "small"), find_dialect("duckdb"))
