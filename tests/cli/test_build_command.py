"""`icp-engine build` and `enrich` on the command line, with a few lines and with the real pieces of public files."""

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result
from public_files import LEIE, main_file, npi, organization, written

from icp_engine.cli import cli


def call(*args: object) -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args])


@pytest.fixture
def files(tmp_path: Path) -> Path:
    main_file(
        tmp_path / "npidata_1.csv", [organization(1, "ELM CLINIC"), organization(2, "DRUGS", taxonomy_1="3336C0003X")]
    )
    main_file(tmp_path / "npidata_2.csv", [organization(3, "OAK CLINIC", taxonomy_1="251E00000X")])
    written(tmp_path / "EXCL.csv", LEIE, [f",, ,ELM,,,,{npi(1)},,,AUSTIN,TX,78701,1128b7,20160101,00000000"])
    written(tmp_path / "REIN.csv", LEIE, [f",, ,ELM,,,,{npi(1)},,,AUSTIN,TX,78701,1128b7,20160101,20180101"])
    return tmp_path


def test_several_files_of_an_option_as_the_shell_spells_them_out(files: Path) -> None:
    out = files / "clinics.parquet"
    main = sorted(files.glob("npidata_*.csv"))
    done = call(
        "build", "--nppes", *main, "--leie", files / "EXCL.csv", files / "REIN.csv", "--complete", "leie", "--out", out
    )
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("2 clinics of 3 organisations in ")
    for line in (
        "leie, complete     2     0        0            0        0",
        "no clinics: 1;",
        f"icp-engine run {out}",
    ):
        assert line in done.stdout
    assert pl.read_parquet(out).select("clinic_id", "oig_leie_flag").rows() == [
        ("elm-clinic-TX", False),
        ("oak-clinic-TX", False),
    ]


def test_json_is_what_build_json_holds(files: Path) -> None:
    done = call("build", "--nppes", files / "npidata_*.csv", "--out", files / "clinics.parquet", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout) == json.loads((files / "build.json").read_text())
    assert json.loads(done.stdout)["segments"] == {"Home Health / Post-Acute": 1, "Primary Care": 1}


def test_sources_need_no_file() -> None:
    done = call("build", "--sources")
    assert (done.exit_code, done.stderr) == (0, "")
    sources = [line for line in done.stdout.splitlines() if line.startswith("--")]
    options = {option for param in cli.get_command(None, "build").params for option in param.opts}  # type: ignore[arg-type, union-attr]
    assert len(sources) == 14
    assert set(sources) <= options


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["build"], 2, "Missing option '--nppes'"),
        (
            ["build", "--nppes", "EXCL.csv"],
            1,
            "EXCL.csv is not the main file of NPPES (npidata_pfile): it has no column",
        ),
        (
            ["build", "--nppes", "npidata_1.csv", "--complete", "hrsa"],
            1,
            "--complete hrsa: no such file is given; add --hrsa.",
        ),
        (["enrich", "npidata_1.csv", "--out", "x.parquet"], 1, "No public file is given"),
    ],
)
def test_a_mistake_is_one_sentence(
    files: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int, message: str
) -> None:
    monkeypatch.chdir(files)
    done = call(*words)
    said = done.stderr if code == 2 else str(done.exception)
    assert message in said
    assert not (files / "clinics.parquet").exists()


def test_a_folder_is_read_without_the_matches_that_lie_in_it(files: Path, tmp_path: Path) -> None:
    folder = tmp_path / "extract"
    folder.mkdir()
    call("build", "--nppes", files / "npidata_*.csv", "--leie", files / "EXCL.csv", "--out", folder / "clinics.parquet")
    for extract in (folder, folder / "*.parquet"):
        done = call("validate", extract, "--json")
        assert [Path(file["path"]).name for file in json.loads(done.stdout)["inputs"]] == ["clinics.parquet"]


