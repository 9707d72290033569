"""A scorecard of one's own can say everything that the format promises, and the engine does what it says."""

from pathlib import Path
from textwrap import dedent
from typing import Any

import polars as pl
import pytest

import icp_engine
from icp_engine import Scorecard
from icp_engine.scoring.compiler import tier_expr
from icp_engine.scoring.examples import failing_examples

Fields = dict[str, Any]
Rows = list[tuple[Fields, str, float]]  # what is given, the reason codes and the score that come out

HEAD = """
id = "tiny"
version = "1.0.0"
title = "A tiny scorecard"
prefix = "tiny"
[tier.1]
label = "All"
[lists]
fruit = ["apple", "fig (dried)"]
[category.c]
label = "C"
max = 20
"""
OTHERWISE = '{ name = "b", points = 1, reason = "B" }'


def written(folder: Path, text: str, name: str = "tiny.toml") -> Scorecard:
    """Write a scorecard and load it."""
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(dedent(text), encoding="utf-8")
    return icp_engine.load_scorecard(path)


def characteristic(missing: str, *bands: str, field: str = "", more: str = "") -> str:
    """The text of a characteristic `x` whose last band is worth 1."""
    own = f'field = "{field}"' if field else ""
    return f"[category.c.x]\n{own}\nmissing = {missing}\nbands = [{', '.join([*bands, OTHERWISE])}]\n{more}\n"


def frame(clinics: list[Fields]) -> pl.LazyFrame:
    names = dict.fromkeys(name for clinic in clinics for name in clinic)
    columns = {name: [clinic.get(name) for clinic in clinics] for name in names}
    return pl.LazyFrame({"clinic_id": [str(number) for number in range(len(clinics))], **columns})


def scored(card: Scorecard, clinics: list[Fields]) -> list[Fields]:
    """Score clinics; whatever comes out has to be explained and the points of the entries have to add up."""
    return icp_engine.score(frame(clinics), card, reason_codes=True).collect().rows(named=True)


def check(card: Scorecard, rows: Rows) -> None:
    """Compare reason codes (after the category) and total with a table; the bibliography has to agree."""
    clinics = [fields for fields, _, _ in rows]
    found = [
        (fields, row["tiny_reason_codes"].replace("c.", ""), row["tiny_total_score"])
        for fields, row in zip(clinics, scored(card, clinics), strict=True)
    ]
    assert found == rows
    for number, (_, codes, total) in enumerate(rows):
        entries = icp_engine.explain(frame(clinics), card, str(number))
        assert "|".join(entry.code for entry in entries).replace("c.", "") == codes
        assert sum(entry.points for entry in entries) == pytest.approx(total)


