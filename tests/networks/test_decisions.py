"""Decisions of people: what each action does to networks, which lines hold, and which contradict each other."""

import csv
import json
import random
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from icp_engine.cli import cli
from icp_engine.errors import InputError
from icp_engine.networks.apart import keep_apart
from icp_engine.networks.decisions import COLUMNS, Decision, append_decisions, one_writer, read_decisions
from icp_engine.networks.evidence import KINDS
from icp_engine.networks.grouping import NetworkOptions
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.published.decide import decide_all
from icp_engine.published.lists import audits
from icp_engine.published.run import open_run
from icp_engine.published.why import network_why

Line = tuple[str, ...]  # action, subject, object
Networks = set[str]  # the clinics of each, joined


def named(name: str, clinics: str, state: str = "TX", owner: str | None = None) -> list[dict[str, Any]]:
    return [{"clinic_id": key, "account_name": name, "state_code": state, "pac_id": owner} for key in clinics.split()]


# Two networks of a state and one over two states, by owner; two clinics that nothing ties.
CLINICS = [
    *named("Quill Health", "q1 q2 q3"),
    *named("Zephyr Health", "z1 z2 z3 z4"),
    *named("Onyx Health", "o1 o2", "TX", "7"),
    *named("Umber Health", "u1 u2", "OK", "7"),
    *named("Alone Clinic", "a1"),
    *named("Single Clinic", "s1"),
]
QUILL, ZEPHYR, ONYX = "q1 q2 q3", "z1 z2 z3 z4", "o1 o2 u1 u2"


