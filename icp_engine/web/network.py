"""`/networks/{id}`: one network, with the anchor to call, its members by state, and why it is one."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from icp_engine.api.snapshot import Snapshot, current_network, members_of, network_values
from icp_engine.columns import KEY
from icp_engine.display import listed
from icp_engine.errors import InputError
from icp_engine.networks.decisions import Decision
from icp_engine.networks.evidence import KINDS
from icp_engine.published.why import Grouped, NetworkWhy, member_columns, why_in
from icp_engine.web import spelling
from icp_engine.web.curation import LONGEST_REASON, Curation, in_force, pending
from icp_engine.web.missing import no_network
from icp_engine.web.networks import network_row
from icp_engine.web.preview import previews
from icp_engine.web.rows import ClinicRow, read_clinics, row_columns, rows_of_frame
from icp_engine.web.tiles import Tile, tiles

_MEMBER = "member:"  # before the id of a clinic that is ticked
_MEMBERS = 200  # that are shown with their scores; beyond these the page says how many more there are
_STRENGTHS = {
    "override": ("Decided", "Placed here by a file of overrides"),
    "decision": ("Decided", "Joined by a decision"),
    "brand_prefix": ("Decided", "A brand that a decision joined"),
    "owner": ("Strong", "Same owner (PAC id)"),
    "parent": ("Strong", "Same parent company"),
    "name": ("Strong", "Same name within a state"),
    "name_contact": ("Strong", "Same name, and the same phone or address, across states"),
    "name_rare": ("Good", "Same rare name across states"),
    "brand": ("Good", "Same trade name"),
    "spelling": ("Good", "Spellings of one name within a state"),
    "stem_address": ("Good", "Names that begin alike at one address"),
}

_LINKS = {
    "override": "an override",
    "decision": "a decision",
    "brand_prefix": "a brand that a decision joined",
    "owner": "one owner",
    "parent": "one parent company",
    "name": "one name in one state",
    "name_contact": "one name with one phone or address",
    "name_rare": "a rare name",
    "brand": "a trade name",
    "spelling": "spellings of one name",
    "stem_address": "names that begin alike at one address",
}


@dataclass(frozen=True, slots=True)
class StateGroup:
    """The members in a state, anchor first, then by score, and what links them to the anchor."""

    state: str
    clinics: int
    rows: tuple[ClinicRow, ...]
    linked: str


def show(run: Snapshot, request: Request, curation: Curation | None = None) -> tuple[str, Mapping[str, Any]]:
    """Return the page of a network; an old id leads to the network that has its clinics now, which then says so.

    Raises:
        InputError: the file of decisions cannot be read.
        NotFoundError: there is no such network, or nothing is left of it.
    """
    asked = request.path_params["network_id"]
    network_id = current_network(run, asked)
    if network_id not in run.places:
        raise no_network(run, asked)
    found, ids = network_values(run, network_id), members_of(run, network_id)[KEY].to_list()
    outside = request.query_params.get("outside") == "1"
    with run.db.cursor() as db:
        columns = member_columns(run.given)
        shown = read_clinics(run, db, ids[:_MEMBERS], (*row_columns(run.rows.card), *columns))
        whole = shown.select(columns) if len(ids) <= _MEMBERS else read_clinics(run, db, ids, columns)
        evidence = found.get("evidence")
        placed = evidence is None or "override " in evidence
        grouped = Grouped(network_id, whole, found.get("weakest_edge"), placed, found["anchor_clinic_id"])
        decided = any(run.run.manifest.decisions.values())
        why = why_in(db, grouped, run.former, decided=decided, outside=outside)
    members = rows_of_frame(run, shown, ids)
    anchor = next((row for row in members if row.clinic_id == found["anchor_clinic_id"]), None)
    row = network_row(run, found, anchor)
    waiting = _waiting(run, curation, ids)
    return "network", {
        "row": row,
        "values": found,
        "former": asked if asked != network_id else None,
        "groups": _groups(members, why),
        "hidden": len(ids) - len(members),
        "why": why,
        "evidence": _evidence(why),
        "map": _map(why),
        "anchor": anchor,
        "waiting": waiting,
        "previews": previews(run, waiting),
        "outside": outside,
        "done": request.query_params.get("done", ""),
    }


def decision_of(fields: Mapping[str, str], moment: str, author: str) -> Decision:
    """Return the decision that the form of a network asks for.

    Raises:
        InputError: the form says too little.
    """
    action, members = fields.get("action", ""), [name for name in fields if name.startswith(_MEMBER)]
    stays, reason = fields.get("anchor_id", ""), fields.get("reason", "")[:LONGEST_REASON]
    match action:
        case "anchor":
            subject, other = fields.get("anchor", ""), ""
        case "rename":
            subject, other = stays, " ".join(fields.get("name", "").split())
        case "split":
            subject, other = ";".join(name.removeprefix(_MEMBER) for name in members), stays
            if not members:
                raise InputError("No clinic is ticked; tick those that leave the network.")
            if stays in [name.removeprefix(_MEMBER) for name in members]:
                raise InputError("The anchor cannot leave its own network; choose another anchor first.")
        case _:
            raise InputError(f"The action '{action}' is none of anchor, rename and split.")
    if not subject:
        raise InputError("No clinic is chosen; choose one.")
    return Decision(0, moment, author, action, subject, other, reason)


def _waiting(run: Snapshot, curation: Curation | None, ids: Collection[str]) -> list[Decision]:
    """Return the decisions on clinics of a network that wait for the next run."""
    if curation is None:
        return []
    members = set(ids)
    return [line for line in pending(run, in_force(curation.path)) if members & set(line.clinics)]


def _groups(members: Sequence[ClinicRow], why: NetworkWhy) -> tuple[StateGroup, ...]:
    counts = {shared.value: shared.clinics for shared in why.states}
    first = members[0].state if members else None
    order = sorted(
        {member.state for member in members}, key=lambda state: (state != first, -counts.get(state, 0), state or "~")
    )
    return tuple(
        StateGroup(
            spelling.place(state),
            counts.get(state, 0),
            rows := tuple(member for member in members if member.state == state),
            _linked([why.links[row.clinic_id] for row in rows if row.clinic_id in why.links]),
        )
        for state in order
    )


def _linked(kinds: Sequence[str]) -> str:
    """Return how clinics are linked to the anchor, in a few words: the commonest way first, then the strongest."""
    counted = Counter(sorted(kinds, key=KINDS.index)).most_common()
    if not counted:  # the anchor stands alone in its state, or names alone make networks
        return ""
    if len(counted) == 1:
        return f"linked to the anchor by {_LINKS[kinds[0]]}"
    return f"linked to the anchor, {listed([f'{number:,} by {_LINKS[kind]}' for kind, number in counted])}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A line of what ties a network: how it stands, and a sentence."""

    strength: str
    text: str


