"""The contract of partnerships: every field of practices and contacts, and every column of the tables."""

import polars as pl

from icp_engine.columns import HELPERS, Column, Field
from icp_engine.errors import InputError
from icp_engine.scorecard.model import Scorecard

NAME = "name"
GAP, NOTES = "bh_referral_gap", "notes"
KEY = f"{HELPERS}practice"  # what stands for a practice: its practice_id, or else its name
FOLDED = f"{HELPERS}name"  # the name as names are compared
CATEGORIES = ("providers", "bh_gap", "networks", "volume")
NEVER = "never contacted"
SIMULATED = (
    "Simulated: no Salesforce system knows it. 18 characters in the form of a Salesforce Account id (prefix 001, "
    "case-safe checksum), made from practice_id or else the name, so that a practice has the same one in every run"
)

PRACTICE_FIELDS: dict[str, Field] = {
    column.name: column
    for column in (
        Field("practice_id", "text", "", "Identifier of the practice; needed where two share a name", identifier=True),
        Field("owner", "text", "", "Who looks after the practice", absent_words=True),
        Field("created_at", "moment", "", "When the practice became a prospect"),
        Field("days_since_contact", "integer", "days", "Days since the last contact, where there is no contact log"),
    )
}
CONTACT_FIELDS: dict[str, Field] = {
    column.name: column
    for column in (
        Field("practice_id", "text", "", "The practice, by its identifier", identifier=True),
        Field("name", "text", "", "The practice, by its name"),
        Field("contacted_at", "moment", "", "When, as a date or a date and a time"),
        Field("owner", "text", "", "Who made the contact", absent_words=True),
        Field("channel", "text", "", "How: phone, email, visit"),
    )
}


def check_card(card: Scorecard) -> None:
    """Make sure that a scorecard has what partnerships are made of.

    Raises:
        InputError: the scorecard does not score practices as `rula` does.
    """
    if (
        tuple(category.name for category in card.categories) != CATEGORIES
        or card.prefix != "rula"
        or card.segment_source
    ):
        raise InputError(
            f"Partnerships need the four categories of rula ({', '.join(CATEGORIES)}), which {card.id} has not; "
            'start a scorecard of your own with: extends = "rula".'
        )


def practice_fields(card: Scorecard) -> dict[str, Field]:
    """Return the fields of practices under a scorecard."""
    own = {name: field for name, field in card.fields.items() if name in (*_READ, *card.reads)}
    return own | PRACTICE_FIELDS


_READ = (
    "name",
    "practice_type",
    "location",
    "provider_count",
    GAP,
    "insurance_networks",
    "monthly_patient_volume",
    NOTES,
)

_TEXT, _WHOLE, _POINTS = pl.String(), pl.Int64(), pl.Float64()


def _column(name: str, dtype: pl.DataType, description: str, unit: str = "") -> Column:
    return Column(name, dtype, unit, description)


_TYPE = _column("Practice Type", _TEXT, "practice_type as given")
_LOCATION = _column("Location", _TEXT, "location as given")
_TIER = _column("Tier", _TEXT, "Class by score: `Tier 1` is best")
_SCORE = _column("Score", _POINTS, "Total score", "points, 0-100")
_OWNER = _column("Owner", _TEXT, "Who looks after the practice: given, from the latest contact, or assigned")
_NOTES = _column("Notes", _TEXT, "notes as given")
_ACTION = "What to do next, by tier; for tier 1 with the first of the notes"

SCORES = (
    _column("Rank", _WHOLE, "Place in the list: tier, then score, highest first, then name"),
    _column("Tier", _TEXT, "Class by score in words, e.g. `Tier 1 - High Priority`"),
    _column("Name", _TEXT, "Name of the practice"),
    _TYPE,
    _LOCATION,
    _column("Provider Count", _WHOLE, "provider_count; missing where absent or invalid", "providers"),
    _column("BH Referral Gap", _TEXT, "bh_referral_gap as given"),
    _column("Insurance Networks", pl.List(pl.String()), "insurance_networks; in CSV separated by `;`"),
    _column("Monthly Patient Volume", _WHOLE, "monthly_patient_volume; missing where absent or invalid", "visits"),
    _SCORE,
    _column("Providers (pts)", _POINTS, "Points for providers", "points, 0-25"),
    _column("BH Gap (pts)", _POINTS, "Points for the behavioral health gap", "points, 0-35"),
    _column("Networks (pts)", _POINTS, "Points for shared insurance networks", "points, 0-25"),
    _column("Volume (pts)", _POINTS, "Points for patient volume", "points, 0-15"),
    _column("Outreach Action", _TEXT, _ACTION),
    _NOTES,
)
CRM = (
    _column("SF Record ID", _TEXT, SIMULATED),
    _column("Account Name", _TEXT, "Name of the practice"),
    _TYPE,
    _LOCATION,
    _SCORE,
    _TIER,
    _OWNER,
    _column("Days Since Last Contact", _WHOLE, f"Calendar days; missing in Parquet, `{NEVER}` in CSV", "days"),
    _column("SLA Status", _TEXT, "Where the wait stands against the limit of the tier"),
    _column("Recommended Action", _TEXT, _ACTION),
    _NOTES,
)
SLA = (
    _column("Status", _TEXT, "Where the wait stands against the limit of the tier; the most urgent come first"),
    _column("Practice Name", _TEXT, "Name of the practice"),
    _TYPE,
    _LOCATION,
    _TIER,
    _SCORE,
    _OWNER,
    _column("Days Since Contact", _WHOLE, f"Calendar days; missing in Parquet, `{NEVER}` in CSV", "days"),
    _column("SLA (days)", _WHOLE, "The limit; missing where the tier has none", "days"),
    _column(
        "Days Overdue", _WHOLE,
        "Days beyond the limit, 0 within it; missing without a limit, or where nobody knows since when", "days",
    ),
    _column("Recommended Action", _TEXT, _ACTION),
)  # fmt: skip
SLA_HOURS = (
    _column("Business Hours Waited", _POINTS, "By the calendar, to the end of the day's work", "hours"),
    _column("SLA (business hours)", _POINTS, "The limit; missing where the tier has none in hours", "hours"),
    _column("Business Hours Overdue", _POINTS, "Beyond the limit, 0 within it; missing without one", "hours"),
)
"""Columns more of the tracker, where the SLA rules have a calendar."""
HOOKS = (
    _column("Name", _TEXT, "Name of the practice"),
    _column("Signal", _TEXT, "The first signal that holds"),
    _column("Hook", _TEXT, "One line to open with"),
)
PROBLEMS = (
    _column("Problem", _TEXT, "What is wrong, in words"),
    _column("Practice", _TEXT, "Name of the practice, or as a contact names it"),
    _column("Value", _TEXT, "What was found"),
    _column("Rows", _WHOLE, "Rows of the input that this is true of", "rows"),
)

TABLES: dict[str, tuple[Column, ...]] = {
    "rula_partner_scores": SCORES,
    "rula_crm_records": CRM,
    "rula_sla_tracker": SLA,
    "rula_outreach_hooks": HOOKS,
    "rula_problems": PROBLEMS,
}
GRAIN = {
    "rula_partner_scores": "One row per practice, best first.",
    "rula_crm_records": "One row per practice, best first: an account of a CRM. SF Record ID is simulated.",
    "rula_sla_tracker": "One row per practice, most urgent first; within a status never contacted, then longest wait.",
    "rula_outreach_hooks": "One row per practice of tier 1, best first.",
    "rula_problems": "One row per mistake in the input; the file is there only if there is one.",
}
