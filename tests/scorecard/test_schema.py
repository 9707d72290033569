"""The JSON Schema underlines in an editor what `scorecard check` names, and accepts what the engine accepts."""

import copy
import json
import re
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from test_scorecard_check import BASE, BIG, FRUIT, ONLY, SMALL, edited, marked, problems

from icp_engine.cli import cli
from icp_engine.errors import ScorecardError
from icp_engine.partnerships.formats import RULES, schema_content
from icp_engine.partnerships.rules import SHIPPED as RULES_FOLDER
from icp_engine.scorecard.loader import load_scorecard, restore_scorecard
from icp_engine.scorecard.toml.lines import lines_of
from icp_engine.scorecard.toml.schema import scorecard_schema
from icp_engine.scorecard.toml.source import SHIPPED, read_source

SCHEMA = jsonschema_rs.Draft7Validator(scorecard_schema())


def underlined(text: str) -> set[int]:
    """The lines that an editor underlines: an unknown key itself, or the key of the value that is wrong."""
    lines, found = {tuple(map(str, path)): line for path, line in lines_of(text).items()}, set()
    for error in SCHEMA.iter_errors(tomllib.loads(text)):
        path = tuple(map(str, error.instance_path))  # a table called 1 comes as a number
        unexpected = getattr(error.kind, "unexpected", None) or [None]
        for key in unexpected:
            here = path if key is None else (*path, key)
            found.add(next((lines[here[:length]] for length in range(len(here), 0, -1) if here[:length] in lines), 1))
    return found


STRUCTURE = [
    pytest.param(old, new, id=name)
    for name, old, new in [
        ("unknown key", "max = 10", "max = 10\nmxa = 1 #!"),
        ("unknown key at the top", "[lists]", "descripton = 'x' #!\n[lists]"),
        ("unknown key of a band", SMALL, SMALL.replace("points", "pionts = 1, points") + " #!"),
        ("a number for a text", 'label = "C"', "label = 3 #!"),
        ("a blank text", 'label = "C"', 'label = " " #!'),
        ("a text for a number", BIG, BIG.replace("= 5", '= "5"') + " #!"),
        ("a flag for a number", BIG, BIG.replace("= 5", "= true") + " #!"),
        ("a number for a table", SMALL, SMALL + "\n  3, #!"),
        ("a number in a list of texts", '"pear"]', "3] #!"),
        ("a number for a flag", FRUIT, FRUIT.replace('mentions = "fruit"', 'field = "fqhc_flag", is = 1') + " #!"),
        ("a text for a table", ONLY, 'only_for = "size" #!'),
        ("a word that is none", "max = 10", 'max = 10\ncombine = "product" #!'),
        ("a table of a field that is none", "[lists]", "[fields]\nehr_vendor = 'text' #!\n[lists]"),
        ("a label that is missing", '[tier.2]\nlabel = "Two"', "[tier.2] #!"),
        ("a maximum that is missing", '[category.c]\nlabel = "C"\nmax = 10', '[category.c] #!\nlabel = "C"'),
        (
            "a line and a share at once",
            BIG,
            BIG.replace("= 5,", "= { share_of = 'fruit', times = 2, from = 1 },") + " #!",
        ),
        (
            "decimals that are too many",
            BIG,
            BIG.replace("= 5,", "= { from = 1, to = 2, over = [1, 2], round = 3 },") + " #!",
        ),
    ]
]


@pytest.mark.parametrize(("old", "new"), STRUCTURE)
def test_a_mistake_is_underlined_where_the_check_names_it(old: str, new: str, tmp_path: Path) -> None:
    text = edited((old, new))
    assert {line for line, _ in problems(text, tmp_path)} >= set(marked(text))
    assert underlined(text) == set(marked(text))


def test_three_mistakes_are_underlined_at_the_places_that_the_check_names(tmp_path: Path) -> None:
    text = edited(
        ("max = 10", "max = 10\nmxa = 1 #!"),
        (BIG, BIG.replace("= 5", '= "5"') + " #!"),
        ('label = "One"', "label = 1 #!"),
    )
    named = [line for line, _ in problems(text, tmp_path)]
    assert named == sorted(underlined(text)) == marked(text)
    assert len(named) == 3


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_scorecards_satisfy_the_schema_and_point_to_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [str(error) for error in SCHEMA.iter_errors(tomllib.loads(text))] == []
    target = path.parent / text.splitlines()[0].removeprefix("#:schema ")
    assert json.loads(target.read_text(encoding="utf-8")) == scorecard_schema()


