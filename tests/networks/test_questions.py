"""Which questions are asked: of each kind what just qualifies, and what just does not."""

from collections.abc import Iterable
from itertools import count, product
from typing import Any

import polars as pl
import pytest

from icp_engine import load_scorecard
from icp_engine.database import database
from icp_engine.extract.normalized_names import normalized_name
from icp_engine.networks.decisions import Decision
from icp_engine.networks.evidence import EVIDENCE_COLUMNS
from icp_engine.networks.grouping import ByHand, NetworkOptions, by_hand, find_networks, network_inputs

CARD = load_scorecard("icp")
Row = dict[str, Any]
TEXTS = ["clinic_id", "account_name", "state_code", CARD.column("segment"), CARD.column("tier_label")]
COUNTS, FLAGS = ["npi_count", "site_count"], ["fqhc_flag", "aco_member"]
LISTS = ["pac_ids"]
words = map("".join, product("abcdefgh", repeat=4))  # for names that share nothing
states = count()


def frame_of(rows: list[Row]) -> pl.DataFrame:
    """Clinics as grouping reads them, all of one score unless a row says another."""
    dtypes: dict[str, Any] = dict.fromkeys(network_inputs(CARD), pl.Float64)
    dtypes |= dict.fromkeys(TEXTS, pl.String) | dict.fromkeys(COUNTS, pl.Int64) | dict.fromkeys(FLAGS, pl.Boolean)
    dtypes |= {CARD.column("tier"): pl.Int8}
    dtypes |= {name: pl.List(pl.String) if name in LISTS else pl.String for name in EVIDENCE_COLUMNS}
    plain = {name: 0 for name, dtype in dtypes.items() if dtype == pl.Float64}
    frame = pl.DataFrame([{name: (plain | row).get(name) for name in dtypes} for row in rows], dtypes)
    return frame.with_columns(normalized_name=normalized_name(pl.col("account_name")))


def questions(rows: Iterable[Row], decisions: tuple[Decision, ...] = ()) -> list[Row]:
    said = by_hand(NetworkOptions())
    with database(threads=2) as db:
        found = find_networks(
            db, frame_of(list(rows)), CARD, NetworkOptions(review=True),
            said=ByHand(said.excluded, said.overrides, decisions),
        )  # fmt: skip
    assert found.questions is not None
    return found.questions.to_dicts()


def asked(cases: dict[str, list[Row]], kind: str) -> dict[str, list[str]]:
    """By case the sides of its question of a kind: clinics are called by the case and a number."""
    rows = [
        {"clinic_id": f"{case}/{place}", "state_code": f"S{number}", **row}
        for number, (case, clinics) in enumerate(cases.items())
        for place, row in enumerate(clinics)
    ]
    found: dict[str, list[str]] = {}
    for question in questions(rows):
        case = question["sides"][0].split("/")[0]
        if question["kind"] == kind:
            assert case not in found
            found[case] = sorted(side.split("/")[1] for side in question["sides"])
            assert all(side.startswith(f"{case}/") for side in question["sides"])
    return found


def named(*names: str, **more: Any) -> list[Row]:
    return [{"account_name": name, **more} for name in names]


def twice(name: str, *others: str, **more: Any) -> list[Row]:
    """Two clinics of the first name, which hang together, and one of each other: enough for a network."""
    return named(name, name, *others, **more)


def of_states(clinics: list[Row], *states: str) -> list[Row]:
    return [{**clinic, "state_code": state} for clinic, state in zip(clinics, states, strict=True)]


# All of a stem of their own, so that no case meets another. Words of `city` are places.
SIBLINGS: dict[str, tuple[list[Row], bool]] = {
    "a number": (twice("Corvane Health 1", "Corvane Health 2"), True),
    "a number that one lacks": (twice("Delvane Health", "Delvane Health 2"), True),
    "a direction": (twice("Elvane Health North", "Elvane Health South"), True),
    "a place": (twice("Fervane Healthcare of Waco", "Fervane Healthcare of Ada") + named("X", city="Waco")
                + named("Y", city="Ada"), True),
    "a place that no city is": (twice("Gervane Healthcare of Wavo", "Gervane Healthcare of Ava"), False),
    "an added word, alike at 0.85": (twice("hbcdefgh ijklmnop", "hbcdefgh xy ijklmnop"), True),
    "an added word, alike at 0.84": (twice("ibcdefgh ijklmno", "ibcdefgh xy ijklmno"), False),
    "a long number": (twice("Jervane 1", "Jervane 234567"), False),
    "another word": (twice("Kervane Health Care", "Kervane Health Core"), False),
    "two added words": (twice("Lervane Rehabilitation Hospital", "Lervane A Rehabilitation B Hospital"), False),
    "of two states": (of_states(twice("Mervane Health 1", "Mervane Health 2"), "T1", "T1", "T2"), False),
    "too few for a network": (named("Nervane Health 1", "Nervane Health 2"), False),
    "places alone": (twice("North Texas", "South Texas"), False),
    "districts": (twice("Orvane Hospital District No 1", "Orvane Hospital District No 2"), False),
    "authorities": (twice("Pervane Hospital Authority 1", "Pervane Hospital Authority 2"), False),
    "two counties": (twice("Corvo County Qervane Hospital", "Corva County Qervane Hospital")
                     + named("X", city="Corvo") + named("Y", city="Corva"), False),
    "one county": (twice("Rervane County Hospital 1", "Rervane County Hospital 2"), True),
}  # fmt: skip


