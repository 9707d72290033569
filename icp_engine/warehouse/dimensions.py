"""The scorecard and the facts of a run as small tables, which explain the large ones."""

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from icp_engine.scorecard.model import Scorecard
from icp_engine.scorecard.outcomes import (
    CharacteristicOutcomes,
    LinePoints,
    Outcome,
    OutcomeTable,
    SharePoints,
    outcome_table,
)
from icp_engine.scorecard.rounding import in_points
from icp_engine.scoring.compiler import BANDS
from icp_engine.warehouse.manifest import Manifest

_INPUTS = {"path": pl.String, "rows": pl.Int64, "bytes": pl.Int64}

_TEXTS, _PLACES = pl.List(pl.String), pl.List(pl.Int32)
_CHARACTERISTICS: dict[str, Any] = {
    "sources": _TEXTS,
    "value_fields": _TEXTS,
    "value_places": _PLACES,
    "unknown_places": _PLACES,
    "unknown_notes": _TEXTS,
}
_BANDS: dict[str, Any] = {
    **dict.fromkeys(("points_field", "reason", "note", "segment"), pl.String),
    **dict.fromkeys(("points_place", "line_decimals"), pl.Int32),
    **dict.fromkeys(("line_start", "line_slope", "line_low", "line_high"), pl.Float64),
    **dict.fromkeys(("points", "absent_points", "cap"), pl.Float64),
    **dict.fromkeys(("share_items", "sources"), _TEXTS),
    "band": pl.UInt8,
    "share_points": pl.List(pl.Float64),
}


def scorecard_frames(card: Scorecard, names: Mapping[str, str] | None = None) -> dict[str, pl.DataFrame]:
    """Return the scorecard as tables: categories, characteristics, bands, segments.

    Args:
        card: the scorecard.
        names: what columns are called in SQL, where that is not their own name.
    """
    table = outcome_table(card)
    columns = {part.code: BANDS + part.rule.column for part in table.parts}
    columns = {code: (names or {}).get(column, column) for code, column in columns.items()}
    return {
        "scorecard_categories": pl.DataFrame(_categories(table)),
        "scorecard_characteristics": pl.DataFrame(
            [_characteristic(part, place, table, columns[part.code]) for place, part in enumerate(table.parts, 1)],
            schema_overrides=_CHARACTERISTICS,
        ),
        "scorecard_bands": pl.DataFrame(
            [
                _band(outcome, place, table, columns[part.code])
                for place, part in enumerate(table.parts, 1)
                for outcome in part.outcomes
            ],
            schema_overrides=_BANDS,
        ),
        "scorecard_segments": pl.DataFrame(
            list(card.segments.items()), schema={"segment": pl.String, "label": pl.String}, orient="row"
        ),
    }


def _categories(table: OutcomeTable) -> list[dict[str, Any]]:
    places = {part.code: place for place, part in enumerate(table.parts, 1)}
    return [
        {
            "position": place,
            "category": category.rule.name,
            "label": category.rule.label,
            "maximum": in_points(category.maximum),
            "score_column": category.rule.column,
            "bibliography": category.rule.bibliography,
            "can_exceed": category.can_exceed,
            "last_position": max(places[part.code] for part in category.parts),
            "cap_code": category.cap_code,
            "cap_reason": category.cap_reason,
        }
        for place, category in enumerate(table.categories, 1)
    ]


def _characteristic(part: CharacteristicOutcomes, place: int, table: OutcomeTable, column: str) -> dict[str, Any]:
    rule = part.rule
    return {
        "position": float(place),
        "category": rule.category,
        "characteristic": rule.name,
        "code": part.code,
        "label": rule.label,
        "band_column": column,
        "sources": list(rule.sources),
        "value_fields": list(rule.value_fields),
        "value_places": places_of(rule.value_fields, table),
        "unknown_places": places_of(rule.unknown, table),
        "unknown_notes": list(rule.unknown.values()),
        "most_points": in_points(part.most),
    }


def places_of(fields: Iterable[str], table: OutcomeTable) -> list[int]:
    """Return where fields and ratios stand in the lists of `clinic_evidence`, from 1."""
    return [table.fields.index(name) + 1 for name in fields]


def _band(outcome: Outcome, place: int, table: OutcomeTable, column: str) -> dict[str, Any]:
    form = outcome.points
    line, share = form if isinstance(form, LinePoints) else None, form if isinstance(form, SharePoints) else None
    varying = line or share
    return {
        "position": float(place),
        "band_column": column,
        "band": outcome.number,
        "code": outcome.code,
        "points": None if outcome.fixed is None else in_points(outcome.fixed),
        "points_field": varying.field if varying else None,
        "points_place": places_of([varying.field], table)[0] if varying else None,
        "line_start": line.start if line else None,
        "line_slope": line.slope if line else None,
        "line_low": line.low if line else None,
        "line_high": line.high if line else None,
        "line_decimals": line.decimals if line else None,
        "share_items": list(share.phrases) if share else None,
        "share_points": [in_points(points) for points in share.by_count] if share else None,
        "absent_points": in_points(varying.absent) if varying else None,
        "bonus": in_points(outcome.bonus),
        "cap": None if outcome.cap is None else in_points(outcome.cap),
        "is_missing": outcome.missing,
        "reason": outcome.reason,
        "note": outcome.note,
        "segment": outcome.segment,
        "sources": list(outcome.sources),
    }


def run_frames(manifest: Manifest) -> dict[str, pl.DataFrame]:
    """Return what the manifest says as tables: the run, its inputs, coverage by field."""
    rows, card = manifest.rows, manifest.scorecard
    coverage = [
        {
            "field": name,
            "source_column": field.column,
            "is_read": field.read,
            "given": field.given,
            "missing": field.missing,
            "invalid": field.invalid,
            "clipped": field.clipped,
            "given_share": field.given / rows.read,
        }
        for name, field in manifest.fields.items()
    ]
    inputs = [(file.path, file.rows, file.bytes) for file in manifest.inputs]
    facts = {
        "run_id": manifest.run_id,
        "started_at": manifest.started_at,
        "scorecard_id": card.id,
        "scorecard_version": card.version,
        "scorecard_hash": card.hash,
        "rows_in": rows.read,
        "rows_scored": rows.scored,
        "rows_rejected": rows.rejected,
    }
    return {
        "run_facts": pl.DataFrame([facts]),
        "run_inputs": pl.DataFrame(inputs, _INPUTS, orient="row"),
        "field_coverage": pl.DataFrame(coverage, infer_schema_length=None),
    }
