"""Lists in memory: conditions mean in frames what they mean in SQL, and what is kept stays within its bytes."""

import random
import re
import threading
import weakref
from itertools import product
from pathlib import Path
from typing import Any, Literal

import polars as pl
import pytest

from icp_engine import load_scorecard
from icp_engine.api.listing import Kept, Listing
from icp_engine.api.mapped import mapped, mapped_rows
from icp_engine.api.snapshot import snapshot
from icp_engine.database import BATCH, database
from icp_engine.errors import InputError
from icp_engine.networks.columns import networks_columns
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.published.filters import Condition, Filter, conditions
from icp_engine.published.lists import export
from icp_engine.published.run import open_run

TIERS = (None, (1,), (2, 3), ())
ICP = load_scorecard("icp")
SEGMENTS = (None, ("A",), ("B", "C"), ("Z",))
STATES = (None, "TX", "ny", "ZZ")
WORDS = (None, ("group",), ("group", "1"), ("%",), ("i", "inc."), ("ähne",))
SCORES = (None, 0.0, 40.0, 55.25)
EACH: dict[str, tuple[Any, ...]] = {
    "tiers": TIERS, "segments": SEGMENTS, "state": STATES, "words": WORDS, "min_score": SCORES,
}  # fmt: skip


@pytest.mark.parametrize(
    ("what", "key", "names"),
    [("clinics", "clinic_id", ["account_name"]), ("networks", "network_id", ["display_name", "network_name"])],
)
def test_a_filter_means_in_a_frame_what_it_means_in_sql(
    pictured: Path, what: Literal["clinics", "networks"], key: str, names: list[str]
) -> None:
    score = "icp_total_score" if what == "clinics" else "network_icp_total_score"
    own = [column.name for column in networks_columns(ICP)] if what == "networks" else []
    listing = listed(export(open_run(pictured), what, Filter(), own), key=key, score=score, names=names)
    sizes = ((None, None), (3, None), (None, 2)) if what == "networks" else ((None, None),)
    seen = set()
    alone = [Filter(**{name: value}) for name, values in EACH.items() for value in values]
    together = list(product(TIERS, SEGMENTS, STATES, SCORES, sizes, WORDS))
    for tiers, segments, state, least, size, words in random.Random(3).sample(together, 40):
        alone.append(Filter(tiers, segments, state, least, *size, None, words))
    for wanted in alone:
        due = export(open_run(pictured), what, wanted, [key])[key].to_list()
        page = listing.page(conditions(wanted, what, ICP), score, descending=True, limit=10_000, offset=0)
        assert page.rows[key].to_list() == due, wanted
        assert page.total == len(due)
        seen.add(len(due))
    assert len(seen) > 10


def listed(frame: pl.DataFrame, *, key: str, score: str, names: list[str]) -> Listing:
    return Listing(frame.columns, frame.get_column, key=key, score=score, names=names)


def rows(**columns: list[Any]) -> Listing:
    return listed(pl.DataFrame(columns), key="id", score="score", names=["name"])


def test_order_ties_missing_and_both_directions() -> None:
    listing = rows(
        id=["d", "a", "c", "b", "e"], score=[1.0, 2.0, 2.0, 1.0, 0.5], name=["x", None, "y", "x", "X"],
        size=[None, 5, 7, 5, None],
    )  # fmt: skip

    def ids(sort_by: str, *, descending: bool, asked: tuple[Condition, ...] = ()) -> str:
        return "".join(listing.page(asked, sort_by, descending=descending, limit=9, offset=0).rows["id"])

    assert ids("score", descending=True) == "acbde"
    assert ids("score", descending=False) == "ebdac"
    assert ids("size", descending=True) == "cabde"
    assert ids("size", descending=False) == "abcde"
    assert ids("name", descending=False) == "ebdca"
    assert ids("id", descending=True) == "edcba"
    small = (Condition("size", "at least", 6),)
    assert ids("size", descending=True, asked=small) == "c"
    assert ids("name", descending=True, asked=(Condition("", "mentions", "x"),)) == "bde"


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("sort_by", ["score", "size"])
@pytest.mark.parametrize("least", [None, 0.0, 1.5, 9.0])
def test_rows_that_meet_more_are_counted(least: float | None, sort_by: str, descending: bool) -> None:
    scores, sizes = [1.0, 2.0, 2.0, 1.0, 0.5], [None, 5, 7, 5, None]
    listing = rows(id=list("dacbe"), score=scores, name=["x"] * 5, size=sizes)
    asked = () if least is None else (Condition("score", "at least", least),)
    for more, due in (((Condition("size", "at least", 6),), 7), ((Condition("size", "at least", 5),), 5)):
        counted = listing.count(asked, more, sort_by, descending=descending)
        pairs = zip(scores, sizes, strict=True)
        assert counted == sum(score >= (least or 0) and size is not None and size >= due for score, size in pairs)


