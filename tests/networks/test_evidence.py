"""Networks by evidence: what ties clinics together, beside a plain-Python reading of the same rules."""

import math
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations, product
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from icp_engine import load_scorecard
from icp_engine.cli import cli
from icp_engine.database import Database, database, sql_text
from icp_engine.networks.evidence import EVIDENCE_COLUMNS, can_hold_evidence, evidence_columns, group_by_evidence
from icp_engine.networks.grouping import NetworkOptions, by_hand, register_settings

CARD = load_scorecard("icp")
Row = dict[str, Any]
# So many other names that those of a case are rare or common as their words say.
LETTERS = "abcdefghijklmnop"
CROWD = [
    {"clinic_id": f"z{number}", "account_name": f"q{word} memorial hospital", "state_code": "AK"}
    for number, word in enumerate(map("".join, product(LETTERS, repeat=3)))
]


def frame_of(rows: Iterable[Row]) -> pl.DataFrame:
    rows = list(rows)
    names = [
        "clinic_id",
        "account_name",
        "state_code",
        *(name for name in EVIDENCE_COLUMNS if any(name in r for r in rows)),
    ]
    frame = pl.DataFrame({name: [row.get(name) for row in rows] for name in names}, strict=False)
    texts = [name for name in names if frame.schema[name] == pl.Null]
    frame = frame.with_columns(pl.col(texts).cast(pl.String))
    return frame.with_columns(normalized_name=pl.col("account_name").str.to_lowercase())


def grouped(db: Database, frame: pl.DataFrame, options: NetworkOptions) -> None:
    db.register("icp_scores", frame.select("clinic_id", "state_code"))
    register_settings(db, CARD, options, by_hand(options))
    group_by_evidence(db, frame)


def networks(rows: list[Row], crowd: list[Row] = CROWD, **settings: Any) -> dict[str, str]:
    """The networks that clinics make: their ids joined, and why they hang together."""
    with database(threads=2) as db:
        grouped(db, frame_of([*rows, *crowd]), NetworkOptions(**settings))
        found = db.frame(
            "select string_agg(clinic_id, ' ' order by clinic_id) as clinics, any_value(evidence) as evidence, "
            "any_value(weakest_edge) as weakest from network_members join network_evidence using (network_id) "
            "where clinic_id not like 'z%' group by network_id order by 1"
        )
    return {row["clinics"]: f"{row['evidence']}; {row['weakest']}" for row in found.to_dicts()}


def named(name: str | None, *states: str | None, start: str = "a", **more: Any) -> list[Row]:
    return [
        {"clinic_id": f"{start}{number}", "account_name": name, "state_code": state, **more}
        for number, state in enumerate(states)
    ]


NAMES = {
    "one state": (named("Memorial Hospital", "TX", "TX", "TX"), {"a0 a1 a2": "name 3; name"}),
    "two of one state": (named("Memorial Hospital", "TX", "TX"), {}),
    "a common name in three states": (named("Memorial Hospital", "TX", "OK", "CA"), {}),
    "a common name, each state by itself": (
        named("Memorial Hospital", "TX", "TX", "TX", "OK", "OK"),
        {"a0 a1 a2": "name 3; name"},
    ),
    "a rare name in two states": (named("Zephyr Quill Aardvark", "TX", "OK"), {"a0 a1": "name_rare 2; name_rare"}),
    "a rare name without a state": (
        named("Zephyr Quill Aardvark", "TX", None, "OK"),
        {"a0 a1 a2": "name_rare 3; name_rare"},
    ),
    "a common name that stands densely": (
        named("Elmwood Hospital", *["TX"] * 5, *["OK"] * 5),
        {"a0 a1 a2 a3 a4 a5 a6 a7 a8 a9": "name 10, name_rare 10; name_rare"},
    ),
    "nobody": (named(None, "TX", "TX", "TX") + named("N/A", "TX", "TX", "TX", start="b"), {}),
    "legal forms": (
        [*named("Elm Clinic, LLC", "TX", "TX"), *named("THE ELM CLINIC INC", "TX", start="b")],
        {"a0 a1 b0": "name 3; name"},
    ),
    "store numbers": (
        [named(f"Elm Drugs #{number}", "TX", start=f"a{number}_")[0] for number in range(3)],
        {"a0_0 a1_0 a2_0": "name 3; name"},
    ),
}


