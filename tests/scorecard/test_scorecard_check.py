"""Every mistake of a scorecard is reported, all at once, each with its line, what was found and what would be right."""

import subprocess
import sys
from pathlib import Path

import pytest
from frozen import shipped_version

import icp_engine
from icp_engine import Problem, ScorecardError

BASE = """\
id = "base"
version = "1"
title = "Base"
prefix = "b"
[lists]
fruit = ["apple", "pear"]
[derived.ratio]
description = "R"
numerator = "allowed_amt"
denominator = "bene_count"
[category.c]
label = "C"
max = 10
[category.c.size]
field = "npi_count"
missing = { points = 0 }
bands = [
  { name = "big", at_least = 9, points = 5, reason = "Big" },
  { name = "mid", at_least = 5, points = 3, reason = "Mid" },
  { name = "small", points = 0, reason = "Small" },
]
[category.c.kind]
field = "sector"
only_for = { size = ["big"] }
missing = { points = 0 }
bands = [
  { name = "fruit", mentions = "fruit", points = 2, reason = "Fruit" },
  { name = "other", points = 0, reason = "Other" },
]
[tier.1]
label = "One"
at_least = 5
[tier.2]
label = "Two"
[[example]]
name = "E"
given = { npi_count = 9 }
[example.expect]
total = 5
"""
BIG = '  { name = "big", at_least = 9, points = 5, reason = "Big" },'
MID = '  { name = "mid", at_least = 5, points = 3, reason = "Mid" },'
SMALL = '  { name = "small", points = 0, reason = "Small" },'
FRUIT = '  { name = "fruit", mentions = "fruit", points = 2, reason = "Fruit" },'
OTHER = '  { name = "other", points = 0, reason = "Other" },'
ONLY = 'only_for = { size = ["big"] }'
LINE = "{ from = 1, to = 2, over = [5, 9] }"
MISSING = 'field = "npi_count"\nmissing = { points = 0 }'


def band(condition: str, name: str = "x") -> str:
    """A band whose line is to be reported."""
    return f'  {{ name = "{name}", points = 1, reason = "R", {condition} }}, #!'


def above(other: str, condition: str) -> str:
    """The same, right above another band."""
    return f"{band(condition)}\n{other}"


