"""Owners: given, from the log, kept, or dealt out evenly; record ids as Salesforce makes them."""

import random
from datetime import date
from pathlib import Path

import partner_oracle as oracle
import polars as pl
import pytest

from icp_engine.database import database
from icp_engine.errors import InputError
from icp_engine.partnerships.columns import KEY
from icp_engine.partnerships.crm import record_id
from icp_engine.partnerships.owners import OWNER, assigned
from icp_engine.partnerships.run import PartnerOptions, run_partners

TEAM = ["Ana", "Ben", "Cleo"]
DAY = date(2026, 3, 2)


def loads(
    scores: list[float], owned: list[str | None], team: list[str] = TEAM
) -> tuple[dict[str, float], pl.DataFrame]:
    """The points of each of the team once everybody has an owner, and who was assigned."""
    keys = [f"k{number:06}" for number in range(len(scores))]
    frame = pl.DataFrame({KEY: keys, "score": scores, OWNER: owned}, schema_overrides={OWNER: pl.String})
    found = assigned(frame.lazy(), team, "score")
    both = frame.update(found, on=KEY)
    assert both[OWNER].null_count() == 0
    sums = dict(both.group_by(OWNER).agg(pl.col("score").sum()).iter_rows())
    return {one: sums.get(one, 0.0) for one in team}, found


def test_scores_are_spread_evenly() -> None:
    rng = random.Random(3)
    scores = [round(rng.uniform(0, 100), 1) for _ in range(3_001)]
    found, new = loads(scores, [None] * len(scores))
    assert max(found.values()) - min(found.values()) <= 100
    counts = new[OWNER].value_counts()["count"]
    assert counts.max() - counts.min() <= 1
    tops = new.head(30)[OWNER].value_counts()["count"]
    assert tops.to_list() == [10, 10, 10]


def test_who_has_less_gets_more() -> None:
    scores = [50.0] * 40
    found, new = loads(scores, ["Ana"] * 10 + [None] * 30)
    assert found == {"Ana": 700, "Ben": 650, "Cleo": 650}
    found, new = loads(scores, ["Ana"] * 30 + [None] * 10)
    assert (found["Ana"], set(new[OWNER])) == (1500, {"Ben", "Cleo"})
    found, _ = loads(scores, ["Somebody else"] * 10 + [None] * 30)
    assert set(found.values()) == {500}


@pytest.mark.parametrize("scores", [[], [0.0, 0.0, 0.0], [80.0]])
def test_few_practices(scores: list[float]) -> None:
    _, new = loads(scores, [None] * len(scores))
    assert new[OWNER].n_unique() == len(scores)


def test_the_order_of_rows_changes_nothing() -> None:
    frame = pl.DataFrame({KEY: list("abcdefgh"), "score": [5.0, 9, 5, 1, 7, 7, 7, 2], OWNER: [None] * 8}).cast(
        {OWNER: pl.String}
    )
    due = assigned(frame.lazy(), TEAM, "score").sort(KEY)
    for seed in range(5):
        assert assigned(frame.sample(fraction=1, shuffle=True, seed=seed).lazy(), TEAM, "score").sort(KEY).equals(due)


@pytest.mark.parametrize(
    ("short", "long"),
    [("001A0000006Vm9r", "001A0000006Vm9rIAC"), ("001D000000IRFma", "001D000000IRFmaIAH")],
)
def test_the_checksum_is_that_of_salesforce(short: str, long: str) -> None:
    assert oracle.checked(short) == long


def test_record_ids_are_those_of_the_oracle_and_differ() -> None:
    keys = [f"id:P{number}" for number in range(2_000)] + ["name:élan clinic", "name:p1"]
    with database() as db:
        found = pl.LazyFrame({"key": keys}).select(record_id(pl.col("key"), db)).collect()["key"]
    assert found.to_list() == [oracle.record_id(key) for key in keys]
    assert found.n_unique() == len(keys)
    assert set(found.str.len_chars()) == {18}


class Desk:
    """A folder that runs write into, and a practices file that changes between them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.team = folder / "team.toml"
        self.members(*TEAM)

    def members(self, *names: str) -> None:
        self.team.write_text("\n".join(f'[[owner]]\nname = "{name}"' for name in names))

    def owners(self, rows: dict[str, int], contacts: str = "") -> dict[str, str]:
        """Run with practices as name and provider count, and return the owner of each."""
        frame = pl.DataFrame({"name": list(rows), "provider_count": list(rows.values())})
        frame.write_csv(self.folder / "practices.csv")
        (self.folder / "contacts.csv").write_text("name,contacted_at,owner\n" + contacts)
        options = PartnerOptions(contacts=(str(self.folder / "contacts.csv"),), as_of=DAY, owners=self.team)
        run_partners([str(self.folder / "practices.csv")], self.folder / "out", options, ["crm"])
        found = pl.read_parquet(self.folder / "out" / "rula_crm_records.parquet")
        return dict(found.select("Account Name", "Owner").iter_rows())


NEVER = "z,2026-03-09,Zed\n"  # after the day; a log has at least one row


def test_the_same_practice_keeps_its_owner(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    first = desk.owners({"a": 30, "b": 12, "c": 7, "d": 4}, NEVER)
    grown = desk.owners({"new": 30, "d": 30, "b": 12, "a": 1, "other": 5, "c": 7}, NEVER)
    assert {name: grown[name] for name in first} == first
    assert set(grown) == {*first, "new", "other"}


def test_who_is_named_comes_before_who_was_assigned(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.owners({"a": 30, "b": 12}, NEVER)
    assert desk.owners({"a": 30, "b": 12}, "a,2026-03-01,Zed\na,2026-03-09,Later\n")["a"] == "Zed"


@pytest.mark.parametrize("word", ["NA", "n/a", "-", "null", " Unknown "])
def test_a_word_for_nothing_is_nobody(tmp_path: Path, word: str) -> None:
    desk = Desk(tmp_path)
    due = desk.owners({"a": 30}, NEVER)
    assert desk.owners({"a": 30}, f"a,2026-03-01,{word}\n") == due
    practices = tmp_path / "practices.csv"
    practices.write_text(f"name,provider_count,owner\na,30,{word}\n")
    run_partners([str(practices)], tmp_path / "new", PartnerOptions(as_of=DAY, owners=desk.team), ["crm"])
    assert pl.read_parquet(tmp_path / "new" / "rula_crm_records.parquet")["Owner"].to_list() == [due["a"]]


def test_whose_owner_has_left_gets_another(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    before = desk.owners({"a": 30, "b": 12, "c": 7}, NEVER)
    desk.members("Ben", "Cleo")
    after = desk.owners({"a": 30, "b": 12, "c": 7}, NEVER)
    for name, owner in before.items():
        assert after[name] == owner if owner != "Ana" else after[name] in {"Ben", "Cleo"}


def test_records_of_somebody_else_are_not_taken_for_ours(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    pl.DataFrame({"Id": [1]}).write_parquet(tmp_path / "out" / "rula_crm_records.parquet")
    with pytest.raises(InputError, match="is in the way, and icp-engine did not make it"):
        Desk(tmp_path).owners({"a": 1}, NEVER)