@pytest.mark.parametrize("case", NAMES)
def test_names(case: str) -> None:
    rows, due = NAMES[case]
    assert networks(rows) == due


def two(left: Row, right: Row, third: Row | None = None) -> list[Row]:
    """Clinics of common names in states of their own, which nothing but what is given ties together."""
    rows = [left, right, *([third] if third else [])]
    names = ["Memorial Hospital", "Community Hospital", "General Hospital"]
    return [
        {"clinic_id": f"a{place}", "account_name": names[place], "state_code": ("TX", "OK", "CA")[place], **row}
        for place, row in enumerate(rows)
    ]


SAME = {"account_name": "Memorial Hospital"}
TIES = {
    "owner": (two({"pac_ids": ["1", "2"]}, {"pac_ids": ["2"]}), "owner 2; owner"),
    "owner as text": (two({"pac_ids": "1; 2"}, {"pac_ids": "2"}), "owner 2; owner"),
    "owner as a number": (two({"pac_id": 7}, {"pac_id": 7}), "owner 2; owner"),
    "owners over three": (two({"pac_ids": ["1"]}, {"pac_ids": ["1", "2"]}, {"pac_ids": ["2"]}), "owner 3; owner"),
    "parent": (two({"parent_name": "Elm Holdings, Inc."}, {"parent_name": "ELM HOLDINGS"}), "parent 2; parent"),
    "a parent that is nobody": (two({"parent_name": "N/A"}, {"parent_name": "n/a"}), None),
    "an owner that is nobody": (two({"pac_ids": "N/A"}, {"pac_ids": "N/A"}), None),
    "a mailing address that is none": (two({"mailing_address": "n/a"}, {"mailing_address": "N/A", **SAME}), None),
    "name and phone": (
        two({"phone": "(512) 555-0100"}, {"official_phone": "1-512-555-0100", **SAME}),
        "name_contact 2; name_contact",
    ),
    "name and mailing address": (
        two({"mailing_address": "1 Main St., Waco"}, {"mailing_address": "1 MAIN ST WACO", **SAME}),
        "name_contact 2, stem_address 2; name_contact",
    ),
    "name and mailing phone": (
        two({"mailing_phone": "(512) 555-0100"}, {"phone": "512 555 0100", **SAME}),
        "name_contact 2; name_contact",
    ),
    "brand and phone": (
        two(
            {"other_names": ["Memorial Care"], "phone": "5125550100"},
            {"other_names": ["Memorial Care"], "phone": "5125550100"},
        ),
        "brand 2; brand",
    ),
    "brand alone": (two({"other_names": ["Memorial Care"]}, {"other_names": ["Memorial Care"]}), None),
    "a phone alone": (two({"phone": "5125550100"}, {"phone": "5125550100"}), None),
    "no phone": (two({"phone": "0000000000"}, {"phone": "0000000000", **SAME}), None),
    "a short phone": (two({"phone": "5550100"}, {"phone": "5550100", **SAME}), None),
    "a rare brand": (
        two({"other_names": ["Zephyr Quill Aardvark"]}, {"other_names": ["Other", "ZEPHYR QUILL AARDVARK LLC"]}),
        None,
    ),
    "a brand is no legal name": (
        two({"other_names": ["Memorial Hospital"], "account_name": "Abc Def"}, {"other_names": ["x"], **SAME}),
        None,
    ),
    "stem and mailing address": (
        two(
            {"account_name": "Elmcare of Dallas", "city": "Dallas", "mailing_address": "PO Box 1 Waco"},
            {"account_name": "Elmcare of Tulsa 2", "city": "Tulsa", "mailing_address": "PO BOX 1, WACO"},
        ),
        "stem_address 2; stem_address",
    ),
    "stem alone": (
        two(
            {"account_name": "Elmcare of Dallas", "city": "Dallas"},
            {"account_name": "Elmcare of Tulsa", "city": "Tulsa"},
        ),
        None,
    ),
    "owner and name": (
        two({"pac_ids": ["1"], "phone": "5125550100"}, {"pac_ids": ["1"], "phone": "5125550100", **SAME}),
        "owner 2, name_contact 2; owner",
    ),
    "name where the owner ends": (
        two(
            {"pac_ids": ["1"], "phone": "5125550100"},
            {"pac_ids": ["1"]},
            {"account_name": "Memorial Hospital", "phone": "5125550100"},
        ),
        "owner 2, name_contact 2; name_contact",
    ),
}