@pytest.mark.parametrize("name", RULES)
def test_shipped_rules_satisfy_their_schema_and_point_to_it(name: str) -> None:
    schema = schema_content(name)
    text = (RULES_FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    validator = jsonschema_rs.Draft7Validator(schema)
    assert validator.is_valid(tomllib.loads(text))
    assert not validator.is_valid({**tomllib.loads(text), "zzz": 1})
    assert not validator.is_valid({})
    target = RULES_FOLDER / text.splitlines()[0].removeprefix("#:schema ")
    assert json.loads(target.read_text(encoding="utf-8")) == schema


def test_a_variant_states_only_what_differs() -> None:
    variant: dict[str, Any] = {"extends": "icp", "category": {"fit": {"max": 15, "specialty": {"drop": True}}}}
    assert SCHEMA.is_valid(variant)
    assert not SCHEMA.is_valid({**variant, "category": {"fit": {"max": "15"}}})
    assert not SCHEMA.is_valid({**variant, "category": {"fit": {"specialty": {"bands": [{"name": "x"}]}}}})
    del variant["extends"]
    assert not SCHEMA.is_valid(variant)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The place of every key inside a value."""
    found = []
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        found += [(*path, key)] * isinstance(key, str) + places(inner, (*path, key))
    return found


CARDS = {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in SHIPPED.glob("*.toml")}
WHOLE = {name: card for name, card in CARDS.items() if "extends" not in card} | {"base": tomllib.loads(BASE)}


@settings(deadline=None)  # a busy machine takes longer, and says nothing of the schema
@given(st.data())
def test_the_schema_refuses_nothing_that_the_reader_accepts(data: st.DataObject) -> None:
    card = copy.deepcopy(WHOLE[data.draw(st.sampled_from(sorted(WHOLE)))])
    place = data.draw(st.sampled_from([each_place for each_place in places(card) if each_place[0] != "example"]))
    table = card
    for key in place[:-1]:
        table = table[key]
    change = data.draw(st.sampled_from(["drop", "rename", "number", "text", "table"]))
    value = table.pop(place[-1])
    if change != "drop":
        name = "zzz" if change == "rename" else place[-1]
        table[name] = {"rename": value, "number": 7, "text": "seven", "table": {"x": 1}}[change]
    if not SCHEMA.is_valid(card):
        with pytest.raises(ScorecardError):
            restore_scorecard(card, "card.toml")


NOVEMBER, INHERITED = CARDS["icp-2025-11"], read_source("icp-2025-11").content
EDITS: dict[str, Any] = {
    "number": 7,
    "text": "seven",
    "word": "every",
    "flag": True,
    "list": ["seven"],
    "table": {"x": 1},
    "dropped": {"drop": True},
    "dropped with more": {"drop": True, "x": 1},
}


def written(value: Any) -> str:
    """A value as TOML has it within a line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {written(inner)}" for key, inner in value.items()) + " }"
    return f"[{', '.join(map(written, value))}]" if isinstance(value, list) else json.dumps(value)


def written_lines(table: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[str]:
    """A table as TOML, a line for each key, however deep; a table that is dropped is one line."""
    for key, value in table.items():
        here = (*path, json.dumps(key))
        if isinstance(value, dict) and value and "drop" not in value:
            yield from written_lines(value, here)
        else:
            yield f"{'.'.join(here)} = {written(value)}\n"


@st.composite
def edited_variants(draw: st.DrawFn) -> str:
    """The text of `icp-2025-11` with one edit: of what it states, or of what it inherits."""
    stated = [place for place in places(NOVEMBER) if place[0] != "example"]
    inherited = [place for place in places(INHERITED) if place[0] != "example" and not set(map(type, place)) - {str}]
    *around, key = draw(st.sampled_from(stated) | st.sampled_from(inherited))
    card = copy.deepcopy(NOVEMBER)
    table: Any = card
    for name in around:
        table = table.setdefault(name, {}) if isinstance(table, dict) else table[name]
    edit = draw(st.sampled_from(["remove", "rename", *EDITS]))
    value = table.pop(key, 7)
    if edit != "remove":
        table["zzz" if edit == "rename" else key] = EDITS.get(edit, value)
    return "".join(written_lines(card))


@settings(deadline=None)
@given(edited_variants())
def test_the_schema_of_a_variant_agrees_with_the_reader(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "card.toml"
        file.write_text(text, encoding="utf-8")
        try:
            load_scorecard(file)
            found = []
        except ScorecardError as error:
            found = [problem for problem in error.problems if problem.source == str(file)]
        else:
            assert underlined(text) == set()
    structural = {problem.line for problem in found if re.search("unknown key|expected (?!the name)", problem.message)}
    assert structural <= underlined(text)


def test_a_variant_drops_what_it_does_not_want() -> None:
    variant: dict[str, Any] = {
        "extends": "icp",
        "lists": {"behavioral": {"drop": True}, "drop": ["a list of that name"]},
        "category": {"fit": {"requires": {"drop": True}, "multi_site": {"only_for": {"drop": True}}}},
        "tier": {"2": {"drop": True}},
    }
    assert [str(error) for error in SCHEMA.iter_errors(variant)] == []
    for mistake in ({"drop": True, "label": "x"}, {"drop": False}, {"drop": "fit"}):
        assert not SCHEMA.is_valid({**variant, "tier": {"2": mistake}})
    assert not SCHEMA.is_valid({**variant, "category": {"fit": {"label": {"drop": True}}}})
    assert not SCHEMA.is_valid({key: value for key, value in variant.items() if key != "extends"})


def test_no_definition_is_dead() -> None:
    schema = scorecard_schema()
    named = set(re.findall(r'"#/definitions/(\w+)"', json.dumps(schema)))
    assert named == schema["definitions"].keys()


def test_the_command_prints_what_is_committed() -> None:
    done = CliRunner().invoke(cli, ["scorecard", "schema"])
    assert done.stdout == (SHIPPED / "scorecard.schema.json").read_text(encoding="utf-8")
    rules = CliRunner().invoke(cli, ["scorecard", "schema", "--rules", "sla"])
    assert rules.stdout == (RULES_FOLDER / "sla.schema.json").read_text(encoding="utf-8")
