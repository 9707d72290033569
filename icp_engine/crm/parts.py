"""CSV files that an importer takes: UTF-8 without a mark, LF, quotes as RFC 4180 has them, split into parts by size."""

from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import msgspec
import polars as pl

_CHUNK = 20_000  # rows that are written at once, at first


class Part(msgspec.Struct, frozen=True):
    """One file: its name within the hand-off, and its rows besides the header."""

    file: str
    rows: int
    bytes: int


@dataclass(slots=True)
class Parts:
    """The files of one kind of record, a new one begun where the next rows would make it too large.

    Attributes:
        folder: of the hand-off.
        stem: the name of the files within it, before their number.
        max_bytes, max_rows: what a file may have, the header within the bytes.
    """

    folder: Path
    stem: str
    max_bytes: int
    max_rows: int
    parts: list[Part] = field(default_factory=list)
    _file: BinaryIO | None = None
    _rows: int = 0
    _bytes: int = 0

    def write(self, frame: pl.DataFrame) -> None:
        """Add rows; every time with the same columns."""
        for start in range(0, len(frame), _CHUNK):
            self._add(frame.slice(start, _CHUNK))

    def _add(self, rows: pl.DataFrame) -> None:
        content = rows.write_csv(include_header=False).encode()
        if self._file is not None and self._fits(len(rows), len(content)):
            self._append(rows, content)
            return
        header = rows.head(0).write_csv().encode()
        if len(rows) > 1 and (len(header) + len(content) > self.max_bytes or len(rows) > self.max_rows):
            half = len(rows) // 2
            self._add(rows.head(half))
            self._add(rows.slice(half))
            return
        self._close()
        path = self.folder / f"{self.stem}-{len(self.parts) + 1:03}.csv"
        path.parent.mkdir(exist_ok=True)
        self._file = path.open("wb")
        self._append(rows.head(0), header)
        self._append(rows, content)

    def _fits(self, rows: int, size: int) -> bool:
        return self._rows + rows <= self.max_rows and self._bytes + size <= self.max_bytes

    def _append(self, rows: pl.DataFrame, content: bytes) -> None:
        assert self._file is not None
        self._file.write(content)
        self._rows, self._bytes = self._rows + len(rows), self._bytes + len(content)

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            name = Path(self._file.name).relative_to(self.folder).as_posix()
            self.parts.append(Part(name, self._rows, self._bytes))
            self._file, self._rows, self._bytes = None, 0, 0

    def __enter__(self) -> Self:
        """Return the files."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the last file."""
        self._close()
