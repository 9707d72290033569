"""Write tables slice by slice, as Parquet and as CSV, so that memory does not grow with the number of rows."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from icp_engine.scorecard.explain import ReasonCodes

_DICTIONARY = 64 << 20  # bytes; reason codes are long, and few of them are different within a row group
ROW_GROUP = 122_880  # rows; what DuckDB reads at once, and few enough that BI tools can prune by state and score


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows in two forms: a Polars frame, and the same as Arrow, converted once for all tables that hold them."""

    frame: pl.DataFrame
    arrow: pa.Table

    @classmethod
    def of(cls, frame: pl.DataFrame, *, views: bool = False) -> "Rows":
        """Return a frame in both forms; as views long texts are not copied, though short ones take longer to write."""
        level = pl.CompatLevel.newest() if views else pl.CompatLevel.oldest()
        return cls(frame, frame.to_arrow(compat_level=level))

    def select(self, columns: Mapping[str, str]) -> "Rows":
        """Return some of the columns: the new name of each, and the one it has."""
        names = list(columns)
        frame = self.frame.select(pl.col(old).alias(new) for new, old in columns.items())
        return Rows(frame, self.arrow.select(list(columns.values())).rename_columns(names))


@dataclass(slots=True)
class TableWriter:
    """One result table being written: every `write` adds a row group to the Parquet file and lines to the CSV file.

    The Parquet file is typed, compressed with zstd, and carries `metadata` as key-value pairs.
    """

    folder: Path
    name: str
    metadata: dict[str, str]
    csv: bool
    rows: int = 0
    _parquet: pq.ParquetWriter | None = field(default=None, repr=False)
    _csv: BinaryIO | None = field(default=None, repr=False)

    @property
    def files(self) -> list[Path]:
        """The files of the table."""
        return [self.folder / f"{self.name}.{suffix}" for suffix in (("parquet", "csv") if self.csv else ("parquet",))]

    def write(self, rows: Rows, coded: Mapping[str, ReasonCodes] | None = None, before: str | None = None) -> None:
        """Add rows.

        Args:
            rows: the same columns every time.
            coded: text columns, each as the pattern of every row and the text of every pattern.
            before: the column that these stand before; they come last unless given.
        """
        coded = coded or {}
        table = rows.arrow
        place = table.num_columns if before is None else table.schema.get_field_index(before)
        for name, codes in coded.items():
            array = pa.DictionaryArray.from_arrays(codes.number.cast(pl.Int32).to_arrow(), _strings(codes.text))
            table = table.add_column(place, name, array)
        if self._parquet is None:
            self._parquet = self._opened(table.schema, _repetitive(rows.frame), coded)
        self._parquet.write_table(table, row_group_size=max(len(table), 1))
        if self.csv:
            if self._csv is None:
                self._csv = self.files[1].open("wb")
            spelled = (codes.text.gather(codes.number).alias(name) for name, codes in coded.items())
            flat(rows.frame.with_columns(*spelled).select(table.column_names)).write_csv(
                self._csv, include_header=self.rows == 0
            )
        self.rows += len(table)

    def _opened(self, schema: pa.Schema, repetitive: list[str], coded: Iterable[str]) -> pq.ParquetWriter:
        """Open the Parquet file. The least and greatest of names and ids help no reader skip rows, and are dear."""
        unsorted = {name for name in schema.names if pa.types.is_large_string(schema.field(name).type)} - {*repetitive}
        writer = pq.ParquetWriter(
            self.files[0],
            schema,
            compression="zstd",
            use_dictionary=[*repetitive, *coded],
            dictionary_pagesize_limit=_DICTIONARY,
            write_statistics=[name for name in schema.names if name not in coded and name not in unsorted],
            store_schema=False,  # categories are a matter of storage; readers see text
        )
        writer.add_key_value_metadata(self.metadata)
        return writer

    def close(self) -> None:
        """Finish the files."""
        if self._parquet is not None:
            self._parquet.close()
        if self._csv is not None:
            self._csv.close()


def _repetitive(frame: pl.DataFrame) -> list[str]:
    """Return the columns that are worth a dictionary: those whose values come twice or more on average."""
    flat_columns = frame.select(~pl.selectors.nested() & ~pl.selectors.boolean() & ~pl.selectors.object())
    counts = flat_columns.select(pl.all().approx_n_unique()).row(0, named=True) if len(frame) else {}
    return [name for name, count in counts.items() if count * 2 <= len(frame)]


def _strings(texts: pl.Series) -> pa.Array:
    return texts.to_arrow(compat_level=pl.CompatLevel.oldest())


def flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame as CSV can hold it: lists joined by `;`, other nested values as JSON, bytes as Base64."""
    columns = [_flat(pl.col(name), dtype).alias(name) for name, dtype in frame.schema.items() if _needs(dtype)]
    return frame.with_columns(columns) if columns else frame


def _needs(dtype: pl.DataType) -> bool:
    return dtype.is_nested() or dtype in (pl.Binary, pl.Duration)


def _flat(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.Binary:
        return column.bin.encode("base64")
    if dtype == pl.Duration:
        return column.dt.to_string("iso")
    if isinstance(dtype, pl.List | pl.Array) and not _needs(pl.List(dtype.inner).inner):  # type: ignore[arg-type]
        items = column.cast(pl.List(dtype.inner)).list.eval(pl.element().cast(pl.String))
        return items.list.join(";", ignore_nulls=True)
    text = pl.struct(column.alias("v")).struct.json_encode().str.strip_prefix('{"v":').str.strip_suffix("}")
    return pl.when(column.is_not_null()).then(text)


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON."""
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8")
