"""CSV for Excel: every text is shown as it is, and none of them runs."""

import csv
import io
import shlex
import shutil
import subprocess
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result

from icp_engine.cli import cli
from icp_engine.display import shell_line
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.tables.excel import excel_csv

ODD_IDS = ("-5", "--help", "it's a", 'say "x"', "$(touch x)", "a\tb", "a\\b'\t", "00123", "=1+1", "*", "~", "#5", "é 1")


def cells(frame: pl.DataFrame) -> list[list[str]]:
    content = excel_csv(frame)
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize(
    "text",
    [
        "00123", "0", "-5", "+5", "1.5", "1,234", "$1,200.50", "(12)", "12%", "1.0937E+09", "1E5", "1e5",
        "12345678901234567890", "02134", "3-4", "3/16/2026", "2026-03-16", "2026-03-16 16:05", "1-Dec", "MAR1",
        "Mar 16, 2026", "1/2", "1 1/2", "4:05", "4:05 PM",
        "true", "FALSE", " 7",
    ],
)  # fmt: skip
def test_what_excel_would_convert_is_kept_as_text(text: str) -> None:
    assert cells(pl.DataFrame({"a": [text]}))[1] == [f'="{text}"']


@pytest.mark.parametrize(
    "text",
    ["=1+1", '=HYPERLINK("http://x","y")', "+cmd|' /C calc'!A0", "-1+2", "@SUM(A1)", "\tx", "\rx", "\n=x", "\uff1d1"],
)
def test_what_would_run_gets_an_apostrophe(text: str) -> None:
    assert cells(pl.DataFrame({"a": [text]}))[1] == [f"'{text}"]
    assert cells(pl.DataFrame({text: ["a"]}))[0] == [f"'{text}"]


@pytest.mark.parametrize(
    "text",
    ["NAME", "1 Main St", "78701-1234", "555-0101", "C-134", "a=b", "a@b.c", "3M", "NaN-care", "Market 5 Inc", "é"],
)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert cells(pl.DataFrame({"a": [text]}))[1] == [text]


def test_values_that_are_no_texts_stay_but_for_digits_that_excel_would_lose() -> None:
    values: dict[str, Any] = {
        "whole": [-3, 999_999_999_999_999], "long": [1_234_567_890_123_456, None], "number": [-1.5, None],
        "flag": [True, None], "day": [date(2026, 3, 16), None], "text": ["", None],
        "exact": [Decimal("12345678901234567.5"), Decimal("1.5")],
    }  # fmt: skip
    frame = pl.DataFrame(values).with_columns(
        kind=pl.Series(["=x", "7"], dtype=pl.Categorical), several=pl.Series([["=a", "b"], []])
    )
    assert cells(frame)[1:] == [
        ["-3", '="1234567890123456"', "-1.5", "true", "2026-03-16", "", '="12345678901234567.5"', "'=x", "'=a;b"],
        ["999999999999999", "", "", "", "", "", "1.5", '="7"', ""],
    ]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("odd ' ids")
    names = ["=HYPERLINK(1)"] * len(ODD_IDS)
    frame = pl.DataFrame({"clinic_id": ODD_IDS, "account_name": names, "postal_code": ["02134"] * len(ODD_IDS)})
    frame.write_parquet(folder / "clinics.parquet")
    run([str(folder / "clinics.parquet")], folder / "out", RunOptions(charts=False))
    return folder / "out"


def call(*args: object) -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args], prog_name="icp-engine")


def test_export_for_excel_is_said_not_to_be_for_a_crm_and_the_plain_one_stays(warehouse: Path, tmp_path: Path) -> None:
    words = ["export", "-w", warehouse, "--columns", "clinic_id,account_name,postal_code"]
    done = call(*words, "--for", "excel", "--out", tmp_path / "list.csv")
    assert "not for a CRM" in done.stderr
    written = (tmp_path / "list.csv").read_bytes()
    assert written == call(*words, "--for", "excel").stdout_bytes
    found = {row[0]: row for row in csv.reader(io.StringIO(written.decode("utf-8-sig"), newline=""))}
    assert found['="00123"'] == ['="00123"', "'=HYPERLINK(1)", '="02134"']
    assert found['="-5"'][0] == '="-5"'
    assert "00123,=HYPERLINK(1),02134\n" in call(*words).stdout
    assert call(*words, "--for", "excel", "--out", tmp_path / "list.xlsx").exit_code == 2
    assert call(*words, "--for", "excel", "--format", "parquet", "--out", tmp_path / "list").exit_code == 2


@pytest.mark.parametrize("best", ODD_IDS)
def test_the_advice_of_a_run_works_when_pasted(best: str, tmp_path: Path) -> None:
    out = tmp_path / "out 'of' it"
    pl.DataFrame({"clinic_id": [best]}).write_parquet(tmp_path / "clinics.parquet")
    said = call("run", tmp_path / "clinics.parquet", "--out", out, "--no-charts").stdout
    why = next(line for line in said.splitlines() if line.startswith("Why ")).removeprefix("Why").strip()
    asked = f'print() {{ printf "%s\\0" "$@"; }}; {why.replace("icp-engine", "print", 1)}'
    shell = "bash" if "$'" in why else "sh"  # control characters have no other spelling that can be seen
    if shutil.which(shell) is None:
        pytest.skip(f"a control character is quoted for {shell}, which this machine lacks")
    words = subprocess.run([shell, "-c", asked], capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    assert not (tmp_path / "x").exists()
    done = call(*words.split("\0")[:-1])
    assert done.exit_code == 0, done.stderr
    assert "points" in done.stdout


def test_the_advice_leaves_the_warehouse_out_only_where_it_is_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("clinics.csv").write_text("clinic_id\n1\n")

    def why(*args: str) -> list[str]:
        said = call("run", "clinics.csv", "--no-charts", *args).stdout.splitlines()
        return shlex.split(next(line for line in said if line.startswith("Why ")))[2:]

    assert why() == ["explain", "1"]
    assert why("--out", "w") == ["explain", "-w", "w", "1"]
    Path("icp.toml").write_text('warehouse = "w"\n')
    assert why("--out", "w") == ["explain", "1"]
    assert why() == ["explain", "-w", "warehouse", "1"]


def test_commands_in_errors_can_be_pasted(tmp_path: Path, warehouse: Path) -> None:
    empty = tmp_path / "a b"
    asked = str(call("explain", "-w", empty, "1").exception).partition("make one with: ")[2]
    assert shlex.split(asked) == ["icp-engine", "run", "EXTRACT", "--out", str(empty)]
    asked = str(call("networks", "show", "-w", warehouse, "net_0").exception).partition("list them with: ")[2]
    assert shlex.split(asked) == ["icp-engine", "networks", "list", "-w", str(warehouse)]


def test_a_command_line_is_quoted_where_it_has_to_be() -> None:
    assert shell_line("icp-engine", "explain", "C-134") == "icp-engine explain C-134"
    assert shell_line("a b", "it's", "a\tb'") == "'a b' 'it'\"'\"'s' $'a\\tb\\''"
