"""Dealing of owners: within territories and capacities, as a plain-Python oracle has it."""

import random
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest

from icp_engine.crm.dealing import ACCOUNT, OWNER, POINTS, SEGMENT, STATE, deal
from icp_engine.crm.team import Owner, read_team_file
from icp_engine.errors import IcpError

Account = tuple[str, str | None, int, str | None, str | None]  # id, owner, points, state, segment


def oracle(accounts: list[Account], team: list[Owner]) -> dict[str, str]:
    """Who gets what, account by account, from the description alone."""
    names = [owner.name for owner in team]
    load, count = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    groups: dict[tuple[int, ...], list[Account]] = {}
    for account in accounts:
        _, owner, points, state, segment = account
        if owner in load:
            load[owner] += points
            count[owner] += 1
            continue
        fits = [
            place for place, person in enumerate(team)
            if (person.states or person.segments)
            and (not person.states or state in person.states)
            and (not person.segments or segment in person.segments)
        ]  # fmt: skip
        anyone = [place for place, person in enumerate(team) if not (person.states or person.segments)]
        groups.setdefault(tuple(fits or anyone), []).append(account)
    found = {}
    for places in sorted(groups, key=lambda group: (len(group), group)):
        ordered = sorted(groups[places], key=lambda account: (-account[2], account[0]))
        if not places:
            continue
        got = shared(places, ordered, team, load, count)
        turns = sorted(
            (Fraction(2 * turn + 1, 2 * got[place]), position if turn % 2 == 0 else -position, place)
            for position, place in enumerate(places)
            for turn in range(got[place])
        )
        for account, (_, _, place) in zip(ordered, turns, strict=False):
            found[account[0]] = names[place]
            load[names[place]] += account[2]
            count[names[place]] += 1
    return found


def shared(
    places: tuple[int, ...], ordered: list[Account], team: list[Owner], load: dict[str, int], count: dict[str, int]
) -> dict[int, int]:
    """How many accounts each gets: all rise to one level, nobody above the capacity."""
    points, left, got, open_ = (
        sum(account[2] for account in ordered),
        len(ordered),
        dict.fromkeys(places, 0),
        list(places),
    )
    while open_:
        new = points * left // len(ordered)
        shares = [1 / len(open_)] * len(open_)
        if new > 0:
            loads = sorted(load[team[place].name] for place in open_)
            levels = [(new + sum(loads[:number])) / number for number in range(1, len(loads) + 1)]
            level = next(
                level for number, level in enumerate(levels, 1) if number == len(loads) or level <= loads[number]
            )
            shares = [max(0.0, level - load[team[place].name]) / new for place in open_]
        exact = [share * left for share in shares]
        due = [int(number) for number in exact]
        for position in sorted(range(len(open_)), key=lambda at: (due[at] - exact[at], at))[: left - sum(due)]:
            due[position] += 1
        rooms = {
            place: None
            if team[place].capacity is None
            else max(0, (team[place].capacity or 0) - count[team[place].name])
            for place in open_
        }
        over = [
            place
            for place, number in zip(open_, due, strict=True)
            if (room := rooms[place]) is not None and number > room
        ]
        for place, number in zip(open_, due, strict=True):
            if not over or place in over:
                got[place] = number if not over else rooms[place] or 0
                left -= got[place]
        open_ = [place for place in open_ if over and place not in over]
    return got


def dealt(accounts: list[Account], team: list[Owner]) -> dict[str, str]:
    frame = pl.DataFrame(
        accounts, schema={ACCOUNT: pl.String, OWNER: pl.String, POINTS: pl.Int64, STATE: pl.String, SEGMENT: pl.String},
        orient="row",
    )  # fmt: skip
    return dict(deal(frame.sample(fraction=1, shuffle=True, seed=1).lazy(), team).iter_rows())


