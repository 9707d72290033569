"""The scorecard and the facts of a run as small tables, which explain the large ones."""

from typing import Any

import polars as pl

from icp_engine.scorecard.model import Characteristic, Fixed, Line, Outcome, Scorecard
from icp_engine.scoring.compiler import BANDS
from icp_engine.warehouse.manifest import Manifest

_INPUTS = {"path": pl.String, "rows": pl.Int64, "bytes": pl.Int64}


def scorecard_frames(card: Scorecard) -> dict[str, pl.DataFrame]:
    """Return the scorecard as tables: categories, characteristics, bands, segments."""
    parts = list(card.characteristics)
    places = {one.code: place for place, one in enumerate(parts, 1)}
    categories = [
        {
            "position": place,
            "category": one.name,
            "label": one.label,
            "maximum": float(one.maximum),
            "score_column": one.column,
            "bibliography": one.bibliography,
            "can_exceed": one.can_exceed,
            "last_position": max(places[part.code] for part in one.characteristics),
        }
        for place, one in enumerate(card.categories, 1)
    ]
    return {
        "scorecard_categories": pl.DataFrame(categories),
        "scorecard_characteristics": pl.DataFrame(
            [_characteristic(one, places[one.code], card) for one in parts], infer_schema_length=None
        ),
        "scorecard_bands": pl.DataFrame(
            [_band(one, number, out) for one in parts for number, out in enumerate(one.outcomes)],
            infer_schema_length=None,
            schema_overrides={"band": pl.UInt8, "decimals": pl.Int32, "sources": pl.List(pl.String)},
        ),
        "scorecard_segments": pl.DataFrame(
            list(card.segments.items()), schema={"segment": pl.String, "label": pl.String}, orient="row"
        ),
    }


def _characteristic(one: Characteristic, place: int, card: Scorecard) -> dict[str, Any]:
    ratio = card.derived.get(one.value_fields[0], (None, None)) if len(one.value_fields) == 1 else (None, None)
    unknown = next(iter(one.unknown.items()), (None, None))
    return {
        "position": float(place),
        "category": one.category,
        "characteristic": one.name,
        "code": one.code,
        "label": one.label,
        "band_column": BANDS + one.column,
        "sources": list(one.sources),
        "value_fields": list(one.value_fields),
        "numerator": ratio[0],
        "denominator": ratio[1],
        "unknown_field": unknown[0],
        "unknown_note": unknown[1],
        "most_points": float(one.most),
    }


def _band(one: Characteristic, number: int, out: Outcome) -> dict[str, Any]:
    line = out.points if isinstance(out.points, Line) else None
    fixed = out.points.value + out.bonus if isinstance(out.points, Fixed) else None
    if fixed is not None and one.maximum is not None:
        fixed = min(fixed, one.maximum)
    return {
        "band_column": BANDS + one.column,
        "band": number,
        "code": out.code,
        "points": None if fixed is None else float(fixed),
        "line_field": line.field if line else None,
        "line_start": float(line.start) if line else None,
        "line_slope": (line.stop - line.start) / (line.high - line.low) if line else None,
        "line_low": float(line.low) if line else None,
        "line_high": float(line.high) if line else None,
        "decimals": line.decimals if line else None,
        "is_missing": out.missing,
        "reason": out.reason,
        "note": out.note,
        "segment": out.segment,
        "sources": list(out.sources) if out.sources else None,
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