@pytest.mark.parametrize("case", TIES)
def test_ties(case: str) -> None:
    rows, due = TIES[case]
    ids = " ".join(row["clinic_id"] for row in rows)
    assert networks(rows) == ({ids: due} if due else {})


@pytest.mark.parametrize("parent", ["Independent", "SELF", "TBD", "Not applicable", "null", "No Parent", "0"])
def test_parents_that_are_nobody(parent: str) -> None:
    assert networks(two({"parent_name": parent}, {"parent_name": parent})) == {}


def test_a_parent_that_repeats_every_name_says_nothing() -> None:
    """Systems fill the parent with the clinic itself where there is none: then it is the name once more."""
    rows = named("Memorial Hospital", "TX", "OK", "CA", parent_name="MEMORIAL HOSPITAL, INC.")
    holding = [
        {"clinic_id": "b0", "account_name": "Elm Holdings", "state_code": "TX", "parent_name": "Elm Holdings"},
        {"clinic_id": "b1", "account_name": "Oak Clinic", "state_code": "OK", "parent_name": "Elm Holdings"},
    ]
    filled = [{**row, "parent_name": row["account_name"]} for row in CROWD]
    assert networks([*rows, *holding], filled) == {"b0 b1": "parent 2; parent"}


def test_a_run_says_which_parents_tie_nobody(tmp_path: Path) -> None:
    names = ["Memorial Hospital", "Memorial Hospital", "Elm Clinic", "Oak Clinic", "Ash Clinic"]
    rows = pl.DataFrame({"clinic_id": list("abcde"), "account_name": names, "state_code": ["TX", "OK", *["TX"] * 3]})
    sentence = "Parent Account repeats the name of the clinic, as where there is no parent: 2 such tie nobody"
    for parents, is_said in (([*names[:4], None], True), ([*names[:2], None, None, None], False)):
        rows.with_columns(pl.Series("Parent Account", parents)).write_csv(tmp_path / "c.csv")
        done = CliRunner().invoke(cli, ["run", str(tmp_path / "c.csv"), "--out", str(tmp_path / "out"), "--no-charts"])
        assert (sentence in done.output, done.exit_code) == (is_said, 0)


def test_a_parent_of_the_same_name_ties_where_clinics_on_their_own_have_none() -> None:
    rows = named("Memorial Hospital", "TX", "OK", "CA", parent_name="Memorial Hospital")
    assert networks(rows) == {"a0 a1 a2": "parent 3; parent"}


@pytest.mark.parametrize(
    ("left", "right", "tied"),
    [
        ("Rosewood Health Care", "Rosewood Healthcare", True),
        ("Rosewood Clinic", "Rosewood Clinics", True),
        ("Rosewood Hospice", "Rosewod Hospice", True),
        ("Vesta Hospice", "Vista Hospice", True),
        ("Elm Hospice", "Elk Hospice", False),
        ("Rosewood Hospice", "Rosewood Home Hospice", False),
        ("Rosewood Hospice 1", "Rosewood Hospice 2", False),
    ],
)
@pytest.mark.parametrize("shared", [True, False])
def test_spellings_of_one_state(left: str, right: str, *, tied: bool, shared: bool) -> None:
    rows = [
        {
            "clinic_id": f"a{place}",
            "account_name": name,
            "state_code": "TX",
            "phone": f"512555010{place * (not shared)}",
        }
        for place, name in enumerate([left, left, right])
    ]
    due = {"a0 a1 a2": "name 2, spelling 3; spelling"} if tied and shared else {}
    assert networks([{**row, "phone": "5125550100"} for row in rows] if shared else rows) == due


