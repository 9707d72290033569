"""What a person reads of a hand-off."""

from pathlib import Path

from icp_engine.crm.confirm import ERRORS, Confirmed
from icp_engine.crm.manifest import CHANGES, LEFT_OUT, RETRY, HandOff
from icp_engine.crm.plan import Plan
from icp_engine.crm.vendors import upsert_line
from icp_engine.display import shell_line, table
from icp_engine.warehouse.folder import place_of
from icp_engine.warehouse.switch import HANDOFFS

_HEAD = ("", "new", "changed", "gone", "unchanged", "suppressed", "refused")
_PLURAL = {"network": "networks", "clinic": "clinics"}
_SHOWN = 12  # fields and lines


def hand_off_text(found: HandOff, out: Path) -> str:
    """Return what a hand-off came to, and what to run next."""
    rows = [
        (_PLURAL.get(kind, kind), *(f"{getattr(counts, name):,}" for name in _HEAD[1:]))
        for kind, counts in found.counts.items()
    ]
    parts = [f"{out}: for {found.system}, of run {found.run_id}", table([_HEAD, *rows], "<>>>>>>", header=True)]
    if found.changed_fields:
        fields = [f"{name} {number:,}" for name, number in list(found.changed_fields.items())[:_SHOWN]]
        parts.append(f"Changed fields  {', '.join(fields)}")
    if found.owners:
        owners = [f"{name or 'nobody'} {number:,}" for name, number in found.owners.items()]
        parts.append(f"Owners          {', '.join(owners)}")
    parts += _notes(found, out)
    if not found.files:
        return "\n\n".join([*parts, "Nothing has changed; there is nothing to import."])
    lines = "\n".join(f"  {line}" for line in found.commands[:_SHOWN])
    more = f"\n  and {len(found.commands) - _SHOWN} more in handoff.json" if len(found.commands) > _SHOWN else ""
    results, which = ("RESULTS...", "the files of success and of errors")
    if found.system == "hubspot":
        results, which = ("ERRORS", "its file of errors, or --no-errors instead")
    confirm = shell_line("icp-engine", "crm", "confirm", results, "--out", str(out))
    parts += [f"Import, in this order:\n{lines}{more}", f"Then, with {which}:\n  {confirm}"]
    return "\n\n".join(parts)


def _notes(found: HandOff, out: Path) -> list[str]:
    notes = []
    if found.left_out_fields:
        notes.append(f"Not in this run, so left as they are: {', '.join(found.left_out_fields)}.")
    if found.oig_matches:
        notes.append(f"{found.oig_matches:,} records match the OIG exclusion list; they are marked in {CHANGES}.")
    if found.suppression_rows:
        used, rows = found.suppression_rows_used, found.suppression_rows
        notes.append(f"{used:,} of {rows:,} rows of the suppression file name clinics of this run.")
    if any(counts.suppressed or counts.refused for counts in found.counts.values()):
        notes.append(f"What was left out, and why: {place_of(out, LEFT_OUT, HANDOFFS)}")
    if found.unconfirmed:
        notes.append("The hand-off before was never confirmed, so its rows come again.")
    return ["\n".join(notes)] if notes else []


def confirmed_text(confirmed: Confirmed, out: Path, *, rollback: bool) -> str:
    """Return what a confirmation came to, and what is left to do."""
    found, done = confirmed.found, "as they were before" if rollback else "as they were handed off"
    lines = [f"{out}: {confirmed.succeeded:,} records are {done}, {confirmed.failed:,} failed."]
    if confirmed.waiting and not rollback:
        lines.append(f"{confirmed.waiting:,} records have no result yet; confirm their files too, or they come again.")
    if confirmed.strangers:
        lines.append(f"{confirmed.strangers:,} rows are about records of other hand-offs, and were passed over.")
    if found.retry:
        lines.append(f"Why they failed: {place_of(out, RETRY, HANDOFFS) / ERRORS}; to try them again:")
        if found.system == "salesforce":
            lines += [f"  {upsert_line(found.object, found.external_id, str(out / part.file))}" for part in found.retry]
    if found.way_back and not rollback:
        lines.append("To undo this hand-off:")
        lines += [f"  {line}" for line in found.way_back[:_SHOWN]]
    return "\n".join(lines)


def plan_text(plan: Plan) -> str:
    """Return what the tiers cost, the cut-off that can be kept, and who is over."""
    tiers = [
        (tier.label, f"{tier.clinics:,}", "-" if tier.days is None else f"{tier.days:g}", f"{tier.touches:,.1f}")
        for tier in plan.tiers
    ]
    owners = [
        (load.name, f"{load.accounts:,}", f"{load.touches:,.1f}", f"{load.can:,.1f}",
         f"{load.over:,.1f}" if load.over else "")
        for load in plan.owners
    ]  # fmt: skip
    need = f"All of it takes {plan.touches:,.1f} touches a week; the team can make {plan.can:,.1f}."
    limit = f"within the {plan.best.days:g} days of {plan.best.label}"
    if plan.cut_off is None:
        kept = f"Not even the clinics of the highest score can be kept {limit}."
    else:
        kept = f"From a score of {plan.cut_off:g} on, {plan.kept:,} clinics can be kept {limit}."
    parts = [
        table([("Tier", "clinics", "days", "touches a week"), *tiers], "<>>>", header=True),
        f"{need}\n{kept}",
        table([("Owner", "accounts", "touches a week", "can make", "over"), *owners], "<>>>>", header=True),
    ]
    if plan.without:
        parts.append(f"{plan.without:,} clinics are for nobody: no territory, or no capacity left.")
    return "\n\n".join(parts)
