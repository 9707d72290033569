"""The rows of public files that set the fields of a clinic, in the answers of the server."""

from pathlib import Path

from click.testing import CliRunner
from serving import served

from icp_engine.cli import cli

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"


def test_a_clinic_says_which_rows_of_public_files_set_its_fields(tmp_path: Path) -> None:
    words = ["--nppes", str(EXAMPLES / "npidata.csv"), "--leie", str(EXAMPLES / "leie.csv"), "--complete", "leie"]
    for command in (
        ["build", *words, "--out", str(tmp_path / "clinics.parquet"), "-q"],
        ["run", str(tmp_path / "clinics.parquet"), "--out", str(tmp_path / "w"), "-q", "--no-charts"],
    ):
        done = CliRunner().invoke(cli, command)
        assert (done.exit_code, done.stderr) == (0, "")
    done = CliRunner().invoke(
        cli, ["sql", "-w", str(tmp_path / "w"), "--csv", "from build_matches where file = 'leie'"]
    )
    assert done.stdout.splitlines()[0] == "clinic_id,field,file,key,value,match,detail"
    assert len(done.stdout.splitlines()) == 2
    with served(tmp_path / "w") as server:
        clinics = [row["clinic_id"] for row in server.get("/icp/clinics").json["clinics"]]
        sources = {key: server.get(f"/icp/clinic/{key}").json["sources"] for key in clinics}
    assert len(sources) == 4
    set_by = {(row["field"], row["file"], row["key"], row["match"]) for rows in sources.values() for row in rows}
    assert ("oig_leie_flag", "leie", "npi", "exact") in set_by
    assert ("fqhc_flag", "nppes", "taxonomy code") in {row[:3] for row in set_by}
    assert [] in sources.values()