def _evidence(why: NetworkWhy) -> tuple[Evidence, ...]:
    """Return what ties the clinics, strongest first, the weakest named as such, what is not known last."""
    lines = []
    for tie in why.ties:
        shared = ", ".join(f"{each.value} ({each.clinics:,})" for each in tie.values[:3] if each.value)
        strength, words = _STRENGTHS[tie.kind]
        more = f" and {tie.num_values - 3:,} more" if tie.num_values > 3 else ""  # noqa: PLR2004 - as many as are named
        text = f"{words}: {spelling.count(tie.clinics, 'clinic')}" + (f", by {shared}{more}" if shared else "")
        weakest = tie.kind == why.weakest and len(why.ties) > 1
        falls = f". Without it this falls into {len(why.parts):,} parts" if weakest and len(why.parts) > 1 else ""
        lines.append(Evidence("Weakest" if weakest else strength, f"{text}{falls}."))
    if not why.owners and not why.parents:
        lines.append(Evidence("Unknown", "Legal owner and parent company: not in the extract."))
    for label, shared_by in (("Owner", why.owners), ("Parent", why.parents)):
        if shared_by:
            names = ", ".join(f"{each.value} ({each.clinics:,})" for each in shared_by[:3])
            lines.append(Evidence("Known", f"{label}{'s' if len(shared_by) > 1 else ''}: {names}."))
    return tuple(lines)


def _map(why: NetworkWhy) -> tuple[Tile, ...]:
    return tiles({shared.value: shared.clinics for shared in why.states if shared.value})
