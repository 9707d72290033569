"""Partnerships from files to files: practices and contacts in; scores, CRM records, SLA tracker, hooks, chart out."""

import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from dataclasses import replace as copy
from datetime import date
from itertools import repeat
from pathlib import Path
from typing import Literal

import polars as pl
from msgspec.structs import replace

from icp_engine.crm.delivery import Delivery
from icp_engine.crm.manifest import HandOff
from icp_engine.crm.team import read_team_file
from icp_engine.database import database
from icp_engine.distribution import engine_version
from icp_engine.errors import InputError
from icp_engine.extract.reading import AS_IT_STANDS, Reading
from icp_engine.partnerships import tables
from icp_engine.partnerships.accounts import Accounts, Ask, find_accounts
from icp_engine.partnerships.chart import draw_chart
from icp_engine.partnerships.columns import GRAIN, PROBLEMS, TABLES, check_card
from icp_engine.partnerships.contacts import open_log
from icp_engine.partnerships.handoff import hand_off_practices, origin
from icp_engine.partnerships.manifest import (
    ContactCounts,
    PartnerManifest,
    PracticeCounts,
    ScorecardId,
    Totals,
    partner_content,
)
from icp_engine.partnerships.practices import find_unusable, open_practices
from icp_engine.partnerships.problems import Kind, kinds
from icp_engine.partnerships.rules import Rules, read_rules
from icp_engine.partnerships.summary import summed
from icp_engine.pipeline.workspace import clean_temporary, temporary, translate_errors
from icp_engine.scorecard.loader import load_scorecard
from icp_engine.scorecard.model import Scorecard
from icp_engine.tables.ordering import ORDER, sorted_slices
from icp_engine.tables.writer import ROW_GROUP, TableWriter, arrow, write_json, write_table
from icp_engine.warehouse.beside import files_beside
from icp_engine.warehouse.folder import clean
from icp_engine.warehouse.switch import PARTNERS, check_outside

Report = Callable[[str, int, int], None]
"""Called with a stage, the rows done and the rows in all; 0 where a stage does not count rows."""
Part = Literal["scores", "crm", "sla", "hooks", "chart"]

PARTS: dict[Part, str] = {
    "scores": "rula_partner_scores",
    "crm": "rula_crm_records",
    "sla": "rula_sla_tracker",
    "hooks": "rula_outreach_hooks",
    "chart": "rula_partner_scores",
}
PROBLEMS_TABLE = "rula_problems"
MANIFEST = "rula_run.json"
_TABLE = ("parquet", "csv")
_HEAD = 50  # practices on the chart, and rows of a table that the terminal may want, of the SLA tracker per status
_BYTES_A_ROW = 2_000  # what a practice takes while it is sorted and written, measured
_LEAST_SQL_MEMORY = 256 << 20


@dataclass(frozen=True, slots=True)
class PartnerOptions:
    """What a run is asked to do; the defaults are those of the command line.

    Attributes:
        contacts: paths, folders, globs or addresses of the contact log; none where there is no log.
        contacts_header_line: the line of its CSV files on which the header begins, from 1; found unless given.
        as_of: the day that it is to be true of; today unless given.
        today: dates after this day are mistakes.
        memory_limit: bytes.
        hand_off: to which CRM the practices go too, and where to; nowhere unless given.
    """

    contacts: tuple[str, ...] = ()
    as_of: date | None = None
    today: date = field(default_factory=date.today)
    scorecard: str = "rula"
    mapping: dict[str, str] = field(default_factory=dict)
    reading: Reading = AS_IT_STANDS
    contact_mapping: dict[str, str] = field(default_factory=dict)
    contacts_header_line: int | None = None
    sla: Path | None = None
    owners: Path | None = None
    hooks: Path | None = None
    format: Literal["both", "parquet"] = "both"
    duplicates: Literal["error", "first"] = "error"
    strict: bool = False
    memory_limit: int = 4 << 30
    temp_dir: str | None = None
    hand_off: Delivery | None = None


@dataclass(frozen=True, slots=True)
class Partners:
    """What a run made: its manifest, and the first rows of its tables as people read them."""

    manifest: PartnerManifest
    heads: dict[Part, pl.DataFrame]
    handed_off: HandOff | None = None


@dataclass(slots=True)
class Output:
    """One table being written: how its rows are made, and the first of them, for each value of a column or in all."""

    writer: TableWriter
    make: tables.Make
    per: str | None = None
    head: pl.DataFrame | None = None

    def write(self, accounts: pl.DataFrame) -> None:
        """Add the rows of some accounts."""
        frame = self.make(accounts, self.writer.rows)
        told = tables.as_told(frame)
        self.writer.write(arrow(frame), lambda: told)
        self._keep(told.head(_HEAD) if self.per is None else _first(told, self.per))

    def _keep(self, rows: pl.DataFrame) -> None:
        both = rows if self.head is None else pl.concat([self.head, rows])
        self.head = both.head(_HEAD) if self.per is None else _first(both, self.per)


