"""Ids that stay from run to run: half of the members keep it, the larger gives it, and old ids lead to new ones."""

import hashlib
import json
import random
import threading
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner
from serving import served

from icp_engine import load_scorecard
from icp_engine.cli import cli
from icp_engine.database import database, sql_text
from icp_engine.errors import InputError
from icp_engine.networks.grouping import NetworkOptions
from icp_engine.networks.identity import ALIASES, Former, compare_with_former, keep_ids, register_former
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.published.lists import network
from icp_engine.published.run import open_run

Members = dict[str, str]  # network by clinic, the network as its name, or `id=name`
CARD = load_scorecard("icp")


def md5(name: str) -> str:
    return "net_" + hashlib.md5(name.encode()).hexdigest()[:12]


def spread(**networks: str) -> Members:
    """Clinics, single letters, by the network that they belong to."""
    return {clinic: name for name, clinics in networks.items() for clinic in clinics}


def followed(
    before: Members,
    after: Members,
    aliases: list[tuple[str, str | None]] = [],  # noqa: B006
    state: str | None = "TX",
) -> tuple[dict[str, str], set[tuple[str, str | None, str]], set[tuple[str, str | None, str | None, str]]]:
    """Ids by name after, new aliases, and changes; networks of the run before have the ids of their names."""
    lines = [(place, md5(old), new and md5(new), "then", "merged") for place, (old, new) in enumerate(aliases, 1)]
    former = Former(
        "now",
        pl.DataFrame([(key, md5(name)) for key, name in before.items()], ["clinic_id", "network_id"], orient="row"),
        pl.DataFrame(
            [(md5(name), name) for name in set(before.values())], ["network_id", "network_name"], orient="row"
        ),
        pl.DataFrame(lines, ALIASES, orient="row"),
    )
    rows = [(md5(name), name, key, False) for key, name in after.items()]
    with database(threads=2) as db:
        register_former(db, former)
        db.copy("evidence_clinics", pl.DataFrame({"clinic_id": list(after), "state_code": [state] * len(after)}))
        db.copy(
            "network_members",
            pl.DataFrame(rows, ["network_id", "network_name", "clinic_id", "is_forced_anchor"], orient="row"),
        )
        keep_ids(db)
        found = dict(db.frame("select distinct network_name, network_id from network_members").iter_rows())
        told, changes = compare_with_former(db)
    assert told["line"].to_list() == list(range(1, len(told) + 1))
    assert told.head(len(lines)).rows() == lines
    fresh = {(row[1], row[2], row[4]) for row in told.rows()[len(lines) :]}
    clinics = changes.select("change", "network_id", "former_id", pl.col("clinics").list.join(""))
    assert (changes["num_clinics"] == changes["clinics"].list.len()).all()
    return found, fresh, set(clinics.rows())


