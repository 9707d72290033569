"""Decisions on pages: questions answered, taken back and refused, and the networks of the run that comes after."""

import re
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
import pytest
from serving import PATIENCE, Answer, Server, served
from test_pages import Page, posted

from icp_engine.networks.decisions import read_decisions
from icp_engine.networks.grouping import NetworkOptions
from icp_engine.pipeline.run import RunOptions, run

STATES = ["TX", "OK", "CA", "NV", "AZ"]
CROWD = ["".join(letters) for letters in product("abcdefgh", repeat=3)]
# Names in two states that differ in a letter: each pair is a question, and nothing joins it by itself.
FIRST = ["Marlowton", "Brixenden", "Quillford", "Zephyrine", "Umberland", "Jacaranda", "Fenwicker", "Tollivery"]
SECOND = ["Onyxcare", "Rhubarbis", "Kestrelle", "Vintagely", "Dapplewood", "Halcyonic", "Sorrelton", "Peregrine"]
PAIRS = [(f"{word} {more}", f"{word[:-1]}m {more}") for word, more in zip(FIRST, SECOND, strict=True)]
SIZES = {"min_clinics": 2, "min_states": 1, "min_single_state": 2}


def publish(folder: Path, pairs: Sequence[tuple[str, str]] = PAIRS, *, charts: bool = False) -> Path:
    rows: list[dict[str, Any]] = [
        {"clinic_id": f"z{word}", "account_name": f"q{word} Memorial Hospital", "state_code": "AK"} for word in CROWD
    ]
    for number, (left, right) in enumerate(pairs):
        rows.append({"clinic_id": f"a{number}", "account_name": left, "state_code": "TX"})
        rows.append({"clinic_id": f"b{number}", "account_name": right, "state_code": STATES[1 + number % 4]})
    for number in range(4):
        rows.append({"clinic_id": f"n{number}", "account_name": "<b>Quill & Zephyr Group</b>", "state_code": "TX"})
    pl.DataFrame(rows).write_parquet(folder / "clinics.parquet")
    network = NetworkOptions(review=True, **SIZES)
    run([str(folder / "clinics.parquet")], folder / "out", RunOptions(format="parquet", charts=charts, network=network))
    return folder / "out"


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    return publish(tmp_path)


@pytest.fixture
def server(warehouse: Path) -> Iterator[Server]:
    with served(warehouse, "--curate", "--author", "Ann") as found:
        yield found