WIDER = 'any = [{ mentions = "fruit" }, { equals = ["plum"] }]'
Edit = tuple[str, str, str]  # what stands in BASE, what replaces it (the line to be reported ends in #!), the message
READING: list[Edit] = [
    ("[tier.2]", "[tier.2 #!", "not valid TOML: "),
    ("max = 10", "max = 10\nmax = 11 #!", "not valid TOML: Cannot overwrite a value"),
    ("max = 10", "max = 10\nmxa = 1 #!", "category.c.mxa: unknown key 'mxa' (did you mean 'max'?)"),
    ("max = 10", "max = 10\nzzz = 1 #!", "category.c.zzz: unknown key 'zzz'; known here are all_missing, bibliography"),
    ("[lists]", "descripton = 'x' #!\n[lists]", "descripton: unknown key 'descripton' (did you mean 'description'?)"),
    ('[tier.2]\nlabel = "Two"', "[tier.2] #!", "tier.2: 'label' is missing: give text"),
    ('label = "C"', "label = 3 #!", "category.c.label: expected text, found 3"),
    ('label = "C"', 'label = "" #!', "category.c.label: expected text, found ''"),
    (BIG, BIG.replace("= 5", '= "5"') + " #!", "category.c.size.bands[1].points: expected a number, found '5'"),
    (BIG, BIG.replace("= 5", "= true") + " #!", "category.c.size.bands[1].points: expected a number, found True"),
    (SMALL, SMALL + "\n  3, #!", "category.c.size.bands[4]: expected a table, found 3"),
    ('"pear"]', "3] #!", "lists.fruit: expected a list of texts, found ['apple', 3]"),
    (
        "[lists]",
        "[fields.x]\ndescription = 'X'\ntype = 'date' #!\n[lists]",
        "expected one of text, integer, number, flag",
    ),
    (
        "[lists]",
        "[fields.sector]\ndescription = 'X'\ntype = 'flag' #!\n[lists]",
        "is a field of the engine, of type text",
    ),
    ("max = 10", 'max = 10\ncombine = "product" #!', "expected 'sum' or 'weighted_mean', found 'product'"),
    ('prefix = "b"', 'prefix = "b"\nextends = 3 #!', "extends: expected the name or the path of a scorecard"),
    ('prefix = "b"', 'prefix = "b"\nextends = "ipc" #!', "extends: There is no scorecard 'ipc' (did you mean 'icp'"),
    ('prefix = "b"', 'prefix = "b"\nextends = "no.toml" #!', "no.toml does not exist; check the path."),
    ('prefix = "b"', 'prefix = "b"\nextends = "card.toml" #!', "extends: a scorecard cannot extend itself"),
    (
        "[tier.1]",
        '[[tie_break]]\nfield = "npi_coun" #!\norder = "descending"\n[tier.1]',
        "tie_break[1].field: unknown field 'npi_coun' (did you mean 'npi_count'",
    ),
    (
        "[tier.1]",
        '[[tie_break]]\nfield = "npi_count"\norder = "up" #!\n[tier.1]',
        "tie_break[1].order: expected 'descending' or 'ascending', found 'up'",
    ),
    ("[tier.1]", '[[tie_break]] #!\nfield = "npi_count"\n[tier.1]', "tie_break[1]: 'order' is missing: give text"),
    (
        "[tier.1]",
        '[[tie_break]]\nfield = "npi_count"\norder = "ascending"\nmissing = "first" #!\n[tier.1]',
        "tie_break[1].missing: unknown key 'missing'",
    ),
    (
        "[tier.1]",
        '[[tie_break]]\nfield = "npi_count"\norder = "descending"\n'
        '[[tie_break]]\nfield = "npi_count" #!\norder = "ascending"\n[tier.1]',
        "tie_break[2].field: 'npi_count' breaks ties further up already",
    ),
    (
        "[tier.1]",
        '[[tie_break]]\nfield = "clinic_id" #!\norder = "ascending"\n[tier.1]',
        "tie_break[1].field: 'clinic_id' comes last of all by itself; remove it",
    ),
    (
        "[tier.1]",
        '[fields.plans]\ndescription = "P"\ntype = "list"\n'
        '[[tie_break]]\nfield = "plans" #!\norder = "descending"\n[tier.1]',
        "tie_break[1].field: a list has no order, 'plans' is one",
    ),
]
CONDITIONS: list[Edit] = [
    (FRUIT, band('field = "sectr", equals = ["x"]'), "unknown field 'sectr' (did you mean 'sector'?); a column of"),
    (FRUIT, band('field = "zzz", equals = ["x"]'), "unknown field 'zzz'; a column of your own needs [fields.zzz]"),
    (FRUIT, band('field = "npi_count", mentions = ["x"]'), "'mentions' is for a text field, 'npi_count' is integer"),
    (FRUIT, band("at_least = 3"), "bands[1].at_least: 'at_least' is for a number field, 'sector' is text"),
    (FRUIT, band('field = "npi_count", is = true'), "bands[1].is: 'is' is for a flag field, 'npi_count' is integer"),
    (FRUIT, band('fields = ["npi_count", "bene_count"], at_least = 3'), "bands[1].fields: a number test reads one"),
    (FRUIT, band('field = "fqhc_flag", is = 1'), "bands[1].is: expected true or false, found 1"),
    (FRUIT, band('mentions = "fruits"'), "unknown list 'fruits' (did you mean 'fruit'?); a phrase itself goes in"),
    (FRUIT, band("mentions = []"), "bands[1].mentions: an empty list matches nothing"),
    (FRUIT, band('mentions = ["x", " "]'), "bands[1].mentions: a blank phrase would match everything"),
    (MID, band("at_least = 5, above = 4"), "one test at a time, found at_least and above; put them into all = [...]"),
    (MID, band("at_most = 5"), "bands[2].at_most: bands go by lower edge: use at_least or above instead of at_most"),
    (MID, band("below = 5"), "bands[2].below: bands go by lower edge: use at_least or above instead of below"),
    (ONLY, "bonus = { points = 1, reason = 'B' } #!", "category.c.kind.bonus: a bonus needs a condition"),
    (OTHER, OTHER.replace("0", LINE) + " #!", "bands[2].points: these points need a number field, 'sector' is text"),
    (MID, MID.replace("3", LINE.replace("5, 9", "9, 5")) + " #!", "needs over = [low, high] with low below high"),
    (
        MID,
        MID.replace("3", LINE.replace(" }", ", round = 3 }")) + " #!",
        "round: points have 0, 1 or 2 decimals, found 3",
    ),
]
BANDS: list[Edit] = [
    (SMALL, above(SMALL, "at_least = 7"), "unreachable: whatever lands in 'x' has landed in 'mid' before"),
    (SMALL, above(SMALL, "above = 5"), "unreachable: whatever lands in 'x' has landed in 'mid' before"),
    (SMALL, above(SMALL, "at_least = 5"), "unreachable: whatever lands in 'x' has landed in 'mid' before"),
    (SMALL, f'{SMALL}\n  {{ name = "x", points = 0, reason = "R" }}, #!', "'x' has landed in 'small' before"),
    (OTHER, above(OTHER, 'mentions = ["pineapple", "Pear "]'), "'x' has landed in 'fruit' before"),
    (OTHER, above(OTHER, 'equals = ["Apple"]'), "'x' has landed in 'fruit' before"),
    (OTHER, above(OTHER, 'all = [{ mentions = "fruit" }, { field = "npi_count", above = 3 }]'), "in 'fruit' before"),
    (OTHER, above(OTHER, 'any = [{ equals = ["pear"] }, { mentions = ["apples"] }]'), "in 'fruit' before"),
    (FRUIT, above(FRUIT, WIDER).replace(" #!", "") + " #!", "'fruit' has landed in 'x' before"),
    (SMALL, band("above = 1"), "the last band must take whoever is left: add a band without a condition after 'x'"),
    (MID, MID.replace("3", "10.5") + " #!", "'mid' is worth up to 10.5 points, the maximum of c is 10"),
    (MID, MID.replace("3", LINE.replace("2", "11")) + " #!", "'mid' is worth up to 11 points, the maximum of c is 10"),
    (f"{SMALL}\n]", f"{SMALL}\n]\nmax = 11 #!", "category.c.size.max: 11 is more than the maximum of c, 10"),
    (f"bands = [\n{BIG}", f"max = 4\nbands = [\n{BIG} #!", "'big' is worth up to 5 points, the maximum of size is 4"),
    (MISSING, MISSING.replace("0", "11") + " #!", "missing is worth 11 points, the maximum of c is 10"),
    (f"[category.c.size]\n{MISSING}", '[category.c.size] #!\nfield = "npi_count"', "size: say what missing is worth:"),
    (f"{MISSING}", 'field = "npi_count"\nmissing = { points = 0, when_all = ["npi"] } #!', "unknown field 'npi'"),
    (MID, MID.replace(', reason = "Mid"', "") + " #!", "bands[2]: a band says why: give a reason (or a note,"),
    (MID, MID.replace('"mid"', '"big"') + " #!", "bands[2]: duplicate reason code 'c.size.big'; rename the band"),
    (MID, MID.replace('"mid"', '"missing"') + " #!", "reason code 'c.size.missing' is kept for the missing field"),
    (ONLY, ONLY.replace("size", "sise") + " #!", "only_for.sise: 'sise' does not exist (did you mean 'size'?)"),
    (ONLY, ONLY.replace("big", "bigg") + " #!", "only_for.size: 'bigg' does not exist (did you mean 'big'?)"),
    (ONLY, ONLY.replace("size", "kind") + " #!", "only_for.kind: 'kind' does not exist; there are size"),
    (ONLY, 'only_for = "size" #!', "category.c.kind.only_for: expected a table, found 'size'"),
    (ONLY, 'unknown = { fqhc_flag = "x" } #!', "unknown.fqhc_flag: 'fqhc_flag' is not read here; read are sector"),
    ("max = 10", 'max = 10\nrequires = "sise" #!', "category.c.requires: 'sise' does not exist (did you mean 'size'?)"),
    ("max = 10", 'max = 10\nrequires = "kind" #!', "the required characteristic comes first: put 'kind' on top"),
    ("[tier.1]", "[category.d] #!\nlabel = 'D'\nmax = 3\n[tier.1]", "category.d: a category needs a characteristic"),
]
REST: list[Edit] = [
    ('label = "Two"', "label = 'Two'\nat_least = 5 #!\n[tier.3]\nlabel = 'T'", "tier.2.at_least: unreachable: tier 1"),
    ('label = "Two"', "label = 'Two'\nat_least = 6 #!\n[tier.3]\nlabel = 'T'", "tier.2.at_least: unreachable: tier 1"),
    ('label = "Two"', "label = 'Two'\nat_least = 1 #!", "tier.2.at_least: the last tier takes whoever is left: remove"),
    ('[tier.1]\nlabel = "One"\nat_least = 5', "[tier.1] #!\nlabel = 'One'", "tier.1: only the last tier takes whoever"),
    ("at_least = 5\n", "at_least = 10.5 #!\n", "tier.1.at_least: 10.5 cannot be reached: total goes from 0 to 10"),
    ("at_least = 5\n", "at_least = 0 #!\n", "tier.1.at_least: 0 cannot be reached: total goes from 0 to 10"),
    ("at_least = 5\n", "at_least = { d = 5 } #!\n", "tier.1.at_least: 'd' does not exist; there are total, c"),
    ("[tier.1]\n", "[tier.3] #!\n", "tier: number the tiers 1, 2, 3, ... without a gap: [tier.1]"),
    ("[[example]]", "[network_tier.1]\nat_least = 11 #!\n[network_tier.2]\n[[example]]", "network_tier.1.at_least: 11"),
    ("[tier.1]", "[segment] #!\nA.label = 'A'\n[tier.1]", "segment: no band leads to a segment: add segment ="),
    ("[derived.ratio]", "[derived.site_count] #!", "'site_count' is already the name of a field; choose another"),
    ('numerator = "allowed_amt"', 'numerator = "sector" #!', "numerator: a ratio needs numbers, 'sector' is text"),
    ('"bene_count"', '"bene_cout" #!', "denominator: unknown field 'bene_cout' (did you mean 'bene_count'"),
    ("npi_count = 9 }", "npi_cnt = 9 } #!", "example[1].given.npi_cnt: 'npi_cnt' does not exist (did you mean"),
    ("total = 5", "totl = 5 #!", "example[1].expect.totl: 'totl' does not exist (did you mean 'total'?)"),
    ("[lists]", "[columns]\ntiers = 'x' #!\n[lists]", "columns.tiers: 'tiers' does not exist (did you mean 'tier'"),
    ('id = "base"', "id = 'base'\ncolumns.c = 'b_tier' #!", "2 columns would be called 'b_tier'; rename one under"),
]


