"""A mapping is kept in a file: what `validate` writes, `run` reads, and a flag wins over it."""

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from icp_engine.cli import cli
from icp_engine.errors import InputError
from icp_engine.extract.mapping import read_mapping

ODD = 'a "quoted"\\ köln'


def call(*words: object) -> Result:
    return CliRunner().invoke(cli, list(map(str, words)))


@pytest.fixture
def extract(tmp_path: Path) -> Path:
    file = tmp_path / "a.csv"
    file.write_text(f'Id,NPI Count,"{ODD.replace(chr(34), chr(34) * 2)}",seats\n1,55,x,7\n', encoding="utf-8")
    return file


def test_what_was_matched_is_written_and_read_again(extract: Path, tmp_path: Path) -> None:
    kept = tmp_path / "ours.toml"
    assert call("validate", extract, "--write-mapping", kept, "--map", f"sector={ODD}").exit_code == 0
    assert tomllib.loads(kept.read_text("utf-8")) == {
        "map": {"sector": ODD, "clinic_id": "Id", "npi_count": "NPI Count"}
    }
    assert '# "seats"' in kept.read_text("utf-8").splitlines()
    again = json.loads(call("validate", extract, "--mapping", kept, "--json").output)["fields"]
    assert {name: one["column"] for name, one in again.items() if one["column"]} == read_mapping(kept)
    assert {one["matched"] for one in again.values() if one["column"]} == {"--map"}


def test_a_flag_wins_over_the_file(extract: Path, tmp_path: Path) -> None:
    kept = tmp_path / "ours.toml"
    kept.write_text('[map]\nclinic_id = "Id"\nnpi_count = "NPI Count"\n')
    words = ("--mapping", kept, "--map", "npi_count=seats", "--out", tmp_path / "w", "--json", "--no-charts")
    fields = json.loads(call("run", extract, *words).output)["fields"]
    assert (fields["clinic_id"]["column"], fields["npi_count"]["column"]) == ("Id", "seats")


def test_a_file_of_the_user_is_not_written_over(extract: Path, tmp_path: Path) -> None:
    kept = tmp_path / "ours.toml"
    kept.write_text("mine")
    done = call("validate", extract, "--write-mapping", kept)
    assert isinstance(done.exception, InputError)
    assert "is there already" in str(done.exception)
    assert kept.read_text() == "mine"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "no such table"),
        ('clinic_id = "Id"', "no such table"),
        ('[map]\nclinic_id = "Id"\n[more]', "'more' besides"),
        ("[map]\nclinic_id = 5", "clinic_id is 5"),
        ('[map]\nclinic_id = " "', "name the column in quotes"),
        ("[map", r"ours\.toml:1"),
    ],
)
def test_a_file_that_is_no_mapping_gets_one_sentence(tmp_path: Path, content: str, what: str) -> None:
    (tmp_path / "ours.toml").write_text(content)
    with pytest.raises(Exception, match=what):
        read_mapping(tmp_path / "ours.toml")


def test_a_column_that_is_gone_is_named(extract: Path, tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text('[map]\nnpi_count = "Providers"\n')
    done = call("validate", extract, "--mapping", tmp_path / "ours.toml")
    assert "no file has a column 'Providers'" in str(done.exception)
