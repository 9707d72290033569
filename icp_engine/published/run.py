"""Read a published run: one clinic explained, the statistics of all. Everything comes from its files."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from icp_engine.columns import KEY, NAME, STATE
from icp_engine.errors import InputError
from icp_engine.scorecard.loader import restore_scorecard
from icp_engine.scorecard.model import Scorecard
from icp_engine.scoring.compiler import BANDS
from icp_engine.scoring.explain import Explainer
from icp_engine.warehouse.folder import manifest, published

_TOP = 10


@dataclass(frozen=True, slots=True)
class Explanation:
    """One clinic of a run: its row of `clinics_icp`, its bibliography, and the scorecard that made them."""

    clinic: dict[str, Any]
    bibliography: list[dict[str, Any]]
    card: Scorecard


def run_scorecard(folder: Path) -> Scorecard:
    """Return the scorecard of a run as it was then, whatever has become of its file."""
    kept = manifest(folder)["scorecard"]
    return restore_scorecard(kept["content"], f"scorecard of run {folder.name}")


def explain_clinic(warehouse: Path, clinic_id: str) -> Explanation:
    """Return why a clinic of the published run scored what it scored, from its bands and its values.

    Raises:
        InputError: nothing is published there, or it has no such clinic.
    """
    folder = published(warehouse)
    found = explained(folder, run_scorecard(folder), clinic_id)
    if found is None:
        raise InputError(f"{warehouse} has no clinic '{clinic_id}'; check its clinic_id (capitals and blanks count).")
    return found


def explained(folder: Path, card: Scorecard, clinic_id: str) -> Explanation | None:
    """Return why a clinic of the run in a folder scored what it scored; None where it has no such clinic."""
    this = pl.col(KEY) == clinic_id
    bands = pl.scan_parquet(folder / "icp_bands.parquet").filter(this)
    bands = bands.select(KEY, *(pl.col(one.column).alias(BANDS + one.column) for one in card.characteristics))
    clinics = pl.scan_parquet(folder / "clinics_icp.parquet").filter(this)
    given = clinics.collect_schema().names()
    absent = [pl.lit(None, card.fields[name].dtype).alias(name) for name in card.reads if name not in given]
    found = clinics.with_columns(absent).join(bands, on=KEY, how="inner").collect()
    if found.is_empty():
        return None
    return Explanation(found.select(given).row(0, named=True), Explainer(card).entries(found), card)


def statistics(warehouse: Path) -> dict[str, Any]:
    """Return the statistics of the published run: scores in points, shares from 0 to 1, counts in clinics.

    Raises:
        InputError: nothing is published there.
    """
    folder = published(warehouse)
    return run_statistics(folder, run_scorecard(folder), manifest(folder))


def run_statistics(folder: Path, card: Scorecard, about: Mapping[str, Any]) -> dict[str, Any]:
    """Return the statistics of the run in a folder, of which the manifest is `about`, or as much of it as there is."""
    return score_statistics(pl.scan_parquet(folder / "icp_scores.parquet"), card, about)


def score_statistics(scores: pl.LazyFrame, card: Scorecard, about: Mapping[str, Any]) -> dict[str, Any]:
    """Return the statistics of a run of which the manifest is `about`. Source: a row of `icp_scores` per clinic."""
    total = pl.col(card.column("total_score"))
    rows: int = about["rows"]["scored"]
    by_score = scores.group_by(total.alias("score")).len().sort("len", "score", descending=[True, False]).collect()
    head = scores.select(
        total.mean().round(2).alias("mean"),
        total.median().alias("median"),
        total.min().alias("min"),
        total.max().alias("max"),
        total.std().round(2).alias("std"),
    ).collect()
    return {
        "scorecard": {key: about["scorecard"][key] for key in ("id", "version", "hash")},
        "run_id": about["run_id"],
        "total_clinics": rows,
        "score_distribution": head.row(0, named=True),
        "tiers": [
            {"tier": one.number, "label": one.label, **_part(about["tiers"].get(str(one.number), 0), rows)}
            for one in card.tiers
        ],
        "segments": [
            {"segment": letter, "label": label, **_part(about["segments"].get(letter, 0), rows)}
            for letter, label in card.segments.items()
        ],
        "categories": _categories(scores, card),
        "top": _top(scores, card, _TOP),
        "data_quality": {
            "distinct_scores": len(by_score),
            "most_common_score": by_score["score"][0],
            "most_common_share": by_score["len"][0] / rows,
            "missing_share": {
                name: (one["missing"] + one["invalid"]) / about["rows"]["in"]
                for name, one in about["fields"].items()
                if one["read"]
            },
        },
    }


def _part(count: int, rows: int) -> dict[str, float]:
    return {"clinics": count, "share": count / rows}


def _categories(scores: pl.LazyFrame, card: Scorecard) -> list[dict[str, Any]]:
    columns = [one.column for one in card.categories]
    low, high, mean = (
        scores.select(getattr(pl.col(columns), how)()).collect().row(0) for how in ("min", "max", "mean")
    )
    return [
        {
            "category": one.name,
            "label": one.label,
            "maximum": one.maximum,
            "average": round(mean[place], 2),
            "min": low[place],
            "max": high[place],
        }
        for place, one in enumerate(card.categories)
    ]


def best_clinics(warehouse: Path, most: int) -> list[dict[str, Any]]:
    """Return the best clinics of the published run: id, name, state, score, tier.

    Raises:
        InputError: nothing is published there.
    """
    folder = published(warehouse)
    return _top(pl.scan_parquet(folder / "icp_scores.parquet"), run_scorecard(folder), most)


def _top(scores: pl.LazyFrame, card: Scorecard, most: int) -> list[dict[str, Any]]:
    """Return the best clinics: by score, highest first, then id."""
    total = card.column("total_score")
    shown = [KEY, NAME, STATE, total, card.column("tier_label")]
    return scores.select(shown).sort(total, KEY, descending=[True, False]).head(most).collect().to_dicts()
