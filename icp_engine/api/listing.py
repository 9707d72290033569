"""A list in the order in which it is asked for: which rows answer a request, and one page of them."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from icp_engine.api.mapped import mapped, mapped_rows
from icp_engine.columns import HELPERS
from icp_engine.database import BATCH
from icp_engine.published.filters import SEARCHED, Condition, in_frame

_PLACE, _RANK = f"{HELPERS}place", f"{HELPERS}rank"
_MOST_CATEGORIES = 1 << 16
_FEW = 8  # one part in so many of the rows is sorted by itself, sooner than all of them
_KEPT_BYTES = 64_000_000  # some ten orders of 1.45 million rows, or hundreds of filtered ones


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list, and how many rows all pages have together."""

    total: int
    rows: pl.DataFrame


class Kept:
    """The row numbers of the last lists that were asked for, as many as fit into some bytes."""

    def __init__(self, max_bytes: int) -> None:
        """Start empty."""
        self._max_bytes = max_bytes
        self._held: OrderedDict[Hashable, pl.Series] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> pl.Series | None:
        """Return what is kept under a key."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
            return self._held.get(key)

    def put(self, key: Hashable, places: pl.Series) -> None:
        """Keep row numbers; those that nobody has asked for longest go where there is no more room."""
        with self._lock:
            self._size += _bytes(places) - _bytes(self._held.pop(key, None))
            self._held[key] = places
            while self._size > self._max_bytes and len(self._held) > 1:
                self._size -= _bytes(self._held.popitem(last=False)[1])


def _bytes(places: pl.Series | None) -> int:
    """Return what an entry takes; an empty one is not for nothing, or there could be any number of them."""
    return 0 if places is None else len(places) * 4 + 1_000


class Listing:
    """The rows of one list, the best first.

    A request is answered by row numbers (u32) in its order, which are kept, so that the next page costs no more than
    its rows. Several threads may ask at once.
    """

    def __init__(
        self,
        columns: Sequence[str],
        read: Callable[[str], pl.Series],
        *,
        key: str,
        score: str,
        names: Sequence[str],
        rank: str | None = None,
    ) -> None:
        """Sort the rows, one column after the other: a list is larger than the memory that it is made in.

        Args:
            columns: the columns to show.
            read: gives one of them, always in the same order; where it is mapped, memory does not hold it twice.
            key: the column of ids.
            score: the column that it is sorted by, highest first, then by id.
            names: the columns of names, in which words are looked for.
            rank: the column that it is sorted by before the score, lowest first.
        """
        self.columns = list(columns)
        self._score = score
        by_id = read(key).arg_sort()
        by = {rank: False, score: True} if rank else {score: True}
        keys = pl.DataFrame({_PLACE: by_id, **{name: read(name)[by_id] for name in by}})
        order = keys.sort(*by, descending=list(by.values()), nulls_last=True, maintain_order=True)[_PLACE]

        shown = mapped(_compact(read(name)[order]) for name in columns)
        self._frame = shown.hstack(mapped([_searched(pl.DataFrame([read(name)[order] for name in names]))]))
        self.rows = self._frame.select(self.columns)
        """All rows in order, text that repeats itself as numbers of its values."""
        self._by_id = order.arg_sort()[by_id]
        self._id_rank = self._by_id.arg_sort()
        self._kept = Kept(_KEPT_BYTES)
        self._making: dict[Hashable, threading.Lock] = {}

    def page(self, asked: tuple[Condition, ...], sort_by: str, *, descending: bool, limit: int, offset: int) -> Page:
        """Return the rows that meet all conditions, by a column (missing last), then id, from `offset` on."""
        places = self._places(asked, sort_by, descending=descending)
        if places is None:
            return Page(len(self._frame), self._shown(self._frame.slice(offset, limit)))
        return Page(len(places), self._shown(self._frame[places.slice(offset, limit)]))

    def count(
        self, asked: tuple[Condition, ...], more: tuple[Condition, ...], sort_by: str, *, descending: bool
    ) -> int:
        """Return how many of the rows that meet all conditions meet some more of them (no words).

        It looks through the rows of a page that was asked for in the same order, and not through all once more.
        """
        places = self._places(asked, sort_by, descending=descending) if asked else None
        if places is None:
            found = self._places(more, self._score, descending=True)
            return len(self._frame) if found is None else len(found)
        columns = list(dict.fromkeys(condition.column for condition in more))
        rows = self._frame.select(pl.col(columns).gather(places))
        return int(rows.select(in_frame(more).sum()).item())

    def _shown(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rows as they are shown; text as itself, since numbers of values are slow to write."""
        return rows.select(pl.col(self.columns)).with_columns(pl.col(pl.Enum).cast(pl.String))

    def _places(self, asked: tuple[Condition, ...], sort_by: str, *, descending: bool) -> pl.Series | None:
        """Return the row numbers of an answer; None where it is the whole list as it stands."""
        as_it_stands = sort_by == self._score and descending
        if as_it_stands and not asked:
            return None
        key = (asked, sort_by, descending)
        found = self._kept.get(key)
        if found is None:
            held = self._held(asked) if asked else None
            found = held if as_it_stands else self._ordered(held, sort_by, descending=descending)
            assert found is not None
            self._kept.put(key, found)
        return found

    def _held(self, asked: tuple[Condition, ...]) -> pl.Series:
        """Return the row numbers that meet all conditions. Words come last, long ones first: they are dear."""
        words = sorted(
            (condition for condition in asked if condition.test == "mentions"),
            key=lambda condition: -len(condition.value),
        )
        others = [condition for condition in asked if condition.test != "mentions"]
        places = self._frame.select(in_frame(others).arg_true()).to_series() if others or not words else None
        for word in words:
            texts = self._frame.select(SEARCHED)
            hits = (texts if places is None else texts[places]).select(in_frame([word])).to_series()
            places = hits.arg_true() if places is None else places.filter(hits)
        assert places is not None
        return places

    def _ordered(self, held: pl.Series | None, sort_by: str, *, descending: bool) -> pl.Series:
        """Return row numbers by a column, those of `held` alone where it is given."""
        if held is not None and len(held) * _FEW < len(self._frame):
            return self._sorted(held, sort_by, descending=descending)
        order = self._order(sort_by, descending=descending)
        if held is None:
            return order
        wanted = pl.repeat(value=False, n=len(self._frame), eager=True).scatter(held, values=True)
        return order.filter(wanted.gather(order))

    def _sorted(self, held: pl.Series, sort_by: str, *, descending: bool) -> pl.Series:
        """Return a few row numbers by a column, then by id."""
        values = self._frame.select(pl.col(sort_by).gather(held), held.alias(_PLACE), self._id_rank[held].alias(_RANK))
        return values.sort(sort_by, _RANK, descending=[descending, False], nulls_last=True)[_PLACE]

    def _order(self, sort_by: str, *, descending: bool) -> pl.Series:
        """Return the row numbers of all rows by a column, which are kept for every filter to come."""
        key = ((), sort_by, descending)
        with self._making.setdefault(key, threading.Lock()):  # it is dear: who asks for it too meanwhile waits for it
            order = self._kept.get(key)
            if order is None:
                values = self._frame.select(pl.col(sort_by).gather(self._by_id), self._by_id.alias(_PLACE))
                order = values.sort(sort_by, descending=descending, nulls_last=True, maintain_order=True)[_PLACE]
                self._kept.put(key, order)
        return order


def _searched(names: pl.DataFrame) -> pl.Series:
    """Return names in lower case, together where there are several; made slice by slice, since they are long."""
    together = pl.concat_str(pl.all(), separator="\n", ignore_nulls=True) if names.width > 1 else pl.all()
    slices = (part.select(together.str.to_lowercase().alias(SEARCHED)).to_arrow() for part in names.iter_slices(BATCH))
    schema = pa.schema({SEARCHED: pa.large_string()})
    batches = (batch for table in slices for batch in table.cast(schema).to_batches())
    return mapped_rows(pa.RecordBatchReader.from_batches(schema, batches)).to_series()


def _compact(column: pl.Series) -> pl.Series:
    """Return a column of text that repeats itself as numbers of its values, sorted, so that both sort alike."""
    most = min(_MOST_CATEGORIES, len(column) // 2)
    if column.dtype != pl.String or column.head(2 * most).n_unique() > most:  # what is different takes memory to count
        return column
    values = column.drop_nulls().unique()
    return column.cast(pl.Enum(values.sort())) if len(values) < most else column
