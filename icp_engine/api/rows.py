"""Which columns the rows of answers have under a scorecard, taken from the contract."""

from dataclasses import dataclass

from icp_engine.columns import FIELDS, KEY, NAME, STATE, Column
from icp_engine.networks.columns import OF_NETWORK, member_columns, network_total, networks_columns
from icp_engine.scorecard.model import MissingColumn, Scorecard
from icp_engine.scorecard.words import slug

ANCHOR = "is_network_anchor"
OPERATIONAL = ("npi_count", "site_count", "bene_count", "allowed_amt", "fqhc_flag", "aco_member", "pecos_enrolled")
HIDDEN: tuple[MissingColumn, ...] = ("coverage", "score_floor", "score_ceiling", "tier_certain")
"""What answers tell of what missing data hides; runs of older versions lack it."""
_MAY_BE_MISSING = (
    "states_covered", "total_npi_count", "total_site_count", "display_name", "evidence", "weakest_edge", "num_owners",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rows:
    """The columns of answers, and what answers call the parts of a score.

    Attributes:
        card: the scorecard of the clinics.
        network_card: that of the networks: the main one of the run.
        total: the column of a clinic's score.
        network_total: the column of a network's.
        clinic: the columns of a list of clinics.
        clinic_always: those of them that have a value in every row.
        network: the columns of a list of networks.
        network_always: those of them that have a value in every row.
        of_network: what a clinic gets from its network.
        rank: the column of a clinic's place among all.
        member: the columns of a network's members.
        score: what one clinic's score is called.
        breakdown: the name of each category by its column.
        tiers: the name of each tier by its number.
        segments: the name of each segment by its letter.
    """

    card: Scorecard
    network_card: Scorecard
    total: str
    rank: str
    network_total: str
    clinic: tuple[Column, ...]
    clinic_always: frozenset[str]
    network: tuple[Column, ...]
    network_always: frozenset[str]
    of_network: tuple[str, ...]
    member: tuple[str, ...]
    score: str
    breakdown: dict[str, str]
    tiers: dict[int, str]
    segments: dict[str, str]


def rows_of(card: Scorecard, main: Scorecard | None = None) -> Rows:
    """Return the columns of answers under a scorecard; networks have those of the main one, where that is another."""
    main = main or card
    total = card.column("total_score")
    may_be_missing = {card.column("segment"), *(category.driver for category in card.categories)}
    hidden = [card.column(key) for key in HIDDEN]
    network, of_network = networks_columns(main), member_columns(main)
    missing = {*_MAY_BE_MISSING, OF_NETWORK + main.column("segment")}
    return Rows(
        card=card,
        network_card=main,
        total=total,
        rank=card.column("rank"),
        network_total=network_total(main),
        clinic=(
            *field_columns(KEY, NAME, STATE, "segment_label"),
            *card.columns,
            *card.rank_columns,
            *(column for column in card.missing_columns if column.name in hidden),
            *field_columns("npi_count", "site_count", "bene_count", "allowed_amt"),
            *of_network,
        ),
        clinic_always=frozenset(
            {KEY, ANCHOR, *(column.name for column in (*card.columns, *card.rank_columns))} - may_be_missing
        ),
        network=network,
        network_always=frozenset(column.name for column in network if column.name not in missing),
        of_network=tuple(column.name for column in of_network),
        member=(KEY, NAME, STATE, total, card.column("tier_label"), ANCHOR),
        score=f"{card.prefix}_score",
        breakdown={category.column: category.breakdown for category in card.categories},
        tiers={tier.number: _tier_name(tier.number, tier.label) for tier in card.tiers},
        segments={letter: f"segment_{slug(letter)}_{name}" for letter, name in card.segment_names.items()},
    )


def _tier_name(number: int, label: str) -> str:
    """Return `tier_1_hot` for `Tier 1 - HOT`: what stands after the number, if anything does."""
    words = slug(label.rpartition(" - ")[2])
    return f"tier_{number}" if words in ("", f"tier_{number}") else f"tier_{number}_{words}"


def field_columns(*names: str) -> tuple[Column, ...]:
    """Return fields of an extract as columns of a result."""
    fields = (FIELDS[name] for name in names)
    return tuple(Column(field.name, field.dtype, field.unit, field.description) for field in fields)
