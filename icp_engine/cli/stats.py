"""`icp-engine stats`: the statistics of a published run."""

from pathlib import Path
from typing import Any

import click

from icp_engine.cli import options, show


@click.command("stats")
@options.warehouse
@options.as_json
def command(warehouse: Path, as_json: bool) -> None:
    """Print the statistics of a published run.

    Scores, tiers, segments, categories and the top 10, and whether the ranking means anything.

    \b
    Examples:
      icp-engine stats
      icp-engine stats --warehouse warehouse --json
    """
    from icp_engine.published.run import statistics

    found = statistics(warehouse)
    if as_json:
        show.emit(found)
    else:
        click.echo(_text(found))


def _text(found: dict[str, Any]) -> str:
    score, quality, card = found["score_distribution"], found["data_quality"], found["scorecard"]
    spread = "only one clinic" if score["std"] is None else f"standard deviation {score['std']:.2f}"
    missing = sorted(quality["missing_share"].items(), key=lambda pair: (-pair[1], pair[0]))
    parts = [
        f"{found['total_clinics']:,} clinics, scorecard {card['id']} {card['version']}, run {found['run_id']}",
        f"Score: mean {score['mean']:.2f}, median {score['median']:.2f}, "
        f"{score['min']:g} to {score['max']:g}, {spread}",
        show.table([_part(one["label"], one, show.bar(one["share"])) for one in found["tiers"]], "<>><"),
        show.table(
            [("Category", "average", "min", "max", "of")]
            + [
                (one["label"], f"{one['average']:.2f}", f"{one['min']:g}", f"{one['max']:g}", f"{one['maximum']:g}")
                for one in found["categories"]
            ],
            "<>>>>",
            header=True,
        ),
        show.table(
            [("Top", "score", "state", "clinic", "id")]
            + [_best(place, one) for place, one in enumerate(found["top"], 1)],
            ">><<<",
            header=True,
        ),
        f"{quality['distinct_scores']:,} distinct scores; the most common, {quality['most_common_score']:g}, "
        f"is that of {show.percent(quality['most_common_share'])} of clinics",
        show.table(
            [("Missing", "share", ""), *((name, show.percent(share), show.bar(share)) for name, share in missing)],
            "<><",
            header=True,
        ),
    ]
    if found["segments"]:
        rows = [_part(f"Segment {one['segment']}", one, one["label"]) for one in found["segments"]]
        parts.insert(3, show.table(rows, "<>><"))
    return "\n\n".join(parts)


def _part(name: str, one: dict[str, Any], last: str) -> tuple[str, str, str, str]:
    return name, f"{one['clinics']:,}", show.percent(one["share"]), last


def _best(place: int, one: dict[str, Any]) -> tuple[object, ...]:
    key, name, state, score, _ = one.values()
    return place, f"{score:g}", state or "", show.cut(name or "", 48), key
