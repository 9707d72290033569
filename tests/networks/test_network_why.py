"""`networks show --why`: what ties a network, what it hangs on, and which clinics of its names were left out."""

import json
from itertools import product
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from icp_engine.cli import cli
from icp_engine.networks.grouping import NetworkOptions
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.published.run import open_run
from icp_engine.published.why import NearMiss, Part, Shared, Tie, links_to, network_why

OVERRIDES = "clinic_id,network_name\nh1,elm hospital\nf9,\n"


def row(clinic: str, name: str | None, state: str | None, owner: str | None = None, parent: str | None = None) -> Any:
    return {"clinic_id": clinic, "account_name": name, "state_code": state, "pac_id": owner, "parent_name": parent}


# Memorial Hospital is common: so many names hold each of its words.
CROWD = [row(f"z{word}", f"q{word} Memorial Hospital", "AK") for word in map("".join, product("abcdef", repeat=3))]
CLINICS = [
    *(row(f"f{number}", "Memorial Hospital", "TX", "7" if number < 2 else None) for number in range(3)),
    row("f3", "Elm Clinic", "TX", "7", "Elm Holdings, Inc."),
    row("f4", "Elm Clinic", None, "7", "ELM HOLDINGS"),
    *(row(f"g{number}", "Memorial Hospital", "OK") for number in range(3)),
    row("g3", "Memorial Hospital", "CA", "8"),
    row("g4", "Memorial Hospital", None),
    row("f9", "Memorial Hospital", "TX"),
    *(row(f"e{number}", "Elm Hospital", "NV") for number in range(3)),
    row("h1", "Oak Hospital", "UT"),
]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("why")
    pl.DataFrame([*CLINICS, *CROWD]).write_csv(folder / "clinics.csv")
    (folder / "overrides.csv").write_text(OVERRIDES)
    options = NetworkOptions(overrides=str(folder / "overrides.csv"))
    run([str(folder / "clinics.csv")], folder / "out", RunOptions(format="parquet", charts=False, network=options))
    return folder / "out"


def network_of(warehouse: Path, clinic: str) -> str:
    frame = pl.read_parquet(warehouse / "clinics_icp_with_networks.parquet")
    found: str = frame.filter(pl.col("clinic_id") == clinic)["network_id"].item()
    return found


def test_everything_that_is_known_of_a_network(warehouse: Path) -> None:
    found = network_why(open_run(warehouse), network_of(warehouse, "f0"))
    assert found.states == (Shared("TX", 4), Shared(None, 1))
    assert found.ties == (
        Tie("owner", 4, 1, (Shared("7", 4),)),
        Tie("parent", 2, 1, (Shared("elm holdings", 2),)),
        Tie("name", 3, 1, (Shared("memorial hospital, TX", 3),)),
    )
    assert found.weakest == "name"
    assert found.parts == (Part("Elm Clinic", ("TX",), 4), Part("Memorial Hospital", ("TX",), 1))
    assert (found.owners, found.parents) == ((Shared("7", 4),), (Shared("elm holdings", 2),))


@pytest.mark.parametrize(
    ("anchor", "links"),
    [
        ("a", {"b": "owner", "c": "name_rare", "d": "name_rare", "e": "spelling"}),
        ("d", {"c": "name", "a": "name_rare", "b": "name_rare", "e": "spelling"}),
    ],
)
def test_a_clinic_is_linked_to_the_anchor_by_the_strongest_way_there_is(anchor: str, links: dict[str, str]) -> None:
    ties = [
        ("spelling", "a", "9"), ("spelling", "c", "9"), ("spelling", "e", "9"),
        ("name_rare", "b", "2"), ("name_rare", "c", "2"),
        ("name", "c", "1"), ("name", "d", "1"),
        ("owner", "a", "7"), ("owner", "b", "7"),
    ]  # fmt: skip
    assert links_to(anchor, list("abcdef"), ties) == links, "f hangs on nothing"


def test_names_that_were_kept_apart(warehouse: Path) -> None:
    texas, oklahoma = network_of(warehouse, "f0"), network_of(warehouse, "g0")
    assert texas != oklahoma
    misses = network_why(open_run(warehouse), texas).near_misses
    assert {miss.name for miss in misses} == {"memorial hospital"}
    by_where = {(miss.states, miss.networks): miss for miss in misses}
    assert by_where[("OK",), (oklahoma,)].clinics == 3
    assert by_where[("CA",), ()].why.endswith("in one state at a time, and too few stand in theirs")
    assert by_where[(), ()] == NearMiss("memorial hospital", 1, (), (), "its state is not known")
    assert by_where[("TX",), ()] == NearMiss("memorial hospital", 1, ("TX",), (), "placed by hand")


def test_a_network_made_by_hand_falls_apart_without_it(warehouse: Path) -> None:
    found = network_why(open_run(warehouse), network_of(warehouse, "h1"))
    assert [(tie.kind, tie.clinics) for tie in found.ties] == [("override", 1), ("name", 3)]
    assert found.near_misses == ()


def test_printed_and_as_json(warehouse: Path) -> None:
    network = network_of(warehouse, "f0")
    printed = CliRunner().invoke(cli, ["networks", "show", network, "--why", "-w", str(warehouse)])
    assert printed.exit_code == 0
    for line in (
        "Members by state: TX (4), not known (1)",
        "Without name it falls into 2 parts",
        "Owners known: 1: 7 (4)",
        "Left out, though they share a name",
    ):
        assert line in printed.output
    plain = CliRunner().invoke(cli, ["networks", "show", network, "-w", str(warehouse)]).output
    assert "Members by state" not in plain
    assert "owner 4, parent 2, name 3" in plain
    told = CliRunner().invoke(cli, ["networks", "show", network, "--why", "--json", "-w", str(warehouse)]).output
    why = json.loads(told)["why"]
    assert why["ties"][0] == {"kind": "owner", "clinics": 4, "num_values": 1, "values": [{"value": "7", "clinics": 4}]}
    assert {miss["why"] for miss in why["near_misses"]} >= {"its state is not known", "placed by hand"}


def test_by_exact_names_there_is_the_name(warehouse: Path, tmp_path: Path) -> None:
    options = RunOptions(format="parquet", charts=False, network=NetworkOptions(grouping="exact"))
    run([str(warehouse.parent / "clinics.csv")], tmp_path / "out", options)
    found = network_why(open_run(tmp_path / "out"), network_of(tmp_path / "out", "f0"))
    assert found.ties == (Tie("name", 9, 1, (Shared("memorial hospital", 9),)),)
    assert (found.weakest, found.parts, found.near_misses) == (None, (), ())
