"""Parquet files put together from columns that were encoded and compressed once, for all tables that hold them.

A file is `PAR1`, the pages of every column chunk, a footer, its length, `PAR1`. The footer says where each chunk
begins; the pages say nothing of places. So PyArrow encodes, and makes the footer of an empty file; here pages are
copied, and where they have come to stand is written down. The file is the one that PyArrow itself would write.

Source: https://parquet.apache.org/docs/file-format/; the numbers are those of the fields in parquet.thrift.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from icp_engine.tables import thrift
from icp_engine.tables.thrift import BINARY, I64, LIST, STRUCT, Fields

_MAGIC = b"PAR1"
_LENGTH = 4  # bytes of the footer's length
_DICTIONARY = 64 << 20  # bytes; reason codes are long, and few of them are different within a row group

_FILE_ROWS, _GROUPS = 3, 4  # FileMetaData
_COLUMNS, _BYTES, _ROWS, _START, _COMPRESSED = 1, 2, 3, 5, 6  # RowGroup
_ABOUT, _INDEXES = 3, {4, 5, 6, 7}  # ColumnChunk
_PATH, _UNCOMPRESSED, _SIZE, _DATA_PAGE, _DICTIONARY_PAGE = 3, 6, 7, 9, 11  # ColumnMetaData
_MORE_PLACES = {10, 14}  # of the same: the index page and the Bloom filter, which are not copied


@dataclass(frozen=True, slots=True)
class Chunk:
    """One leaf of a column in a row group.

    Attributes:
        pages: its bytes.
        chunk: what the footer says of it (ColumnChunk).
        about: the part of that which says nearly all (ColumnMetaData).
        offsets: how many bytes behind the first page those pages begin that the footer points to, by field.
    """

    pages: memoryview
    chunk: Fields
    about: Fields
    offsets: Mapping[int, int]

    def placed(self, start: int, name: str) -> bytes:
        """Return what the footer says where the column has some name, and its pages begin at some place."""
        path = [thrift.as_text(name.encode()), *thrift.items(self.about[_PATH][1])[1:]]
        places = {field: (I64, thrift.as_number(start + offset)) for field, offset in self.offsets.items()}
        about = self.about | places | {_PATH: (LIST, thrift.as_list(BINARY, path))}
        return thrift.as_struct(self.chunk | {_ABOUT: (STRUCT, thrift.as_struct(about))})


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a row group as it goes into files; a nested one has several leaves."""

    field: pa.Field
    rows: int
    chunks: list[Chunk]


@dataclass(frozen=True, slots=True)
class Encoding:
    """How columns are written: which get a dictionary, and of which the least and the greatest value are kept."""

    dictionary: Collection[str]
    statistics: Collection[str]

    def encode(self, table: pa.Table) -> dict[str, Column]:
        """Return the columns of one row group, compressed with zstd."""
        data = _written(table, self, {})
        columns = {one.name: Column(one, len(table), []) for one in table.schema}
        for group in thrift.items(_footer(data)[_GROUPS][1]):
            for one in thrift.items(thrift.fields(group)[_COLUMNS][1]):
                chunk = _chunk(data, one)
                columns[thrift.text(thrift.items(chunk.about[_PATH][1])[0]).decode()].chunks.append(chunk)
        return columns


class ParquetFile:
    """A Parquet file being written, row group by row group: complete once it is closed."""

    def __init__(self, path: Path, schema: pa.Schema, metadata: Mapping[str, str]) -> None:
        """Open the file. But for its row groups the footer is that of an empty file."""
        self._footer = _footer(_written(schema.empty_table(), Encoding([], []), metadata))
        self._groups: list[bytes] = []
        self._rows = 0
        self._file = path.open("wb")
        self._place = self._file.write(_MAGIC)

    def add(self, columns: Mapping[str, Column]) -> None:
        """Add a row group, if it has rows: its columns by their names in this file, in the order of the schema."""
        rows = next(iter(columns.values())).rows
        if not rows:
            return
        start, chunks, uncompressed = self._place, [], 0
        for name, column in columns.items():
            for chunk in column.chunks:
                chunks.append(chunk.placed(self._place, name))
                self._place += self._file.write(chunk.pages)
                uncompressed += thrift.number(chunk.about[_UNCOMPRESSED][1])
        group = {
            _COLUMNS: (LIST, thrift.as_list(STRUCT, chunks)),
            _BYTES: (I64, thrift.as_number(uncompressed)),
            _ROWS: (I64, thrift.as_number(rows)),
            _START: (I64, thrift.as_number(start)),
            _COMPRESSED: (I64, thrift.as_number(self._place - start)),
        }
        self._groups.append(thrift.as_struct(group))
        self._rows += rows

    def close(self) -> None:
        """Write the footer."""
        groups = thrift.as_list(STRUCT, self._groups)
        counted = {_FILE_ROWS: (I64, thrift.as_number(self._rows)), _GROUPS: (LIST, groups)}
        footer = thrift.as_struct(self._footer | counted)
        with self._file:
            self._file.write(footer + len(footer).to_bytes(_LENGTH, "little") + _MAGIC)


def _written(table: pa.Table, encoding: Encoding, metadata: Mapping[str, str]) -> memoryview:
    """Return a file of one row group that PyArrow has written, of none where there are no rows."""
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(
        sink,
        table.schema,
        compression="zstd",
        use_dictionary=list(encoding.dictionary),
        dictionary_pagesize_limit=_DICTIONARY,
        write_statistics=list(encoding.statistics),
        write_page_index=False,
        store_schema=False,  # categories are a matter of storage; readers see text
    ) as writer:
        writer.add_key_value_metadata(metadata)
        if len(table):
            writer.write_table(table, row_group_size=len(table))
    return memoryview(sink.getvalue())


def _footer(data: memoryview) -> Fields:
    """Return the footer (FileMetaData) of a file."""
    end = len(data) - len(_MAGIC) - _LENGTH
    length = int.from_bytes(data[end : end + _LENGTH], "little")
    return thrift.fields(bytes(data[end - length : end]))


def _chunk(data: memoryview, one: bytes) -> Chunk:
    """Return the column chunk that a footer describes."""
    chunk = thrift.fields(one)
    about = thrift.fields(chunk[_ABOUT][1])
    if _INDEXES & chunk.keys() or _MORE_PLACES & about.keys():
        raise AssertionError("this version of PyArrow writes indexes that nobody asked for; nothing was published")
    places = {field: thrift.number(about[field][1]) for field in (_DATA_PAGE, _DICTIONARY_PAGE) if field in about}
    start = min(places.values())
    pages = data[start : start + thrift.number(about[_SIZE][1])]
    return Chunk(pages, chunk, about, {field: place - start for field, place in places.items()})