def test_siblings() -> None:
    found = asked({case: clinics for case, (clinics, _) in SIBLINGS.items()}, "sibling")
    assert found == {case: ["0", "2"] for case, (_, due) in SIBLINGS.items() if due}


def test_a_set_of_siblings_is_one_question() -> None:
    clinics = twice("Corvane Health", "Corvane Health 1", "Corvane Health 2", "Corvane Health 3")
    [question] = questions({"clinic_id": f"c{place}", "state_code": "TX", **row} for place, row in enumerate(clinics))
    assert question["sides"] == ["c0", "c2", "c3", "c4"]
    assert (question["name_a"], question["name_b"]) == (
        "corvane health", "corvane health 1; corvane health 2; corvane health 3",
    )  # fmt: skip
    assert (question["clinics_a"], question["clinics_b"], question["would_change"]) == (2, 3, 5)
    assert question["shared"] == "corvane health in TX"


CONTACT = "5125550100"
SPELLINGS: dict[str, tuple[list[Row], bool]] = {
    "one letter of five": (twice("Corvane Omber Vesta", "Corvane Omber Vista"), True),
    "one letter of four": (twice("Delvane Omfer Vest", "Delvane Omfer Vist"), False),
    "two letters": (twice("Elvane Omger Vesta", "Elvane Omger Visto"), False),
    "one letter in two words": (twice("Fervane Omhes Vesta", "Fervane Omhen Vista"), False),
    "a plural": (twice("Gervane Omjer Spa", "Gervane Omjer Spas"), True),
    "a space": (twice("Hervane Health Omker", "Hervane Healthomker"), True),
    "a numeral": (twice("Iervane Omler Vest1", "Iervane Omler Vest2"), False),
    "a shared phone": (twice("Jervane Ommer Vesta", "Jervane Ommer Vista", phone=CONTACT), False),
    "a phone each": (named("Kervane Omner Vesta", "Kervane Omner Vesta", phone="5125550101")
                     + named("Kervane Omner Vista", phone="5125550102"), True),
    "of two states": (of_states(twice("Lervane Omper Vesta", "Lervane Omper Vista"), "T1", "T1", "T2"), False),
}  # fmt: skip


def test_spellings_of_one_state() -> None:
    found = asked(
        {"crowd": apart(300), **{case: clinics for case, (clinics, _) in SPELLINGS.items()}}, "spelling_alone"
    )
    assert found == {case: ["0", "2"] for case, (_, due) in SPELLINGS.items() if due}


def test_spellings_of_two_states() -> None:
    cases = {case: of_states(clinics, f"T{place}", f"T{place}", f"U{place}")
             for place, (case, (clinics, _)) in enumerate(SPELLINGS.items())}  # fmt: skip
    found = asked({"crowd": apart(300), **cases}, "spelling_states")
    also = {"of two states"}  # with a shared phone it is a contact, which is likelier
    assert found == {case: ["0", "2"] for case, (_, due) in SPELLINGS.items() if due or case in also}


def apart(size: int, **more: Any) -> list[Row]:
    """Clinics of names that nothing ties, each in a state of its own."""
    return [{"account_name": f"{next(words)} {next(words)}", "state_code": f"T{next(states)}", **more}
            for _ in range(size)]  # fmt: skip


