"""Score all clinics of an extract, and write the clinic tables in the order of the result, slice by slice."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from icp_engine.columns import HELPERS, KEY, NAME, NETWORK_COLUMNS, STATE
from icp_engine.conform import CLIPPED, INVALID
from icp_engine.errors import InputError
from icp_engine.extract import Extract, Rejects, conformed_rows, file_of, find_rejects
from icp_engine.names import normalized_name
from icp_engine.options import RunOptions
from icp_engine.ordering import materialised, sorted_slices, with_order
from icp_engine.profile import Profile, profile
from icp_engine.scorecard.compiler import prepared
from icp_engine.scorecard.explain import ReasonCodes, ReasonSpeller, with_bibliography
from icp_engine.scorecard.model import Scorecard
from icp_engine.scoring import add_bands, add_scores, band_columns, score_columns
from icp_engine.tables import ROW_GROUP, Rows, TableWriter
from icp_engine.warehouse_file import WarehouseFile

Report = Callable[[str, int, int], None]
"""Called with a stage, the rows done and the rows in all; 0 where a stage does not count rows."""

NORMALIZED = f"{HELPERS}normalized_name"
_SCORES_BEFORE = (KEY, NAME, STATE, "segment_label")
_SCORES_AFTER = ("npi_count", "site_count", "fqhc_flag", "aco_member")
_BYTES_A_ROW = 2_000  # what a clinic takes while it is sorted and written, twice over, measured
_BIBLIOGRAPHY_ROWS = 8_192  # rows of 2 KB of text that are made and written at once: larger texts cost page faults
_AHEAD = 2  # slices that may wait while the slowest table is written


@dataclass(frozen=True, slots=True)
class Scored:
    """All clinics with bands and scores, computed once, in no order; `most` rows of them fit into memory."""

    frame: pl.LazyFrame
    rows: int
    most: int


def score_clinics(
    extract: Extract, card: Scorecard, options: RunOptions, temp: Path
) -> tuple[Scored, Profile, Rejects]:
    """Score all rows, and once more without the rejected ones where there are any: nearly always one pass."""
    most = max(ROW_GROUP, options.memory_limit // _BYTES_A_ROW)
    scored = _score(extract, Rejects(), card, most, temp)
    found = profile(extract, scored.frame)
    _check(extract, found, options)
    if not found.blank_ids and not found.duplicate_rows:
        return scored, found, Rejects()
    rejects = find_rejects(extract, duplicates=bool(found.duplicate_rows))
    if len(rejects) == extract.rows:
        raise InputError(f"{extract.files[0].path} has no row with a clinic_id; there is nothing to score.")
    return _score(extract, rejects, card, most, temp), found, rejects


def _score(extract: Extract, rejects: Rejects, card: Scorecard, most: int, temp: Path) -> Scored:
    needed = {*card.reads, *_SCORES_BEFORE, *_SCORES_AFTER}
    lf = add_scores(add_bands(conformed_rows(extract, rejects, needed), card), card)
    lf = lf.with_columns(normalized_name(pl.col(NAME)).alias(NORMALIZED))
    lf = with_order(lf, card.column("total_score")).drop(one.meta.output_name() for one in prepared(card))
    rows = extract.rows - len(rejects)
    return Scored(materialised(lf, rows, most, temp), rows, most)


def _check(extract: Extract, found: Profile, options: RunOptions) -> None:
    """Say why a run cannot go on with what the extract holds, and where that stands."""
    if found.duplicate_rows and options.duplicates == "error":
        examples = ", ".join(found.duplicate_examples)
        raise InputError(
            f"{found.duplicate_ids:,} clinic_id stand more than once ({found.duplicate_rows:,} rows too many), "
            f"such as {examples}, first in {file_of(extract, find_rejects(extract, duplicates=True, blanks=False))}; "
            "--duplicates first keeps the first of each."
        )
    if not options.strict:
        return
    wrong = [
        f"{one.invalid:,} in {name} (such as {one.examples[0]!r}, first in {one.file})"
        for name, one in found.fields.items()
        if one.invalid
    ]
    if found.blank_ids:
        wrong.append(f"{found.blank_ids:,} blank in {KEY}, first in {file_of(extract, find_rejects(extract))}")
    if wrong:
        raise InputError(f"Invalid values: {'; '.join(wrong)}; correct them, or leave --strict out.")


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows of the result in their order, and their reason codes, which are put together while others write."""

    rows: Rows
    codes: Future[ReasonCodes]


@dataclass(frozen=True, slots=True)
class Output:
    """One table being made: who writes it, and how a slice gets there."""

    writer: TableWriter | WarehouseFile
    write: Callable[[Slice], None]