@pytest.mark.parametrize("size", [30, 400])
@pytest.mark.parametrize("form", ["elm {}", "{} hospice", "{}", "elm {} hospice", "{} {}"])
def test_spellings_at_a_phone_of_few_and_of_many(form: str, size: int) -> None:
    """More than 30 names that have a word in common are compared in another way: beside the rule, over all pairs."""
    rng = random.Random(size)
    letters = "abs1"
    words = ["vista", "vest", "babes", "rose wood", "rosewood", "vista 1", "12345"]

    def word() -> str:
        found = list(rng.choice(words)) if rng.random() < 0.9 else rng.choices("abcs", k=6)
        for _ in range(rng.choice([0, 1, 1, 2])):
            place = rng.randrange(len(found))
            swapped = "".join(found[place : place + 2][::-1])
            found[place : place + rng.choice([0, 1, 2])] = rng.choice(["", *letters, swapped])
        return "".join(found).strip() or "x"

    names = sorted({" ".join(form.format(word(), rng.choice(words)).split()) for _ in range(size)})
    due = {pair for pair in combinations(names, 2) if spelled_alike(*pair) and not has_another_number(*pair)}
    assert spellings(names) == {f"{left} = {right}, TX" for left, right in due}
    assert len(due) > 0


def has_another_number(left: str, right: str) -> bool:
    """Whether the names differ in more than spaces, and by a word with a digit."""
    others = [a + b for a, b in zip(left.split(), right.split(), strict=False) if a != b]
    return left.replace(" ", "") != right.replace(" ", "") and bool(re.search(r"\d", "".join(others)))


def spellings(names: list[str]) -> set[str]:
    """The spellings found among names of one state and one phone."""
    with database(threads=2) as db:
        rows = pl.DataFrame({"clinic": range(len(names)), "name": names, "value": "5125550100", "state_code": "TX"})
        db.register("names_to_compare", rows.drop("state_code"))
        db.register("evidence_clinics", rows.select("clinic", "state_code"))
        return set(db.frame(sql_text("evidence/network_spellings"))["value"])


def test_the_spellings_of_thousands_of_clinics_at_a_phone_are_found() -> None:
    """All pairs of these are 200 million, which would take minutes to compare."""
    names = [f"clinic {''.join(letters)} {number}" for number, letters in enumerate(product("abcdefgh", repeat=5))]
    assert spellings([*names[:20_000], "rosewood hospice", "rosewod hospice"]) == {
        "rosewod hospice = rosewood hospice, TX"
    }


@pytest.mark.parametrize(
    ("columns", "due"),
    [
        ([], {}),
        (["clinic_id", "phone"], {"phone": "phone"}),
        (["Phone", "Parent Account"], {"phone": "Phone", "parent_name": "Parent Account"}),
        (["Phone Number", "PHONE", "phone"], {"phone": "phone"}),
        (["Phone Number", "PHONE"], {"phone": "PHONE"}),
        (["Official Phone", "PAC-IDs"], {"official_phone": "Official Phone", "pac_ids": "PAC-IDs"}),
        (["fax", "phones"], {}),
    ],
)
def test_columns_that_hold_evidence(columns: list[str], due: dict[str, str]) -> None:
    assert evidence_columns(columns) == due


@pytest.mark.parametrize(
    ("field", "dtype", "holds"),
    [
        ("phone", pl.String(), True),
        ("phone", pl.Int64(), True),
        ("phone", pl.List(pl.String), False),
        ("phone", pl.Struct({"x": pl.Int64}), False),
        ("parent_name", pl.Binary(), False),
        ("other_names", pl.List(pl.String), True),
        ("other_names", pl.List(pl.List(pl.String)), False),
        ("other_names", pl.Array(pl.String, 2), False),
        ("phone", None, False),
    ],
)
def test_types_that_say_nothing_are_no_evidence(field: str, dtype: pl.DataType | None, *, holds: bool) -> None:
    assert can_hold_evidence(field, dtype) is holds


def test_names_that_are_excluded_and_clinics_that_are_placed_by_hand(tmp_path: Path) -> None:
    rows = [*named("Elm Clinic", "TX", "TX", "TX", "TX"), *named("Oak Clinic", "TX", "TX", "TX", start="b")]
    (tmp_path / "names.txt").write_text("OAK CLINIC, INC\n")
    (tmp_path / "o.csv").write_text("clinic_id,network_name,is_anchor\na0,,\na1,Mine,yes\nb0,Elm Clinic,\n")
    found = networks(rows, exclude_names=str(tmp_path / "names.txt"), overrides=str(tmp_path / "o.csv"))
    assert found == {"a1": "override 1; override", "a2 a3 b0": "override 1, name 2; name"}