EVER = "{ points = 0 }"
A, NEVER = 'name = "a", points = 5, reason = "A"', '"never"'
TESTS: dict[str, tuple[str, Rows]] = {
    "at_least": (
        characteristic(EVER, f"{{ {A}, at_least = 5 }}", field="allowed_amt"),
        [({"allowed_amt": one}, *due) for one, due in [(4.99, ("x.b", 1)), (5, ("x.a", 5)), (5.01, ("x.a", 5))]],
    ),
    "above": (
        characteristic(EVER, f"{{ {A}, above = 5 }}", field="allowed_amt"),
        [({"allowed_amt": one}, *due) for one, due in [(4.99, ("x.b", 1)), (5, ("x.b", 1)), (5.01, ("x.a", 5))]],
    ),
    "at_most of another field": (
        characteristic(NEVER, f'{{ {A}, field = "npi_count", at_most = 5 }}'),
        [({"npi_count": one}, *due) for one, due in [(5, ("x.a", 5)), (6, ("x.b", 1)), (None, ("x.b", 1))]],
    ),
    "below of another field": (
        characteristic(NEVER, f'{{ {A}, field = "npi_count", below = 5 }}'),
        [({"npi_count": one}, *due) for one, due in [(4, ("x.a", 5)), (5, ("x.b", 1)), (None, ("x.b", 1))]],
    ),
    "mentions a named list": (
        characteristic(EVER, f'{{ {A}, mentions = "fruit" }}', field="sector"),
        [({"sector": one}, "x.a", 5) for one in ("apple", "Pineapples", " FIG (DRIED)!")]
        + [({"sector": one}, "x.b", 1) for one in ("fig dried", "aple", "fig")]
        + [({"sector": one}, "x.missing", 0) for one in (None, " ")],
    ),
    "mentions an inline list": (
        characteristic(EVER, f'{{ {A}, mentions = ["C++ \\t", "a.c", " "] }}'.replace(', " "', ""), field="sector"),
        [({"sector": one}, *due) for one, due in [("c++", ("x.a", 5)), ("abc", ("x.b", 1)), ("A.C", ("x.a", 5))]],
    ),
    "mentions over several fields": (
        characteristic(NEVER, f'{{ {A}, mentions = "fruit", fields = ["sector", "segment_label"] }}'),
        [
            ({"sector": "apple", "segment_label": "x"}, "x.a", 5),
            ({"sector": "x", "segment_label": "apple"}, "x.a", 5),
            ({"sector": None, "segment_label": "apple"}, "x.a", 5),
            ({"sector": "app", "segment_label": "le"}, "x.b", 1),
            ({"sector": None, "segment_label": None}, "x.b", 1),
        ],
    ),
    "equals": (
        characteristic(EVER, f'{{ {A}, equals = ["Apple "] }}', field="sector"),
        [({"sector": " APPLE\t"}, "x.a", 5), ({"sector": "apples"}, "x.b", 1), ({"sector": "x"}, "x.b", 1)],
    ),
    "equals over several fields": (
        characteristic(NEVER, f'{{ {A}, equals = "fruit", fields = ["sector", "segment_label"] }}'),
        [
            ({"sector": "x", "segment_label": "Apple"}, "x.a", 5),
            ({"sector": "apples", "segment_label": None}, "x.b", 1),
        ],
    ),
    "flags": (
        characteristic(NEVER, f'{{ {A}, field = "fqhc_flag", is = false }}'),
        [({"fqhc_flag": False}, "x.a", 5), ({"fqhc_flag": True}, "x.b", 1), ({"fqhc_flag": None}, "x.b", 1)],
    ),
    "any and all, nested": (
        characteristic(
            NEVER,
            f'{{ {A}, any = [{{ field = "fqhc_flag", is = true }}, {{ all = [{{ field = "site_count", at_most = 2 }}, '
            '{ any = [{ field = "npi_count", at_most = 60 }, { field = "sector", mentions = "fruit" }] }] }] }',
        ),
        [
            ({"fqhc_flag": True, "site_count": None, "npi_count": None, "sector": None}, "x.a", 5),
            ({"fqhc_flag": None, "site_count": 2, "npi_count": 60, "sector": None}, "x.a", 5),
            ({"fqhc_flag": None, "site_count": 2, "npi_count": None, "sector": "apple"}, "x.a", 5),
            ({"fqhc_flag": False, "site_count": 2, "npi_count": 61, "sector": "x"}, "x.b", 1),
            ({"fqhc_flag": False, "site_count": None, "npi_count": 60, "sector": None}, "x.b", 1),
        ],
    ),
    "the first band wins": (
        characteristic(
            NEVER,
            f'{{ {A}, field = "npi_count", at_least = 5 }}',
            '{ name = "c", field = "fqhc_flag", is = true, points = 9, reason = "C" }',
        ),
        [
            ({"npi_count": 5, "fqhc_flag": True}, "x.a", 5),
            ({"npi_count": 4, "fqhc_flag": True}, "x.c", 9),
            ({"npi_count": 4, "fqhc_flag": None}, "x.b", 1),
        ],
    ),
    "a derived ratio": (
        '[derived.r]\ndescription = "R"\nnumerator = "allowed_amt"\ndenominator = "bene_count"\n'
        + characteristic(EVER, f"{{ {A}, at_least = 2.5 }}", field="r"),
        [({"allowed_amt": 5.0, "bene_count": 2}, "x.a", 5), ({"allowed_amt": 4.98, "bene_count": 2}, "x.b", 1)]
        + [({"allowed_amt": a, "bene_count": b}, "x.missing", 0) for a, b in [(0.0, 2), (5.0, 0), (None, 2)]],
    ),
    "a line": (
        characteristic(
            EVER,
            '{ name = "a", above = 0, points = { from = 8, to = 10, over = [7, 10] }, reason = "A" }',
            field="allowed_amt",
        ),
        [({"allowed_amt": one}, "x.a", due) for one, due in [(1.0, 8), (7.0, 8), (7.03, 8.02), (8.5, 9), (99.0, 10)]],
    ),
    "a line downwards, over another field, rounded to whole points": (
        characteristic(
            '{ when_any = ["npi_count", "bene_count"], points = 0 }',
            '{ name = "a", field = "npi_count", at_least = 1, points = '
            '{ from = 10, to = 0, over = [0, 4], field = "bene_count", round = 0 }, reason = "A" }',
        ),
        [({"npi_count": 1, "bene_count": n}, "x.a", due) for n, due in [(0, 10), (1, 8), (2, 5), (3, 2), (4, 0)]],
    ),
    "half to even": (
        characteristic(
            EVER,
            '{ name = "a", above = 0, points = { from = 0, to = 1, over = [0, 8], round = 2 }, reason = "A" }',
            field="npi_count",
        ),
        [({"npi_count": n}, "x.a", due) for n, due in [(1, 0.12), (2, 0.25), (3, 0.38), (5, 0.62), (7, 0.88)]],
    ),
    "what missing is worth, and its words": (
        characteristic('{ points = 2.5, note = "Nobody knows" }', f"{{ {A}, at_least = 1 }}", field="npi_count"),
        [({"npi_count": None}, "x.missing", 2.5), ({"npi_count": 0}, "x.b", 1)],
    ),
    "missing where any field is": (
        characteristic(
            '{ when_any = ["npi_count", "sector"], points = 3 }', f'{{ {A}, field = "npi_count", at_least = 1 }}'
        ),
        [({"npi_count": 1, "sector": None}, "x.missing", 3), ({"npi_count": 1, "sector": "x"}, "x.a", 5)],
    ),
    "missing where all fields are": (
        characteristic(
            '{ when_all = ["npi_count", "sector"], points = 3 }', f'{{ {A}, field = "npi_count", at_least = 1 }}'
        ),
        [({"npi_count": None, "sector": None}, "x.missing", 3), ({"npi_count": None, "sector": "x"}, "x.b", 1)],
    ),
    "missing reads as a value": (
        characteristic('{ reads_as = 5, note = "N" }', f"{{ {A}, at_least = 5 }}", field="npi_count"),
        [({"npi_count": None}, "x.missing", 5), ({"npi_count": 4}, "x.b", 1), ({"npi_count": 5}, "x.a", 5)],
    ),
    "several fields read as values": (
        characteristic(
            '{ when_any = ["npi_count", "site_count"], reads_as = { npi_count = 0, site_count = 9 } }',
            f'{{ {A}, all = [{{ field = "npi_count", at_most = 2 }}, {{ field = "site_count", at_most = 2 }}] }}',
        ),
        [
            ({"npi_count": None, "site_count": 2}, "x.missing", 5),
            ({"npi_count": 2, "site_count": None}, "x.missing", 1),
            ({"npi_count": None, "site_count": None}, "x.missing", 1),
            ({"npi_count": 2, "site_count": 2}, "x.a", 5),
        ],
    ),
    "a band that counts as missing": (
        characteristic(EVER, '{ name = "a", equals = ["x"], points = 2, note = "Not told" }', field="sector"),
        [({"sector": "X"}, "x.a", 2), ({"sector": "y"}, "x.b", 1)],
    ),
    "a maximum of its own and a bonus inside it": (
        characteristic(
            EVER,
            f"{{ {A}, at_least = 9 }}",
            field="npi_count",
            more='max = 5.5\nbonus = { field = "sector", mentions = "fruit", points = 1, reason = "Fruit" }',
        ),
        [
            ({"npi_count": 9, "sector": None}, "x.a", 5),
            ({"npi_count": 9, "sector": "apple"}, "x.a+bonus", 5.5),
            ({"npi_count": 1, "sector": "apple"}, "x.b+bonus", 2),
            ({"npi_count": None, "sector": "apple"}, "x.missing+bonus", 1),
            ({"npi_count": None, "sector": None}, "x.missing", 0),
        ],
    ),
    "a field of one's own": (
        '[fields.ehr_vendor]\ntype = "text"\ndescription = "Record system"\n'
        '[fields.seats]\ntype = "integer"\ndescription = "Seats"\nscale = 9\n'
        + characteristic(EVER, f'{{ {A}, equals = ["epic"] }}', field="ehr_vendor")
        + '[category.c.y]\nfield = "seats"\nmissing = { points = 0 }\n'
        'bands = [{ name = "a", above = 8, points = { from = 0, to = 10, over = [0, 10] }, reason = "A" }, '
        + OTHERWISE
        + "]",
        [
            ({"ehr_vendor": "EPIC ", "seats": 8.0}, "x.a|y.b", 6),
            ({"ehr_vendor": "Cerner", "seats": 11.0}, "x.b|y.a", 10),  # clipped to its scale
            ({"ehr_vendor": None, "seats": 1.5}, "x.missing|y.missing", 0),
        ],
    ),
}


