"""Parquet whose texts are not marked as such, as Impala and old versions of Hive and Spark write it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import polars as pl

from icp_engine.extract.files import RawFile

_NO_TEXT = r"[\x00-\x08\x0e-\x1f]"  # what no text holds and nearly all else does


def with_texts(files: Sequence[RawFile], fields: Collection[str]) -> tuple[RawFile, ...]:
    """Return the files with text in columns of bytes that are UTF-8 throughout, where one of them is a field.

    Other columns of the extract become texts with it, unless a value of any file is no text.
    """
    binary = [{name for name, dtype in file.schema.items() if dtype == pl.Binary} for file in files]
    if not any(names & set(fields) for names in binary):
        return tuple(files)
    others = {name for file, names in zip(files, binary, strict=True) for name in _without_text(file, names)}
    return tuple(_with_texts(file, names - others) for file, names in zip(files, binary, strict=True))


def _without_text(file: RawFile, names: Collection[str]) -> Iterator[str]:
    for name in names:
        try:
            odd = file.frame.select(pl.col(name).cast(pl.String).str.contains(_NO_TEXT).any()).collect().item()
        except pl.exceptions.ComputeError:  # it is not UTF-8
            odd = True
        if odd:
            yield name


def _with_texts(file: RawFile, names: Collection[str]) -> RawFile:
    if not names:
        return file
    texts = dict.fromkeys(names, pl.String())
    note = f"{', '.join(name for name in file.schema if name in names)}: bytes that are UTF-8 are read as text"
    frame = file.frame.cast(texts)  # type: ignore[arg-type]
    return replace(file, frame=frame, schema=file.schema | texts, notes=(*file.notes, note))