QUILL = [
    *named("Quill Health", "TX", "TX", start="q", pac_id="2"),
    {"clinic_id": "h", "account_name": "Quill Health", "state_code": "TX", "pac_id": "1"},
    *(row | {"account_name": name} for row, name in zip(
        named(None, "TX", "TX", pac_id="1"), ("Zephyr Care", "Onyx Clinic"), strict=True)),
]  # fmt: skip
PLACED: dict[str, tuple[list[Row], str, dict[str, str], list[str]]] = {
    "the anchor, which all hang on": (
        QUILL, "h,Quill Health,yes", {"a0 a1 h q0 q1": "override 1, owner 5, name 3; name"}, ["h"]),
    "the anchor, of another name": (
        QUILL, "a0,\"Quill Health, Inc.\",yes", {"a0 a1 h q0 q1": "override 1, owner 5, name 3; name"}, ["a0"]),
    "a member, which stays": (
        QUILL, "h,Quill Health,", {"a0 a1 h q0 q1": "override 1, owner 5, name 3; name"}, []),
    "one that stays, and one that comes": (
        [*named("Elm Clinic", "TX", "TX", "TX"), *named("Oak Clinic", "TX", "TX", "TX", "TX", start="b")],
        "a0,Elm Clinic,yes\nb0,Elm Clinic,",
        {"a0 a1 a2 b0": "override 2, name 3; name", "b1 b2 b3": "name 3; name"}, ["a0"]),
    "where names alone make no network": (
        named("Elm Clinic", "TX", "TX"), "a0,Elm Clinic,yes", {"a0": "override 1; override"}, ["a0"]),
    "the smaller network of a name, by its own": (
        [*named("Memorial Hospital", "TX", "TX", "TX"), *named("Memorial Hospital", "OK", "OK", "OK", "OK", start="b")],
        "a1,Memorial Hospital TX,yes",
        {"a0 a1 a2": "override 1, name 3; name", "b0 b1 b2 b3": "name 4; name"}, ["a1"]),
    "the smaller network of a name, by that of the larger": (
        [*named("Memorial Hospital", "TX", "TX", "TX", "TX"),
         *named("Memorial Hospital", "OK", "OK", "OK", "OK", "OK", start="b")],
        "a1,Memorial Hospital,yes",
        {"a0 a2 a3": "name 3; name", "a1 b0 b1 b2 b3 b4": "override 1, name 5; name"}, ["a1"]),
}  # fmt: skip


@pytest.mark.parametrize("case", PLACED)
def test_whom_an_override_leaves_where_it_is_keeps_its_ties(case: str, tmp_path: Path) -> None:
    rows, lines, due, anchors = PLACED[case]
    (tmp_path / "o.csv").write_text(f"clinic_id,network_name,is_anchor\n{lines}\n")
    options = NetworkOptions(overrides=str(tmp_path / "o.csv"))
    assert networks(rows, overrides=options.overrides) == due
    with database(threads=2) as db:
        grouped(db, frame_of([*rows, *CROWD]), options)
        forced = db.frame("select clinic_id from network_members where is_forced_anchor")
    assert forced["clinic_id"].to_list() == anchors


def test_networks_of_one_name_have_ids_of_their_own() -> None:
    rows = [
        *named("Memorial Hospital", "TX", "TX", "TX", "TX"),
        *named("MEMORIAL HOSPITAL", "OK", "OK", "OK", start="b"),
    ]
    with database(threads=2) as db:
        grouped(db, frame_of([*rows, *CROWD]), NetworkOptions())
        found = db.frame("select distinct network_name, network_id from network_members order by 1")
    assert found["network_name"].to_list() == ["memorial hospital", "memorial hospital ok"]
    assert found["network_id"].n_unique() == 2


def test_what_kept_shared_names_apart() -> None:
    rows = [*named("Memorial Hospital", "TX", "OK", "CA"), *named("Elm Clinic", "TX", "TX", "TX", start="b")]
    with database(threads=2) as db:
        grouped(db, frame_of([*rows, *named("Oak", "TX", "TX", start="c"), *CROWD]), NetworkOptions())
        found = db.frame("select network_name, is_grouped, kept_apart_by from network_candidates").rows()
    assert found == [
        ("elm clinic", True, None),
        ("memorial hospital", False, "a name of many owners, and too few clinics in each of its 3 states"),
        ("oak", False, "fewer than 2 states and fewer than 3 clinics"),
    ]


