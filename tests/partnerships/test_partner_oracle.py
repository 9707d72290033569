"""The engine and a plain-Python oracle agree on 20,000 random practices and their contacts."""

import csv
import random
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import partner_oracle as oracle
import polars as pl
import pytest

from icp_engine.partnerships.run import PartnerOptions, run_partners

ROWS, DAY = 20_000, date(2026, 3, 2)
OWNERS = {"Priya Raman", "Marcus Bell", "Sofia Lindgren"}


class Case:
    """What was given, what is due, and what came out, by record id."""

    def __init__(self, folder: Path) -> None:
        rng = random.Random(11)
        made = [oracle.random_practice(rng, number) for number in range(ROWS)]
        self.raw = [raw for raw, _ in made]
        self.pieces = {oracle.record_id(oracle.key(raw)): pieces for raw, pieces in made}
        contacts = [self.contact(rng, raw) for raw in self.raw for _ in range(rng.choice([0, 1, 1, 3]))]
        rng.shuffle(contacts)
        written(folder / "practices.csv", self.raw)
        written(folder / "contacts.csv", [row for _, row, _ in contacts])
        own: dict[str, list[dict[str, Any]]] = {}
        for key, _, known in contacts:
            own.setdefault(key, []).append(known)
        self.due = {}
        for raw in self.raw:
            one = oracle.expected(raw, own.get(oracle.key(raw), []), DAY)
            self.due[one["record"]] = one | {"name": raw["name"], "gap": raw["bh_referral_gap"]}
        options = PartnerOptions(contacts=(str(folder / "contacts.csv"),), as_of=DAY, today=date(2026, 4, 1))
        parts = ("scores", "crm", "sla", "hooks")
        self.manifest = run_partners([str(folder / "practices.csv")], folder / "out", options, parts).manifest
        self.contacts = contacts
        names = ("partner_scores", "crm_records", "sla_tracker", "outreach_hooks")
        self.scores, self.crm, self.sla, self.hooks = (
            pl.read_parquet(folder / "out" / f"rula_{name}.parquet") for name in names
        )

    @staticmethod
    def contact(rng: random.Random, raw: dict[str, str]) -> tuple[str, dict[str, str], dict[str, Any]]:
        moment = datetime(2026, 3, 5) - timedelta(days=rng.choice([0, 1, 3, 4, 5, 6, 8, 9, 10, 11, 40]))
        moment += timedelta(minutes=rng.randrange(1440))
        owner = rng.choice(["", "Zoe Park", "Adam  Cole"])
        by_name = rng.random() < 0.5
        name = rng.choice([raw["name"], f" {raw['name'].upper()} "])
        form = rng.choice(["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:00-05:00", "%m/%d/%Y %H:%M"])
        row = {
            "practice_id": "" if by_name else raw["practice_id"],
            "name": name,
            "contacted_at": moment.strftime(form),
            "owner": owner,
        }
        if form.endswith("-05:00"):
            moment += timedelta(hours=5)  # it counts for the day that it is in UTC
        return oracle.key(raw), row, {"contacted_at": moment, "owner": " ".join(owner.split())}


def written(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return Case(tmp_path_factory.mktemp("oracle"))


def test_crm_records(case: Case) -> None:
    assert len(case.crm) == len(case.due) == ROWS
    columns = ["SF Record ID", "Score", "Tier", "Days Since Last Contact", "SLA Status", "Recommended Action"]
    for record, score, tier, days, status, action in case.crm.select(columns).iter_rows():
        due = case.due[record]
        found = (score, tier, days, status, action)
        assert found == (due["score"], f"Tier {due['tier']}", due["days"], due["status"], due["action"]), due


def test_owners(case: Case) -> None:
    given = 0
    for record, owner in case.crm.select("SF Record ID", "Owner").iter_rows():
        if case.due[record]["owner"]:
            given += 1
            assert owner == case.due[record]["owner"]
        else:
            assert owner in OWNERS
    assert ROWS / 3 < given < ROWS


def test_scores_in_their_order(case: Case) -> None:
    by_name = {one["name"]: one for one in case.due.values()}
    order = sorted(by_name.values(), key=lambda one: (one["tier"], -one["score"], one["name"]))
    assert case.scores["Name"].to_list() == [one["name"] for one in order]
    assert case.scores["Rank"].to_list() == list(range(1, ROWS + 1))
    columns = ["Score", "Tier", "Providers (pts)", "BH Gap (pts)", "Networks (pts)", "Volume (pts)", "Outreach Action"]
    due = [(one["score"], one["label"], *one["points"], one["action"]) for one in order]
    assert case.scores.select(columns).rows() == due


def test_the_sla_tracker_in_its_order(case: Case) -> None:
    columns = ["Practice Name", "Status", "Days Since Contact", "SLA (days)", "Days Overdue"]
    by_name = {one["name"]: one for one in case.due.values()}
    rows = case.sla.select(columns).rows()
    for name, *found in rows:
        due = by_name[name]
        assert found == [due["status"], due["days"], due["limit"], due["overdue"]], due
    never = 10**6

    def urgency(name: str) -> tuple[int, bool, int, float, str]:
        one = by_name[name]
        wait = never if one["wait"] is None else one["wait"]
        return oracle.URGENCY.index(one["status"]), one["days"] is not None, -wait, -one["score"], name

    names = [row[0] for row in rows]
    assert names == sorted(names, key=urgency)


def test_hooks(case: Case) -> None:
    due = {one["name"]: (record, one) for record, one in case.due.items() if one["tier"] == 1}
    assert set(case.hooks["Name"]) == set(due)
    assert len(case.hooks) == len(due)
    counts: dict[str, int] = {}
    for name, signal, hook in case.hooks.iter_rows():
        record, one = due[name]
        wanted, figures = oracle.signal(case.pieces[record], one["gap"])
        assert signal == wanted, (case.pieces[record], hook)
        assert not figures or any(all(f"{figure} " in hook for figure in some) for some in figures), hook
        assert "\n" not in hook
        counts[signal] = counts.get(signal, 0) + 1
    assert min(counts.values()) >= 10
    assert set(counts) == {*oracle.ORDER, "full gap", "generic"}


def test_counts(case: Case) -> None:
    later = sum(known["contacted_at"].date() > DAY for *_, known in case.contacts)
    used = len(case.contacts) - later
    counts = case.manifest.contacts
    assert counts is not None
    assert (counts.rows, counts.used, counts.after_as_of) == (used + later, used, later)
    tiers = [sum(one["tier"] == number for one in case.due.values()) for number in (1, 2, 3)]
    assert [tier.practices for tier in case.manifest.tiers] == tiers
    statuses = [sum(one["status"] == name for one in case.due.values()) for name in oracle.URGENCY]
    assert [status.practices for status in case.manifest.statuses] == statuses
    assert case.manifest.breaches == statuses[0] + statuses[1]