def write(path: Path, lines: list[Line]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for action, subject, *rest in lines:
            writer.writerow(["2026-11-26", "Ann", action, subject, *(rest or [""]), "a reason"])
    return path


def publish(folder: Path, lines: list[Line], clinics: list[dict[str, Any]] = CLINICS, **options: Any) -> Path:
    """Run with decisions beside the results, and return the folder of these."""
    out = folder / "out"
    out.mkdir(exist_ok=True)
    write(out / "decisions.csv", lines)
    pl.DataFrame(clinics).write_parquet(folder / "clinics.parquet")
    run([str(folder / "clinics.parquet")], out, RunOptions(format="parquet", charts=False, **options))
    return out


def query(out: Path, text: str) -> list[tuple[Any, ...]]:
    with open_run(out).database() as db:
        return db.frame(text).rows()


def networks(out: Path) -> Networks:
    found = query(
        out,
        "select string_agg(clinic_id, ' ' order by clinic_id) from clinics "
        "where network_id is not null group by network_id",
    )
    return {clinics for (clinics,) in found}


CASES: dict[str, tuple[list[Line], Networks, list[str]]] = {
    "none": ([], {QUILL, ZEPHYR, ONYX}, []),
    "merge": ([("merge", "q1", "z4")], {f"{QUILL} {ZEPHYR}", ONYX}, ["holds"]),
    "merge two that nothing tied": ([("merge", "a1", "s1")], {QUILL, ZEPHYR, ONYX, "a1 s1"}, ["holds"]),
    "merge over three": (
        [("merge", "a1", "q1"), ("merge", "a1", "s1")], {f"a1 {QUILL} s1", ZEPHYR, ONYX}, ["holds", "holds"],
    ),
    "not the same": ([("not_same", "z1", "z3")], {QUILL, "z1 z2 z4", ONYX}, ["holds"]),
    "not the same, the second leaves": ([("not_same", "z3", "z1")], {QUILL, "z2 z3 z4", ONYX}, ["holds"]),
    "not the same, with what hangs on it by stronger ties": (
        [("merge", "z3", "z4"), ("not_same", "z1", "z3")], {QUILL, ONYX, "z3 z4"}, ["holds", "holds"],
    ),
    "not the same, of one owner": ([("not_same", "o1", "u1")], {QUILL, ZEPHYR, "o1 o2 u2"}, ["holds"]),
    "not the same, never tied": ([("not_same", "q1", "z1")], {QUILL, ZEPHYR, ONYX}, ["holds"]),
    "split one": ([("split", "z2", "z1")], {QUILL, "z1 z3 z4", ONYX}, ["holds"]),
    "split several": ([("split", "z1; z2", "z3")], {QUILL, ONYX}, ["holds"]),
    "split several that stay a network": (
        [("split", "z1;z2;q1", "z3"), ("merge", "z1", "q1")], {"q1 q2 q3 z1 z2", ONYX}, ["holds", "holds"],
    ),
    "split a state": ([("merge", "u1", "u2"), ("split", "OK", "o1")], {QUILL, ZEPHYR, "u1 u2"}, ["holds", "holds"]),
    "a brand": (
        [("brand_prefix", "Quill"), ("exclude_name", "Zephyr Health, LLC")], {QUILL, ONYX}, ["holds", "holds"],
    ),
    "a later line on the same pair": (
        [("merge", "q1", "z4"), ("not_same", "z4", "q1")],
        {QUILL, ZEPHYR, ONYX}, ["overtaken by a later line", "holds"],
    ),
    "and the other way": (
        [("not_same", "z1", "z3"), ("merge", "z3", "z1")],
        {QUILL, ZEPHYR, ONYX}, ["overtaken by a later line", "holds"],
    ),
    "gone": ([("merge", "q1", "nobody"), ("not_same", "nobody", "q1"), ("anchor", "nobody")], {QUILL, ZEPHYR, ONYX},
             ["its clinics are gone"] * 3),
    "some of several gone": ([("split", "z2;nobody", "z1")], {QUILL, "z1 z3 z4", ONYX}, ["holds"]),
    "anchor": ([("anchor", "z3"), ("anchor", "a1")], {QUILL, ZEPHYR, ONYX}, ["holds", "its clinic is in no network"]),
    "two anchors of one network": (
        [("anchor", "z3"), ("anchor", "z2")], {QUILL, ZEPHYR, ONYX}, ["overtaken by a later line", "holds"],
    ),
    "two names of one network": (
        [("rename", "z3", "Zeta"), ("rename", "z2", "Eta"), ("rename", "z2", "Theta")], {QUILL, ZEPHYR, ONYX},
        ["overtaken by a later line", "overtaken by a later line", "holds"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_decisions_do(case: str, tmp_path: Path) -> None:
    lines, due, states = CASES[case]
    out = publish(tmp_path, lines)
    assert networks(out) == due
    assert [state for (state,) in query(out, "select state from decisions order by line")] == states
    assert all(rows.is_empty() for rows in audits(open_run(out)).values())


def test_anchors_names_and_ties_are_published(tmp_path: Path) -> None:
    out = publish(tmp_path, [("anchor", "z3"), ("rename", "z1", "Zeta Care, Inc."), ("merge", "a1", "s1")])
    found = query(out, "select anchor_clinic_id, network_name, display_name from networks_icp where num_clinics = 4")
    assert ("z3", "zeta care", "Zeta Care, Inc.") in found
    assert query(out, "select clinic_id from clinics where network_name = 'zeta care' and is_network_anchor") == [
        ("z3",)
    ]
    assert query(out, "select evidence, weakest_edge from networks_icp where num_clinics = 2") == [
        ("decision 2", "decision")
    ]
    assert query(out, "select clinic_id, kind from network_edges where status = 'decided' order by clinic_id") == [
        ("a1", "decision"),
        ("s1", "decision"),
    ]
    manifest = json.loads((out / "run.json").read_text())
    assert manifest["decisions"] == {"holds": [2, 3, 4]}


def test_why_shows_decisions_and_former_ids(tmp_path: Path) -> None:
    first = dict(query(publish(tmp_path, []), "select anchor_clinic_id, network_id from networks_icp"))
    out = publish(tmp_path, [("merge", "q1", "z4"), ("anchor", "z2"), ("anchor", "o1")])
    found = network_why(open_run(out), first["z1"])
    assert [(line.action, line.subject, line.author) for line in found.decisions] == [
        ("merge", "q1", "Ann"),
        ("anchor", "z2", "Ann"),
    ]
    assert [(former.former_id, former.why) for former in found.former_ids] == [(first["q1"], "merged")]
    printed = CliRunner().invoke(cli, ["networks", "show", first["q1"], "--why", "-w", str(out)]).output
    assert "merge q1 z4  Ann     holds  a reason" in printed
    assert f"Former ids: {first['q1']} (merged, 20" in printed


@pytest.mark.parametrize("line", ["z0,Quill Group,", "z0,QUILL GROUP INC,yes", "z0,Quill,"])
def test_an_override_by_the_name_that_a_decision_gives_leads_to_that_network(line: str, tmp_path: Path) -> None:
    clinics = [*named("Quill", "q1"), *named("Quill", "q2"), *named("Quill", "q3"), *named("Oak Clinic", "z0", "OK")]
    (tmp_path / "o.csv").write_text(f"clinic_id,network_name,is_anchor\n{line}\n")
    network = NetworkOptions(overrides=str(tmp_path / "o.csv"))
    out = publish(tmp_path, [("rename", "q1", "Quill Group")], clinics, network=network)
    assert networks(out) == {"q1 q2 q3 z0"}
    [(name, shown, anchor)] = query(out, "select network_name, display_name, anchor_clinic_id from networks_icp")
    assert (name, shown) == ("quill group", "Quill Group")
    assert (anchor == "z0") == line.endswith("yes")


def test_a_brand_over_states(tmp_path: Path) -> None:
    clinics = [*named("Quill", "q1"), *named("Quill North", "q2", "OK"), *named("Quilling", "q3", "CA")]
    out = publish(
        tmp_path, [("brand_prefix", "QUILL"), ("brand_prefix", "The Quill, Inc."), ("brand_prefix", "X")], clinics
    )
    assert networks(out) == {"q1 q2"}
    [key] = query(out, "select network_id from networks_icp")[0]
    told = network_why(open_run(out), key).decisions
    assert [(line.action, line.subject) for line in told] == [
        ("brand_prefix", "QUILL"),
        ("brand_prefix", "The Quill, Inc."),
    ]


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (
            [("merge", "q1", "z1"), ("merge", "z1", "o1"), ("not_same", "q1", "o1")],
            r"contradict each other: line 3 \(merge z1 o1\) puts q1 and o1 together, line 4 \(not_same q1 o1\) keeps",
        ),
        (
            [("split", "OK", "o1"), ("merge", "u1", "o2"), ("merge", "o2", "o1")],
            r"contradict each other: line 4 \(merge o2 o1\) puts o1 and u1 together, line 2 \(split OK o1\) keeps",
        ),
    ],
)
def test_contradictions_show_both_lines(lines: list[Line], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=sentence):
        publish(tmp_path, lines)
    assert not (tmp_path / "out" / "run.json").exists()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("action,subject\nmerge,a\n", "has no column 'decided_at'; decisions need decided_at, author"),
        (",,murge,a,b,\n", r"line 2: there is no action 'murge' \(did you mean 'merge'\?\)"),
        (",,merge,a,,\n", r"line 2 \(merge a\): merge needs two clinics"),
        (",,merge,,b,\n", r"line 2 \(merge b\): merge needs two clinics"),
        (",,rename,a,,\n", "rename needs a clinic of the network as subject, and the name"),
        (",,split, ; ,b,\n", "split needs clinics or a state"),
        (",,merge,a,a,\n", "both are the same clinic"),
        (",,anchor,net_12,,\n", "net_12 is a network, whose clinics come and go"),
        (",,not_same,a,net_12,\n", "net_12 is a network"),
        (',,anchor,"a,,\n', "cannot be read as CSV"),
        (",,rename,a,!!,\n", "'!!' has no letter or digit"),
        (",,brand_prefix,!!,,\n", "'!!' has no letter or digit"),
        (",,exclude_name,---,,\n", "'---' has no letter or digit"),
        (",,rename,a,Elm, Inc,a reason\n", r"line 2 \(rename a Elm\): there are more values than columns"),
    ],
)
def test_lines_that_do_not_say_what_they_have_to(text: str, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "decisions.csv"
    path.write_text(text if text.startswith("action") else f"{','.join(COLUMNS)}\n{text}")
    with pytest.raises(InputError, match=sentence):
        read_decisions(path)


def test_blank_lines_and_missing_files(tmp_path: Path) -> None:
    assert read_decisions(tmp_path / "none.csv", needed=False) == ()
    with pytest.raises(InputError, match="cannot be read"):
        read_decisions(tmp_path / "none.csv")
    path = write(tmp_path / "decisions.csv", [("anchor", "a")])
    path.write_text(f"\ufeff{path.read_text()},,,,,\n\n", encoding="utf-8")
    assert [(decision.line, decision.subject) for decision in read_decisions(path)] == [(2, "a")]


def test_overrides_go_before_decisions(tmp_path: Path) -> None:
    (tmp_path / "overrides.csv").write_text("clinic_id,network_name,is_anchor\nq1,zephyr health,true\n")
    lines = [("not_same", "z1", "q1"), ("anchor", "z2")]
    out = publish(tmp_path, lines, network=NetworkOptions(overrides=str(tmp_path / "overrides.csv")))
    assert f"q1 {ZEPHYR}" in networks(out)
    assert query(out, "select state from decisions order by line") == [("placed by --network-overrides",)] * 2


def test_by_exact_names_no_decision_is_applied(tmp_path: Path) -> None:
    out = publish(tmp_path, [("merge", "q1", "z1")], network=NetworkOptions(grouping="exact"))
    assert networks(out) == {QUILL, ZEPHYR}
    assert query(out, "select state from decisions") == [("needs --grouping evidence",)]


def test_decisions_of_another_file(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.csv", [("merge", "a1", "s1")])
    out = publish(tmp_path, [], network=NetworkOptions(decisions=str(path)))
    assert "a1 s1" in networks(out)


def decide(out: Path, *words: str) -> Any:
    return CliRunner().invoke(cli, ["review", "decide", *words, "-w", str(out), "--author", "Ann"])


def test_decide_appends_what_holds(tmp_path: Path) -> None:
    out = publish(tmp_path, [("merge", "a1", "s1")])
    ids = dict(query(out, "select anchor_clinic_id, network_id from networks_icp"))
    assert set(ids) == {"a1", "o1", "q1", "z1"}
    before = (out / "decisions.csv").read_text()
    assert "line 3 (merge q1 z1): it holds from the next run on." in decide(out, "merge", ids["q1"], ids["z1"]).output
    assert decide(out, "split", "u2").exit_code == 0  # out of its network
    assert decide(out, "rename", ids["o1"], "Onyx, all of it", "--reason", "so they say").exit_code == 0
    assert (out / "decisions.csv").read_text().startswith(before)
    found = [
        (line.action, line.subject, line.object, line.author) for line in read_decisions(out / "decisions.csv")[1:]
    ]
    assert found == [
        ("merge", "q1", "z1", "Ann"), ("split", "u2", "o1", "Ann"), ("rename", "o1", "Onyx, all of it", "Ann"),
    ]  # fmt: skip
    run([str(tmp_path / "clinics.parquet")], out, RunOptions(format="parquet", charts=False))
    assert networks(out) == {f"{QUILL} {ZEPHYR}", "o1 o2 u1", "a1 s1"}


def test_lines_are_added_in_the_order_of_the_columns_that_the_file_has(tmp_path: Path) -> None:
    out = publish(tmp_path, [])
    (out / "decisions.csv").write_text(
        "\ufeffaction,subject,object,line,author,decided_at,reason\r\nmerge,a1,s1,mine,Ann,2026-11-26,one owner\r\n",
        encoding="utf-8", newline="",
    )  # fmt: skip
    assert decide(out, "rename", "o1", "Onyx, all", "--reason", "so").exit_code == 0
    found = read_decisions(out / "decisions.csv")
    assert [(line.action, line.subject, line.object, line.author, line.reason) for line in found] == [
        ("merge", "a1", "s1", "Ann", "one owner"), ("rename", "o1", "Onyx, all", "Ann", "so"),
    ]  # fmt: skip
    assert found[1].decided_at[:2] == "20"


@pytest.mark.parametrize("reason", ["one\ntwo", "one\r\ntwo\n\nfour\n", "one"])
@pytest.mark.parametrize("end", ["", "\n\n\n", ",,,,,\n"])
def test_lines_are_counted_as_they_are_read(reason: str, end: str, tmp_path: Path) -> None:
    """So that `undo` takes back the line that was told: reasons may have several lines, and files blank ones."""
    out = publish(tmp_path, [("merge", "a1", "s1")])
    with (out / "decisions.csv").open("a", newline="") as file:
        file.write(end)
    run_ = open_run(out)
    asked = [Decision(0, "", "Ann", "anchor", clinic, "", reason) for clinic in ("q2", "z2")]
    told = decide_all(run_, out / "decisions.csv", asked)
    found = read_decisions(out / "decisions.csv")[1:]
    assert [line.line for line in told] == [line.line for line in found]
    assert [line.subject for line in found] == ["q2", "z2"]
    assert decide(out, "undo", str(told[1].line)).exit_code == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["merge", "q1", "nobody"], "Nothing was written: the run has no clinic 'nobody'"),
        (["merge", "net_0", "q1"], "has no network 'net_0'"),
        (["not_same", "a1", "s1"], None),
        (["anchor", "q2"], None),
        (["merge", "q1"], "merge needs two clinics"),
        (["split", "z1"], "split needs clinics or a state as subject, and a clinic of the network"),
        (["split", "u1", "s1"], None),
        (["not_same", "a1", "q1"], "contradict each other: line 3 (merge s1 q1) puts a1 and q1"),
    ],
)
def test_decide_refuses_what_cannot_hold(words: list[str], sentence: str | None, tmp_path: Path) -> None:
    out = publish(tmp_path, [("merge", "a1", "s1"), ("merge", "s1", "q1")])
    before = (out / "decisions.csv").read_text()
    answer = decide(out, *words)
    if sentence is None:
        assert answer.exit_code == 0
        return
    assert isinstance(answer.exception, InputError)
    assert sentence in str(answer.exception)
    assert (out / "decisions.csv").read_text() == before


