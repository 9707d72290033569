"""Why each clinic scored what it did, in the table for CRM and BI, in its CSV, and in icp.duckdb."""

from pathlib import Path

import duckdb
import polars as pl
import pytest

from icp_engine.pipeline.run import RunOptions, run

WHY = {
    "a": (
        "Primary Care (strong fit); Small provider group (5-9 providers); Baseline regulatory exposure",
        "denial_pressure",
    ),
    "b": ("Baseline regulatory exposure", "segment_label"),
}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("why")
    clinics = {
        "clinic_id": ["a", "b"],
        "npi": ["1234567893", None],
        "segment_label": ["Primary Care", None],
        "icp_unknown": ["of an older run"] * 2,
        "city": ["Tulsa", "Reno"],
        "npi_count": [7, None],
        "phone": ["+1 555 0100", ""],
    }
    pl.DataFrame(clinics).write_parquet(folder / "clinics.parquet")
    run([str(folder / "clinics.parquet")], folder / "out", RunOptions(charts=False))
    return folder / "out"


def test_reasons_and_contacts_stand_before_the_network(out: Path) -> None:
    found = pl.read_parquet(out / "clinics_icp_with_networks.parquet").sort("clinic_id")
    names = found.columns[found.columns.index("aco_member") + 1 :]
    assert names[:6] == ["icp_top_reasons", "icp_unknown", "phone", "city", "npi", "network_id"]
    assert found["phone"].to_list() == ["+1 555 0100", ""]
    assert "icp_reason_codes" not in found.columns
    for row in found.to_dicts():
        reasons, unknown = WHY[row["clinic_id"]]
        assert row["icp_top_reasons"] == reasons
        assert unknown in row["icp_unknown"].split(", ")
    assert "segment_label" not in found["icp_unknown"][0].split(", ")


def test_all_ways_to_read_say_the_same(out: Path) -> None:
    columns = ["clinic_id", "icp_top_reasons", "icp_unknown"]
    due = pl.read_parquet(out / "clinics_icp_with_networks.parquet").select(columns).sort("clinic_id")
    text = pl.read_csv(out / "clinics_icp_with_networks.csv", schema_overrides=dict.fromkeys(columns, pl.String))
    assert text.select(columns).sort("clinic_id").equals(due)
    with duckdb.connect(str(out / "icp.duckdb"), read_only=True) as db:
        assert db.execute("from clinic_why order by clinic_id").fetchall() == due.rows()
        found = db.execute(f"select {', '.join(columns)} from clinics_icp_with_networks order by clinic_id")
        assert found.fetchall() == due.rows()


def test_an_older_column_of_that_name_is_replaced_and_the_clinics_keep_theirs(out: Path) -> None:
    names = pl.read_parquet_schema(out / "clinics_icp.parquet").names()
    assert {"icp_unknown", "icp_top_reasons", "icp_reason_codes"}.isdisjoint(names)
    assert {"npi", "city", "phone"} < set(names)