@pytest.mark.parametrize("name", TESTS)
def test_says(name: str, tmp_path: Path) -> None:
    text, rows = TESTS[name]
    check(written(tmp_path, HEAD + text), rows)


def band(edge: float, points: float) -> str:
    return f'{{ name = "from_{edge}", at_least = {edge}, points = {points}, reason = "A" }}'


X = f'[category.c.x]\nfield = "npi_count"\nmissing = {EVER}\nbands = [{band(9, 9)}, {band(5, 5)}, {OTHERWISE}]\n'
Y = f'[category.c.y]\nfield = "site_count"\nmissing = {EVER}\nbands = [{band(9, 15)}, {band(5, 5)}, {OTHERWISE}]\n'
CATEGORIES: dict[str, tuple[str, Rows]] = {
    "only for some bands of another": (
        X + Y + 'only_for = { x = ["from_5", "missing"] }\n',
        [
            ({"npi_count": 9, "site_count": 5}, "x.from_9", 9),
            ({"npi_count": 5, "site_count": 5}, "x.from_5|y.from_5", 10),
            ({"npi_count": 5, "site_count": None}, "x.from_5|y.missing", 5),
            ({"npi_count": None, "site_count": 5}, "x.missing|y.from_5", 5),
            ({"npi_count": 0, "site_count": 5}, "x.b", 1),
        ],
    ),
    "0 when one characteristic is missing": (
        X.replace("[category", 'requires = "x"\n[category') + Y,
        [
            ({"npi_count": None, "site_count": 9}, "x.missing", 0),
            ({"npi_count": 0, "site_count": None}, "x.b|y.missing", 1),
            ({"npi_count": 0, "site_count": 5}, "x.b|y.from_5", 6),
        ],
    ),
    "0 and one entry when everything is missing": (
        X.replace("[category", 'all_missing = "Nothing known"\n[category') + Y.replace("points = 0 }", "points = 2 }"),
        [
            ({"npi_count": None, "site_count": None}, "missing", 0),
            ({"npi_count": 0, "site_count": None}, "x.b|y.missing", 3),
            ({"npi_count": None, "site_count": 0}, "x.missing|y.b", 1),
        ],
    ),
    "a cap": (
        X + Y,
        [
            ({"npi_count": 9, "site_count": 9}, "x.from_9|y.from_9|cap", 20),
            ({"npi_count": 5, "site_count": 9}, "x.from_5|y.from_9", 20),
            ({"npi_count": 0, "site_count": 9}, "x.b|y.from_9", 16),
        ],
    ),
}


