"""Scores under names that belong to no scorecard, which is what the files of sql/ read and write.

`clinic_scores`, `member_scores` and `network_scores` are views on tables in a scorecard's own names; `named_networks`
and `named_members` go the other way. Points of categories are lists in the order of the scorecard: SQL joins them
with `scorecard_categories` by position.
"""

from collections.abc import Iterable, Mapping

import polars as pl

from icp_engine.columns import KEY, NAME, STATE
from icp_engine.database import Database, quoted
from icp_engine.networks.columns import (
    OF_NETWORK,
    member_columns,
    network_score,
    network_tiers,
    network_total,
    networks_columns,
)
from icp_engine.scorecard.model import TOTAL, Scorecard, ScorecardColumn
from icp_engine.scoring.compiler import in_points

CLINIC_SCORES, MEMBER_SCORES, NETWORK_SCORES = "clinic_scores", "member_scores", "network_scores"
TOLD_SCORES = "told_scores"
_TOLD = (KEY, "total_score", "tier", "tier_label", "segment")
_COUNTED = ("npi_count", "site_count", "fqhc_flag", "aco_member")
GROUPED = (KEY, NAME, STATE, "total_score", "tier", "segment", "hundredths", "category_hundredths", *_COUNTED)
"""The columns of `clinic_scores` that networks are scored by."""
_OF_CLINICS: tuple[ScorecardColumn, ...] = (
    "total_score", "tier", "tier_label", "segment", "rank", "tier_stability", "reason_codes",
)  # fmt: skip


def network_names(card: Scorecard) -> dict[str, str]:
    """Return the neutral names of a network's columns, and what the scorecard calls each."""
    return {
        "total_score": network_total(card),
        "tier": OF_NETWORK + card.column("tier"),
        "tier_label": OF_NETWORK + card.column("tier_label"),
        "segment": OF_NETWORK + card.column("segment"),
        "avg_clinic_score": f"avg_clinic_{card.prefix}_score",
    }


def view_names(card: Scorecard) -> dict[str, str]:
    """Return the neutral names in the views of sql/views, and what the scorecard calls each."""
    of_clinics = {name: card.column(name) for name in _OF_CLINICS}
    return of_clinics | {OF_NETWORK + name: column for name, column in network_names(card).items()}


def clinic_sql(card: Scorecard, *, damaged: bool = False) -> dict[str, str]:
    """Return the columns of `clinic_scores` as SQL over a table of scored clinics: the key, scores, what is counted.

    Points that are no number, as damaged files have them, are an error unless `damaged` makes them null.
    """
    return {
        **{name: quoted(name) for name in (KEY, NAME, STATE)},
        **{name: quoted(card.column(name)) for name in ("total_score", "tier", "tier_label")},
        "segment": quoted(card.column("segment")) if card.segment_source else "null::varchar",
        "hundredths": _hundredths(card.column("total_score"), damaged),
        "category_hundredths": _listed(_hundredths(category.column, damaged) for category in card.categories),
        **{name: quoted(name) for name in _COUNTED},
    }


def member_sql(card: Scorecard) -> dict[str, str]:
    """Return the columns of `member_scores` as SQL over a table of scored clinics with their networks."""
    total = {"total_score": quoted(card.column("total_score"))}
    return {name: quoted(name) for name in (KEY, "network_id", "is_network_anchor")} | total


def scores_as_told(card: Scorecard, tables: Mapping[str, str]) -> str:
    """Return the query of `told_scores`: what each table of clinics says of their scores, digit for digit.

    Args:
        card: the scorecard.
        tables: what each table is called in a result, and where it is read from.
    """
    columns = {name: sql for name, sql in clinic_sql(card).items() if name in _TOLD}
    columns |= {"category_scores": _listed(quoted(category.column) for category in card.categories)}
    chosen = ", ".join(f"{sql} as {name}" for name, sql in columns.items())
    return " union all ".join(
        f"select '{table}' as table_name, {chosen} from {source}" for table, source in tables.items()
    )


def network_sql(card: Scorecard, *, damaged: bool = False) -> dict[str, str]:
    """Return the columns of `network_scores` as SQL over a table of networks; `damaged` as in `clinic_sql`."""
    neutral = {column: name for name, column in network_names(card).items()}
    scores = {OF_NETWORK + category.column for category in card.categories}
    shown = [column.name for column in networks_columns(card) if column.name not in scores]
    return {
        **{neutral.get(name, name): quoted(name) for name in shown},
        **({} if card.segment_source else {"segment": "null::varchar"}),
        "hundredths": _hundredths(network_total(card), damaged),
        "category_hundredths": _listed(
            _hundredths(OF_NETWORK + category.column, damaged) for category in card.categories
        ),
    }


def view(db: Database, name: str, columns: Mapping[str, str], source: str, only: Iterable[str] = ()) -> None:
    """Make a view of columns, all of them or some, as SQL over a source."""
    chosen = ", ".join(f"{columns[column]} as {quoted(column)}" for column in only or columns)
    db.view(name, f"select {chosen} from {source}")


def _hundredths(column: str, damaged: bool) -> str:
    """Return points as whole hundredths: they have two decimals, and the cast rounds what is left of binary digits."""
    return f"{'try_cast' if damaged else 'cast'}({quoted(column)} * 100 as bigint)"


def _listed(values: Iterable[str]) -> str:
    return f"[{', '.join(values)}]"


def named_networks(found: pl.DataFrame, card: Scorecard) -> pl.DataFrame:
    """Return networks, as sql/networks.sql makes them, in the names of a scorecard."""
    scores = (
        in_points(pl.col("category_hundredths").list.get(place)).alias(OF_NETWORK + category.column)
        for place, category in enumerate(card.categories)
    )
    found = found.with_columns(scores).rename(network_names(card))
    return found.select(column.name for column in networks_columns(card))


def named_members(found: pl.DataFrame, card: Scorecard) -> pl.DataFrame:
    """Return what clinics get from their networks, as sql/network_columns.sql makes it, in the names of a scorecard."""
    found = found.rename({"network_score": network_score(card)})
    return found.select("clinic_id", *(column.name for column in member_columns(card)))


def tier_tables(card: Scorecard) -> dict[str, pl.DataFrame]:
    """Return the tiers of clinics and networks as tables, and how categories make a total.

    In `scorecard_tier_edges` position 0 is the total, the others are those of `scorecard_categories`.
    """
    levels = {"clinic": card.tiers, "network": network_tiers(card)}
    positions = {TOTAL: 0, **{category.name: place for place, category in enumerate(card.categories, 1)}}
    tiers = [
        (level, tier.number, tier.label, tier.meaning, tier.at_least.get(TOTAL))
        for level, tiers in levels.items()
        for tier in tiers
    ]
    edges = [
        (level, tier.number, positions[part], float(edge))
        for level, tiers in levels.items()
        for tier in tiers
        for part, edge in tier.at_least.items()
    ]
    return {
        "scorecard_tiers": pl.DataFrame(tiers, _TIERS, orient="row"),
        "scorecard_tier_edges": pl.DataFrame(edges, _EDGES, orient="row"),
        "scorecard_total": pl.DataFrame({"combine": [card.combine], "divide_by": [float(card.divide_by)]}),
    }


_TIERS = {"level": pl.String, "tier": pl.Int8, "label": pl.String, "meaning": pl.String, "at_least": pl.Float64}
_EDGES = {"level": pl.String, "tier": pl.Int8, "position": pl.Int64, "at_least": pl.Float64}
