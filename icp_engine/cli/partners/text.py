"""What `icp-engine partners` prints: ranked list, tiers, records, workload, SLA, hooks, summary."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from textwrap import TextWrapper
from typing import TYPE_CHECKING

import polars as pl

from icp_engine.cli import show
from icp_engine.partnerships.columns import SLA_HOURS
from icp_engine.warehouse.folder import place_of
from icp_engine.warehouse.switch import PARTNERS

if TYPE_CHECKING:
    from icp_engine.partnerships.manifest import ContactCounts, PartnerManifest
    from icp_engine.partnerships.run import Part, Partners

OPTION = {"mapping": "--map", "contact_mapping": "--map-contacts"}
_ROWS = 25  # of a table; where there are more, the first so many
_TOP = 5
_OWNERS = 12
_NAME = 38
_SHORT = {
    "Providers (pts)": "Providers",
    "BH Gap (pts)": "BH gap",
    "Networks (pts)": "Networks",
    "Volume (pts)": "Volume",
    "Days Since Last Contact": "Last contact (days)",
    "Days Since Contact": "Last contact (days)",
    "SLA (days)": "Limit",
    "Days Overdue": "Overdue",
}


def sections(found: "Partners", parts: Collection["Part"], out: Path) -> Iterator[str]:
    """Yield the sections that belong to the parts that were made."""
    manifest, heads = found.manifest, found.heads
    if "scores" in parts:
        yield from (_ranked(manifest, heads["scores"]), _tiers(manifest))
    if "crm" in parts:
        yield from (_records(manifest, heads["crm"]), _workload(manifest))
    if "sla" in parts:
        yield from (_waits(manifest, heads["sla"]), _must_act(manifest, heads["sla"]))
    if "hooks" in parts:
        yield _hooks(manifest, heads["hooks"])
    if "chart" in parts:
        yield _summary(manifest, heads["scores"])
    elif manifest.contacts:
        yield f"Contacts  {_contacts(manifest.contacts, manifest.as_of)}"
    yield _files(manifest, out)


def _section(title: str, body: str) -> str:
    return f"{title}\n{'=' * len(title)}\n{body}"


def _table(frame: pl.DataFrame, columns: Mapping[str, int | None], align: str, rows: int, more: str) -> str:
    """Return the first rows of a table under their headings, cut to widths; and how many more there are, where."""
    shown = frame.head(_ROWS)
    cells: list[list[str]] = [[_SHORT.get(name, name) for name in columns]]
    for row in shown.select(list(columns)).iter_rows():
        cells.append([_cell(value, width) for value, width in zip(row, columns.values(), strict=True)])
    text = show.table(cells, align, header=True)
    return text if rows <= len(shown) else f"{text}\n... and {rows - len(shown):,} more in {more}"


def _cell(value: object, width: int | None) -> str:
    if value is None:
        return ""
    text = f"{value:.1f}" if isinstance(value, float) else str(value)
    return text if width is None else show.cut(text, width)


def _ranked(manifest: "PartnerManifest", frame: pl.DataFrame) -> str:
    columns = {"Rank": None, "Name": _NAME, "Location": 18, "Score": None, "Providers (pts)": None}
    columns |= {"BH Gap (pts)": None, "Networks (pts)": None, "Volume (pts)": None, "Tier": 24}
    body = _table(frame, columns, "><<>>>>><", manifest.practices.scored, "rula_partner_scores")
    return _section(f"Referral partners, {manifest.scorecard.id} {manifest.scorecard.version}", body)


def _tiers(manifest: "PartnerManifest") -> str:
    rows: list[tuple[object, ...]] = [("Tier", "practices", "share", "average score", "")]
    for tier in manifest.tiers:
        share = tier.practices / manifest.practices.scored
        average = "" if tier.average_score is None else f"{tier.average_score:.1f}"
        rows.append((tier.label, f"{tier.practices:,}", show.percent(share), average, show.bar(share)))
    return _section("Tiers", show.table(rows, "<>>><", header=True))


def _records(manifest: "PartnerManifest", frame: pl.DataFrame) -> str:
    columns = {"SF Record ID": None, "Account Name": _NAME, "Score": None, "Tier": None, "Owner": 20}
    columns |= {"Days Since Last Contact": None, "SLA Status": None}
    body = _table(frame, columns, "<<><<><", manifest.practices.scored, "rula_crm_records")
    return _section("CRM records (record ids are simulated)", body)


def _workload(manifest: "PartnerManifest") -> str:
    tiers = list(manifest.owners[0].tiers)
    statuses = [status.status for status in manifest.statuses]
    rows: list[list[str]] = [
        ["Owner", "accounts", *tiers, "average score", *(status.split(" - ")[0] for status in statuses)]
    ]
    for owner in manifest.owners[:_OWNERS]:
        counts = [*owner.tiers.values()], [*owner.statuses.values()]
        average = f"{owner.average_score:.1f}"
        rows.append(
            [
                show.cut(owner.owner, 24),
                f"{owner.practices:,}",
                *(f"{count:,}" for count in counts[0]),
                average,
                *(f"{count:,}" for count in counts[1]),
            ]
        )
    text = show.table(rows, "<" + ">" * (len(rows[0]) - 1), header=True)
    more = len(manifest.owners) - _OWNERS
    return _section("Workload of the owners", f"{text}\n... and {more:,} more owners" if more > 0 else text)


def _waits(manifest: "PartnerManifest", frame: pl.DataFrame) -> str:
    columns = {"Practice Name": _NAME, "Tier": None, "Score": None, "Owner": 20}
    columns |= {"Days Since Contact": None, "SLA (days)": None, "Days Overdue": None}
    hours = [column.name for column in SLA_HOURS if column.name in frame.columns]
    columns |= dict.fromkeys(hours)
    parts = []
    for status in manifest.statuses:
        own = frame.filter(pl.col("Status") == status.status)
        if status.practices:
            table = _table(own, columns, "<<><>>>" + ">" * len(hours), status.practices, "rula_sla_tracker")
            parts.append(f"{status.status}: {status.practices:,}\n{table}")
    return _section(f"SLA on {manifest.as_of}", "\n\n".join(parts))


def _must_act(manifest: "PartnerManifest", frame: pl.DataFrame) -> str:
    acting = [status for status in manifest.statuses if status.act]
    rows = sum(status.practices for status in acting)
    own = frame.filter(pl.col("Status").is_in([status.status for status in acting]))
    if own.is_empty():
        return _section("Who must act", "Nobody: no wait is near its limit.")
    columns = {"Owner": 20, "Practice Name": _NAME, "Status": 24, "Recommended Action": 50}
    return _section("Who must act", _table(own, columns, "<<<<", rows, "rula_sla_tracker"))


def _hooks(manifest: "PartnerManifest", frame: pl.DataFrame) -> str:
    if frame.is_empty():
        return _section("Hooks", "No practice is in tier 1.")
    rows = sum((manifest.signals or {}).values())
    shown = frame.head(_ROWS)
    fold = TextWrapper(show.width(), initial_indent="  ", subsequent_indent="  ")
    told = (f"{show.cut(name, 60)} ({signal})\n{fold.fill(hook)}" for name, signal, hook in shown.iter_rows())
    more = f"\n... and {rows - len(shown):,} more in rula_outreach_hooks" if rows > len(shown) else ""
    return _section("Hooks", "\n".join(told) + more)


def _summary(manifest: "PartnerManifest", best: pl.DataFrame) -> str:
    scored = manifest.practices.scored
    tiers = ", ".join(f"{tier.practices:,} in tier {tier.tier}" for tier in manifest.tiers)
    breaches = f"{manifest.breaches:,} of {scored:,} practices have waited too long on {manifest.as_of}"
    rows = [("Practices", f"{scored:,}: {tiers}"), ("Breaches", breaches)]
    if manifest.contacts:
        rows.append(("Contacts", _contacts(manifest.contacts, manifest.as_of)))
    top = [("Top", "score", "practice")]
    top += [(str(rank), f"{score:.1f}", show.cut(name, 60)) for rank, score, name in
            best.head(_TOP).select("Rank", "Score", "Name").iter_rows()]  # fmt: skip
    return _section("Summary", f"{show.table(rows, '<<')}\n\n{show.table(top, '>><')}")


def _contacts(log: "ContactCounts", as_of: str) -> str:
    """Return how many contacts were used, and what became of the others."""
    later = f", {log.after_as_of:,} after {as_of} left out" if log.after_as_of else ""
    rest = log.rows - log.used - log.after_as_of
    return f"{log.used:,} of {log.rows:,} used{later}" + (f", {rest:,} left out as problems" if rest else "")


def _zones(log: "ContactCounts", as_of: str) -> Iterator[str]:
    """Yield what the zone of the user changes, or may change, for contacts around the day of the run."""
    if log.after_here_alone:
        yield (
            f"{_of_contacts(log.after_here_alone)} left out: after {as_of} in {log.time_zone}, not after it in the "
            "zone in which the time is written. --time-zone says whose day counts."
        )
    if log.after_there_alone:
        yield (
            f"{_of_contacts(log.after_there_alone)} used: not after {as_of} in {log.time_zone}, but after it in the "
            "zone in which the time is written."
        )
    if log.soon_after:
        yield (
            f"{_of_contacts(log.soon_after)} left out: after {as_of} in {log.time_zone}, not after it further west; "
            "--time-zone, such as America/New_York, counts times with a zone for the day there."
        )


def _of_contacts(count: int) -> str:
    return "1 contact is" if count == 1 else f"{count:,} contacts are"


def _files(manifest: "PartnerManifest", out: Path) -> str:
    from icp_engine.partnerships.run import MANIFEST

    names: dict[str, list[str]] = {}
    for output in manifest.outputs:
        stem, _, suffix = output.rpartition(".")
        names.setdefault(stem, []).append(suffix)
    at = place_of(out, MANIFEST, PARTNERS).parent
    return f"Files in {at}\n{show.table([(stem, ', '.join(some)) for stem, some in names.items()], '<<', indent='  ')}"


def warnings(found: "Partners", parts: Collection["Part"], out: Path) -> Iterator[str]:
    """Yield what a person should know: mistakes in the input by name, dates, a chart that could not be drawn."""
    manifest = found.manifest
    yield from manifest.notes
    if manifest.contacts:
        yield from _zones(manifest.contacts, manifest.as_of)
    for problem in manifest.problems:
        yield f"{problem.rows:,} x {problem.says}: {', '.join(show.cut(name, 60) for name in problem.examples)}"
    if manifest.problems:
        yield f"All of them, by name: {place_of(out, 'rula_problems.parquet', PARTNERS)}"
    if manifest.after_today:
        yield f"{manifest.as_of} is after today: this is how it will stand if nobody is contacted until then."
    if manifest.contacts is None and manifest.no_waits and {"crm", "sla", "chart"} & set(parts):
        yield "No contact log and no days_since_contact: every practice counts as never contacted. See --contacts."
    for suffix, why in (manifest.chart or {}).items():
        yield f"No rula_partner_scores.{suffix}: {why}"