@pytest.mark.parametrize("name", CATEGORIES)
def test_categories(name: str, tmp_path: Path) -> None:
    text, rows = CATEGORIES[name]
    check(written(tmp_path, HEAD + text), rows)


def test_only_for_may_follow_only_for(tmp_path: Path) -> None:
    text = X + Y + 'only_for = { x = ["from_5"] }\n' + Y.replace("c.y", "c.z") + 'only_for = { y = ["from_5"] }\n'
    check(
        written(tmp_path, HEAD + text),
        [
            ({"npi_count": 5, "site_count": 5}, "x.from_5|y.from_5|z.from_5", 15),
            ({"npi_count": 9, "site_count": 5}, "x.from_9", 9),
        ],
    )


def test_points_over_a_field_that_is_missing(tmp_path: Path) -> None:
    points = '{ from = 1, to = 9, over = [0, 8], field = "site_count" }'
    text = characteristic(EVER, f'{{ name = "a", at_least = 1, points = {points}, reason = "A" }}', field="npi_count")
    check(written(tmp_path, HEAD + text), [({"npi_count": 1, "site_count": None}, "x.a", 0)])


@pytest.mark.parametrize("worth", [True, False])
def test_words_of_the_bibliography(worth: bool, tmp_path: Path) -> None:
    missing = '{ points = 3, note = "Nobody knows" }' if worth else '{ reads_as = 5, note = "Nobody knows" }'
    card = written(tmp_path, HEAD + characteristic(missing, band(5, 5), field="npi_count"))
    (entry,) = icp_engine.explain(frame([{"npi_count": None}]), card, "0")
    assert entry == icp_engine.Entry(
        score="c",
        code="c.x.missing",
        sources=("npi_count",),
        points=3.0 if worth else 5.0,
        status="MISSING",
        note="Nobody knows",
    )


def test_a_note_that_is_not_given(tmp_path: Path) -> None:
    card = written(tmp_path, HEAD + characteristic(EVER, band(5, 5), field="npi_count").replace("c.x", "c.big_x"))
    (entry,) = icp_engine.explain(frame([{"npi_count": None}]), card, "0")
    assert entry.note == "No big x data available"


def test_segments(tmp_path: Path) -> None:
    bands = X.replace("reason", 'segment = "BIG", reason', 2).replace(
        '1, reason = "B"', '1, segment = "S", reason = "B"'
    )
    text = bands.replace("{ points = 0 }", '{ points = 0, segment = "S" }')
    text += '[segment.BIG]\nlabel = "Large"\n[segment.S]\nlabel = "Small"\n'
    card = written(tmp_path, HEAD + text)
    rows = scored(card, [{"npi_count": one} for one in (9, 5, 4, None)])
    assert [(row["tiny_segment"], row["tiny_c_score"]) for row in rows] == [("BIG", 9), ("BIG", 5), ("S", 1), ("S", 0)]