A, B, C, D = map(md5, "abcd")
CASES: dict[str, tuple[Members, Members, Any, Any, Any]] = {
    "nothing new": (spread(a="123"), spread(a="123"), {"a": A}, set(), set()),
    "another name": (spread(a="123"), spread(b="123"), {"b": A}, set(), {("renamed", A, A, "123")}),
    "half is left": (spread(a="1234"), spread(b="12"), {"b": A}, set(), {("renamed", A, A, "12")}),
    "less than half is left": (
        spread(a="12345"), spread(b="12"), {"b": B}, {(A, B, "split")}, {("split", B, A, "12")},
    ),
    "less than half is left, of the same name": (spread(a="12345"), spread(a="12"), {"a": A}, set(), set()),
    "gone": (spread(a="12", b="34"), spread(b="34"), {"b": B}, {(A, None, "gone")}, {("gone", None, A, "12")}),
    "added": (spread(a="12"), spread(a="12", b="34"), {"a": A, "b": B}, set(), {("added", B, None, "34")}),
    "first run": ({}, spread(a="12"), {"a": A}, set(), set()),
    "merged, the larger gives the id": (
        spread(a="12", b="345"), spread(c="12345"), {"c": B}, {(A, B, "merged")},
        {("merged", B, A, "12"), ("renamed", B, B, "12345")},
    ),
    "merged, of one size: more members, then the name": (
        spread(a="12", b="34"), spread(b="1234"), {"b": B}, {(A, B, "merged")}, {("merged", B, A, "12")},
    ),
    "split, the larger part keeps it": (
        spread(a="12345"), spread(b="345", a="12"), {"b": A, "a": md5("a tx")}, set(),
        {("split", md5("a tx"), A, "12"), ("renamed", A, A, "345")},
    ),
    "split in halves, the name keeps it": (
        spread(a="1234"), spread(a="34", b="12"), {"a": A, "b": B}, set(), {("split", B, A, "12")},
    ),
    "split in halves, one of which goes on a larger network": (
        spread(a="12", b="345"), spread(b="13456", c="278"), {"b": B, "c": A}, set(),
        {("split", B, A, "1"), ("renamed", A, A, "278")},
    ),
    "split in halves, one of the name goes on a larger network": (
        spread(a="12", b="345"), spread(a="1345", c="27"), {"a": B, "c": A}, set(),
        {("split", B, A, "1"), ("renamed", A, A, "27"), ("renamed", B, B, "1345")},
    ),
    "one moves": (
        spread(a="123", b="456"), spread(a="12", b="3456"), {"a": A, "b": B}, set(), {("split", B, A, "3")},
    ),
    "a name comes again while another network has its id": (
        spread(a="123"), spread(b="123", a="789"), {"b": A, "a": md5("a tx")}, set(),
        {("renamed", A, A, "123"), ("added", md5("a tx"), None, "789")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_ids_follow_clinics(case: str) -> None:
    before, after, ids, aliases, changes = CASES[case]
    assert followed(before, after) == (ids, aliases, changes)


def test_an_id_that_leads_elsewhere_is_not_given_again() -> None:
    ids, _, _ = followed(spread(b="12"), spread(b="12", a="34"), [("a", "b")])
    assert ids == {"b": B, "a": md5("a tx")}
    ids, _, _ = followed(spread(b="12"), spread(b="12", a="34"), [("a", "b"), ("a", None)])
    assert ids["a"] == A  # gone, and back
    before = spread(b="1234567")
    ids, lines, changes = followed(before, spread(b="12347", a="56"), [("a", "b")])  # merged, and apart again
    assert (ids, lines, changes) == ({"b": B, "a": A}, set(), {("split", A, B, "56")})
    ids, _, _ = followed(before, spread(b="123467", a="589"), [("a", "b")])  # two of three come from elsewhere
    assert ids["a"] == md5("a tx")


@pytest.mark.parametrize(
    ("names", "aliases", "state", "due"),
    [
        (["a"], [("a", "b")], "TX", ["a tx"]),
        (["a"], [("a", "b")], None, ["a 3"]),  # where no state is known
        (["a"], [("a", "b"), ("a tx", "b")], "TX", ["a 3"]),
        (["a"], [("a", "b"), ("a tx", "b"), ("a 3", "b")], "TX", ["a 3 3"]),
        (["a", "a tx"], [("a", "b")], "TX", ["a 3", "a tx"]),  # another new network has that name
    ],
)
def test_an_id_that_is_taken_takes_the_state_then_a_clinic(
    names: list[str], aliases: list[tuple[str, str | None]], state: Any, due: list[str]
) -> None:
    after = spread(b="12") | {f"{place}": name for place, name in enumerate(names, 3)}
    ids, _, _ = followed(spread(b="12"), after, aliases, state)
    assert [ids[name] for name in names] == list(map(md5, due))


WORDS = ("quill", "zephyr", "aardvark", "jackal", "onyx", "umber", "vortex", "walnut", "xenon", "yarrow")


def rows_of(count: int, rng: random.Random) -> list[dict[str, Any]]:
    """Networks of rare names, in one state or several."""
    rows = []
    for number in range(count):
        name = f"{WORDS[number % 10]} {WORDS[number // 10 % 10]} health {'abcdefghij'[number // 100]}x"
        for member in range(rng.randint(4, 12)):
            rows.append({"clinic_id": f"n{number}-{member}", "account_name": name, "state_code": "TX"})
    return rows


def publish(rows: list[dict[str, Any]], folder: Path, **options: Any) -> dict[str, str]:
    """Run, and return the network of each clinic."""
    pl.DataFrame(rows).write_parquet(folder / "clinics.parquet")
    run([str(folder / "clinics.parquet")], folder / "out", RunOptions(format="parquet", charts=False, **options))
    if not options.get("networks", True):
        return {}
    frame = pl.read_parquet(folder / "out" / "clinics_icp_with_networks.parquet", columns=["clinic_id", "network_id"])
    return dict(frame.drop_nulls().iter_rows())


def test_a_tenth_of_the_clinics_lost_and_a_twentieth_of_the_networks_renamed(tmp_path: Path) -> None:
    rng = random.Random(5)
    rows = rows_of(400, rng)
    before = publish(rows, tmp_path)
    renamed = set(rng.sample(range(400), 20))
    kept = [
        row | {"account_name": f"Renamed {row['account_name']}"}
        if int(row["clinic_id"][1:].split("-")[0]) in renamed
        else row
        for row in rows
        if rng.random() > 0.1
    ]
    rng.shuffle(kept)
    after = publish(kept, tmp_path)
    assert len(set(before.values())) == 400
    assert len(after) > len(rows) * 0.85
    assert all(before[clinic] == network_id for clinic, network_id in after.items())
    changes = query(tmp_path, "select change, count(*) from network_changes group by 1")
    assert dict(changes.iter_rows())["renamed"] == 20


def query(folder: Path, text: str) -> pl.DataFrame:
    with open_run(folder / "out").database() as db:
        return db.frame(text)


def merged(folder: Path) -> tuple[str, str]:
    """Two networks that an owner joins in the next run; return the old and the new id."""
    rows = [
        {"clinic_id": f"{name[0]}{number}", "account_name": name, "state_code": "TX", "pac_id": None}
        for name, count in (("Quill Health", 5), ("Zephyr Health", 3))
        for number in range(count)
    ]
    rows = [row | {"pac_id": name} for row, name in zip(rows, "11111222", strict=True)]
    first = publish(rows, folder)
    second = publish([row | {"pac_id": "1"} for row in rows], folder)
    assert set(second.values()) == {first["Q0"]}
    return first["Z0"], first["Q0"]


def test_old_ids_lead_to_the_network_by_cli_and_sql(tmp_path: Path) -> None:
    old, new = merged(tmp_path)
    printed = CliRunner().invoke(cli, ["networks", "show", old, "--why", "-w", str(tmp_path / "out")])
    assert printed.output.startswith(f"{old} is {new} since 20")
    assert ": merged." in printed.output.splitlines()[0]
    told = json.loads(CliRunner().invoke(cli, ["networks", "show", old, "--json", "-w", str(tmp_path / "out")]).output)
    assert (told["network_id"], told["former"]["former_id"], told["former"]["why"]) == (new, old, "merged")
    plain = json.loads(CliRunner().invoke(cli, ["networks", "show", new, "--json", "-w", str(tmp_path / "out")]).output)
    assert "former" not in plain
    assert query(tmp_path, f"select network_id, why from network_ids where asked_id = '{old}'").rows() == [
        (new, "merged")
    ]
    assert query(tmp_path, f"select why from network_ids where asked_id = '{new}'").rows() == [(None,)]
    gone = publish([{"clinic_id": "x", "account_name": "X", "state_code": "TX"}], tmp_path)
    assert gone == {}
    with pytest.raises(InputError, match=f"Network '{old}' went at .*: its clinics are gone"):
        network(open_run(tmp_path / "out"), old)


def test_old_ids_lead_to_the_network_by_the_api_and_on_pages(tmp_path: Path) -> None:
    old, new = merged(tmp_path)
    with served(tmp_path / "out") as server:
        page = server.get(f"/networks/{old}", {"Accept": "text/html"})
        assert page.status == 200
        assert f"The id <bdi>{old}</bdi> is no longer in use" in page.body.decode()
        assert "no longer in use" not in server.get(f"/networks/{new}", {"Accept": "text/html"}).body.decode()
        answer = server.get(f"/icp/networks/{old}")
        assert (answer.status, answer.json["network_id"], answer.json["former_id"]) == (200, new, old)
        assert server.get(f"/icp/networks/{new}").json["former_id"] is None
        for accept in ("application/json", "text/csv"):
            listed = server.get("/icp/clinics", {"Accept": accept}, network_id=old)
            assert (listed.headers["x-total-count"], listed.headers["x-icp-network"]) == ("8", new)
            assert "x-icp-network" not in server.get("/icp/clinics", {"Accept": accept}, network_id=new).headers
        clinics = server.get("/clinics", {"Accept": "text/html"}, network_id=old).body.decode()
        assert f"The id <bdi>{old}</bdi> is no longer in use" in clinics
        assert "no longer in use" not in server.get("/clinics", {"Accept": "text/html"}, network_id=new).body.decode()
        searched = server.get("/clinics", {"Accept": "text/html"}, q=old).body.decode()
        assert f'<a href="/networks/{old}">Go to the one of that id</a>' in searched
        assert server.get("/clinics.csv", network_id=old).body.count(b"\n") == 9  # with a header
        assert server.get("/icp/networks/net_0").status == 404


def test_aliases_in_a_circle_lead_nowhere_and_end() -> None:
    lines = [(1, "old", "n1", "", "merged"), (2, "one", "two", "", "merged"), (3, "two", "one", "", "merged")]
    with database(threads=1) as db:
        db.copy("networks_icp", pl.DataFrame({"network_id": ["n1"]}))
        db.copy("network_aliases", pl.DataFrame(lines, ALIASES, orient="row"))
        timer = threading.Timer(10, db.connection.interrupt)
        timer.start()
        found = db.frame(f"select asked_id, network_id from ({sql_text('views/network_ids')}) order by 1")
        timer.cancel()
    assert found.rows() == [("n1", "n1"), ("old", "n1")]


def test_ids_outlast_runs_without_networks(tmp_path: Path) -> None:
    old, new = merged(tmp_path)
    rows = [{"clinic_id": f"Q{number}", "account_name": "Renamed", "state_code": "TX"} for number in range(5)]
    for _ in range(3):
        publish(rows, tmp_path, networks=False, keep=1)
    assert set(publish(rows, tmp_path).values()) == {new}
    assert query(tmp_path, "select old_id, new_id, why from network_aliases").rows() == [(old, new, "merged")]


def test_by_exact_names_ids_follow_names(tmp_path: Path) -> None:
    rows = [{"clinic_id": f"Q{number}", "account_name": "Quill Health", "state_code": "TX"} for number in range(5)]
    exact = NetworkOptions(grouping="exact")
    publish(rows, tmp_path, network=exact)
    after = publish([row | {"account_name": "Zephyr Health"} for row in rows], tmp_path, network=exact)
    assert set(after.values()) == {md5("zephyr health")}
    assert network(open_run(tmp_path / "out"), md5("quill health")).former is not None
    back = publish(rows, tmp_path, network=exact)
    assert set(back.values()) == {md5("quill health")}
    assert network(open_run(tmp_path / "out"), md5("quill health")).former is None
    led = network(open_run(tmp_path / "out"), md5("zephyr health"))
    assert (led.network["network_id"].item(), led.former and led.former.why) == (md5("quill health"), "renamed")


def test_a_damaged_run_before_is_named(tmp_path: Path) -> None:
    rows = [{"clinic_id": f"Q{number}", "account_name": "Quill Health", "state_code": "TX"} for number in range(5)]
    publish(rows, tmp_path)
    (tmp_path / "out" / ".current" / "clinics_icp_with_networks.parquet").write_bytes(b"no parquet")
    with pytest.raises(InputError, match=r"of the run before cannot be read .*; put it right, or publish into another"):
        publish(rows, tmp_path)
