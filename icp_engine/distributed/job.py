"""What every task of a run on a cluster knows: the extract, the scorecards, and where files are."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from icp_engine.distributed.address import is_address
from icp_engine.distributed.session import Versions, own_versions
from icp_engine.extract.extract import FILE, ROW, Extract, Rejects, conformed_rows, open_extract
from icp_engine.pipeline.clinics import needed_fields
from icp_engine.pipeline.options import RunOptions
from icp_engine.scorecard.model import Scorecard
from icp_engine.scorecard.several import fields_of_all

SCORED, KEYS, REJECTED = "scored", "keys", "rejected"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of one file of an extract; `start` counts from 0."""

    file: int
    start: int
    rows: int


@dataclass(frozen=True, slots=True)
class Slice:
    """What one task scores: a piece of a large file, or several of small ones, in the order of the extract."""

    number: int
    pieces: tuple[Piece, ...]

    @property
    def rows(self) -> int:
        """Rows of all pieces together."""
        return sum(piece.rows for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Job:
    """What every task of a run knows; it goes to the workers.

    Attributes:
        extract: opened by the driver; its files can be read on every machine under the same paths.
        cards: the scorecards.
        options: what the run is asked to do.
        slices: the extract in tasks.
        schema: the columns of a conformed extract, all files united, and the places of rows.
        results: the folder or the address of the run.
        work: for what is thrown away at the end, on a disk that all machines share, or an address.
        versions: of the driver.
    """

    extract: Extract
    cards: tuple[Scorecard, ...]
    options: RunOptions
    slices: tuple[Slice, ...]
    schema: pl.Schema
    results: str
    work: str
    versions: Versions

    def path(self, kind: str, number: int) -> str:
        """Return the file of a slice, of some kind."""
        return f"{self.work}/{kind}/slice-{number:06}.parquet"

    def rejected(self, number: int, piece: int) -> str:
        """Return the file of what is rejected of a piece of a slice, as it stands in the extract."""
        return f"{self.work}/{REJECTED}/slice-{number:06}-{piece}.arrow"

    def all(self, kind: str) -> pl.LazyFrame:
        """Return what the files of all slices hold, of some kind."""
        return pl.scan_parquet([self.path(kind, part.number) for part in self.slices])

    def raw(self, part: Slice) -> list[pl.LazyFrame]:
        """Return the rows of a slice as they stand in their files, with the places of rows."""
        return [
            placed(self.extract.files[piece.file].frame.slice(piece.start, piece.rows), piece.file, piece.start)
            for piece in part.pieces
        ]


def opened(patterns: Iterable[str], cards: tuple[Scorecard, ...], options: RunOptions, temp: Path) -> Extract:
    """Open an extract by paths that hold on every machine, and call its files as the user does.

    Raises:
        InputError: what `open_extract` says.
    """
    relative = {str(Path(path).absolute()): path for path in patterns if "://" not in path}
    paths = [path if "://" in path else str(Path(path).absolute()) for path in patterns]
    fields = fields_of_all(cards)
    extract = open_extract(paths, fields, options.mapping, temp=temp.absolute(), reading=options.reading)
    files = (replace(file, path=_as_named(file.path, relative)) for file in extract.files)
    return replace(extract, files=tuple(files))


def _as_named(path: str, named: Mapping[str, str]) -> str:
    """Return the path of a file, or of one in a folder, that a user names in another way."""
    here = f"{Path.cwd()}/"
    if path in named:
        return named[path]
    return path if all(map(Path.is_absolute, map(Path, named.values()))) else path.removeprefix(here)


def job_of(
    extract: Extract, cards: tuple[Scorecard, ...], options: RunOptions, slice_rows: int, results: str, work: str
) -> Job:
    """Return the job of a run, with folders for what its slices become."""
    for kind in () if is_address(work) else (SCORED, KEYS, REJECTED):
        Path(work, kind).mkdir()
    slices, schema = tuple(slices_of(extract, slice_rows)), united_schema(extract, cards)
    return Job(extract, cards, options, slices, schema, results, work, own_versions())


def slices_of(extract: Extract, size: int) -> Iterator[Slice]:
    """Yield the rows of an extract in slices: large files are cut, small ones that follow each other go together."""
    pieces = (
        Piece(file, start, min(size, raw.rows - start))
        for file, raw in enumerate(extract.files)
        for start in range(0, raw.rows, size)
    )
    number, together = 0, Slice(0, ())
    for piece in pieces:
        if together.rows + piece.rows > size:
            yield together
            number, together = number + 1, Slice(number + 1, ())
        together = Slice(number, (*together.pieces, piece))
    yield together


def united_schema(extract: Extract, cards: tuple[Scorecard, ...]) -> pl.Schema:
    """Return the columns of a conformed extract with the places of its rows, all files united."""
    files = tuple(
        replace(file, frame=placed(file.frame, number, 0), schema=file.schema)
        for number, file in enumerate(extract.files)
    )
    rows = conformed_rows(replace(extract, files=files), Rejects(), needed_fields(cards))
    return rows.collect_schema()


def placed(frame: pl.LazyFrame, file: int, start: int) -> pl.LazyFrame:
    """Return rows with the number of their file and of their row, both from 0."""
    return frame.with_row_index(ROW, offset=start).with_columns(pl.lit(file, pl.UInt32).alias(FILE))


def rows_of(job: Job, part: Slice) -> pl.LazyFrame:
    """Return the conformed rows of a slice as the whole extract would hold them."""
    raw = job.raw(part)
    if len(raw) > 1:  # a thousand scans that count their rows take twenty times as long as parts of one plan
        raw = [frame.lazy() for frame in pl.collect_all(raw)]
    files = tuple(
        replace(job.extract.files[piece.file], frame=frame, rows=piece.rows)
        for piece, frame in zip(part.pieces, raw, strict=True)
    )
    rows = conformed_rows(replace(job.extract, files=files), Rejects(), needed_fields(job.cards))
    return pl.concat([pl.LazyFrame(schema=job.schema), rows], how="diagonal_relaxed")