def test_network_tiers_are_their_own_and_borrow_labels(tmp_path: Path) -> None:
    text = (
        'at_least = 9\n[tier.2]\nlabel = "Rest"\n[network_tier.1]\nat_least = 7.5\n[network_tier.2]\nlabel = "Else"\n'
    )
    card = written(tmp_path, HEAD.replace("[lists]", text + "[lists]") + X)
    assert [(tier.number, tier.label, tier.at_least) for tier in card.tiers] == [
        (1, "All", {"total": 9}),
        (2, "Rest", {}),
    ]
    found = [(tier.number, tier.label, tier.at_least) for tier in card.network_tiers]
    assert found == [(1, "All", {"total": 7.5}), (2, "Else", {})]


def test_a_scorecard_needs_no_network_tiers(tmp_path: Path) -> None:
    assert written(tmp_path, HEAD + X).network_tiers == ()


PLANS = ["Aetna", "Anthem", "Blue Cross Blue Shield", "Cigna", "Humana", "Medicaid", "Medicare", "Oscar Health"]
PLANS += ["United Healthcare", "Optum", "Molina Healthcare", "Centene"]
PRACTICES: list[tuple[tuple[Any, ...], tuple[float, ...]]] = [  # four fields; four scores, total, tier
    ((21, "Full Gap", PLANS, 2001), (25, 35, 25, 15, 100, 1)),
    ((20, " FULL ", PLANS[:6], 2000), (20, 35, 12.5, 11, 78.5, 1)),
    ((11, "full", [], 2001), (20, 35, 0, 15, 70, 1)),
    ((10, "partial gap", PLANS[:1], 1001), (15, 20, 2.1, 11, 48.1, 3)),
    ((6, "Partial", ["aetna", " AETNA", "x"], 1000), (15, 20, 2.1, 7, 44.1, 3)),
    ((5, "No gap", PLANS[:3], 500), (10, 5, 6.2, 7, 28.2, 3)),  # 6.25 half to even
    ((3, "None", PLANS[:9], 499), (10, 5, 18.8, 3, 36.8, 3)),  # 18.75 half to even
    ((2, "gap", ["UnitedHealthcare", "united  health care", "Molina\tHealthcare"], 0), (5, 0, 4.2, 3, 12.2, 3)),
    ((0, "", [None, "", "Aetna"], None), (5, 0, 2.1, 0, 7.1, 3)),
    ((3, "full", None, 1001), (10, 35, 0, 11, 56, 2)),
    ((None, None, None, None), (0, 0, 0, 0, 0, 3)),
]


def practices(rows: list[tuple[Any, ...]]) -> pl.LazyFrame:
    names = ["provider_count", "bh_referral_gap", "insurance_networks", "monthly_patient_volume"]
    return frame([dict(zip(names, row, strict=True)) for row in rows])


def test_the_whole_rula_card() -> None:
    card = icp_engine.load_scorecard("rula")
    found = icp_engine.score(practices([given for given, _ in PRACTICES]), card).collect()
    columns = ["providers_score", "bh_gap_score", "networks_score", "volume_score", "total_score", "tier"]
    assert found.select(f"rula_{name}" for name in columns).rows() == [due for _, due in PRACTICES]
    assert found["rula_tier_label"].unique().sort().to_list() == [tier.label for tier in card.tiers]


@pytest.mark.parametrize(("plans", "points"), [("Aetna; UnitedHealthcare ;aetna", 4.2), (" ; ", 0), ("Aetna,Cigna", 0)])
def test_a_list_may_come_as_text(plans: str, points: float) -> None:
    found = icp_engine.score(practices([(1, "full", plans, 1)]), icp_engine.load_scorecard("rula")).collect()
    assert found["rula_networks_score"].to_list() == [points]


def test_an_empty_list_is_not_missing() -> None:
    card = icp_engine.load_scorecard("rula")
    lf = practices([(1, "maybe", [], 1), (1, "none", None, 1), (1, None, ["Aetna"], 1)])
    codes = [[one.code for one in icp_engine.explain(lf, card, clinic)][1:3] for clinic in "012"]
    assert codes[0] == ["bh_gap.gap.unclear", "networks.accepted_plans.shared"]
    assert codes[1] == ["bh_gap.gap.none", "networks.accepted_plans.missing"]
    assert codes[2] == ["bh_gap.gap.missing", "networks.accepted_plans.shared"]
    missing = [[one.missing for one in icp_engine.explain(lf, card, clinic)][1:3] for clinic in "012"]
    assert missing == [[True, False], [False, True], [True, False]]