CONTACTS: dict[str, tuple[list[Row], int]] = {
    "two of one phone": (apart(2, phone="5125550001"), 2),
    "an official phone counts too": (apart(1, phone="5125550002") + apart(1, official_phone="15125550002"), 2),
    "two of one mailing address": (apart(2, mailing_address="1 Main St, Waco"), 2),
    "two of one address": (apart(2, address="2 Main St"), 0),
    "twenty": (apart(20, phone="5125550003"), 20),
    "twenty-one": (apart(21, phone="5125550004"), 0),
    "one of no name": ([*apart(1, phone="5125550005"), {"state_code": "X1", "phone": "5125550005"}], 0),
    "one name, which ties them": (of_states(named("Corvane", "Corvane", phone="5125550006"), "X2", "X3"), 0),
    "no phone": (apart(2, phone="0000000000"), 0),
    "of one owner, which ties them": (apart(2, phone="5125550007", pac_ids=["7"]), 0),
    "of two owners": (apart(1, phone="5125550008", pac_ids=["8"]) + apart(1, phone="5125550008", pac_ids=["9"]), 0),
    "an owner of one": (apart(1, phone="5125550009", pac_ids=["10"]) + apart(1, phone="5125550009"), 2),
    "all that share the address share the phone": (
        apart(2, phone="5125550010", mailing_address="3 Main St") + apart(1, phone="5125550010"), 3),
}  # fmt: skip


def test_contacts() -> None:
    found = asked({case: clinics for case, (clinics, _) in CONTACTS.items()}, "contact")
    assert {case: len(sides) for case, sides in found.items()} == {case: n for case, (_, n) in CONTACTS.items() if n}


PLACES = [*named("Other", city="Dallas", state_code="Z1"), *named("Beside", city="Tulsa", state_code="Z2")]
STEMS: dict[str, tuple[list[Row], bool]] = {
    "one official phone": (named("Corvane of Dallas", "Corvane of Tulsa", official_phone="5125550001"), True),
    "numbers": (named("Delvane 1", "Delvane 22", official_phone="5125550002"), True),
    "another stem": (named("Elvane of Dallas", "Elvana of Tulsa", official_phone="5125550003"), False),
    "a practice phone": (named("Fervane of Dallas", "Fervane of Tulsa", phone="5125550004"), False),
    "another phone": (named("Gervane of Dallas", official_phone="5125550005")
                      + named("Gervane of Tulsa", official_phone="5125550006"), False),
    "places alone": (named("Dallas", "Tulsa", official_phone="5125550007"), False),
    "in one state, too few": (named("Hervane 1", "Hervane 2", official_phone="5125550008"), False),
}  # fmt: skip


def test_stems_with_a_phone() -> None:
    cases = {
        case: clinics if "one state" in case else of_states(clinics, f"T{place}", f"U{place}")
        for place, (case, (clinics, _)) in enumerate(STEMS.items())
    }
    found = asked({**cases, "places": PLACES}, "stem_phone")
    assert found == {case: ["0", "1"] for case, (_, due) in STEMS.items() if due}


def branded(word: str, leading: int, elsewhere: int = 0, num_states: int = 3, **more: Any) -> list[Row]:
    names = [f"{word} {next(words)}" for _ in range(leading)] + [f"{next(words)} {word}" for _ in range(elsewhere)]
    return [{"account_name": name, "state_code": f"B{place % num_states}", **more} for place, name in enumerate(names)]


BRANDS: dict[str, tuple[list[Row], int]] = {
    "ten names": (branded("corvane", 10), 10),
    "nine names": (branded("delvane", 9), 0),
    "ten clinics of nine names": ([*(nine := branded("elvane", 9)), nine[0]], 0),
    "two states": (branded("fervane", 10, num_states=2), 0),
    "leads in 90%": (branded("gervane", 18, elsewhere=2), 18),
    "leads in less": (branded("hervane", 17, elsewhere=2), 0),
}


def test_brands() -> None:
    found = asked({case: clinics for case, (clinics, _) in BRANDS.items()}, "brand_prefix")
    assert {case: len(sides) for case, sides in found.items()} == {case: n for case, (_, n) in BRANDS.items() if n}


def test_a_brand_repeats_itself() -> None:
    """Then it is asked about though its owners differ: names of few stems, or of one second word."""
    owned = [
        *[{**row, "pac_ids": [f"d{place}"]} for place, row in enumerate(branded("diverse", 10))],
        *[{"account_name": f"Numbered {place}", "state_code": f"B{place % 3}", "pac_ids": [f"n{place}"]}
          for place in range(10)],
        *[{"account_name": f"Second Word {next(words)}", "state_code": f"B{place % 3}", "pac_ids": [f"s{place}"]}
          for place in range(10)],
    ]  # fmt: skip
    found = questions({"clinic_id": f"c{place:02}", **row} for place, row in enumerate(owned))
    brands = {question["name_a"]: question for question in found if question["kind"] == "brand_prefix"}
    assert set(brands) == {"numbered", "second word"}
    assert brands["second word"]["shared"] == "first word of 10 names"
    assert brands["second word"]["against"] == "known owners differ"