def problems(text: str, folder: Path) -> list[tuple[int, str]]:
    """Line and message of every mistake in a scorecard."""
    path = folder / "card.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScorecardError) as caught:
        icp_engine.load_scorecard(path)
    assert all(
        isinstance(problem, Problem) and problem.source.endswith("card.toml") for problem in caught.value.problems
    )
    return [(problem.line, problem.message) for problem in caught.value.problems]


def edited(*edits: tuple[str, str]) -> str:
    """The base with changes; each has to have a place there."""
    text = BASE
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def numbered(edits: list[Edit]) -> list[str]:
    return [f"{number} {message[:60]}" for number, (_, _, message) in enumerate(edits, 1)]


def marked(text: str) -> list[int]:
    return [number for number, line in enumerate(text.splitlines(), 1) if line.endswith("#!")]


def test_the_base_is_sound(tmp_path: Path) -> None:
    (tmp_path / "card.toml").write_text(BASE, encoding="utf-8")
    assert icp_engine.load_scorecard(tmp_path / "card.toml").id == "base"


EVERY = [*READING, *CONDITIONS, *BANDS, *REST]


@pytest.mark.parametrize(("old", "new", "message"), EVERY, ids=numbered(EVERY))
def test_one_mistake(old: str, new: str, message: str, tmp_path: Path) -> None:
    text = edited((old, new))
    found = problems(text, tmp_path)
    assert [line for line, _ in found] == marked(text)
    assert message in found[0][1]