# ---------------------------------------------------------------- the oracle


def traps(size: int, rng: random.Random) -> list[Row]:
    """Random clinics whose names, phones, owners and parents meet by chance, in one state and across."""
    words = [
        "alpha",
        "bravo",
        "carol",
        "delta",
        "eagle",
        "falco",
        "grove",
        "haven",
        "memory",
        "hospital",
        "clinic",
        "care",
    ]
    words += [f"w{chr(97 + number % 26)}{chr(97 + number // 26)}q" for number in range(400)]
    states = ["TX", "OK", "CA", "NY", "FL", None]

    def sometimes(share: float, value: Any) -> Any:
        return value() if rng.random() < share else None

    rows = []
    for number in range(size):
        count = rng.choice([1, 2, 3, 4])
        pool = words if rng.random() < 0.4 else words[:12]
        rows.append({
            "clinic_id": f"c{number:05}",
            "account_name": sometimes(0.95, lambda count=count, pool=pool: " ".join(rng.choices(pool, k=count))),
            "state_code": rng.choice(states),
            "pac_ids": sometimes(0.05, lambda: [str(1 + rng.randrange(size)) for _ in range(rng.choice([1, 2]))]),
            "parent_name": sometimes(0.03, lambda: f"parent p{rng.randrange(size)}q"),
            "other_names": sometimes(0.3, lambda count=count, pool=pool: " ".join(rng.choices(pool, k=count))),
            "phone": sometimes(0.5, lambda: f"512{rng.randrange(size * 2):07}"),
            "mailing_address": sometimes(0.5, lambda: f"{rng.randrange(size * 2)} main st"),
        })  # fmt: skip
    return rows


class Sets:
    """Union-find."""

    def __init__(self) -> None:
        self.parent: dict[int, int] = {}

    def root(self, item: int) -> int:
        while (above := self.parent.setdefault(item, item)) != item:
            self.parent[item] = self.parent.setdefault(above, above)
            item = above
        return item

    def join(self, items: Iterable[int]) -> None:
        first, *others = items
        for item in others:
            self.parent[self.root(item)] = self.root(first)


def chance_of(name: str, counts: dict[str, int], total: int) -> float:
    return total * math.prod(counts.get(word, 1) / total for word in set(name.split()))


def held(rows: list[Row], by_name: dict[str, list[int]]) -> Iterator[tuple[str, list[int], int, float, bool]]:
    """Names with who bears them, their states, their chance, and whether they hold across states."""
    counts: dict[str, int] = defaultdict(int)
    for name in by_name:
        for word in name.split():
            counts[word] += 1
    for name, places in by_name.items():
        states = len({rows[place]["state_code"] for place in places} - {None})
        chance, density = chance_of(name, counts, len(by_name)), len(places) / max(states, 1)
        yield name, places, states, chance, chance <= 0.0001 or (density >= 2.5 and density >= 10 * chance / 52)


def by_contact(rows: list[Row], name: str, places: list[int]) -> Iterator[tuple[tuple[str, str], int]]:
    for place in places:
        for contact in ("phone", "mailing_address"):
            if rows[place][contact]:
                yield (name, rows[place][contact]), place


def ties_by_name(rows: list[Row], by_name: dict[str, list[int]]) -> Iterator[tuple[str, Any, int]]:
    for name, places, states, _, holds in held(rows, by_name):
        yield from (("name", (name, state), place) for place in places if (state := rows[place]["state_code"]))
        if states > 1 and holds:
            yield from (("name_rare", name, place) for place in places)
        elif states > 1:
            yield from (("name_contact", *tie) for tie in by_contact(rows, name, places))


def ties_by_brand(rows: list[Row], by_brand: dict[str, list[int]]) -> Iterator[tuple[str, Any, int]]:
    for name, places, states, chance, holds in held(rows, by_brand):
        if holds:
            yield from (("brand", name, place) for place in places)
            continue
        if chance <= 1:
            yield from (("brand", (name, state), place) for place in places if (state := rows[place]["state_code"]))
        if states > 1:
            yield from (("brand", *tie) for tie in by_contact(rows, name, places))


