"""Which columns the rows of answers have, taken from the contract."""

from icp_engine.columns import FIELDS, KEY, NAME, NETWORK_COLUMNS, STATE, Column
from icp_engine.scorecard.loader import load_scorecard

_CARD = load_scorecard("icp")

ANCHOR = "is_network_anchor"
SCORES = {
    "total_score": _CARD.column("total_score"),
    "tier": _CARD.column("tier"),
    "tier_label": _CARD.column("tier_label"),
    "segment": _CARD.column("segment"),
}
OPERATIONAL = ("npi_count", "site_count", "bene_count", "allowed_amt", "fqhc_flag", "aco_member", "pecos_enrolled")
NETWORK_OF_CLINIC = tuple(one.name for one in NETWORK_COLUMNS)
MEMBER = (KEY, NAME, STATE, SCORES["total_score"], SCORES["tier_label"], ANCHOR)


def field_columns(*names: str) -> tuple[Column, ...]:
    """Return fields of an extract as columns of a result."""
    fields = (FIELDS[name] for name in names)
    return tuple(Column(one.name, one.dtype, one.unit, one.description) for one in fields)


# A row of a list of clinics.
CLINIC: tuple[Column, ...] = (
    *field_columns(KEY, NAME, STATE, "segment_label"),
    *_CARD.columns,
    *field_columns("npi_count", "site_count", "bene_count", "allowed_amt"),
    *NETWORK_COLUMNS,
)
# Those of its columns that have a value in every row.
ALWAYS = {KEY, ANCHOR, *(one.name for one in _CARD.columns if one.name != SCORES["segment"])}