SEGMENT = ("[tier.1]", "[segment.A]\nlabel = 'A'\n[tier.1]")
IN_A = [(one, one.replace("points", 'segment = "A", points')) for one in (BIG, MID, SMALL)]
MISSING_IN_A = (MISSING, MISSING.replace("points", 'segment = "A", points'))
WEIGHTED = ("max = 10", 'max = 10\ncombine = "weighted_mean"')
HEADS = [("[category.c.size]", "[category.c.size]\nmax = 9"), ("[category.c.kind]", "[category.c.kind]\nmax = 9")]
KIND_MISSING = ('big"] }\nmissing = { points = 0 }', 'big"] }\nmissing = "never"')
SEVERAL: dict[str, list[tuple[str, str]]] = {  # what takes more than one change, one of them marked
    "category.c.size.bands[2]: segment 'B' does not exist; there are A": [
        SEGMENT,
        MISSING_IN_A,
        IN_A[0],
        (MID, MID.replace("points", 'segment = "B", points') + " #!"),
        IN_A[2],
    ],
    "category.c.size.bands[3]: say which segment this is: segment = one of A": [
        SEGMENT,
        MISSING_IN_A,
        *IN_A[:2],
        (SMALL, SMALL + " #!"),
    ],
    "category.c.size.missing: say which segment this is: segment = one of A": [
        SEGMENT,
        *IN_A,
        (MISSING, MISSING + " #!"),
    ],
    'category.c.all_missing: can never hold: a characteristic here has missing = "never"': [
        ("max = 10", 'max = 10\nall_missing = "Nothing" #!'),
        KIND_MISSING,
    ],
    "category.c.requires: 'size' must be worth 0 points where it is missing": [
        ("max = 10", 'max = 10\nrequires = "size" #!'),
        (MISSING, MISSING.replace("0", "1")),
    ],
    "category.c.kind: a weighted mean needs the maximum of each characteristic: max = ...": [
        WEIGHTED,
        HEADS[0],
        ("[category.c.kind]", "[category.c.kind] #!"),
    ],
    "category.c.kind.weight: a weight is above 0, found 0": [
        WEIGHTED,
        HEADS[0],
        ("[category.c.kind]", "[category.c.kind]\nmax = 9\nweight = 0 #!"),
    ],
    "category.c_size.x: 'c_size.x' and 'c.size_x' make one band column; rename one": [
        (
            "[category.c.kind]",
            f"[category.c.size_x]\nfield = 'sector'\nmissing = 'never'\nbands = [\n{OTHER}\n]\n[category.c.kind]",
        ),
        (
            "[tier.1]",
            "[category.c_size]\nlabel = 'D'\nmax = 9\n[category.c_size.x] #!\nfield = 'sector'\n"
            f"missing = 'never'\nbands = [\n{OTHER}\n]\n[tier.1]",
        ),
    ],
}


