"""What is said to a clinic: known values only, each sentence with its points, and no score that changes by it."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

import icp_engine as icp
from icp_engine import ScorecardError
from icp_engine.scorecard.toml.source import read_source
from icp_engine.scoring.talk import Sentence, talk_of, talk_text

CARD = """\
id = "talk"
version = "1"
title = "Talk"
prefix = "talk"
[derived.ratio]
description = "R"
numerator = "allowed_amt"
denominator = "bene_count"
[category.c]
label = "C"
max = 30
all_missing = "Nothing known"
[category.c.size]
label = "Size"
field = "npi_count"
missing = { points = 1, note = "No size", ask = "How many are you, {name}?" }
bands = [
  { name = "big", at_least = 1000, points = 9, reason = "Big", say = "You are {value}, {name}." },
  { name = "mid", at_least = 5, points = 3, reason = "Mid" },
  { name = "small", points = 0, reason = "Small", warn = "Only {value}: do not open with size." },
]
[category.c.sites]
label = "Sites"
field = "site_count"
missing = { points = 0, ask = "How many sites?" }
bands = [
  { name = "many", at_least = 5, points = 4, reason = "Many", say = "Many sites." },
  { name = "few", points = 0, reason = "Few" },
]
[category.c.more_sites]
label = "More sites"
field = "site_count"
missing = { points = 0, ask = "How many sites?" }
bands = [
  { name = "many", at_least = 9, points = 2, reason = "Very many", say = "Many sites." },
  { name = "few", points = 0, reason = "Few" },
]
[category.c.revenue]
label = "Revenue"
field = "ratio"
missing = { points = 0 }
bands = [
  { name = "any", above = 0, points = 5, reason = "Some", say = "You get ${value}." },
  { name = "none", points = 0, reason = "None" },
]
[tier.1]
label = "One"
"""
SAID = "You are 1,234, Elm."


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> icp.Scorecard:
    path = tmp_path_factory.mktemp("talk") / "talk.toml"
    path.write_text(CARD)
    return icp.load_scorecard(path)


def talk(card: icp.Scorecard, name: str | None, **fields: Any) -> list[tuple[str, str, float]]:
    clinic = pl.DataFrame({"clinic_id": ["c"]} | {field: [value] for field, value in fields.items()})
    entries = icp.explain(clinic, card, "c").bibliography
    return [(sentence.kind, sentence.text, sentence.points) for sentence in talk_of(card, entries, name)]


@pytest.mark.parametrize(
    ("name", "fields", "expected"),
    [
        ("Elm", {"npi_count": 1234, "site_count": 4}, [("say", SAID, 9)]),
        ("Elm", {"npi_count": 1000, "site_count": 4}, [("say", "You are 1,000, Elm.", 9)]),
        ("Elm", {"npi_count": 999, "site_count": 4}, []),
        (None, {"npi_count": 1234, "site_count": 4}, []),
        ("", {"npi_count": 1234, "site_count": 4}, []),
        ("{value}", {"npi_count": 1234, "site_count": 4}, [("say", "You are 1,234, {value}.", 9)]),
        ("Elm", {"npi_count": 0, "site_count": 4}, [("warn", "Only 0: do not open with size.", 0)]),
        ("Elm", {"npi_count": 5, "site_count": 5}, [("say", "Many sites.", 4)]),
        ("Elm", {"npi_count": 5, "site_count": 9}, [("say", "Many sites.", 6)]),
        ("Elm", {"npi_count": 5}, [("ask", "How many sites?", 6)]),
        ("Elm", {"site_count": 4}, [("ask", "How many are you, Elm?", 8)]),
        (None, {"site_count": 4}, []),
        ("Elm", {}, [("ask", "How many are you, Elm?", 9), ("ask", "How many sites?", 6)]),
        (
            "Elm",
            {"npi_count": 1234, "site_count": 4, "allowed_amt": 1000.0, "bene_count": 3},
            [("say", SAID, 9), ("say", "You get $333.33.", 5)],
        ),
        (
            "Elm",
            {"npi_count": 1, "site_count": 5, "allowed_amt": 900.0, "bene_count": 3},
            [("say", "You get $300.", 5), ("say", "Many sites.", 4), ("warn", "Only 1: do not open with size.", 0)],
        ),
    ],
)
def test_sentences_stand_by_kind_and_points(
    card: icp.Scorecard, name: str | None, fields: dict[str, Any], expected: list[tuple[str, str, float]]
) -> None:
    assert talk(card, name, **fields) == expected


def test_as_text_each_sentence_names_what_it_comes_from() -> None:
    sentences = [
        Sentence("say", "Hello.", (("Big", 9.0), ("Many", 1.5))),
        Sentence("ask", "How many?", (("Sites", 6),)),
    ]
    assert talk_text(sentences).split("\n") == [
        "What to say",
        "  Say:       Hello.",
        "             Big (+9), Many (+1.5)",
        "  Ask:       How many?",
        "             Sites (up to +6)",
    ]
    assert talk_text([]) == ""
    long = talk_text([Sentence("warn", "word " * 60, (("reason " * 30, 1.0),))]).split("\n")
    assert max(map(len, long)) <= 110
    assert all(line.startswith(" " * 11) for line in long[2:])


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("Only {value}:", "Only {count}:", "'{count}' stands for nothing; {value} and {name} do"),
        ("How many are you, {name}?", "Are you {value}?", "there is no {value} here: it is that of the"),
        ('reason = "Small", warn', 'note = "Small", warn', "a band that counts as missing says nothing to open with"),
        ('say = "You are {value}, {name}."', "say = 5", "expected text, found 5"),
    ],
)
def test_what_cannot_be_said_is_a_mistake(tmp_path: Path, before: str, after: str, message: str) -> None:
    text = CARD.replace(before, after)
    (tmp_path / "talk.toml").write_text(text)
    with pytest.raises(ScorecardError) as error:
        icp.load_scorecard(tmp_path / "talk.toml")
    line = 1 + next(number for number, each in enumerate(text.splitlines()) if after in each)
    assert any(message in problem.message and problem.line == line for problem in error.value.problems)


def test_words_change_neither_scores_nor_the_hash(tmp_path: Path, card: icp.Scorecard) -> None:
    (tmp_path / "talk.toml").write_text(CARD.replace(', say = "Many sites."', "").replace("How many sites?", "Where?"))
    assert icp.load_scorecard(tmp_path / "talk.toml").hash == card.hash
    (tmp_path / "talk.toml").write_text(CARD.replace('reason = "Very many"', 'reason = "Plenty"'))
    assert icp.load_scorecard(tmp_path / "talk.toml").hash != card.hash


@pytest.mark.parametrize("where", ['[lists]\nsay = ["{}"]\n', '[category.c.size.unknown]\nask = "{}"\n'])
def test_what_is_only_called_so_counts(tmp_path: Path, where: str) -> None:
    """A list or a field may be called `say` or `ask` as well."""
    hashes = set()
    for word in ("a", "b"):
        (tmp_path / "talk.toml").write_text(CARD + where.format(word))
        hashes.add(read_source(str(tmp_path / "talk.toml")).hash)
    assert len(hashes) == 2


def test_the_shipped_card_speaks_of_its_strongest_bands() -> None:
    card = icp.load_scorecard("icp")
    found = talk(card, "Elm", segment_label="Home Health", npi_count=144, denial_pressure=1.5, oig_leie_flag=True)
    kinds = {kind for kind, _, _ in found}
    assert kinds == {"say", "warn", "ask"}
    assert ("say", "You run 144 providers. How do you keep documentation the same everywhere?", 8) in found
    assert any(kind == "warn" and "1.5 of 10" in text for kind, text, _ in found)
    assert any(kind == "ask" and "Medicare" in text and points == 15 for kind, text, points in found)
    assert talk(icp.load_scorecard("icf"), "Elm", npi_count=144) == [], "a card without sentences says nothing"
