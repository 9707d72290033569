"""Score all clinics of an extract, and write the clinic tables in the order of the result, slice by slice."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from functools import partial, reduce
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from icp_engine.columns import CONTACT, HELPERS, KEY, NAME, STATE
from icp_engine.errors import InputError
from icp_engine.extract.conform import ABSENT, CLIPPED, INVALID
from icp_engine.extract.extract import Extract, Rejects, conformed_rows, file_of, find_rejects
from icp_engine.extract.normalized_names import normalized_name
from icp_engine.extract.profile import Profile, profile
from icp_engine.networks.columns import member_columns
from icp_engine.pipeline.options import RunOptions
from icp_engine.pipeline.progress import Report
from icp_engine.scorecard.model import REASON_COLUMNS, ReasonColumn, Scorecard
from icp_engine.scorecard.several import written_columns
from icp_engine.scoring.bounds import BoundsFinder
from icp_engine.scoring.explain import with_bibliography
from icp_engine.scoring.next_tier import NextTierFinder
from icp_engine.scoring.reasons import Reasons, ReasonSpeller
from icp_engine.scoring.score import add_all_scores, band_columns, score_columns, tier_label_expr
from icp_engine.scoring.situations import situated
from icp_engine.scoring.stability import stability_expr
from icp_engine.tables.ordering import sorted_slices, staged, staged_files, with_order
from icp_engine.tables.ranks import ranked
from icp_engine.tables.writer import ROW_GROUP, TableWriter, arrow, repetitive_columns, with_dictionaries
from icp_engine.warehouse.duckdb_file import WarehouseFile

NORMALIZED = f"{HELPERS}normalized_name"
_SCORES_BEFORE = (KEY, NAME, STATE, "segment_label")
_SCORES_AFTER = ("npi_count", "site_count", "fqhc_flag", "aco_member")
_BYTES_A_ROW = 2_000  # what a clinic takes while it is sorted and written, twice over, measured
_BIBLIOGRAPHY_ROWS = 8_192  # rows of 2 KB of text that are made and written at once: larger texts cost page faults
TOGETHER = 4 * ROW_GROUP  # rows of which what missing data hides is found at once: many small steps cost more
_AHEAD = 2  # slices that may wait while the slowest table is written


@dataclass(slots=True)
class Scored:
    """All clinics with bands and scores, computed once, in no order.

    `max_rows` rows of them fit into memory, more go to the folder `temp`.
    """

    frame: pl.LazyFrame
    rows: int
    max_rows: int
    temp: Path

    @property
    def files(self) -> list[Path]:
        """The files that hold the clinics as they were scored; none where they are in memory."""
        return staged_files(self.temp) if self.rows > self.max_rows else []

    def taken(self, older: Iterable[str]) -> pl.LazyFrame:
        """Return the clinics to be written, but for older columns; of what is held here the names alone stay."""
        frame, self.frame = self.frame, pl.LazyFrame(schema=self.frame.collect_schema())
        told = pl.selectors.starts_with(INVALID, CLIPPED, ABSENT)
        return frame.drop(told, pl.selectors.by_name(*older, require_all=False))


def score_clinics(
    extract: Extract, cards: Sequence[Scorecard], options: RunOptions, temp: Path
) -> tuple[Scored, Profile, Rejects]:
    """Score all rows, and once more without the rejected ones where there are any: nearly always one pass."""
    max_rows = max(ROW_GROUP, options.memory_limit // _BYTES_A_ROW)
    scored = _score(extract, Rejects(), cards, options, max_rows, temp)
    found = profile(extract, scored.frame)
    check_profile(extract, found, options)
    if not found.rejects_any:
        return scored, found, Rejects()
    rejects = find_rejects(extract, totals=bool(found.totals), duplicates=bool(found.duplicate_rows))
    check_rejects(extract, rejects)
    return _score(extract, rejects, cards, options, max_rows, temp), found, rejects


def _score(
    extract: Extract, rejects: Rejects, cards: Sequence[Scorecard], options: RunOptions, max_rows: int, temp: Path
) -> Scored:
    lf = with_scores(conformed_rows(extract, rejects, needed_fields(cards)), cards, options)
    rows = extract.rows - len(rejects)
    lf = staged(lf, rows, max_rows, temp)
    for card in cards:
        lf = ranked(lf, card, rows, max_rows, temp)
    return Scored(with_order(lf, cards[0].column("rank")), rows, max_rows, temp)


def check_rejects(extract: Extract, rejects: Rejects) -> None:
    """Say that nothing is left to score where that is so."""
    if len(rejects) == extract.rows:
        raise InputError(f"{extract.files[0].path} has no row with a clinic_id; there is nothing to score.")


def needed_fields(cards: Sequence[Scorecard]) -> set[str]:
    """Return the fields that every clinic of the result has, whatever the extract holds."""
    return {*(name for card in cards for name in (*card.reads, *card.tie_fields)), *_SCORES_BEFORE, *_SCORES_AFTER}


def with_scores(lf: pl.LazyFrame, cards: Sequence[Scorecard], options: RunOptions) -> pl.LazyFrame:
    """Return conformed rows with all that follows from a clinic alone: bands, scores and the normalised name."""
    stable = [stability_expr(card) for card in cards] if options.stability else []
    labels = [card.column("tier_label") for card in cards]
    return add_all_scores(lf, cards).drop(labels).with_columns(normalized_name(pl.col(NAME)).alias(NORMALIZED), *stable)


def labelled(frame: pl.DataFrame, cards: Sequence[Scorecard]) -> pl.DataFrame:
    """Return clinics with the labels of their tiers, texts that take 50 MB of a million while nobody reads them."""
    labels = {card.column("tier"): tier_label_expr(card) for card in cards}
    older = {label.meta.output_name() for label in labels.values()}
    columns: list[pl.Expr] = []
    for name in frame.columns:
        columns += [pl.col(name)] if name not in older else []
        columns += [labels[name]] if name in labels else []  # beside its tier
    return frame.select(columns)


def check_profile(extract: Extract, found: Profile, options: RunOptions) -> None:
    """Say why a run cannot go on with what the extract holds, and where that stands."""
    if found.duplicate_rows and options.duplicates == "error":
        examples = ", ".join(found.duplicate_examples)
        again = find_rejects(extract, blanks=False, duplicates=True)
        raise InputError(
            f"{found.duplicate_ids:,} clinic_id stand more than once ({found.duplicate_rows:,} rows too many), "
            f"such as {examples}, first in {file_of(extract, again)}; {found.advice}."
        )
    if not options.strict:
        return
    wrong = [
        f"{field.invalid:,} in {name} (such as {field.examples[0]!r}, first in {field.file})"
        for name, field in found.fields.items()
        if field.invalid
    ]
    if found.blank_ids:
        wrong.append(f"{found.blank_ids:,} blank in {KEY}, first in {file_of(extract, find_rejects(extract))}")
    wrong += [
        f"{suspicion.count:,} ids {suspicion.kind} (such as {', '.join(suspicion.examples)})"
        for suspicion in found.suspicions
    ]
    if wrong:
        raise InputError(f"Invalid values: {'; '.join(wrong)}; correct them, or leave --strict out.")


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows of the result in their order.

    Attributes:
        frame: all that is known of the clinics but their reasons.
        arrow: the same as Arrow.
        coded: the same with every repetitive text once.
        reasons: by scorecard codes, top reasons and what is unknown, which are put together while others write.
    """

    frame: pl.DataFrame
    arrow: pa.Table
    coded: pa.Table
    reasons: tuple[Future[Reasons], ...]