@pytest.fixture(scope="module")
def unwritten(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that no test decides on."""
    return publish(tmp_path_factory.mktemp("unwritten"))


@pytest.fixture(scope="module")
def refusing(unwritten: Path) -> Iterator[Server]:
    with served(unwritten, "--curate", "--author", "Ann") as found:
        yield found


def key_of(answer: Answer) -> str:
    found = re.search(r'name="key" value="([0-9a-f]+)"', answer.body.decode())
    assert found, "a page of a server that curates has a form"
    return found[1]


def last_of(answer: Answer) -> str:
    """Return the moment that the form to take back the last decision carries."""
    found = re.search(r'name="last" value="([^"]*)"', answer.body.decode())
    assert found
    return found[1]


def question_of(answer: Answer) -> str:
    found = re.search(r'action="(/review/[^"]+)"', answer.body.decode())
    assert found
    return found[1]


def followed(server: Server, answer: Answer) -> Answer:
    assert answer.status == 303, answer.body
    return server.get(answer.headers["location"])


def networks(out: Path) -> set[str]:
    members = pl.read_parquet(out / "clinics_icp_with_networks.parquet").filter(pl.col("network_id").is_not_null())
    grouped = members.group_by("network_id").agg(pl.col("clinic_id").sort().str.join(" "))
    return set(grouped["clinic_id"])


def test_a_session_of_decisions_and_the_run_after_it(server: Server, warehouse: Path, tmp_path: Path) -> None:
    page = server.get("/review")
    listed = Page(server.get("/review/list"))
    count = len([link for link in listed.links if link.startswith("/review/q_")])
    assert count >= len(PAIRS)
    joined, apart = set(), set()
    for number in range(count):
        path, key = question_of(page), key_of(page)
        assert f"of {count - number}" in Page(page).text
        if number == 3:  # put off, which writes nothing, and comes again
            later = followed(server, posted(server, path, f"key={key}&answer=later"))
            assert question_of(later) != path
        sides = [line.rpartition("/")[2] for line in Page(page).links if line.startswith(("/clinics/a", "/clinics/b"))]
        answer = "same" if number % 2 else "not_same"
        (joined if number % 2 else apart).add(" ".join(sorted(dict.fromkeys(sides))[:2]))
        page = followed(server, posted(server, path, f"key={key}&answer={answer}&reason=checked+{number}"))
    assert f"All {count} questions of this run are answered." in Page(page).text
    lines = read_decisions(warehouse / "decisions.csv")
    assert {line.author for line in lines} == {"Ann"}
    assert {line.action for line in lines} == {"merge", "not_same"}
    before = networks(warehouse)
    publish(tmp_path)
    after = networks(warehouse)
    assert joined <= after - before
    assert not apart & after
    end = time.monotonic() + PATIENCE
    while "No decision waits for a run." not in Page(server.get("/review/list")).text:
        assert time.monotonic() < end, "the server answers from the run before"
        time.sleep(0.1)


def test_a_decision_is_pending_and_can_be_taken_back(server: Server, warehouse: Path) -> None:
    page = server.get("/review")
    path, key = question_of(page), key_of(page)
    posted(server, path, f"key={key}&answer=same")
    shown = Page(server.get("/review/list"))
    assert "merge" in shown.text
    assert question_of(server.get("/review")) != path
    posted(server, path, f"key={key}&answer=same")
    assert len(read_decisions(warehouse / "decisions.csv")) == 1, "a button pressed twice decides once"
    form = f"key={key}&answer=undo&last={quote(last_of(server.get('/review')))}"
    back = followed(server, posted(server, path, form))
    assert "Your last decision is taken back." in Page(back).text
    assert question_of(server.get("/review")) == path
    assert [line.action for line in read_decisions(warehouse / "decisions.csv")] == ["merge", "undo"]
    refused = posted(server, path, form)
    assert refused.status == 409
    assert "That decision is taken back already." in Page(refused).text
    assert last_of(server.get("/review")) == ""
    refused = posted(server, path, f"key={key}&answer=undo&last=")
    assert refused.status == 409
    assert "There is no decision of yours to take back." in Page(refused).text


def test_a_button_pressed_again_and_again_decides_once(server: Server, warehouse: Path) -> None:
    """Two questions are answered within a second, and the second is taken back, by four clicks each."""
    with ThreadPoolExecutor(4) as pool:

        def pressed(page: Answer, form: str) -> list[int]:
            form = f"key={key_of(page)}&{form}"
            return sorted(
                answer.status for answer in pool.map(lambda _: posted(server, question_of(page), form), range(4))
            )

        for _ in range(2):
            assert pressed(server.get("/review"), "answer=same") == [303] * 4
        page = server.get("/review")
        assert pressed(page, f"answer=undo&last={quote(last_of(page))}") == [303, 409, 409, 409]
    lines = [(line.action, line.subject) for line in read_decisions(warehouse / "decisions.csv")]
    assert [action for action, _ in lines] == ["merge", "merge", "undo"]
    assert lines[-1][1] == "3", "the line of the file"


@pytest.mark.parametrize(
    ("fields", "headers", "status"),
    [
        ("answer=same", {}, 403),
        ("key=0000&answer=same", {}, 403),
        ("key={key}&answer=same", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("key={key}&answer=same", {"Origin": "https://evil.example"}, 403),
        ("key={key}&answer=perhaps", {}, 409),
        ("key={key}", {}, 409),
        ("key={key}&answer=same", {"Host": "evil.example"}, 421),
    ],
)
def test_forged_forms_write_nothing(
    refusing: Server, unwritten: Path, fields: str, headers: dict[str, str], status: int
) -> None:
    page = refusing.get("/review")
    answer = posted(refusing, question_of(page), fields.format(key=key_of(page)), headers)
    assert answer.status == status
    assert not (unwritten / "decisions.csv").exists()


def test_a_network_gets_another_name_and_loses_clinics(server: Server, warehouse: Path, tmp_path: Path) -> None:
    network = next(link for link in Page(server.get("/networks?q=quill")).links if link.startswith("/networks/net_"))
    page = server.get(network)
    network_id, key = network.rpartition("/")[2], key_of(page)
    anchor = re.search(r'name="anchor_id" value="([^"]+)"', page.body.decode())
    assert anchor
    leaving = next(clinic for clinic in ("n0", "n1", "n2", "n3") if clinic != anchor[1])
    common = f"key={key}&network_id={network_id}"
    assert posted(server, "/decide", f"{common}&action=rename&anchor_id={anchor[1]}&name=Feather+Group").status == 303
    split = posted(server, "/decide", f"{common}&action=split&anchor_id={anchor[1]}&member%3A{leaving}=1&reason=sold")
    assert "Written down. It takes effect with the next run." in Page(followed(server, split)).text
    nobody = posted(server, "/decide", f"{common}&action=split&anchor_id={anchor[1]}")
    assert "No clinic is ticked; tick those that leave the network." in Page(nobody).text
    publish(tmp_path)
    rows = pl.read_parquet(warehouse / "networks_icp.parquet")
    assert "Feather Group" in rows["display_name"].to_list()
    members = pl.read_parquet(warehouse / "clinics_icp_with_networks.parquet")
    assert members.filter(clinic_id=leaving)["network_id"].to_list() == [None]


def test_two_servers_write_to_one_file(server: Server, warehouse: Path) -> None:
    with served(warehouse, "--curate", "--author", "Bob") as other:
        for place, each in enumerate([server, other, server, other]):
            page = each.get("/review")
            assert posted(each, question_of(page), f"key={key_of(page)}&answer=same&reason={place}").status == 303
        foreign = server.get("/review")
        assert posted(other, question_of(foreign), f"key={key_of(foreign)}&answer=same").status == 403
    lines = read_decisions(warehouse / "decisions.csv")
    assert [line.author for line in lines] == ["Ann", "Bob", "Ann", "Bob"]
    assert len({line.subject for line in lines}) == 4


def test_without_curate_nothing_is_decided(unwritten: Path) -> None:
    with served(unwritten) as server:
        assert "Nobody decides here: start the server with --curate" in Page(server.get("/review")).text
        question = next(link for link in Page(server.get("/review/list")).links if link.startswith("/review/q_"))
        assert posted(server, question, "answer=same").status == 403
    assert not (unwritten / "decisions.csv").exists()


def test_the_list_shows_what_waiting_decisions_make(server: Server, warehouse: Path) -> None:
    network = next(link for link in Page(server.get("/networks?q=quill")).links if link.startswith("/networks/net_"))
    page = server.get(network)
    network_id, key = network.rpartition("/")[2], key_of(page)
    anchor = re.search(r'name="anchor_id" value="([^"]+)"', page.body.decode())
    assert anchor
    others = [clinic for clinic in ("n0", "n1", "n2", "n3") if clinic != anchor[1]]
    common = f"key={key}&network_id={network_id}"
    posted(server, "/decide", f"{common}&action=split&anchor_id={anchor[1]}&member%3A{others[0]}=1")
    posted(server, "/decide", f"{common}&action=anchor&anchor={others[1]}")
    for _ in range(2):  # a button is pressed twice
        posted(server, "/decide", f"{common}&action=rename&anchor_id={anchor[1]}&name=Feather+Group")
    assert [line.action for line in read_decisions(warehouse / "decisions.csv")] == ["split", "anchor", "rename"]
    question = server.get("/review?kind=spelling_states")
    path = question_of(question)
    posted(server, path, f"key={key_of(question)}&answer=same&kind=spelling_states")
    shown = Page(server.get("/review/list"))
    assert (
        "<b>Quill & Zephyr Group</b> (4 clinics) One network of 3 clinics, called Feather Group 1 clinic leaves"
        in shown.text
    )
    assert f"/clinics/{others[1]}" in shown.links, "the anchor that was chosen"
    own = Page(server.get(network)).text
    assert "Taking effect with the next run" in own
    assert "It would have 3 clinics, be called Feather Group , score 10 (Tier 3), and" in own
    assert re.search(r"\(1 clinic\) and [^(]+ \(1 clinic\) One network of 2 clinics", shown.text)
    shown = server.get("/review")
    posted(server, path, f"key={key_of(shown)}&answer=undo&last={quote(last_of(shown))}")
    assert "One network of 2 clinics" not in Page(server.get("/review/list")).text


def test_a_side_that_is_no_network_counts_with_all_its_clinics(tmp_path: Path) -> None:
    (left, right), rows = (
        PAIRS[0],
        [{"clinic_id": f"z{word}", "account_name": f"q{word} Memorial Hospital"} for word in CROWD],
    )
    rows = [{**row, "state_code": "AK"} for row in rows]
    rows += [{"clinic_id": f"a{number}", "account_name": left, "state_code": "TX"} for number in range(3)]
    rows += [{"clinic_id": f"b{number}", "account_name": right, "state_code": "OK"} for number in range(2)]
    pl.DataFrame(rows).write_parquet(tmp_path / "clinics.parquet")
    network = NetworkOptions(review=True, min_clinics=3, min_states=1, min_single_state=3)
    options, out = RunOptions(format="parquet", charts=False, network=network), tmp_path / "out"
    run([str(tmp_path / "clinics.parquet")], out, options)
    assert networks(out) == {"a0 a1 a2"}
    with served(out, "--curate", "--author", "Ann") as server:
        page = server.get("/review?kind=spelling_states")
        assert "One network of 3 clinics" in Page(page).text
        assert "If the same One network of 5 clinics" in Page(page).text
        path = question_of(page)
        posted(server, path, f"key={key_of(page)}&answer=same")
        waiting = Page(server.get("/review/list")).text
        assert "(2 clinics)" in waiting
        assert "One network of 5 clinics" in waiting
    run([str(tmp_path / "clinics.parquet")], out, options)
    assert networks(out) == {"a0 a1 a2 b0 b1"}


def test_a_split_by_state_is_shown_too(server: Server, warehouse: Path) -> None:
    stamp = "2026-01-01T00:00:00+00:00,Ann"
    (warehouse / "decisions.csv").write_text(
        f"decided_at,author,action,subject,object,reason\n{stamp},split,TX,n0,\n{stamp},merge,nobody,a0,\n"
    )
    shown = Page(server.get("/review/list")).text
    assert "(4 clinics) No network: 1 clinic left 3 clinics leave" in shown


def test_a_file_of_decisions_that_cannot_be_read_is_named(server: Server, warehouse: Path) -> None:
    (warehouse / "decisions.csv").write_text("who,what\nAnn,merge\n")
    for path in ("/review", "/review/list", "/networks?q=quill"):
        answer = server.get(path)
        assert answer.status == (200 if path.startswith("/networks") else 500)
        assert ("decisions.csv" in Page(answer).text) == (answer.status == 500)


def test_questions_of_one_kind_are_asked_by_themselves(server: Server) -> None:
    every = Page(server.get("/review/list"))
    kinds = {link.partition("kind=")[2] for link in every.links if "kind=" in link} or {"spelling_states"}
    asked: list[str] = []
    for kind in kinds:
        listed = [link for link in Page(server.get(f"/review/list?kind={kind}")).links if link.startswith("/review/q_")]
        page = server.get(f"/review?kind={kind}")
        assert question_of(page) == listed[0]
        later = posted(server, listed[0], f"key={key_of(page)}&answer=later&kind={kind}")
        assert question_of(followed(server, later)) == listed[1 % len(listed)]
        asked += listed
    assert sorted(asked) == sorted(link for link in every.links if link.startswith("/review/q_"))
    unknown = Page(server.get("/review/list?kind=nothing"))
    assert len([link for link in unknown.links if link.startswith("/review/q_")]) == len(asked)