def test_a_list_includes(tmp_path: Path) -> None:
    own = '[fields.plans]\ntype = "list"\ndescription = "Plans"\n'
    card = written(
        tmp_path, HEAD + own + characteristic(EVER, f'{{ {A}, includes = ["Oscar Health"] }}', field="plans")
    )
    rows = [(["x", "OSCARHEALTH"], "x.a", 5), (["Oscar"], "x.b", 1), ([], "x.b", 1), (None, "x.missing", 0)]
    check(card, [({"plans": given}, code, points) for given, code, points in rows])


def chain(*rows: tuple[str, str, float]) -> str:
    """The text of bands: name, condition, points."""
    parts = [
        f'{{ name = "{name}", points = {worth}, reason = "R"{test and f", {test}"} }}' for name, test, worth in rows
    ]
    return f"bands = [{', '.join(parts)}]"


def said(*phrases: str) -> str:
    return f'field = "segment_label", mentions = {list(phrases)}'


def number(field: str, edge: float, test: str = "at_least") -> str:
    return f'field = "{field}", {test} = {edge}'


def yes(field: str) -> str:
    return f'field = "{field}", is = true'


def either(*tests: str, key: str = "any") -> str:
    return f"{key} = [{', '.join(f'{{ {test} }}' for test in tests)}]"


def both(*tests: str) -> str:
    return either(*tests, key="all")