@pytest.mark.parametrize("message", SEVERAL)
def test_one_mistake_between_several_places(message: str, tmp_path: Path) -> None:
    text = edited(*SEVERAL[message])
    ((line, found),) = problems(text, tmp_path)
    assert ([line], found) == (marked(text), message)


NOISY: list[Edit] = [  # one mistake, after which more is reported that is none
    ("max = 10", 'max = "10" #!', "category.c.max: expected a number, found '10'"),
    ('[category.c]\nlabel = "C"\nmax = 10', '[category.c] #!\nlabel = "C"', "category.c: 'max' is missing: give a n"),
    ("at_least = 5\n", "at_least = true #!\n", "tier.1.at_least: expected a number, found True"),
    (BIG, BIG.replace("9", "nan") + " #!", "bands[1].at_least: expected a number, found nan"),
    ('field = "npi_count"', 'field = "npi_cuont" #!', "size.field: unknown field 'npi_cuont' (did you mean 'npi_count"),
    ('field = "sector"', "field = 3 #!", "category.c.kind.field: expected text, found 3"),
    (SMALL, SMALL.replace("reason", "raeson") + " #!", "unknown key 'raeson' (did you mean 'reason'?)"),
    (FRUIT, band('any = [{ field = "npi_count" }]'), "bands[1].any[1]: a condition without a test; give one of at_lea"),
    ("[tier.2]", "[tier.two] #!", "tier.two: tiers are numbered 1, 2, 3, ..., found 'two'"),
]


@pytest.mark.parametrize(("old", "new", "message"), NOISY, ids=numbered(NOISY))
def test_one_mistake_is_among_those_reported(old: str, new: str, message: str, tmp_path: Path) -> None:
    text = edited((old, new))
    assert any(line in marked(text) and message in said for line, said in problems(text, tmp_path))


@pytest.mark.parametrize(("old", "new", "message"), NOISY, ids=numbered(NOISY))
def test_one_mistake_is_reported_once(old: str, new: str, message: str, tmp_path: Path) -> None:
    text = edited((old, new))
    ((line, found),) = problems(text, tmp_path)
    assert [line] == marked(text)
    assert message in found