@pytest.mark.parametrize("seed", range(60))
def test_dealing_is_that_of_the_oracle(seed: int) -> None:
    rng = random.Random(seed)
    people = [
        Owner(
            name, capacity=rng.choice([None, None, 0, 3, 20]),
            states=frozenset(rng.sample(["TX", "OK", "CA"], rng.choice([0, 0, 1, 2]))),
            segments=frozenset(rng.sample(["A", "B"], rng.choice([0, 0, 0, 1]))),
        )
        for name in rng.sample(["Ana", "Ben", "Cleo", "Dee"], rng.randint(1, 4))
    ]  # fmt: skip
    owners = [None, None, None, "Ana", "Ben", "Nobody of ours"]
    accounts: list[Account] = [
        (f"a{number:03}", rng.choice(owners), rng.choice([0, 5_000, rng.randint(0, 10_000)]),
         rng.choice(["TX", "OK", "NY", None]), rng.choice(["A", "B", None]))
        for number in range(rng.choice([0, 1, 2, 7, 40]))
    ]  # fmt: skip
    assert dealt(accounts, people) == oracle(accounts, people)


def test_an_account_is_for_those_whose_territory_it_is_in() -> None:
    team = [Owner("Tex", states=frozenset({"TX"})), Owner("Any"), Owner("Abe", segments=frozenset({"A"}))]
    accounts: list[Account] = [
        ("1", None, 100, "TX", "B"), ("2", None, 100, "NY", "A"), ("3", None, 100, "NY", "B"), ("4", None, 9, None, ""),
    ]  # fmt: skip
    assert dealt(accounts, team) == {"1": "Tex", "2": "Abe", "3": "Any", "4": "Any"}
    assert dealt([("5", None, 100, "NY", None)], team[:1]) == {}


@pytest.mark.parametrize(
    ("capacity", "due"), [(0, set()), (1, {"a"}), (2, {"a", "b"}), (3, {"a", "b", "c"}), (4, {"a", "b", "c"})]
)
def test_the_best_accounts_fill_a_capacity(capacity: int, due: set[str]) -> None:
    accounts: list[Account] = [("b", None, 800, None, None), ("c", None, 700, None, None), ("a", None, 900, None, None)]
    assert dealt(accounts, [Owner("Ana", capacity=capacity)]).keys() == due
    held: list[Account] = [("z", "Ana", 1, None, None)]
    assert len(dealt(accounts + held, [Owner("Ana", capacity=capacity)])) == min(3, max(0, capacity - 1))


ANA = '[[owner]]\nname = "Ana"\nemail = "ana@example.com"\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[owner]]\nname = "A"\n', "A has no email"),
        ('[[owner]]\nname = "A"\nemail = "x"\n', "expected an address such as"),
        ('[[owner]]\nname = "A"\nemail = "a@b.co"\ncapacity = 1.5\n', "expected a whole number, 0 or more, found 1.5"),
        ('[[owner]]\nname = "A"\nemail = "a@b.co"\ntouches_a_week = 0\n', "expected more than 0"),
        (
            '[[owner]]\nname = "A"\nemail = "a@b.co"\n[[owner]]\nname = "B"\nemail = "A@b.co"\n',
            "stands here a second time",
        ),
        ("", "'owner' is missing"),
        (f'{ANA}states = ["TX", "Tex"]\n', "expected states such as TX, found 'Tex'"),
        (f'{ANA}segments = ["A", "Z"]\n', "the territory of Ana has the segment 'Z', which is none of A, B"),
    ],
)
def test_what_is_wrong_with_a_team(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "team.toml").write_text(text)
    with pytest.raises(IcpError, match=says):
        read_team_file(tmp_path / "team.toml", addresses=True, segments="AB")


def test_a_territory_may_be_spelled_in_any_case(tmp_path: Path) -> None:
    (tmp_path / "team.toml").write_text(f'{ANA}states = ["texas", " ok "]\nsegments = ["b"]\n')
    (owner,) = read_team_file(tmp_path / "team.toml", addresses=True, segments="AB")
    assert (owner.states, owner.segments) == ({"TX", "OK"}, {"B"})
    with pytest.raises(IcpError, match="'b', which is no segment: the scorecard has none"):
        read_team_file(tmp_path / "team.toml", addresses=True, segments=())