CHARTS = ["behavioral health", "home health", "post-acute", "post acute", "multi-specialty", "multi specialty"]
CHARTS += ["orthopedic", "surgery"]
FAMILY = 'field = "segment_label", equals = ["primary care", "family medicine", "internal medicine"]'
ICF = f"""
id = "icf"
version = "1.0.0"
title = "Operational fit"
prefix = "icf"
columns = {{ total_score = "icf_score", structural_fit = "structural_fit_score", propensity = "propensity_score" }}
total = {{ combine = "product", divide_by = 10 }}
[derived.revenue]
description = "Allowed amount per beneficiary"
numerator = "allowed_amt"
denominator = "bene_count"
[category]
structural_fit.label = "Structural fit"
structural_fit.max = 10
propensity.label = "Propensity"
propensity.max = 10
propensity.combine = "weighted_mean"
[category.structural_fit.chart_volume]
max = 3
field = "npi_count"
missing = {{ reads_as = 0 }}
bonus = {{ {said(*CHARTS)}, points = 1, reason = "Heavy charting" }}
{
    chain(
        ("huge", "at_least = 150", 2.5),
        ("big", "at_least = 30", 2),
        ("mid", "at_least = 15", 1),
        ("small", "at_least = 5", 0.5),
        ("few", "", 0),
    )
}
[category.structural_fit.billing_model]
missing = "never"
{
    chain(
        ("fqhc", either(yes("fqhc_flag"), said("fqhc")), 0),
        ("aco", yes("aco_member"), 2),
        ("value", 'field = "sector", mentions = ["value"]', 2),
        ("fee", "", 3),
    )
}
[category.structural_fit.emr_integration]
field = "emr_friction"
missing = {{ reads_as = 5 }}
{chain(("high", "above = 6", 0.5), ("mid", "above = 3", 1.5), ("low", "", 2))}
[category.structural_fit.coding_setup]
missing = {{ when_any = ["site_count", "npi_count"], reads_as = {{ site_count = 0, npi_count = 0 }} }}
{
    chain(
        ("small", both(number("site_count", 2, "at_most"), number("npi_count", 60, "at_most")), 2),
        ("mid", both(number("site_count", 5, "at_most"), number("npi_count", 150, "at_most")), 1.5),
        ("mind", said("behavioral", "home health"), 1.5),
        ("large", "", 0.5),
    )
}
[category.propensity.denial_pressure]
max = 3
field = "denial_pressure"
missing = {{ reads_as = 0 }}
{chain(("high", "at_least = 7.5", 3), ("mid", "at_least = 5.5", 2), ("low", "at_least = 3.5", 1), ("none", "", 0))}
[category.propensity.cash_flow_strain]
max = 2
weight = 0.7
missing = "never"
{
    chain(
        ("high", number("revenue", 300, "below"), 2),
        ("mid", number("revenue", 600, "below"), 1),
        ("fqhc", either(yes("fqhc_flag"), said("fqhc")), 2),
        ("family", either(FAMILY, said("behavioral")), 1),
        ("none", "", 0),
    )
}
[category.propensity.compliance_exposure]
max = 2
weight = 0.7
missing = "never"
{
    chain(
        ("oig", yes("oig_leie_flag"), 2),
        ("post_acute", said("home health", "post acute"), 2),
        ("mind", both(said("behavioral"), either(number("denial_pressure", 5.5), number("coding_complexity", 7))), 2),
        ("fqhc", yes("fqhc_flag"), 1),
        ("aco", yes("aco_member"), 1),
        ("none", "", 0),
    )
}
[category.propensity.workforce_crisis]
max = 2
weight = 0.5
missing = {{ when_all = ["scale_velocity", "site_count"], reads_as = {{ scale_velocity = 0, site_count = 0 }} }}
{
    chain(
        ("high", either(number("scale_velocity", 7), number("site_count", 6)), 2),
        ("mid", either(number("scale_velocity", 4.5), number("site_count", 4)), 1),
        ("low", "", 0),
    )
}
[category.propensity.change_readiness]
max = 1
weight = 0.3
missing = "never"
{
    chain(
        ("ready", either(number("roi_readiness", 6.5), yes("pecos_enrolled"), yes("aco_member")), 1),
        ("large", said("multi-specialty", "health system / hospital-affiliated", "specialty / other"), 1),
        ("none", "", 0),
    )
}
[tier]
1 = {{ label = "Tier 1 - Prime", at_least = {{ structural_fit = 6, propensity = 4.5 }} }}
2 = {{ label = "Tier 2 - Emerging", at_least = {{ structural_fit = 5, propensity = 3 }} }}
3 = {{ label = "Tier 3 - Watchlist" }}
"""
CLINICS: list[tuple[Fields, tuple[float, ...]]] = [  # by hand: structural fit, propensity, score, tier
    ({}, (6.5, 0, 0, 3)),
    # 2 + 1 bonus, 3, 1.5, 1.5 (home health); (1/3 + 0.7 + 0.5 + 0.3) / 3.2 = 0.5729
    (
        {"segment_label": "Home Health / Post-Acute", "npi_count": 55, "site_count": 10}
        | {"denial_pressure": 5.0, "roi_readiness": 7.5},
        (9, 5.73, 5.16, 1),
    ),
    # 2.5, 0, 0.5, 0.5; (1 + 0.7 + 0.35) / 3.2 = 0.6406
    (
        {"segment_label": "FQHC", "fqhc_flag": True, "npi_count": 200, "site_count": 3, "emr_friction": 7.0}
        | {"denial_pressure": 8.0, "allowed_amt": 100, "bene_count": 1},
        (3.5, 6.41, 2.24, 3),
    ),
    # 0.5 + 1, 2, 2, 1.5 (behavioral); (2/3 + 0.35 + 0.7 + 0.5 + 0.3) / 3.2 = 0.7865
    (
        {"segment_label": "Behavioral Health", "npi_count": 5, "site_count": 6, "aco_member": True, "emr_friction": 3.0}
        | {"denial_pressure": 5.5, "scale_velocity": 4.5, "roi_readiness": 6.4, "allowed_amt": 599, "bene_count": 1},
        (7, 7.86, 5.5, 1),
    ),
    # 2, 2 (value), 0.5, 2; (1/3 + 0.35 + 0.25 + 0.3) / 3.2 = 0.3854
    (
        {"segment_label": " Primary Care", "sector": "Value-based", "npi_count": 30, "site_count": 2}
        | {"emr_friction": 6.1, "denial_pressure": 3.5, "scale_velocity": 4.5, "pecos_enrolled": True},
        (6.5, 3.85, 2.5, 2),
    ),
    # 2.5 + 1 is at most 3, 3, 1.5, 1.5 (150 providers); 0.7 / 3.2 = 0.21875, to even
    ({"segment_label": "Orthopedic Surgery", "npi_count": 150, "oig_leie_flag": True}, (9, 2.19, 1.97, 3)),
]


def test_the_whole_icf_card(tmp_path: Path) -> None:
    found = icp_engine.score(frame([given for given, _ in CLINICS]), written(tmp_path, ICF)).collect()
    columns = ["structural_fit_score", "propensity_score", "icf_score", "icf_tier"]
    assert found.select(columns).rows() == [due for _, due in CLINICS]
    assert found["icf_tier_label"].to_list()[-3:] == ["Tier 1 - Prime", "Tier 2 - Emerging", "Tier 3 - Watchlist"]


def test_what_reads_as_a_value_is_still_missing(tmp_path: Path) -> None:
    entries = icp_engine.explain(frame([{"segment_label": "Surgery"}]), written(tmp_path, ICF), "0")
    missing = {entry.code: entry.points for entry in entries if entry.missing}
    assert missing == {
        "structural_fit.chart_volume.missing+bonus": 1,
        "structural_fit.emr_integration.missing": 1.5,
        "structural_fit.coding_setup.missing": 2,
        "propensity.denial_pressure.missing": 0,
        "propensity.workforce_crisis.missing": 0,
    }


