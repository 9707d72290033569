"""`icp-engine stats`: the statistics of a published run."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from icp_engine.cli import documents, options, show

if TYPE_CHECKING:
    from icp_engine.published.run import Run
    from icp_engine.published.statistics import SegmentShare, Statistics, TierShare


@click.command("stats")
@options.warehouse
@click.option("--history", is_flag=True, help="Tiers and shifts of scores from run to run instead.")
@click.option(
    "--html", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write the history as a page.",
)  # fmt: skip
@options.as_json
def command(warehouse: Path, history: bool, html: Path | None, as_json: bool) -> None:
    """Print the statistics of a published run.

    Scores, tiers, segments, categories and the top 10, and whether the ranking means anything;
    with --history what every run of the warehouse came to.

    \b
    Examples:
      icp-engine stats
      icp-engine stats --warehouse warehouse --json
      icp-engine stats --history --html history.html
    """
    from icp_engine.published.run import open_run
    from icp_engine.published.statistics import run_statistics, statistics_content

    if html is not None and not history:
        raise click.UsageError("--html goes with --history; the page of a run is made by icp-engine report.")
    run = open_run(warehouse)
    if history:
        from icp_engine.workbench.history import run_history

        documents.print_document(run_history(run), as_json=as_json, html=html)
        return
    found = run_statistics(run)
    if as_json:
        show.emit(statistics_content(found, run))
    else:
        show.say(_text(found, run))


def _text(found: "Statistics", run: "Run") -> str:
    from icp_engine.published.ranking import best_tie, ranking_doubts

    score, quality, card = found.scores, found.data_quality, run.card
    spread = "only one clinic" if score.std is None else f"standard deviation {score.std:.2f}"
    missing = sorted(quality.missing_share.items(), key=lambda pair: (-pair[1], pair[0]))
    doubts = ranking_doubts(run, best_tie(run))
    parts = [
        f"{found.total_clinics:,} clinics, scorecard {card.id} {card.version}, run {run.manifest.run_id}",
        f"Score: mean {score.mean:.2f}, median {score.median:.2f}, {score.min:g} to {score.max:g}, {spread}",
        show.table([_share(tier.label, tier, show.bar(tier.share)) for tier in found.tiers], "<>><"),
        show.table(
            [("Category", "average", "min", "max", "of")]
            + [
                (
                    category.label,
                    f"{category.average:.2f}",
                    f"{category.min:g}",
                    f"{category.max:g}",
                    f"{category.maximum:g}",
                )
                for category in found.categories
            ],
            "<>>>>",
            header=True,
        ),
        show.table(
            [("Top", "score", "state", "clinic", "id")]
            + [
                (place, f"{clinic.score:g}", clinic.state or "", show.cut(clinic.name or "", 48), clinic.clinic_id)
                for place, clinic in enumerate(found.top, 1)
            ],
            ">><<<",
            header=True,
        ),
        f"{quality.distinct_scores:,} distinct scores; the most common, {quality.most_common_score:g}, "
        f"is that of {show.percent(quality.most_common_share)} of clinics",
        show.table(
            [("Missing", "share", ""), *((name, show.percent(share), show.bar(share)) for name, share in missing)],
            "<><",
            header=True,
        ),
    ]
    if found.segments:
        rows = [_share(f"Segment {segment.segment}", segment, segment.label) for segment in found.segments]
        parts.insert(3, show.table(rows, "<>><"))
    return "\n\n".join(["\n".join(doubts), *parts] if doubts else parts)


def _share(name: str, part: "TierShare | SegmentShare", last: str) -> tuple[str, str, str, str]:
    return name, f"{part.clinics:,}", show.percent(part.share), last