@pytest.mark.parametrize(("leading", "due"), [(100, ["corvane"]), (101, [])])
def test_a_word_that_many_different_names_begin_with_is_no_brand(leading: int, due: list[str]) -> None:
    found = questions({"clinic_id": f"c{place}", **row} for place, row in enumerate(branded("corvane", leading)))
    assert [question["name_a"] for question in found if question["kind"] == "brand_prefix"] == due


@pytest.mark.parametrize(("others", "due"), [(4, 10), (5, 9)])
def test_an_ordinary_word_claims_no_network_of_which_it_names_less_than_a_fifth(others: int, due: int) -> None:
    network = [{"pac_ids": ["1"]}, *({"account_name": f"other {next(words)}", "pac_ids": ["1"]} for _ in range(others))]
    rows = [{**row, **more} for row, more in zip(branded("corvane", 10), [network[0], *[{}] * 9], strict=True)]
    rows += [{**row, "state_code": "B0"} for row in network[1:]]
    found = questions({"clinic_id": f"c{place:02}", **row} for place, row in enumerate(rows))
    [question] = [question for question in found if question["kind"] == "brand_prefix"]
    assert len(question["sides"]) == due


def test_no_kind_crowds_out_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("icp_engine.networks.review._MAX_OF_KIND", 2)
    clinics = [row for size, word in ((2, "corvane"), (3, "delvane"), (4, "elvane"))
               for row in named(*[f"{word} health 1"] * size, f"{word} health 2")]  # fmt: skip
    rows = [{"state_code": "TX", **row} for row in clinics] + branded("fervane", 10)
    found = questions({"clinic_id": f"c{place:02}", **row} for place, row in enumerate(rows))
    kinds = [(question["kind"], question["name_a"]) for question in found]
    assert sorted(kinds) == [
        ("brand_prefix", "fervane"), ("sibling", "delvane health 1"), ("sibling", "elvane health 1"),
    ]  # fmt: skip


@pytest.mark.parametrize(("with_second", "due"), [(8, "corvane health"), (7, "corvane")])
def test_a_brand_of_two_words(with_second: int, due: str) -> None:
    names = [f"Corvane {'Health' if place < with_second else next(words)} {next(words)}" for place in range(10)]
    rows = [{"account_name": name, "state_code": f"B{place % 3}"} for place, name in enumerate(names)]
    [question] = questions({"clinic_id": f"c{place}", **row} for place, row in enumerate(rows))
    assert (question["name_a"], len(question["sides"])) == (due, with_second if due != "corvane" else 10)


def test_networks_where_owners_meet() -> None:
    rows = [
        *named("Corvane", "Corvane", state_code="TX", pac_ids=["1"]),
        *named("Corvane", state_code="TX", pac_ids=["2"]),
        *named("Corvane", state_code="TX"),
        *named("Delvane", "Delvane", "Delvane", state_code="OK", pac_ids=["3", "4"]),  # tied by owners alone
        *named("Elvane", "Elvane", "Elvane", state_code="CA", pac_ids=["5"]),
    ]
    clinics = [{"clinic_id": f"c{place}", **row} for place, row in enumerate(rows)]
    [question] = questions(clinics)
    assert (question["kind"], question["sides"], question["would_change"]) == ("owners", ["c0", "c2"], 1)
    assert (question["shared"], question["against"]) == ("name corvane, TX", "2 owners are known")
    for action in ("merge", "not_same"):
        assert questions(clinics, (Decision(2, "", "", action, "c0", "c2", ""),)) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("scores", "due"),
    [
        # Points of both names, three clinics and one; the second would get another network in any case.
        ((60, 60), 1),
        ((60, 16), 4),  # the mean falls below 50: another tier
        ((60, 70), 4),  # another anchor
        ((20, 20), 1),
    ],
)
def test_what_would_change(scores: tuple[int, int], due: int) -> None:
    large, small = scores
    rows = [
        *named("Corvane Health 1", "Corvane Health 1", "Corvane Health 1", **points(large)),
        *named("Corvane Health 2", **points(small)),
    ]
    [question] = questions({"clinic_id": f"c{place}", "state_code": "TX", **row} for place, row in enumerate(rows))
    assert question["would_change"] == due


def points(total: int) -> Row:
    """A total that all categories share alike."""
    part = total / len(CARD.categories)
    return {CARD.column("total_score"): float(total), **{category.column: part for category in CARD.categories}}