@dataclass(frozen=True, slots=True)
class Output:
    """One table being made: what finishes it, and how a slice gets there."""

    file: AbstractContextManager[object]
    write: Callable[[Slice], None]


@dataclass(frozen=True, slots=True)
class Counts:
    """Clinics by number of the tier and by letter of the segment, those that occur."""

    tiers: dict[int, int]
    segments: dict[str, int]


def write_clinics(
    scored: Scored,
    outputs: list[Output],
    cards: Sequence[Scorecard],
    networks: pl.DataFrame | None,
    report: Report,
    *,
    has_hidden: bool = False,
) -> tuple[Counts, ...]:
    """Write all outputs, row group by row group, in the order of the result; return what is counted, by scorecard.

    While row groups are being written the next one is put into order.

    Args:
        scored: all clinics.
        outputs: the tables to write, closed at the end.
        cards: the scorecards.
        networks: the network columns of the clinics that have a network; None without networks.
        report: called with every slice.
        has_hidden: what `hidden_finder` finds is among the columns of the clinics already.
    """
    counts: dict[str, Counter[Any]] = {name: Counter() for card in cards for name in _counted(card)}
    done = 0
    with ExitStack() as stack:
        for output in outputs:
            stack.enter_context(output.file)
        pools = [stack.enter_context(ThreadPoolExecutor(1)) for _ in outputs]  # one each, so that slices keep order
        spellers, spelling = [ReasonSpeller(card) for card in cards], stack.enter_context(ThreadPoolExecutor(1))
        writing: deque[list[Future[None]]] = deque()
        dictionaries: list[str] = []
        replaced = [
            *_reason_columns(cards),
            *(networks.drop(KEY).columns if networks is not None else []),
        ]  # older ones
        add = _as_it_is if has_hidden else hidden_finder(cards)
        in_order = sorted_slices([scored.taken(replaced)], scored.rows, scored.max_rows, TOGETHER, scored.temp)
        for piece in (piece for many in in_order for piece in add(labelled(many, cards)).iter_slices(ROW_GROUP)):
            for name, count in counts.items():
                count.update(dict(piece[name].drop_nulls().value_counts().iter_rows()))  # a segment may be missing
            if len(writing) == _AHEAD:
                _finish(writing.popleft())
            report("write", done, scored.rows)
            done += len(piece)
            whole = piece if networks is None else _with_networks(piece, networks)
            table = arrow(whole)
            dictionaries = dictionaries or repetitive_columns(table)
            coded = with_dictionaries(table, dictionaries)
            part = Slice(whole, table, coded, tuple(spelling.submit(speller.spell, whole) for speller in spellers))
            writing.append([pool.submit(output.write, part) for pool, output in zip(pools, outputs, strict=True)])
        for futures in writing:
            _finish(futures)
    if done != scored.rows:
        raise AssertionError(f"{scored.rows} clinics went in and {done} came out; nothing was published")
    sums = {name: dict(sorted(count.items())) for name, count in counts.items()}
    return tuple(
        Counts(sums[card.column("tier")], sums[card.column("segment")] if card.segment_source else {}) for card in cards
    )