@pytest.mark.parametrize("kept", [0, 1, 11, 12, 13, 14, 60, 104])
@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("sort_by", ["size", "name", "kind"])
def test_a_few_rows_are_sorted_as_all_are(sort_by: str, descending: bool, kept: int) -> None:
    rng = random.Random(kept)
    sizes = [rng.choice([None, 1, 2, 3]) for _ in range(104)]
    names = [rng.choice([None, "A", "b"]) for _ in sizes]
    ids = [f"{number:03}" for number in rng.sample(range(104), 104)]
    kinds = [f"kind {number % 7}" for number in range(104)]
    listing = rows(id=ids, score=[float(number) for number in range(104)], name=names, size=sizes, kind=kinds)
    asked = (Condition("score", "at least", float(104 - kept)),)
    found = listing.page(asked, sort_by, descending=descending, limit=104, offset=0).rows["id"].to_list()
    values = {"size": sizes, "name": names, "kind": kinds}[sort_by]
    own = sorted(range(104 - kept, 104), key=lambda place: ids[place])
    known = sorted((one for one in own if values[one] is not None), key=lambda one: values[one], reverse=descending)
    assert found == [ids[one] for one in [*known, *(one for one in own if values[one] is None)]]


def test_an_empty_list() -> None:
    listing = listed(
        pl.DataFrame(schema={"id": pl.String, "score": pl.Float64, "name": pl.String}),
        key="id", score="score", names=["name"],
    )  # fmt: skip
    for asked in ((), (Condition("", "mentions", "x"),), (Condition("score", "at least", 1),)):
        for sort_by in ("score", "name"):
            page = listing.page(asked, sort_by, descending=False, limit=10, offset=0)
            assert (page.total, len(page.rows)) == (0, 0)


def series(length: int) -> pl.Series:
    return pl.Series(range(length), dtype=pl.UInt32)


def test_what_is_kept_stays_within_its_bytes_and_the_oldest_goes_first() -> None:
    kept = Kept(20_000)
    for number in range(10):
        kept.put(number, series(500))  # 3,000 bytes each, six of them fit
    assert [number for number in range(10) if kept.get(number) is not None] == [4, 5, 6, 7, 8, 9]
    kept.get(4)
    kept.put("new", series(500))
    assert kept.get(4) is not None
    assert kept.get(5) is None
    kept.put("new", series(500))  # again: counted once
    assert kept.get(6) is not None
    kept.put("huge", series(100_000))
    assert kept.get("huge") is not None
    assert kept.get("new") is None
    for number in range(1_000):
        kept.put(number, series(0))  # nothing found is not kept for ever either
    assert sum(kept.get(number) is not None for number in range(1_000)) == 20