def test_enrich(files: Path) -> None:
    out = files / "clinics.parquet"
    call("build", "--nppes", files / "npidata_*.csv", "--out", out)
    done = call("enrich", out, "--leie", files / "EXCL.csv", "--out", files / "more.parquet")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "oig_leie_flag     1      0          1" in done.stdout
    found = pl.read_parquet(files / "more.parquet")
    assert found.select("clinic_id", "oig_leie_flag", "oig_exclusion_type").row(0) == ("elm-clinic-TX", True, "1128b7")
    assert found.drop("oig_leie_flag", "oig_exclusion_type").equals(
        pl.read_parquet(out).drop("oig_leie_flag", "oig_exclusion_type")
    )


def test_the_real_files_go_through_build_and_run(shared_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "clinics.parquet"
    done = call(
        "build",
        "--nppes", shared_data / "nppes" / "npidata_weekly_20240101-20240211_type2.csv",
        "--locations", shared_data / "nppes" / "pl_pfile_20251103-20251109.csv",
        "--other-names", shared_data / "nppes" / "othername_pfile_20251103-20251109.csv",
        "--deactivated", shared_data / "nppes" / "deactivated_npis_2024w01-w05.csv",
        "--leie", *sorted((shared_data / "leie").glob("*.csv")),
        "--hrsa", *sorted((shared_data / "hrsa").glob("*.csv")),
        "--enrollments", *sorted((shared_data / "enrollments").glob("Ho*.csv")),
        "--utilization", shared_data / "utilization" / "mup_phy_prov_svc_first1000.csv",
        "--aco", shared_data / "aco" / "aco_participants_py2025_first2pages.csv",
        "--out", out,
    )  # fmt: skip
    assert (done.exit_code, done.stderr) == (0, "")
    summary = json.loads((tmp_path / "build.json").read_text())
    assert (summary["organizations"], summary["clinics"], summary["written"]) == (28_594, 22_606, 19_933)
    clinics = pl.read_parquet(out)
    assert clinics["clinic_id"].n_unique() == clinics.height == 19_933
    assert clinics["npis"].explode(empty_as_null=False, keep_nulls=False).is_unique().all()
    matches = pl.read_parquet(tmp_path / "build_matches.parquet").filter(file="enrollments")
    by_kind = dict(matches.group_by("detail").agg(pl.col("value").n_unique()).iter_rows())
    assert by_kind == {"home health": 415, "hospital": 284}  # as many NPIs as the notes on these files count
    assert summary["files"]["leie"]["matched"] == 0
    run = call("run", out, "--out", tmp_path / "warehouse", "--no-charts", "--format", "parquet", "--json")
    assert run.exit_code == 0
    assert json.loads(run.stdout)["rows"]["scored"] == 19_933


def test_explain_says_which_rows_of_public_files_set_a_field(files: Path) -> None:
    out, warehouse = files / "clinics.parquet", files / "warehouse"
    call("build", "--nppes", files / "npidata_*.csv", "--leie", files / "EXCL.csv", "--out", out)
    call("run", out, "--out", warehouse, "--no-charts", "--format", "parquet", "--quiet")
    done = call("explain", "elm-clinic-TX", "-w", warehouse)
    assert done.exit_code == 0
    assert done.stdout.endswith(f"Where it comes from\n  oig_leie_flag  leie  npi {npi(1)}  exact  1128b7\n")
    found = json.loads(call("explain", "elm-clinic-TX", "-w", warehouse, "--json").stdout)
    due = {
        "field": "oig_leie_flag",
        "file": "leie",
        "key": "npi",
        "value": npi(1),
        "match": "exact",
        "detail": "1128b7",
    }
    assert (found["clinic_id"], found["sources"]) == ("elm-clinic-TX", [due])
    assert "Where it comes from" not in call("explain", "oak-clinic-TX", "-w", warehouse).stdout
    assert json.loads(call("explain", "oak-clinic-TX", "-w", warehouse, "--json").stdout)["sources"] == []
    (files / "build_matches.parquet").write_text("something else")
    broken = call("explain", "elm-clinic-TX", "-w", warehouse)
    assert "build_matches.parquet is no list of matches of a build" in str(broken.exception)
    (files / "build_matches.parquet").unlink()
    assert "Where it comes from" not in call("explain", "elm-clinic-TX", "-w", warehouse).stdout
