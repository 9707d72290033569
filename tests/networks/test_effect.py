"""What a decision would do, before it is written: the same as what it does in the run that follows."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result

from icp_engine.cli import cli
from icp_engine.errors import InputError
from icp_engine.networks.decisions import Decision, read_decisions
from icp_engine.networks.grouping import NetworkOptions
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.published.decide import decide, try_decisions
from icp_engine.published.run import open_run


def named(name: str, clinics: str, state: str = "TX", owner: str | None = None, **more: Any) -> list[dict[str, Any]]:
    return [{"clinic_id": key, "account_name": name, "state_code": state, "PAC ID": owner, **more} for key in clinics]


# Five of a name and four of another in a state, two states of one owner, a pair that nothing ties; the five score.
CLINICS = [
    *named(
        "Quill Health",
        "abcno",
        npi_count=60,
        segment_label="FQHC",
        fqhc_flag=True,
        aco_member=True,
        pecos_enrolled=True,
    ),
    *named("Zephyr Health", "defm"),
    *named("Onyx Health", "gh", owner="7"),
    *named("Umber Health", "i", "OK", owner="7"),
    *named("Alone Clinic", "j"),
    *named("Single Clinic", "k"),
]


def publish(out: Path, **options: Any) -> Path:
    pl.DataFrame(CLINICS, infer_schema_length=None).write_parquet(out.parent / "clinics.parquet")
    run([str(out.parent / "clinics.parquet")], out, RunOptions(format="parquet", charts=False, **options))
    return out


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(tmp_path_factory.mktemp("effect") / "out")


def line(action: Any, subject: str, object_: str = "") -> Decision:
    return Decision(0, "", "Ann", action, subject, object_, "")


# What would change: kinds of changes with their clinics, networks that go on by their anchors, and clinics concerned.
CASES: dict[str, tuple[Decision, list[tuple[str, str]], list[str], int]] = {
    "merge, of which the tier falls": (line("merge", "a", "d"), [("merged", "defm")], ["a: 5 to 9, 2 to 3"], 9),
    "merge of two that are alone": (line("merge", "j", "k"), [("added", "jk")], [], 2),
    "one leaves, and is in none": (line("not_same", "d", "f"), [], ["d: 4 to 3, 3 to 3"], 1),
    "a network ends": (line("split", "e;f", "d"), [("gone", "defm")], [], 4),
    "another anchor": (line("anchor", "c"), [], ["c: 5 to 5, 2 to 2"], 5),
    "another name": (line("rename", "a", "Quill of Texas"), [("renamed", "abcno")], [], 0),
    "nothing": (line("not_same", "a", "d"), [], [], 0),
}


@pytest.mark.parametrize("case", CASES)
def test_what_would_change(case: str, warehouse: Path, tmp_path: Path) -> None:
    decision, changes, networks, clinics = CASES[case]
    found = try_decisions(open_run(warehouse), tmp_path / "decisions.csv", [decision])
    assert [(row["change"], "".join(row["clinics"])) for row in found.changes.to_dicts()] == changes
    assert [
        f"{row['anchor']}: {row['clinics_before']} to {row['clinics']}, {row['tier_before'][5]} to {row['tier'][5]}"
        for row in found.networks.to_dicts()
    ] == networks
    assert found.clinics == clinics
    assert [told.state for told in found.decisions] == ["holds"]
    assert not (tmp_path / "decisions.csv").exists()


def networks_of(out: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    with open_run(out).database() as db:
        changes = db.frame("from network_changes")
        return changes, db.frame("from networks_icp order by network_id")


def test_the_next_run_does_the_same(tmp_path: Path) -> None:
    out = publish(tmp_path / "out")
    run, path = open_run(out), out / "decisions.csv"
    decide(run, path, line("merge", "j", "k"))  # since the run: no part of what the next line does
    told = try_decisions(run, path, [line("merge", "a", "d")])
    assert told.changes["change"].to_list() == ["merged"]
    decide(run, path, line("merge", "a", "d"))
    publish(out)
    changes, networks = networks_of(out)
    assert changes.filter(change="merged").rows() == told.changes.rows()
    [after] = told.networks.to_dicts()
    [row] = networks.filter(network_id=after["network_id"]).to_dicts()
    assert (row["num_clinics"], row["network_icp_total_score"], row["network_icp_tier_label"]) == (
        after["clinics"], after["score"], after["tier"],
    )  # fmt: skip
    assert len(read_decisions(path)) == 2


def call(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


def test_on_the_command_line(warehouse: Path, tmp_path: Path) -> None:
    words = ("review", "decide", "merge", "a", "d", "--dry-run", "-w", warehouse, "--decisions", tmp_path / "d.csv")
    printed = call(*words).output
    assert "line 2 (merge a d): holds" in printed
    assert "9 clinics would get another network, or one with another tier or anchor. Nothing was written." in printed
    assert "5 -> 9" in printed
    told = json.loads(call(*words, "--json").output)
    assert (told["clinics"], told["changes"][0]["change"]) == (9, "merged")
    assert (
        "No clinic would get another network"
        in call(
            "review", "decide", "rename", "a", "Quill", "--dry-run", "-w", warehouse, "--decisions", tmp_path / "d.csv"
        ).output
    )
    assert not (tmp_path / "d.csv").exists()


def test_what_cannot_hold_is_refused(warehouse: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the run has no clinic 'nobody'"):
        try_decisions(open_run(warehouse), tmp_path / "d.csv", [line("merge", "a", "nobody")])
    exact = publish(tmp_path / "out", network=NetworkOptions(grouping="exact"))
    with pytest.raises(InputError, match="applies no decisions; run again by evidence"):
        try_decisions(open_run(exact), tmp_path / "d.csv", [line("merge", "a", "d")])


def test_names_and_overrides_of_the_run_hold(tmp_path: Path) -> None:
    """They are those that the run kept: their files may be gone."""
    (tmp_path / "names.txt").write_text("Zephyr Health")
    (tmp_path / "o.csv").write_text("clinic_id,network_name\nc,\n")
    options = NetworkOptions(exclude_names=str(tmp_path / "names.txt"), overrides=str(tmp_path / "o.csv"))
    out = publish(tmp_path / "out", network=options)
    (tmp_path / "names.txt").unlink()
    (tmp_path / "o.csv").unlink()
    found = try_decisions(open_run(out), tmp_path / "d.csv", [line("merge", "d", "g")])
    assert [(row["clinics_before"], row["clinics"]) for row in found.networks.to_dicts()] == [(3, 4)]
