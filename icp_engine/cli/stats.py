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
@options.scorecard_of_run
@click.option("--history", is_flag=True, help="Tiers and shifts of scores from run to run instead.")
@click.option(
    "--html", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write the history as a page.",
)  # fmt: skip
@options.as_json
def command(warehouse: Path, scorecard: str | None, history: bool, html: Path | None, as_json: bool) -> None:
    """Print the statistics of a published run.

    Scores, tiers, segments, categories and the top 10, and whether the ranking means anything; with --history what
    every run of the warehouse came to. Of a run with several scorecards those of each, and how many clinics are in
    which tier of both.

    \b
    Examples:
      icp-engine stats
      icp-engine stats --warehouse warehouse --json
      icp-engine stats --scorecard icf
      icp-engine stats --history --html history.html
    """
    from icp_engine.published.matrix import matrix_content, tier_matrices
    from icp_engine.published.run import open_run
    from icp_engine.published.statistics import run_statistics, statistics_content

    if html is not None and not history:
        raise click.UsageError("--html goes with --history; the page of a run is made by icp-engine report.")
    run = open_run(warehouse)
    if history:
        from icp_engine.workbench.history import run_history

        documents.print_document(run_history(run.of(scorecard)), as_json=as_json, html=html)
        return
    runs = run.each if scorecard is None else (run.of(scorecard),)
    found = [run_statistics(each) for each in runs]
    matrices = tier_matrices(run) if scorecard is None else ()
    if as_json:
        content, *others = [statistics_content(*pair) for pair in zip(found, runs, strict=True)]
        cells = [cell for matrix in matrices for cell in matrix_content(matrix)]
        show.emit(content | ({"other_scorecards": others, "tier_matrix": cells} if others else {}))
    else:
        texts = [_text(*pair) for pair in zip(found, runs, strict=True)]
        show.say("\n\n\n".join([*texts, *map(show.tier_matrix, matrices)]))


def _text(found: "Statistics", run: "Run") -> str:
    from icp_engine.published.ranking import best_tie, ranking_doubts
    from icp_engine.published.statistics import certain_tiers

    score, quality, card = found.scores, found.data_quality, run.card
    spread = "only one clinic" if score.std is None else f"standard deviation {score.std:.2f}"
    missing = sorted(quality.missing_share.items(), key=lambda pair: (-pair[1], pair[0]))
    doubts, certain = ranking_doubts(run, best_tie(run)), certain_tiers(run)
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
    if certain is not None:
        share = show.percent(certain / found.total_clinics)
        parts.insert(
            3, f"{certain:,} clinics ({share}) are in a certain tier, whatever is missing; see icp-engine gaps"
        )
    if found.segments:
        rows = [_share(f"Segment {segment.segment}", segment, segment.label) for segment in found.segments]
        parts.insert(3, show.table(rows, "<>><"))
    return "\n\n".join(["\n".join(doubts), *parts] if doubts else parts)


def _share(name: str, part: "TierShare | SegmentShare", last: str) -> tuple[str, str, str, str]:
    return name, f"{part.clinics:,}", show.percent(part.share), last