def _as_it_is(frame: pl.DataFrame) -> pl.DataFrame:
    return frame


def hidden_finder(cards: Sequence[Scorecard]) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Return what adds to scored clinics what missing data hides, and the smallest change into a better tier.

    It takes a second to make and works on many clinics at once: make it once for as many as there are.
    """
    return partial(_with_hidden, finders=[(card, BoundsFinder(card), NextTierFinder(card)) for card in cards])


def _with_hidden(
    frame: pl.DataFrame, finders: Sequence[tuple[Scorecard, BoundsFinder, NextTierFinder]]
) -> pl.DataFrame:
    """Return clinics with what missing data hides, and the smallest change that takes them into a better tier."""
    found = []
    for part in frame.iter_slices(TOGETHER):
        columns: list[pl.Series] = []
        for card, bounds, next_tier in finders:
            rows = situated(part, card)
            columns += [*bounds.columns(rows), next_tier.column(rows)]
        found.append(pl.DataFrame(columns))
    return frame.with_columns(pl.concat(found, rechunk=True).get_columns()) if found else frame


def _counted(card: Scorecard) -> list[str]:
    return [card.column("tier"), *([card.column("segment")] if card.segment_source else [])]


def _finish(writing: Iterable[Future[None]]) -> None:
    for future in writing:
        future.result()


def _with_networks(piece: pl.DataFrame, networks: pl.DataFrame) -> pl.DataFrame:
    joined = piece.join(networks, on=KEY, how="left", maintain_order="left")
    return joined.with_columns(pl.col("is_network_anchor").fill_null(value=False))


def clinic_outputs(
    extract: Extract, cards: Sequence[Scorecard], options: RunOptions, folder: Path, warehouse: WarehouseFile | None
) -> list[Output]:
    """Return the clinic tables of a run, and before them the warehouse file where there is one."""
    tables: dict[str, dict[str, str]] = {
        name: {column: column for column in columns} for name, columns in clinic_tables(extract, cards, options).items()
    }
    bands = {name: column for card in cards for name, column in band_columns(card).items()}
    tables["icp_bands"] = {KEY: KEY, "normalized_name": NORMALIZED, **bands}
    if not options.networks:
        del tables["clinics_icp_with_networks"]

    def output(name: str, columns: Mapping[str, str]) -> Output:
        csv = options.format == "both" and name != "icp_bands"
        writer = TableWriter(folder, name, metadata(cards), csv)
        if name == "icp_scores" and options.bibliography:
            return Output(writer, partial(_write_bibliography, writer, columns=columns, cards=cards))
        return Output(writer, partial(_write, writer, columns=columns, texts=_reason_columns(cards)))

    outputs = [output(name, columns) for name, columns in tables.items()]
    if warehouse is not None:
        outputs.insert(0, Output(nullcontext(), partial(_write_to_warehouse, warehouse)))
    return outputs


def _write_to_warehouse(file: WarehouseFile, part: Slice) -> None:
    file.write(part.arrow, [reasons.result() for reasons in part.reasons])


Text = tuple[int, ReasonColumn]
"""A text that follows from a pattern of bands: the place of its scorecard, and which one it is."""


def _reason_columns(cards: Sequence[Scorecard]) -> dict[str, Text]:
    """Return the columns that follow from the patterns of bands, by their names in the tables."""
    return {card.column(key): (place, key) for place, card in enumerate(cards) for key in REASON_COLUMNS}


def _write(writer: TableWriter, part: Slice, columns: Mapping[str, str], texts: Mapping[str, Text]) -> None:
    """Write columns: the new name of each, and the one it has in the slice."""
    _write_rows(writer, part.frame, part.coded, [reasons.result for reasons in part.reasons], columns, texts)
    writer.settle()


def _write_rows(
    writer: TableWriter,
    frame: pl.DataFrame,
    table: pa.Table,
    reasons: Sequence[Callable[[], Reasons]],
    columns: Mapping[str, str],
    texts: Mapping[str, Text],
) -> None:
    wanted = {old: texts[old] for old in columns.values() if old in texts}
    for name, (place, key) in wanted.items():
        table = table.append_column(name, reasons[place]().to_arrow(key))

    def told() -> pl.DataFrame:
        spelled = [reasons[place]().to_text(key).alias(name) for name, (place, key) in wanted.items()]
        return frame.with_columns(spelled).select(pl.col(old).alias(new) for new, old in columns.items())

    writer.write(table.select(list(columns.values())).rename_columns(list(columns)), told)


def _write_bibliography(
    writer: TableWriter, part: Slice, columns: Mapping[str, str], cards: Sequence[Scorecard]
) -> None:
    """Write the scores with bibliographies, whose texts are so large that they get row groups of their own."""
    texts, bibliographies = _reason_columns(cards), [f"{card.prefix}_bibliography" for card in cards]
    columns = {**columns, **dict(zip(bibliographies, bibliographies, strict=True))}
    plain = [column for column in columns if column not in texts]
    with ThreadPoolExecutor(2) as pool:  # texts are put together while those before them are written
        start = 0
        pieces = part.frame.iter_slices(_BIBLIOGRAPHY_ROWS)
        for frame in pool.map(lambda piece: reduce(with_bibliography, cards, piece).select(plain), pieces):
            reasons = [partial(spelled.result().slice, start, len(frame)) for spelled in part.reasons]
            _write_rows(writer, frame, arrow(frame), reasons, columns, texts)
            start += len(frame)
    writer.settle()


def clinic_tables(extract: Extract, cards: Sequence[Scorecard], options: RunOptions) -> dict[str, list[str]]:
    """Return the columns of the clinic tables, in order; without networks the last one is not written."""
    networks, results = options.networks, [name for card in cards for name in score_columns(card)]
    ranked_results = [name for card in cards for name in (*score_columns(card), *_standing(card, options))]
    network = [column.name for column in member_columns(cards[0])] if networks else []
    carried = [name for name in extract.columns if name not in own_columns(cards, networks=networks)]
    scores = [*_SCORES_BEFORE, *results, *_SCORES_AFTER]
    with_ranks = [*_SCORES_BEFORE, *ranked_results, *_SCORES_AFTER]
    contacts = [name for name in CONTACT if name in carried and name not in scores]
    why = [name for card in cards for name in (card.column("top_reasons"), card.column("unknown"))]
    return {
        "clinics_icp": [*carried, *ranked_results, *network],
        "icp_scores": [*scores, *(card.column("reason_codes") for card in cards)],
        "clinics_icp_with_networks": [*with_ranks, *why, *contacts, *network],
    }


def _standing(card: Scorecard, options: RunOptions) -> list[str]:
    """Return the columns of a scorecard that say where a clinic stands among all, and what missing data hides."""
    stability = [card.stability_column] if options.stability else []
    return [column.name for column in (*card.rank_columns, *stability, *card.missing_columns)]


def metadata(cards: Sequence[Scorecard]) -> dict[str, str]:
    """Return what every Parquet file says of the scorecards that made it, of the first one by itself."""
    card, *others = cards
    also = {"other_scorecards": ", ".join(f"{other.id} {other.version} {other.hash}" for other in others)}
    main = {"scorecard_id": card.id, "scorecard_version": card.version, "scorecard_hash": card.hash}
    return main | also if others else main


def own_columns(cards: Sequence[Scorecard], *, networks: bool) -> set[str]:
    """Return the names that a run writes itself: a column of that name in an extract is replaced."""
    network = [column.name for column in member_columns(cards[0])] if networks else []
    return {*(name for card in cards for name in written_columns(card)), *network}