TWICE = "[derived.twice]\ndescription = 'x'\nnumerator = 'ratio' #!\ndenominator = 'npi_count'\n"
SILENT: list[Edit] = [  # mistakes that nothing is said about yet
    ("[lists]", "[fields]\nehr_vendor = 'text' #!\n[lists]", "fields.ehr_vendor: expected a table, found 'text'"),
    ("[derived.ratio]", "[derived]\nx = 3 #!\n[derived.ratio]", "derived.x: "),
    ("[category.c]", "[category]\nmax = 100 #!\n[category.c]", "category.max: "),
    ("[tier.1]", "[tier]\nlabel = 'x' #!\n[tier.1]", "tier.label: "),
    ("[tier.1]", "[segment]\nA = 'x' #!\n[tier.1]", "segment.A: "),
    ("[lists]", "[columns]\ntier = 5 #!\n[lists]", "columns.tier: expected text, found 5"),
    ("[lists]", "[columns]\nreason_codes = 'b_tier' #!\n[lists]", "'b_tier'"),
    ("[lists]", "[columns]\ntotal_score = 'clinic_id' #!\n[lists]", "'clinic_id'"),
    ('label = "C"', 'label = " " #!', "category.c.label: expected text, found ' '"),
    (FRUIT, band("any = []"), "bands[1].any: "),
    (FRUIT, band('fields = ["fqhc_flag", "aco_member"], is = true'), "bands[1].fields: "),
    (OTHER, OTHER.replace("= 0", "= -3") + " #!", "-3"),
    ("[category.c]", f"{TWICE}[category.c]", "derived.twice.numerator: "),
]


@pytest.mark.parametrize(("old", "new", "message"), SILENT, ids=numbered(SILENT))
def test_a_mistake_that_goes_unnoticed(old: str, new: str, message: str, tmp_path: Path) -> None:
    text = edited((old, new))
    ((line, found),) = problems(text, tmp_path)
    assert [line] == marked(text)
    assert message in found


def test_no_category_at_all(tmp_path: Path) -> None:
    text = 'id = "x"\nversion = "1"\ntitle = "X"\nprefix = "x"\n[tier.1]\nlabel = "One"\n'
    assert "category" in problems(text, tmp_path)[0][1]


def test_a_file_that_ends_too_soon(tmp_path: Path) -> None:
    text = BASE + "more = [\n  1,\n"
    ((line, message),) = problems(text, tmp_path)
    assert line == text.count("\n")
    assert message.startswith("not valid TOML: ")


SIX = (
    ("max = 10", 'max = 10\nrequires = "sise" #!'),
    (BIG, BIG.replace("points = 5", "points = 50") + " #!"),
    (MID, MID.replace('"mid"', '"big"') + " #!"),
    (ONLY, ONLY.replace("big", "bigg") + " #!"),
    (FRUIT, band('mentions = "fruits"')),
    ("total = 5", "totl = 5 #!"),
)


def test_six_mistakes_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = edited(*SIX)
    found = problems(text, tmp_path)
    assert [line for line, _ in found] == marked(text)
    assert [message.partition(": ")[0] for _, message in found] == [
        "category.c.requires",
        "category.c.size.bands[1]",
        "category.c.size.bands[2]",
        "category.c.kind.only_for.size",
        "category.c.kind.bands[1].mentions",
        "example[1].expect.totl",
    ]