def _first(frame: pl.DataFrame, per: str) -> pl.DataFrame:
    return frame.filter(pl.int_range(pl.len()).over(per) < _HEAD)


def run_partners(
    practices: Iterable[str],
    out: Path,
    options: PartnerOptions,
    parts: Collection[Part] = tuple(PARTS),
    report: Report = lambda *_: None,
) -> Partners:
    """Score practices, see who was contacted when, and write what was asked for into a folder.

    Args:
        practices: paths, folders, globs or addresses.
        out: the folder. What stands there stays until everything new is complete.
        options: what to do.
        parts: what to write.
        report: called as the run goes on.

    Raises:
        InputError: a file or a folder cannot be used; with `strict` any mistake in the input.
        MistakesError: the scorecard or the rules have mistakes.
    """
    began, practices, contacts = time.perf_counter(), list(practices), options.contacts
    card = load_scorecard(options.scorecard)
    if card.tie_breaks:
        raise InputError(
            f"{card.id} has [[tie_break]], but lists of partners stand by name where scores are the same; "
            "write tie_break = [] into a scorecard that extends it."
        )
    check_card(card)
    check_outside(out)
    rules = read_rules(card, options.sla, options.owners, options.hooks)
    options = _by_the_clock(options, rules)
    own = [
        *(name for part in parts for name in _names(part)),
        *(f"{PROBLEMS_TABLE}.{suffix}" for suffix in _TABLE),
        MANIFEST,
    ]
    with (
        translate_errors([*practices, *contacts], out),
        files_beside(out, own, PARTNERS) as folder,
        temporary(options.temp_dir, folder.parent) as temp,
    ):
        report("read", 0, 0)
        extract = open_practices(practices, card, options.mapping, temp, options.reading)
        log = (
            open_log(contacts, options.contact_mapping, temp, options.reading, options.contacts_header_line)
            if contacts
            else None
        )
        inputs = [file.path for file in (*extract.files, *(log.files if log else ()))]
        clean(folder, out, inputs, PARTNERS)
        clean_temporary(options.temp_dir, inputs)
        day = options.as_of or options.today
        ask = Ask(
            extract,
            find_unusable(extract, options.duplicates),
            log,
            card,
            rules,
            day,
            options.today,
            out,
            options.reading,
        )
        max_rows = max(ROW_GROUP, options.memory_limit // _BYTES_A_ROW)
        with database(memory_limit=_LEAST_SQL_MEMORY, temp_dir=temp) as db:
            report("score", 0, extract.rows)
            accounts = find_accounts(ask, db, max_rows, temp)
            found = _problems(accounts, folder, options)
            heads = _write(accounts, ask, folder, parts, options, report)
            manifest = _manifest(ask, accounts, found, summed(accounts, card, rules))
            handed_off = _handed_off(accounts, ask, options)
            if "hooks" in parts:
                manifest = replace(manifest, signals=_signals(folder / f"{PARTS['hooks']}.parquet", rules))
        if "chart" in parts:
            report("chart", 0, 0)
            why_not = draw_chart(heads["scores"], accounts.rows, card, folder, PARTS["chart"])
            manifest = replace(manifest, chart=why_not)
        manifest = replace(
            manifest,
            outputs=tuple(sorted(path.name for path in folder.iterdir() if path.is_file())),
            elapsed_seconds=round(time.perf_counter() - began, 3),
        )
        write_json(folder / MANIFEST, partner_content(manifest))
    return Partners(manifest, heads, handed_off)


def _handed_off(accounts: Accounts, ask: Ask, options: PartnerOptions) -> HandOff | None:
    """Hand the practices to a CRM, where that is asked for."""
    if options.hand_off is None:
        return None
    team = read_team_file(options.owners, addresses=False) if options.owners else ()
    delivery = copy(options.hand_off, origin=origin(ask.card, ask.as_of.isoformat()))
    return hand_off_practices(accounts.frame, ask.card, ask.rules, team, delivery)


def _by_the_clock(options: PartnerOptions, rules: Rules) -> PartnerOptions:
    """Return the options with times told by the clock of the calendar, where the SLA has one.

    Raises:
        InputError: the user names another zone.
    """
    zone = None if rules.sla.calendar is None else rules.sla.calendar.time_zone
    if zone is None or zone == options.reading.time_zone:
        return options
    if options.reading.time_zone is not None:
        raise InputError(f"The calendar of the SLA is in {zone}; leave out --time-zone {options.reading.time_zone}.")
    return copy(options, reading=copy(options.reading, time_zone=zone))


def _names(part: Part) -> list[str]:
    """Return the files of a part."""
    return [f"{PARTS[part]}.{suffix}" for suffix in (("html", "png") if part == "chart" else _TABLE)]


def _problems(accounts: Accounts, folder: Path, options: PartnerOptions) -> list[Kind]:
    """Write all mistakes in the input, if there are any, and return them by kind.

    Raises:
        InputError: there are some, and they are not to be there.
    """
    if not accounts.problems:
        return []
    found = pl.concat(accounts.problems).collect()
    told = kinds(found)
    if options.strict:
        listed = "; ".join(
            f"{problem.rows:,} x {problem.says}, such as {', '.join(problem.examples)}" for problem in told
        )
        raise InputError(f"Mistakes in the input: {listed}. Correct them, or leave --strict out.")
    order = [problem.name for problem in PROBLEMS]
    write_table(_writer(PROBLEMS_TABLE, folder, options), found.sort(order))
    return told


def _writer(name: str, folder: Path, options: PartnerOptions) -> TableWriter:
    columns = "\n".join(f"{table.name}: {table.description}" for table in TABLES[name])
    metadata = {"icp_engine": engine_version(), "documentation": f"{GRAIN[name]}\n{columns}"}
    return TableWriter(folder, name, metadata, csv=options.format == "both")


def _write(
    accounts: Accounts, ask: Ask, folder: Path, parts: Collection[Part], options: PartnerOptions, report: Report
) -> dict[Part, pl.DataFrame]:
    """Write the tables, two passes over the accounts: the best first, and the most urgent first."""
    card, rules = ask.card, ask.rules
    makers: dict[Part, tables.Make] = {
        "scores": tables.scores(card),
        "crm": tables.crm(card, rules),
        "hooks": tables.hooks(card, rules),
    }
    ranked = {part: make for part, make in makers.items() if part in parts}
    urgent: dict[Part, tables.Make] = {"sla": tables.sla(card, rules)} if "sla" in parts else {}
    heads: dict[Part, pl.DataFrame] = {"scores": _best(accounts, card)}
    for makes, order in ((ranked, tables.best_first(card)), (urgent, tables.most_urgent_first(card))):
        if not makes:
            continue
        with ExitStack() as stack:
            outputs = {
                part: Output(_writer(PARTS[part], folder, options), make, "Status" if part == "sla" else None)
                for part, make in makes.items()
            }
            for output in outputs.values():
                stack.enter_context(output.writer)
            pool = stack.enter_context(ThreadPoolExecutor(len(outputs)))
            ordered, done = accounts.frame.with_columns(order), 0
            for rows in sorted_slices(ordered, accounts.rows, accounts.max_rows, ROW_GROUP, accounts.temp, tables.TIES):
                list(pool.map(Output.write, outputs.values(), repeat(rows)))
                done += len(rows)
                report("write", done, accounts.rows)
        heads |= {part: output.head for part, output in outputs.items() if output.head is not None}
    return heads


def _signals(path: Path, rules: Rules) -> dict[str, int]:
    """Return how many practices got their hook from each signal."""
    found = dict(pl.scan_parquet(path).group_by("Signal").len().collect().iter_rows()) if path.exists() else {}
    return {signal.name: found.get(signal.name, 0) for signal in rules.outreach.signals}


def _best(accounts: Accounts, card: Scorecard) -> pl.DataFrame:
    """Return the best rows of `rula_partner_scores`, for chart and summary."""
    by = [ORDER, *tables.TIES]
    best = accounts.frame.with_columns(tables.best_first(card)).bottom_k(_HEAD, by=by).sort(by).collect()
    return tables.scores(card)(best, 0)


def _manifest(ask: Ask, accounts: Accounts, found: list[Kind], totals: Totals) -> PartnerManifest:
    """Return what can be said of a run once its tables are written."""
    contacts = None
    if ask.contacts is not None and accounts.contacts is not None:
        inputs = tuple(file.path for file in ask.contacts.files)
        contacts = ContactCounts(inputs=inputs, time_zone=ask.reading.zone, **accounts.contacts)
    return PartnerManifest(
        icp_engine=engine_version(),
        as_of=ask.as_of.isoformat(),
        after_today=ask.as_of > ask.today,
        scorecard=ScorecardId(ask.card.id, ask.card.version, ask.card.hash),
        practices=PracticeCounts(
            inputs=tuple(file.path for file in ask.practices.files),
            rows=ask.practices.rows,
            scored=accounts.rows,
            left_out=len(ask.rejects),
        ),
        contacts=contacts,
        no_waits=ask.contacts is None and "days_since_contact" not in ask.practices.columns,
        notes=(*ask.practices.notes, *(ask.contacts.notes if ask.contacts else ())),
        problems=tuple(found),
        tiers=totals.tiers,
        statuses=totals.statuses,
        breaches=totals.breaches,
        owners=totals.owners,
    )
