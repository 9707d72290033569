"""The SLA: every limit just before, at and after it; never contacted; and what may be wrong with the rules."""

from datetime import date, timedelta
from pathlib import Path
from textwrap import dedent

import polars as pl
import pytest

import icp_engine
from icp_engine.errors import MistakesError
from icp_engine.partnerships.rules import SHIPPED, read_rules
from icp_engine.partnerships.sla import DAYS, LIMIT, OVERDUE, STATUS, with_sla

DAY = date(2026, 3, 2)
CARD = icp_engine.load_scorecard("rula")
URGENT, OVER, RISK, OK, MONITOR = "URGENT - SLA BREACH", "OVERDUE", "AT RISK", "ON TRACK", "MONITOR"


def standing(rows: list[tuple[int, int | None, date | None]], sla: Path | None = None) -> list[tuple[object, ...]]:
    """Status, limit and days overdue of practices given as tier, days since contact, created_at."""
    rules = read_rules(CARD, sla=sla).sla
    frame = pl.LazyFrame(
        {"tier": [row[0] for row in rows], DAYS: [row[1] for row in rows], "created_at": [row[2] for row in rows]},
        schema={"tier": pl.Int8, DAYS: pl.Int64, "created_at": pl.Datetime("us")},
    )
    found = with_sla(frame, rules, "tier", DAY).select(STATUS, LIMIT, OVERDUE).collect()
    return [(rules.statuses[place].name, limit, over) for place, limit, over in found.rows()]


@pytest.mark.parametrize(
    ("tier", "days", "due"),
    [
        (1, 0, (OK, 2, 0)),
        (1, 1, (RISK, 2, 0)),
        (1, 2, (RISK, 2, 0)),
        (1, 3, (URGENT, 2, 1)),
        (1, 400, (URGENT, 2, 398)),
        (2, 0, (OK, 7, 0)),
        (2, 4, (OK, 7, 0)),
        (2, 5, (RISK, 7, 0)),
        (2, 6, (RISK, 7, 0)),
        (2, 7, (RISK, 7, 0)),
        (2, 8, (OVER, 7, 1)),
        (3, 0, (MONITOR, None, None)),
        (3, 400, (MONITOR, None, None)),
    ],
)
def test_every_edge(tier: int, days: int, due: tuple[object, ...]) -> None:
    assert standing([(tier, days, None)]) == [due]
    assert standing([(tier, days, date(2020, 1, 1))]) == [due], "a contact counts, whatever created_at"
    assert standing([(tier, None, DAY - timedelta(days=days))]) == [due], "never contacted counts from created_at"


@pytest.mark.parametrize(
    ("tier", "created", "due"),
    [
        (1, None, (URGENT, 2, None)),
        (2, None, (OVER, 7, None)),
        (3, None, (MONITOR, None, None)),
        (1, DAY + timedelta(days=3), (OK, 2, 0)),
    ],
)
def test_never_contacted(tier: int, created: date | None, due: tuple[object, ...]) -> None:
    assert standing([(tier, None, created)]) == [due]


def test_rules_of_ones_own(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        dedent("""
        [tier.1]
        limit_days = 0
        within = "fine"
        over = "late"
        [tier.2]
        within = "fine"
        [tier.3]
        limit_days = 1
        at_risk_from_days = 1
        within = "fine"
        at_risk = "soon"
        over = "late"
        [[status]]
        name = "late"
        act = true
        [[status]]
        name = "soon"
        act = false
        [[status]]
        name = "fine"
        act = false
        """)
    )
    rows = [(1, 0, None), (1, 1, None), (2, 99, None), (3, 0, None), (3, 1, None), (3, 2, None)]
    assert [one[0] for one in standing(rows, own)] == ["fine", "late", "fine", "fine", "soon", "late"]


TEXT = (SHIPPED / "sla.toml").read_text(encoding="utf-8")


def line(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "where", "message"),
    [
        ("limit_days = 2 ", "limit_days = -1 ", "limit_days = -1", "expected whole days, 0 or more, found -1"),
        ("limit_days = 7", "limit_days = 7.5", "limit_days = 7.5", "expected whole days, 0 or more, found 7.5"),
        ("limit_days = 7", 'limit_days = "7"', 'limit_days = "7"', "expected a number, found '7'"),
        ("from_days = 5", "from_days = 8", "at_risk_from_days = 8", "expected at most limit_days (7), found 8"),
        ('over = "OVERDUE"', 'over = "OVERDU"', 'over = "OVERDU"', "no status 'OVERDU' (did you mean 'OVERDUE'?)"),
        ('within = "MONITOR"', 'within = "MONITOR"\nover = "OVERDUE"', 'over = "OVERDUE"\n\n#', "without limit_days"),
        ("at_risk_from_days = 5", "", 'at_risk = "AT RISK"\nover = "OVERDUE"', "without at_risk_from_days"),
        ("[tier.3]", "[tier.4]", "[tier.4]", "unknown key '4'"),
        ('name = "MONITOR"', 'name = "AT RISK"', 'name = "AT RISK"\nact = false', "stands here a second time"),
        ('name = "OVERDUE"\nact = true', 'name = "OVERDUE"\nact = 1', "act = 1", "expected true or false, found 1"),
        ("[tier.1]", "[[tier]", "[[tier]", "not valid TOML"),
    ],
)
def test_mistakes_have_their_line(tmp_path: Path, old: str, new: str, where: str, message: str) -> None:
    text = TEXT.replace(old, new, 1)
    assert text != TEXT
    path = tmp_path / "sla.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MistakesError) as caught:
        read_rules(CARD, sla=path)
    found = {(problem.source, problem.line) for problem in caught.value.problems if message in problem.message}
    assert found == {(str(path), line(text, where))}, str(caught.value)


def test_mistakes_of_all_files_come_at_once(tmp_path: Path) -> None:
    for name, text in (("s", "[tier]\n"), ("o", "owner = 3\n"), ("h", "x = [\n")):
        (tmp_path / name).write_text(text)
    with pytest.raises(MistakesError) as caught:
        read_rules(CARD, *(tmp_path / name for name in "soh"))
    assert {Path(problem.source).name for problem in caught.value.problems} == {"s", "o", "h"}
    said = str(caught.value)
    assert "tier 1 of scorecard rula is missing" in said
    assert "'status' is missing" in said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'owner' is missing"),
        ('[[owner]]\nname = "A"\n[[owner]]\nname = " A "\n', "'A' stands here a second time"),
        ('[[owner]]\nname = " "\n', "expected text, found ' '"),
        ('[[owner]]\nname = "A"\nnme = "B"\n', "unknown key 'nme' (did you mean 'name'?)"),
    ],
)
def test_mistakes_in_owners(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "owners.toml").write_text(text)
    with pytest.raises(MistakesError, match=r"owners\.toml:[0-9]+: ") as caught:
        read_rules(CARD, owners=tmp_path / "owners.toml")
    assert message in str(caught.value)