@pytest.mark.parametrize("seed", range(40))
def test_parted_networks_are_as_large_as_they_may_be(seed: int) -> None:
    """No pair is together, without pairs all is as tied, and no two parts that share a tie could be one."""
    rng = random.Random(seed)
    kinds = ["owner", "name", "brand"]
    rows = {(rng.randrange(30), rng.choice(kinds), str(rng.randrange(12))) for _ in range(70)}
    edges = pl.DataFrame(sorted(rows), {"clinic": pl.Int64, "kind": pl.String, "value": pl.String}, orient="row")
    clinics = sorted({clinic for clinic, _, _ in rows})
    pairs = [tuple(rng.sample(clinics, 2)) for _ in range(rng.randrange(6))]
    found = dict(keep_apart(edges.sample(fraction=1, shuffle=True, seed=seed), pairs, KINDS).iter_rows())  # type: ignore[arg-type]
    assert set(found) == set(clinics)
    assert all(root == min(clinic for clinic in clinics if found[clinic] == root) for root in found.values())
    assert all(found[left] != found[right] for left, right in pairs)
    barred = {frozenset((found[left], found[right])) for left, right in pairs}
    for (left, kind, value), (right, other_kind, other_value) in combinations(sorted(rows), 2):
        if (kind, value) == (other_kind, other_value) and found[left] != found[right]:
            assert frozenset((found[left], found[right])) in barred