@pytest.mark.parametrize(
    ("structural_fit", "propensity", "tier"),
    [(6, 4.5, 1), (5.99, 4.5, 2), (6, 4.49, 2), (10, 2.99, 3), (5, 3, 2), (4.99, 10, 3), (5, 10, 2)],
)
def test_tiers_on_several_categories(structural_fit: float, propensity: float, tier: int, tmp_path: Path) -> None:
    card = written(tmp_path, ICF)
    hundredths = {"structural_fit_score": round(structural_fit * 100), "propensity_score": round(propensity * 100)}
    assert pl.select(**hundredths).select(tier_expr(card.tiers, card)).item() == tier


BASE = HEAD + X + '[[example]]\nname = "Nine"\ngiven = { npi_count = 9 }\nexpect = { total = 9, tier = 1 }\n'
VARIANT = """
id = "variant"
version = "2"
title = "Variant"
extends = "tiny.toml"
[category.c.x]
label = "Size"
bands = [{ name = "any", points = 7, reason = "Any" }]
[category.d]
label = "D"
max = 5
[category.d.y]
missing = "never"
bands = [
  { name = "y", field = "fqhc_flag", is = true, points = 5, reason = "Y" },
  { name = "n", points = 0, reason = "N" },
]
"""


def test_a_variant_states_only_what_differs(tmp_path: Path) -> None:
    written(tmp_path, BASE)
    card = written(tmp_path, VARIANT, "variant.toml")
    one = card.categories[0].characteristics[0]
    assert (card.id, card.prefix, card.extends, card.examples) == ("variant", "tiny", "tiny.toml", ())
    assert [tier.label for tier in card.tiers] == ["All"]
    assert (one.label, one.field, [band.name for band in one.bands]) == ("Size", "npi_count", ["any"])
    check(card, [({"npi_count": 1, "fqhc_flag": True}, "x.any|d.y.y", 12)])


def test_a_variant_of_a_variant_in_another_folder(tmp_path: Path) -> None:
    written(tmp_path, BASE)
    written(tmp_path, VARIANT, "variant.toml")
    text = 'id = "third"\nversion = "3"\ntitle = "T"\nextends = "../variant.toml"\ncategory.d.max = 5.5\n'
    card = written(tmp_path, text, "deep/third.toml")
    found = [(category.name, category.label, category.maximum) for category in card.categories]
    assert (card.id, found) == ("third", [("c", "C", 20), ("d", "D", 5.5)])


def test_a_variant_of_a_shipped_scorecard(tmp_path: Path) -> None:
    text = 'id = "mine"\nversion = "1"\ntitle = "Mine"\nextends = "icp"\n[tier.1]\nat_least = 75\n'
    card = written(tmp_path, text)
    assert (card.prefix, card.tiers[0].at_least, card.tiers[0].label) == ("icp", {"total": 75}, "Tier 1 - HOT")
    assert len(card.characteristics) == len(icp_engine.load_scorecard("icp").characteristics)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        (BASE, True),
        (f"# a comment\n\n{BASE}", True),
        (BASE.replace("max = 20", "max   =  20   # points"), True),
        (BASE.replace("bands = [", "bands = [\n  # first\n  "), True),
        (BASE.replace("max = 20", "max = 19"), False),
        (BASE.replace("apple", "pear"), False),
        (BASE.replace('label = "C"', 'label = "See"'), False),
    ],
)
def test_the_hash_is_of_the_content(text: str, same: bool, tmp_path: Path) -> None:
    before, inherited = written(tmp_path, BASE).hash, written(tmp_path, VARIANT, "variant.toml").hash
    assert before != inherited
    assert (written(tmp_path, text).hash == before) == same
    assert (icp_engine.load_scorecard(tmp_path / "variant.toml").hash == inherited) == same


def test_worked_examples_that_fail_are_reported(tmp_path: Path) -> None:
    second = '[[example]]\nname = "Five"\ngiven = { npi_count = 5 }\nexpect = { total = 6, c = 5, tier = 2 }\n'
    problems = failing_examples(written(tmp_path, dedent(BASE) + second))
    assert [(problem.line, problem.message) for problem in problems] == [
        (BASE.count("\n") + 1, "example 'Five': expected total 6, found 5.0"),
        (BASE.count("\n") + 1, "example 'Five': expected tier 2, found 1"),
    ]


@pytest.mark.parametrize("name", ["icp", "icp-2025-11", "rula"])
def test_worked_examples_of_the_shipped_scorecards(name: str) -> None:
    card = icp_engine.load_scorecard(name)
    assert len(card.examples) >= 2
    assert failing_examples(card) == []