def write_clinics(
    scored: Scored, outputs: list[Output], card: Scorecard, networks: pl.DataFrame | None, report: Report
) -> dict[str, Any]:
    """Write all outputs, row group by row group, in the order of the result; return the counts of the manifest.

    While row groups are being written the next one is put into order.

    Args:
        scored: all clinics.
        outputs: the tables to write, closed at the end.
        card: the scorecard.
        networks: the network columns of the clinics that have a network; None without networks.
        report: called with every slice.
    """
    counted = {"tiers": card.column("tier")} | ({"segments": card.column("segment")} if card.segment_source else {})
    counts: dict[str, Counter[Any]] = {"tiers": Counter(), "segments": Counter()}
    done = 0
    with ExitStack() as stack:
        for output in outputs:
            stack.callback(output.writer.close)
        pools = [stack.enter_context(ThreadPoolExecutor(1)) for _ in outputs]  # one each, so that slices keep order
        codes = stack.enter_context(ThreadPoolExecutor(1))
        speller = ReasonSpeller(card)
        writing: deque[list[Future[None]]] = deque()
        frame = scored.frame.drop(pl.selectors.starts_with(INVALID, CLIPPED))
        for piece in sorted_slices(frame, scored.rows, scored.most, ROW_GROUP):
            for name, column in counted.items():
                counts[name].update(dict(piece[column].value_counts().iter_rows()))
            if len(writing) == _AHEAD:
                _finish(writing.popleft())
            report("write", done, scored.rows)
            done += len(piece)
            whole = piece if networks is None else _with_networks(piece, networks)
            part = Slice(Rows.of(whole), codes.submit(speller.spell, piece))
            writing.append([pool.submit(output.write, part) for pool, output in zip(pools, outputs, strict=True)])
        for futures in writing:
            _finish(futures)
    if done != scored.rows:
        raise AssertionError(f"{scored.rows} clinics went in and {done} came out; nothing was published")
    return {name: {str(key): one[key] for key in sorted(one)} for name, one in counts.items()}  # keys as JSON has them


def _finish(writing: Iterable[Future[None]]) -> None:
    for one in writing:
        one.result()


def _with_networks(piece: pl.DataFrame, networks: pl.DataFrame) -> pl.DataFrame:
    joined = piece.join(networks, on=KEY, how="left", maintain_order="left")
    return joined.with_columns(pl.col("is_network_anchor").fill_null(value=False))


def clinic_outputs(
    extract: Extract, card: Scorecard, options: RunOptions, folder: Path, warehouse: WarehouseFile | None
) -> list[Output]:
    """Return the clinic tables of a run, the slowest first."""
    tables = clinic_tables(extract, card, networks=options.networks)
    codes = card.column("reason_codes")
    plain = {name: [one for one in columns if one != codes] for name, columns in tables.items()}
    csv = options.format == "both"

    def output(name: str, write: Callable[[TableWriter, Slice], None], *, as_csv: bool = csv) -> Output:
        writer = TableWriter(folder, name, metadata(card), as_csv)
        return Output(writer, partial(write, writer))

    outputs = [
        output(
            "icp_scores",
            partial(_write_scores, card=card, columns=plain["icp_scores"], bibliography=options.bibliography),
        ),
        output("clinics_icp", partial(_write_columns, columns=_same(*plain["clinics_icp"]))),
        output(
            "icp_bands",
            partial(_write_columns, columns={KEY: KEY, "normalized_name": NORMALIZED, **band_columns(card)}),
            as_csv=False,
        ),
    ]
    if warehouse is not None:
        with_networks = partial(_write_coded, card=card, columns=plain["clinics_icp_with_networks"])
        outputs.insert(1, output("clinics_icp_with_networks", with_networks))
        outputs.insert(0, Output(warehouse, lambda part: warehouse.write(part.rows, part.codes.result())))
    return outputs


def _write_columns(writer: TableWriter, part: Slice, columns: Mapping[str, str]) -> None:
    writer.write(part.rows.select(columns))


def _write_coded(writer: TableWriter, part: Slice, card: Scorecard, columns: list[str]) -> None:
    """Write columns and the reason codes, which stand before the network columns."""
    names = [one.name for one in NETWORK_COLUMNS]
    before = next((name for name in columns if name in names), None)
    coded = {card.column("reason_codes"): part.codes.result()}
    writer.write(part.rows.select(_same(*columns)), coded, before=before)


def _write_scores(writer: TableWriter, part: Slice, card: Scorecard, columns: list[str], *, bibliography: bool) -> None:
    if not bibliography:
        _write_coded(writer, part, card, columns)
        return
    with ThreadPoolExecutor(2) as pool:  # texts are put together while those before them are written
        explained = partial(_explained, card=card, columns=[*columns, f"{card.prefix}_bibliography"])
        codes, start = part.codes.result(), 0
        for rows in pool.map(explained, part.rows.frame.iter_slices(_BIBLIOGRAPHY_ROWS)):
            some = codes.slice(start, len(rows.frame))
            writer.write(rows, {card.column("reason_codes"): some}, before=f"{card.prefix}_bibliography")
            start += len(rows.frame)


def _explained(part: pl.DataFrame, card: Scorecard, columns: list[str]) -> Rows:
    """Return rows with their bibliography."""
    return Rows.of(with_bibliography(part, card).select(columns), views=True)


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


def clinic_tables(extract: Extract, card: Scorecard, *, networks: bool = True) -> dict[str, list[str]]:
    """Return the columns of the clinic tables, in order; without networks the last one is not written."""
    results = score_columns(card)
    network = [one.name for one in NETWORK_COLUMNS] if networks else []
    scores = [*_SCORES_BEFORE, *results, *_SCORES_AFTER, card.column("reason_codes")]
    return {
        "clinics_icp": [*(name for name in extract.columns if name not in own_columns(card)), *results, *network],
        "icp_scores": scores,
        "clinics_icp_with_networks": [*scores, *network],
    }


def metadata(card: Scorecard) -> dict[str, str]:
    """Return what every Parquet file says of the scorecard that made it."""
    return {"scorecard_id": card.id, "scorecard_version": card.version, "scorecard_hash": card.hash}


def own_columns(card: Scorecard) -> set[str]:
    """Return the names that a run writes itself: a column of that name in an extract is replaced."""
    network = (one.name for one in NETWORK_COLUMNS)
    return {*score_columns(card), card.column("reason_codes"), f"{card.prefix}_bibliography", *network}