PLACES: dict[str, tuple[str, str, str]] = {
    "several tables on one line": (
        f"{BIG}\n{MID}",
        BIG + MID.replace("3", "30") + " #!",
        "category.c.size.bands[2]",
    ),
    "a list over several lines, with comments": (
        f"{MID}\n{SMALL}",
        f"  # {{ name = 'no' }},\n\n{MID}\n\n{SMALL[:-2]}, zzz = 1 }}, #!",
        "category.c.size.bands[3].zzz",
    ),
    "a list inside a table": (
        FRUIT,
        '  { name = "x", points = 1, reason = "R", any = [\n{ equals = ["a"] },\n{ mentions = "zzz" }, #!\n] },',
        "category.c.kind.bands[1].any[2].mentions",
    ),
    "dotted keys": ("[tier.2]\nlabel", "[tier]\n2.at_least = 3 #!\n2.label", "tier.2.at_least"),
    "quoted keys": ("[category.c.kind]", '[category . \'c\' . "kind"]\n"zzz" = 1 #!', "category.c.kind.zzz"),
    "the second of two examples": (
        "total = 5",
        "total = 5\n[[example]]\nname = 'F'\n[example.given]\nzzz = 1 #!\n[example.expect]\ntotal = 0",
        "example[2].given.zzz",
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_lines_are_right(place: str, tmp_path: Path) -> None:
    old, new, path = PLACES[place]
    text = edited((old, new))
    ((line, message),) = problems(text, tmp_path)
    assert ([line], message.partition(": ")[0]) == (marked(text), path)


def variant(extends: str, rest: str = "") -> str:
    return f'id = "v"\nversion = "1"\ntitle = "V"\nextends = "{extends}"\n{rest}'


def reported(folder: Path, **files: str) -> list[tuple[str, int, str]]:
    """File, line and path of every mistake in the last of some files."""
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ScorecardError) as caught:
        icp_engine.load_scorecard(folder / f"{list(files)[-1]}.toml")
    return [
        (Path(problem.source).name, problem.line, problem.message.partition(": ")[0])
        for problem in caught.value.problems
    ]


def test_inherited_mistakes_stand_where_they_were_written(tmp_path: Path) -> None:
    base = edited((BIG, BIG.replace("= 5", "= 50") + " #!"), ("at_least = 5\n", "at_least = 11\n"))
    own = variant("base.toml", "[category.c.kind]\nbands = []\nzzz = 1\n[tier.1]\nat_least = 12\n")
    assert reported(tmp_path, base=base, own=own) == [
        ("base.toml", *marked(base), "category.c.size.bands[1]"),
        ("own.toml", 5, "category.c.kind"),
        ("own.toml", 7, "category.c.kind.zzz"),
        ("own.toml", 9, "tier.1.at_least"),
    ]


def test_a_base_that_is_not_toml(tmp_path: Path) -> None:
    found = reported(tmp_path, base="id = 1\nid = 2\n", own=variant("base.toml"))
    assert found == [("base.toml", 2, "not valid TOML")]


def test_a_circle_of_scorecards(tmp_path: Path) -> None:
    assert reported(tmp_path, a=variant("b.toml"), b=variant("c.toml"), c=variant("a.toml")) == [
        ("b.toml", 4, "extends")
    ]


def test_a_circle_by_another_path(tmp_path: Path) -> None:
    ((name, line, path),) = reported(tmp_path, a=variant(f"../{tmp_path.name}/a.toml"))
    with pytest.raises(ScorecardError, match="cannot extend itself"):
        icp_engine.load_scorecard(tmp_path / "a.toml")
    assert (name, line, path) == ("a.toml", 4, "extends")


def test_a_file_may_be_called_as_what_it_extends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "icp.toml").write_text(variant("icp"), encoding="utf-8")
    assert icp_engine.load_scorecard("icp.toml").extends == "icp"


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-c", "from icp_engine.cli import main; main()", "scorecard", "check"]
    return subprocess.run([*program, *map(str, arguments)], capture_output=True, text=True, check=False)


def test_command_with_mistakes(tmp_path: Path) -> None:
    path = tmp_path / "card.toml"
    text = edited(*SIX)
    path.write_text(text, encoding="utf-8")
    done = command(path)
    lines = done.stderr.splitlines()
    assert (done.returncode, done.stdout, lines[0]) == (3, "", "Error: 6 mistakes found.")
    assert [line.split(": ")[0] for line in lines[1:]] == [f"{path}:{number}" for number in marked(text)]


def test_command_with_an_example_that_fails(tmp_path: Path) -> None:
    path = tmp_path / "card.toml"
    path.write_text(edited(("total = 5", "total = 6")), encoding="utf-8")
    done = command("icp", path)
    line = f"{path}:35: example 'E': expected total 6, found 5.0"
    assert (done.returncode, done.stderr) == (3, f"Error: 1 mistake found.\n{line}\n")
    assert done.stdout.startswith(f"icp: icp {shipped_version()} is sound: ")


def test_command_with_a_sound_scorecard(tmp_path: Path) -> None:
    path = tmp_path / "card.toml"
    path.write_text(BASE, encoding="utf-8")
    done = command(path)
    line = f"{path}: base 1 is sound: 2 characteristics, 5 bands, 1 worked example\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, line, "")


def test_command_with_a_file_that_is_not_there(tmp_path: Path) -> None:
    done = command(tmp_path / "no.toml")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no.toml does not exist; check the path." in done.stderr