def test_threads_that_ask_at_once_get_what_one_gets() -> None:
    size = 20_000
    listing = rows(
        id=[f"{number:06}" for number in range(size)], score=[float(number % 97) for number in range(size)],
        name=[f"n {number % 31}" for number in range(size)], size=[number * 7_919 % size for number in range(size)],
    )  # fmt: skip

    def asked(number: int) -> list[str]:
        words = (Condition("", "mentions", str(number % 10)),)
        found = listing.page(words, ("size", "name")[number % 2], descending=number % 3 == 0, limit=50, offset=number)
        return found.rows["id"].to_list()

    answers: dict[int, list[list[str]]] = {number: [] for number in range(60)}
    threads = [
        threading.Thread(target=lambda: [answers[answer].append(asked(answer)) for answer in answers]) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, given in answers.items():
        assert given == [asked(number)] * 6


def test_a_list_stands_in_a_file_one_column_read_at_a_time() -> None:
    size = 30_000
    columns = {
        "id": pl.Series("id", [f"{number * 7_919 % size:05} of a clinic" for number in range(size)]),
        "score": pl.Series("score", [float(number % 11) for number in range(size)]),
        "name": pl.Series("name", [None if number % 3 else f"Über {number}" for number in range(size)]),
        "kind": pl.Series("kind", ["b", None, "a"] * (size // 3)),
        "gone": pl.Series("gone", [None] * size, dtype=pl.Float64),
    }
    read: list[weakref.ref[pl.Series]] = []

    def column(name: str) -> pl.Series:
        assert sum(series() is not None for series in read) <= 1, "columns read before are held"
        found = columns[name].rechunk() + ("" if columns[name].dtype == pl.String else 0)
        read.append(weakref.ref(found))
        return found

    listing = Listing(list(columns), column, key="id", score="score", names=["name"])
    assert not any(series() is not None for series in read)
    due = pl.DataFrame(columns).sort("score", "id", descending=[True, False])
    found = listing.page((), "score", descending=True, limit=size, offset=0).rows
    assert found.equals(due)
    assert listing.rows.schema["kind"] == pl.Enum(["a", "b"])
    assert all(series.n_chunks() == 1 for series in listing.rows.iter_columns())
    asked = (Condition("", "mentions", "ÜBER 2"),)
    assert listing.page(asked, "name", descending=False, limit=1, offset=0).rows["name"].to_list() == ["Über 20001"]


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="the system does not tell which pages are mapped")
def test_a_mapped_frame_takes_no_memory_of_the_process() -> None:
    column = pl.Series("text", [f"{number:>40}" for number in range(200_000)])
    frame = mapped([column])
    assert frame.to_series().equals(column)
    sizes = re.findall(r"^\S+ r--s .*\(deleted\)\nSize: +(\d+) kB", Path("/proc/self/smaps").read_text(), re.MULTILINE)
    assert any(int(size) * 1024 >= column.estimated_size() for size in sizes)  # a file that has no name any more


def test_no_room_for_a_list_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(InputError, match=r"cannot be written to .*gone .*TMPDIR"):
        mapped([pl.Series("n", [1])])


def test_rows_that_come_in_batches_stand_in_a_file_in_their_order() -> None:
    with database() as db:
        query = f"select range as n, 'é' || range as text, null::integer as none from range({BATCH + 2})"
        with db.batches(query) as batches:
            frame = mapped_rows(batches)
        assert frame.equals(db.frame(query))
        assert frame["n"].n_chunks() == 2
        with db.batches("select 1 as n where false") as batches:
            assert mapped_rows(batches).is_empty()


@pytest.mark.parametrize(
    "query",
    ["select error('no') as n", "select 1 / nothing as n", "select cast('x' || range as int) as n from range(2)"],
)
def test_rows_that_cannot_be_read_are_told_as_such(query: str) -> None:
    with database(memory_limit=32 << 20) as db, pytest.raises(InputError) as error, db.batches(query) as batches:
        mapped_rows(batches)
    assert "TMPDIR" not in str(error.value)


def test_names_that_are_too_long_for_the_small_pool_are_served(tmp_path: Path) -> None:
    names = ["A", "B", "C" * (17 << 20), "D" * (17 << 20)]
    pl.DataFrame({"clinic_id": ["1", "2", "3", "4"], "account_name": names}).write_parquet(tmp_path / "c.parquet")
    run([str(tmp_path / "c.parquet")], tmp_path / "w", RunOptions(format="parquet", charts=False))
    with snapshot(open_run(tmp_path / "w")) as opened:
        assert sorted(opened.clinics.rows["account_name"]) == names
