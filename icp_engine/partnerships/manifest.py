"""What a run of partnerships says of itself, as a frozen value, and as `rula_run.json` has it."""

from collections.abc import Mapping
from typing import Any, cast

import msgspec

from icp_engine.partnerships.problems import Kind


class ScorecardId(msgspec.Struct, frozen=True):
    """The scorecard of a run."""

    id: str
    version: str
    hash: str


class PracticeCounts(msgspec.Struct, frozen=True):
    """The files that practices were read from, their rows, and what became of them."""

    inputs: tuple[str, ...]
    rows: int
    scored: int
    left_out: int


class ContactCounts(msgspec.Struct, frozen=True):
    """The files of the contact log, and its contacts: in all, used, and after the day of the run.

    Attributes:
        time_zone: by whose clock times with a zone count.
        after_here_alone: after the day of the run by that clock, and not by the one in whose zone they are written.
        after_there_alone: the other way round.
        soon_after: times with a zone that are after it by both, but not everywhere on Earth; 0 where the user names
            a zone.
    """

    inputs: tuple[str, ...]
    rows: int
    used: int
    after_as_of: int
    time_zone: str = "UTC"
    after_here_alone: int = 0
    after_there_alone: int = 0
    soon_after: int = 0


class TierCount(msgspec.Struct, frozen=True):
    """Practices in a tier; the average score is None where there are none."""

    tier: int
    label: str
    practices: int
    average_score: float | None


class StatusCount(msgspec.Struct, frozen=True):
    """Practices of a status, and whether somebody must act."""

    status: str
    practices: int
    act: bool


class Workload(msgspec.Struct, frozen=True):
    """What an owner has: practices in all, by tier (`Tier 1`) and by status."""

    owner: str
    practices: int
    average_score: float
    tiers: Mapping[str, int]
    statuses: Mapping[str, int]


class Totals(msgspec.Struct, frozen=True):
    """What accounts come to; owners with the most accounts come first, `breaches` are waits over their limit."""

    tiers: tuple[TierCount, ...]
    statuses: tuple[StatusCount, ...]
    breaches: int
    owners: tuple[Workload, ...]


class PartnerManifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a run of partnerships says of itself. What is unset was not asked for.

    Attributes:
        as_of: the day of the run, as ISO 8601 writes it.
        contacts: None without a contact log.
        no_waits: whether nothing tells when a practice was contacted.
        notes: how files were read where that is out of the ordinary, in sentences.
        signals: practices by the signal that their hook was made from.
        chart: why there is no chart, by the ending of its file.
    """

    icp_engine: str
    as_of: str
    after_today: bool
    scorecard: ScorecardId
    practices: PracticeCounts
    contacts: ContactCounts | None
    no_waits: bool
    problems: tuple[Kind, ...]
    notes: tuple[str, ...] = ()
    tiers: tuple[TierCount, ...]
    statuses: tuple[StatusCount, ...]
    breaches: int
    owners: tuple[Workload, ...]
    signals: Mapping[str, int] | msgspec.UnsetType = msgspec.UNSET
    chart: Mapping[str, str] | msgspec.UnsetType = msgspec.UNSET
    outputs: tuple[str, ...] = ()
    elapsed_seconds: float = 0.0


def partner_content(manifest: PartnerManifest) -> dict[str, Any]:
    """Return a manifest as JSON has it."""
    return cast(dict[str, Any], msgspec.json.decode(msgspec.json.encode(manifest)))
