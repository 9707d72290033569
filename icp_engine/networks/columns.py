"""The contract of networks: their columns, each said once, in the names of a scorecard."""

from collections.abc import Iterable

import polars as pl

from icp_engine.columns import Column
from icp_engine.errors import InputError
from icp_engine.scorecard.model import Scorecard, Tier
from icp_engine.scorecard.several import written_columns

_TEXT, _WHOLE, _POINTS, _TRUTH = pl.String(), pl.Int64(), pl.Float64(), pl.Boolean()
OF_NETWORK = "network_"  # before the name of a clinic's column: the same of a network


def network_tiers(card: Scorecard) -> tuple[Tier, ...]:
    """Return the tiers of networks: those of clinics where the scorecard has none of their own."""
    return card.network_tiers or card.tiers


def network_score(card: Scorecard) -> str:
    """Return what clinics call the score of their network."""
    return f"{OF_NETWORK}{card.prefix}_score"


def network_total(card: Scorecard) -> str:
    """Return what networks call their score."""
    return OF_NETWORK + card.column("total_score")


def member_columns(card: Scorecard) -> tuple[Column, ...]:
    """Return what every clinic gets from its network."""
    return (
        Column("network_id", _TEXT, "", "Network that the clinic belongs to, missing for a standalone clinic"),
        Column("network_name", _TEXT, "", "Normalised name of the network"),
        Column(network_score(card), _POINTS, "points", "Total score of the network"),
        Column("network_tier", pl.Int8(), "", "Tier of the network, 1 is best"),
        Column("network_tier_label", _TEXT, "", "Tier of the network in words"),
        Column(
            "is_network_anchor",
            _TRUTH,
            "",
            "Whether this is the clinic of its network to call first; never missing",
        ),
        Column("num_clinics", _WHOLE, "clinics", "Clinics in the network, missing for a standalone clinic"),
    )


def networks_columns(card: Scorecard) -> tuple[Column, ...]:
    """Return the columns of the table of networks, one row per network."""
    how = "Sum" if card.combine == "sum" else "Product"
    segment = Column(
        OF_NETWORK + card.column("segment"),
        _TEXT,
        "",
        "Most frequent segment of the members, the first by letter on a tie",
    )
    return (
        Column(
            "network_id",
            _TEXT,
            "",
            "net_ and 12 hex digits of the MD5 of the name that it had first; it stays while half of the clinics do",
        ),
        Column(
            "network_name",
            _TEXT,
            "",
            "Most frequent normalised name of the members, with a state or an id where several networks have it",
        ),
        Column("num_clinics", _WHOLE, "clinics", "Members"),
        Column("num_states", _WHOLE, "states", "Distinct states of the members, an unknown state is none"),
        Column("states_covered", _TEXT, "", "The states, sorted, separated by commas; missing if none is known"),
        Column(
            network_total(card), _POINTS, f"points, 0-{card.maximum:g}", f"{how} of the category scores before rounding"
        ),
        Column(OF_NETWORK + card.column("tier"), pl.Int8(), "", "Class by score on the network scale, 1 is best"),
        Column(OF_NETWORK + card.column("tier_label"), _TEXT, "", "The tier in words"),
        *([segment] if card.segment_source else []),
        *(
            Column(
                OF_NETWORK + category.column,
                _POINTS,
                f"points, 0-{category.maximum:g}",
                f"{category.label}: mean over members, weighted by sites",
            )
            for category in card.categories
        ),
        Column("total_npi_count", _WHOLE, "providers", "Sum of the known npi_count, missing if none is known"),
        Column("total_site_count", _WHOLE, "locations", "Sum of the known site_count, missing if none is known"),
        Column(f"avg_clinic_{card.prefix}_score", _POINTS, "points", "Plain mean of the members' total scores"),
        Column("fqhc_clinics_count", _WHOLE, "clinics", "Members with the FQHC flag"),
        Column("aco_clinics_count", _WHOLE, "clinics", "Members in an ACO"),
        Column(
            "anchor_clinic_id",
            _TEXT,
            "",
            "Member to call first: highest score, then most providers, then smallest id",
        ),
        Column("display_name", _TEXT, "", "Most frequent name as registered, the smallest on a tie"),
        Column(
            "is_ambiguous", _TRUTH, "", "Whether names alone tie the clinics of several states; by exact names: 2 in 2"
        ),
        Column("evidence", _TEXT, "", "Kinds of ties with the clinics that they tie, strongest first"),
        Column("weakest_edge", _TEXT, "", "Weakest kind of tie without which the network falls apart"),
        Column(
            "num_owners", _WHOLE, "owners", "Known PAC ids of the members, or else parents; missing if none is known"
        ),
    )


def check_names(card: Scorecard, others: Iterable[Scorecard] = ()) -> None:
    """Make sure that the columns of networks have names of their own under a scorecard, and beside others of a run.

    Raises:
        InputError: two of them have one name, or a clinic has a score of the name of a network's column.
    """
    clinics = [column.name for column in card.columns]
    members = [column.name for column in member_columns(card)]
    networks = [column.name for column in networks_columns(card)]
    for names in (networks, [*clinics, *members]):
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise InputError(
                f"Scorecard {card.id} makes two columns called '{twice}' where clinics are grouped into networks; "
                "rename a category or one of its columns, or add --no-networks."
            )
    for other in others:
        if clash := next((name for name in members if name in written_columns(other)), None):
            raise InputError(
                f"Scorecard {other.id} makes a column called '{clash}', as networks do; "
                "rename it under [columns], or add --no-networks."
            )
