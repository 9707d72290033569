"""What the warehouse file holds of several scorecards: tables and views of each after the first, and how they agree."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import polars as pl

from icp_engine.columns import KEY, NAME, STATE
from icp_engine.database import Database, quoted, sql_text
from icp_engine.networks.neutral import CLINIC_SCORES, clinic_sql, tier_tables, view, view_names
from icp_engine.scorecard.model import Scorecard
from icp_engine.scorecard.several import suffix
from icp_engine.warehouse.dimensions import scorecard_frames
from icp_engine.warehouse.evidence import add_bibliography

PAIRS, MATRIX, TIERS, CARDS = "clinic_tier_pairs", "tier_matrix", "run_tiers", "run_scorecards"
_BY_STATE = "tier_by_state"


def add_other(db: Database, card: Scorecard, names: Mapping[str, str], clinics: str, reason_codes: str) -> None:
    """Add the tables and views of a scorecard after the first: those of the main one, their names with its suffix.

    Args:
        db: with the table of clinics.
        card: the scorecard.
        names: what the columns of the table of clinics are called in SQL, by their own names.
        clinics: the table of clinics with the reasons of the scorecard beside it, as SQL.
        reason_codes: the column of the reason codes there, as SQL.
    """
    end = suffix(card)
    for name, frame in {**scorecard_frames(card, names), **tier_tables(card)}.items():
        db.copy(name + end, frame)
    view(db, CLINIC_SCORES + end, clinic_sql(card) | {"reason_codes": reason_codes}, clinics)
    add_bibliography(db, card, names, end)
    text = sql_text(f"views/{_BY_STATE}").replace(f"from {CLINIC_SCORES}", f"from {CLINIC_SCORES}{end}")
    called = view_names(card)
    db.view(_BY_STATE + end, text, [called.get(name, name) for name in db.columns_of(text)])


def add_matrix(db: Database, cards: Sequence[Scorecard]) -> None:
    """Add the scorecards of the run with their tiers, the tiers of every clinic pair by pair, and their matrix."""
    db.copy(CARDS, _scorecards(cards))
    db.copy(TIERS, _tiers(cards))
    db.view(PAIRS, " union all ".join(_pairs(cards)))
    db.view(MATRIX, sql_text(f"views/{MATRIX}"))


def _scorecards(cards: Sequence[Scorecard]) -> pl.DataFrame:
    rows = [
        (place, card.id, card.version, card.hash, card.title, suffix(card) if place > 1 else "")
        for place, card in enumerate(cards, 1)
    ]
    schema = ["position", "scorecard", "scorecard_version", "scorecard_hash", "title", "suffix"]
    return pl.DataFrame(rows, schema, orient="row")


def _tiers(cards: Sequence[Scorecard]) -> pl.DataFrame:
    rows = [
        (place, card.id, tier.number, tier.label, tier.meaning)
        for place, card in enumerate(cards, 1)
        for tier in card.tiers
    ]
    schema = {"position": pl.Int64, "scorecard": pl.String, "tier": pl.Int8, "label": pl.String, "meaning": pl.String}
    return pl.DataFrame(rows, schema, orient="row")


def _pairs(cards: Sequence[Scorecard]) -> Iterator[str]:
    of_clinic = ", ".join(map(quoted, (KEY, NAME, STATE)))
    for card, other in combinations(cards, 2):
        yield f"select {of_clinic}, {_of_card(card)}, {_of_card(other, 'other_')} from clinics"


def _of_card(card: Scorecard, before: str = "") -> str:
    columns = {
        "score": card.column("total_score"),
        "tier": card.column("tier"),
        "tier_label": card.column("tier_label"),
    }
    named = ", ".join(f"{quoted(column)} as {before}{name}" for name, column in columns.items())
    return f"'{card.id.replace(chr(39), chr(39) * 2)}' as {before}scorecard, {named}"
