"""What the tiers cost against the people there are; the cut-off is checked by trying every score and every team."""

import json
import random
from itertools import combinations
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from conftest import BEST

from icp_engine.cli import cli
from icp_engine.crm.dealing import ACCOUNT, POINTS, SEGMENT, STATE
from icp_engine.crm.plan import _cut_off, can_take
from icp_engine.crm.team import Owner
from icp_engine.pipeline.run import RunOptions, run

TEAM = """
[[owner]]
name = "Ana"
touches_a_week = 7
[[owner]]
name = "Ben"
touches_a_week = 3.5
capacity = 40
states = ["TX"]
"""


def covers(owner: Owner, state: str | None, segment: str | None) -> bool:
    return (not owner.states or state in owner.states) and (not owner.segments or segment in owner.segments)


def brute_force(
    clinics: list[tuple[int, str | None, str | None]], team: list[Owner], cost: float
) -> tuple[float | None, int]:
    """The lowest cut-off whose clinics all find room: no set of people is alone for more than they can take."""
    rooms = [
        min(int(owner.touches_a_week / cost + 1e-9), owner.capacity if owner.capacity is not None else 10**9)
        for owner in team
    ]
    territory = [bool(owner.states or owner.segments) for owner in team]
    found: tuple[float | None, int] = (None, 0)
    for score in sorted({points for points, *_ in clinics}, reverse=True):
        above = [clinic for clinic in clinics if clinic[0] >= score]
        mays = []
        for _, state, segment in above:
            fits = {place for place, owner in enumerate(team) if territory[place] and covers(owner, state, segment)}
            mays.append(fits or {place for place in range(len(team)) if not territory[place]})
        sets = [set(chosen) for size in range(len(team) + 1) for chosen in combinations(range(len(team)), size)]
        if all(sum(may <= chosen for may in mays) <= sum(rooms[place] for place in chosen) for chosen in sets):
            found = (score / 100, len(above))
    return found


@pytest.mark.parametrize("seed", range(80))
def test_the_cut_off_is_that_of_brute_force(seed: int) -> None:
    rng = random.Random(seed)
    team = [
        Owner(
            name, touches_a_week=rng.choice([0.5, 3.5, 7, 20, 50]), capacity=rng.choice([None, None, 2]),
            states=frozenset(rng.sample(["TX", "OK", "CA"], rng.choice([0, 1, 2]))),
            segments=frozenset(rng.sample(["A", "B"], rng.choice([0, 0, 1]))),
        )
        for name in ["Ana", "Ben", "Cleo", "Dee"][: rng.randint(1, 4)]
    ]  # fmt: skip
    clinics = [
        (rng.randint(1, 12) * 500, rng.choice(["TX", "OK", "NY", None]), rng.choice(["A", "B", None]))
        for _ in range(rng.choice([1, 5, 15, 40]))
    ]
    frame = pl.DataFrame(
        {
            ACCOUNT: [str(number) for number in range(len(clinics))],
            POINTS: [points for points, *_ in clinics],
            STATE: [state for _, state, _ in clinics],
            SEGMENT: [segment for *_, segment in clinics],
        },
        schema_overrides={STATE: pl.String, SEGMENT: pl.String},
    )
    assert _cut_off(frame.lazy(), team, 3.5) == brute_force(clinics, team, 3.5)


@pytest.mark.parametrize(
    ("demand", "rooms", "due"),
    [
        ({}, [], True), ({(): 1}, [5], False), ({(0,): 5}, [5], True), ({(0,): 6}, [5], False),
        ({(0, 1): 3, (0,): 5}, [5, 3], True),  # who was given to the first makes room
        ({(0, 1): 3, (0,): 5}, [5, 2], False),
        ({(0, 1): 2, (1, 2): 2, (2,): 2}, [2, 2, 2], True), ({(2,): 2, (1, 2): 2, (0, 1): 3}, [2, 2, 2], False),
    ],
)  # fmt: skip
def test_who_can_take_what(demand: dict[tuple[int, ...], int], rooms: list[int], due: bool) -> None:
    assert can_take(demand, rooms) is due


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plan")
    rows = [
        BEST | {"clinic_id": f"c{number}", "account_name": f"Elm {number}", "state_code": "TX" if number < 3 else "NY"}
        for number in range(6)
    ]
    rows[5] |= {"denial_pressure": 0.0, "npi_count": 1}
    pl.DataFrame(rows).write_parquet(folder / "clinics.parquet")
    run([str(folder / "clinics.parquet")], folder / "out", RunOptions(format="parquet", charts=False))
    return folder / "out"


def call(*args: object) -> str:
    done = CliRunner().invoke(cli, ["crm", "plan", *map(str, args)])
    return done.stdout if done.exit_code == 0 else f"{done.output}{done.exception}"


def test_a_plan_in_words_and_as_json(warehouse: Path, tmp_path: Path) -> None:
    (tmp_path / "team.toml").write_text(TEAM)
    plan = json.loads(call("-w", warehouse, "--owners", tmp_path / "team.toml", "--json"))
    best, second, _ = plan["tiers"]
    assert (best["clinics"], best["days"], best["touches"]) == (5, 2, 17.5)
    assert (second["clinics"], second["days"], second["touches"]) == (1, 7, 1.0)
    assert (plan["can"], plan["touches"]) == (10.5, 18.5)
    assert (plan["cut_off"], plan["kept"]) == (None, 0)
    loads = {load["name"]: (load["accounts"], load["touches"]) for load in plan["owners"]}
    assert loads == {"Ana": (3, 8.0), "Ben": (3, 10.5)}
    text = call("-w", warehouse, "--owners", tmp_path / "team.toml")
    assert "All of it takes 18.5 touches a week; the team can make 10.5." in text
    assert "Not even the clinics of the highest score can be kept within the 2 days of Tier 1 - HOT." in text
    (tmp_path / "team.toml").write_text(TEAM.replace("= 3.5", "= 10.5"))
    assert "5 clinics can be kept" in call("-w", warehouse, "--owners", tmp_path / "team.toml")


def test_what_a_plan_needs(warehouse: Path, tmp_path: Path) -> None:
    (tmp_path / "team.toml").write_text('[[owner]]\nname = "Ana"\n')
    assert "Ana has no touches_a_week" in call("-w", warehouse, "--owners", tmp_path / "team.toml")
    (tmp_path / "team.toml").write_text(TEAM)
    free = (
        "".join(f'[tier.{number}]\nwithin = "FREE"\n' for number in (1, 2, 3))
        + '[[status]]\nname = "FREE"\nact = false\n'
    )
    (tmp_path / "sla.toml").write_text(free)
    said = call("-w", warehouse, "--owners", tmp_path / "team.toml", "--sla", tmp_path / "sla.toml")
    assert "No tier of the SLA rules has a limit" in said