def test_a_decision_that_is_taken_back_does_nothing(tmp_path: Path) -> None:
    out = publish(tmp_path, [("merge", "a1", "s1"), ("split", "z1", "z2"), ("undo", "2"), ("rename", "z2", "Feather")])
    assert networks(out) == {QUILL, "z2 z3 z4", ONYX}
    states = query(out, "select line, action, state from decisions order by line")
    assert states == [
        (2, "merge", "taken back by a later line"), (3, "split", "holds"), (4, "undo", "holds"), (5, "rename", "holds"),
    ]  # fmt: skip
    assert all(frame.is_empty() for frame in audits(open_run(out)).values())
    decide(out, "undo", "3")
    last = read_decisions(out / "decisions.csv")[-1]
    assert (last.line, last.action, last.subject) == (6, "undo", "3")


@pytest.mark.parametrize("line", ["3", "9", "x", "0"])
def test_what_cannot_be_taken_back_is_said(line: str, tmp_path: Path) -> None:
    out = publish(tmp_path, [("merge", "a1", "s1")])
    write(out / "decisions.csv", [("merge", "a1", "s1"), ("undo", line)])
    with pytest.raises(InputError, match=f"no decision stands on line {line} before it"):
        run([str(tmp_path / "clinics.parquet")], out, RunOptions(format="parquet", charts=False))


def test_writers_wait_for_each_other(tmp_path: Path) -> None:
    path, order = tmp_path / "decisions.csv", []

    def write_line(number: int) -> None:
        with one_writer(path):
            before = len(read_decisions(path, needed=False))
            append_decisions(path, [Decision(0, "2026-11-26", "Ann", "merge", f"a{number}", f"b{number}", "")])
            order.append(before)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write_line, range(24)))
    assert order == list(range(24))
    assert len(read_decisions(path)) == 24