def edges(rows: list[Row]) -> Iterator[tuple[str, Any, list[int]]]:  # noqa: PLR0912 (one branch a rule)
    """Every tie by its definition: the kind, what is shared, and who shares it."""
    carriers: dict[tuple[str, Any], list[int]] = defaultdict(list)
    by_name: dict[str, list[int]] = defaultdict(list)
    by_brand: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        if row["account_name"]:
            by_name[row["account_name"]].append(place)
        if row["other_names"]:
            by_brand[row["other_names"]].append(place)
        for owner in row["pac_ids"] or []:
            carriers["owner", owner].append(place)
        if row["parent_name"]:
            carriers["parent", row["parent_name"]].append(place)
    for kind, value, place in (*ties_by_name(rows, by_name), *ties_by_brand(rows, by_brand)):
        carriers[kind, value].append(place)
    stems = {name: " ".join(word for word in name.split() if not re.fullmatch(r"\d+", word)) for name in by_name}
    for place, row in enumerate(rows):
        if row["account_name"] and row["mailing_address"]:
            carriers["stem_address", (stems[row["account_name"]], row["mailing_address"])].append(place)
    yield from ((kind, value, places) for (kind, value), places in carriers.items())
    contacts: dict[Any, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        for contact in ("phone", "mailing_address"):
            if row["account_name"] and row["state_code"] and row[contact]:
                contacts[row["state_code"], row[contact]].append(place)
    for places in contacts.values():
        for left, right in combinations(places, 2):
            if spelled_alike(rows[left]["account_name"], rows[right]["account_name"]):
                yield "spelling", None, [left, right]


def spelled_alike(left: str, right: str) -> bool:
    if left == right:
        return False
    if left.replace(" ", "") == right.replace(" ", ""):
        return True
    pairs = [(a, b) for a, b in zip(left.split(), right.split(), strict=False) if a != b]
    if len(left.split()) != len(right.split()) or len(pairs) != 1:
        return False
    a, b = sorted(pairs[0], key=len)
    return a + "s" == b or (len(a) >= 5 and one_edit(a, b))


def one_edit(a: str, b: str) -> bool:
    if len(a) == len(b):
        wrong = [place for place in range(len(a)) if a[place] != b[place]]
        swapped = (
            len(wrong) == 2 and wrong[1] == wrong[0] + 1 and a[wrong[0]] == b[wrong[1]] and a[wrong[1]] == b[wrong[0]]
        )
        return len(wrong) == 1 or swapped
    return len(b) == len(a) + 1 and any(b[:place] + b[place + 1 :] == a for place in range(len(b)))


@pytest.mark.parametrize(("size", "seed"), [(50_000, 1), (3_000, 2), (3_000, 3)])
def test_components_are_those_of_plain_python(size: int, seed: int) -> None:
    rng = random.Random(seed)
    rows = traps(size, rng)
    sets, kinds = Sets(), set()
    for kind, _, places in edges(rows):
        if len(set(places)) > 1:
            sets.join(places)
            kinds.add(kind)
    due: dict[int, set[str]] = defaultdict(set)
    for place, row in enumerate(rows):
        due[sets.root(place)].add(row["clinic_id"])
    rng.shuffle(rows)
    with database(threads=rng.choice([1, 2])) as db:
        grouped(db, frame_of(rows), NetworkOptions())
        found = db.frame(
            "select root, list(clinic_id) as ids from linked_clinics join evidence_clinics using (clinic) group by 1"
        )
        assert set(db.frame("select distinct kind from clinic_edges")["kind"]) == kinds
        members = db.frame("select network_id, list(clinic_id) as ids from network_members group by 1")
    components = {frozenset(ids) for ids in due.values() if len(ids) > 1}
    assert {frozenset(ids) for ids in found["ids"]} == components
    states = {row["clinic_id"]: row["state_code"] for row in rows}
    large = {ids for ids in components if len(ids) > 2 or len({states[key] for key in ids} - {None}) > 1}
    assert {frozenset(ids) for ids in members["ids"]} == large
    assert len(large) > size / 100
