"""Costs of the workbench: what its columns add to a run, and what its questions take, in CPU seconds.

Called by `bench.py --workbench`. Columns are worked out by themselves, as a run does it, a slice after the other, and
compared with all that the run takes. Questions are whole processes, compared with the scoring of one scorecard.
"""

import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

COLUMNS = """
import sys, tempfile, time
from pathlib import Path
from icp_engine.extract.extract import open_extract
from icp_engine.pipeline.clinics import score_clinics
from icp_engine.pipeline.options import RunOptions
from icp_engine.scorecard.loader import load_scorecard
from icp_engine.scorecard.several import apart, fields_of_all
from icp_engine.scoring.bounds import BoundsFinder
from icp_engine.scoring.next_tier import NextTierFinder
from icp_engine.scoring.situations import situated
from icp_engine.tables.ordering import sorted_slices
from icp_engine.tables.ranks import ranked
from icp_engine.pipeline.clinics import TOGETHER
cards = apart([load_scorecard("icp")])
card, clock, spent = cards[0], time.process_time, [0.0, 0.0, 0.0]
with tempfile.TemporaryDirectory() as temp:
    extract = open_extract([sys.argv[1]], fields_of_all(cards), temp=Path(temp))
    scored = score_clinics(extract, cards, RunOptions(), Path(temp))[0]
    start = clock()
    ranked(scored.frame, card, scored.rows, scored.max_rows, Path(temp)).collect()
    spent[0] = clock() - start
    bounds, next_tier = BoundsFinder(card), NextTierFinder(card)
    for piece in sorted_slices(scored.frame, scored.rows, scored.max_rows, TOGETHER, scored.temp):
        start = clock()
        rows = situated(piece, card)
        bounds.columns(rows)
        middle = clock()
        next_tier.column(rows)
        spent[1] += middle - start
        spent[2] += clock() - middle
print(*spent)
"""
ADDED = 0.15  # goal: ranks and what missing data hides, of all that a run takes without them


@dataclass(frozen=True, slots=True)
class Question:
    """A command of the workbench: how long it may take, or how much CPU time, as times that of one scoring."""

    name: str
    words: tuple[str, ...]
    ratio: float | None = None
    seconds: float | None = None


QUESTIONS = (
    Question("scorecard diff", ("scorecard", "diff", "icp-2025-11", "icp", "--extract", "EXTRACT"), ratio=3),
    Question("scorecard usage", ("scorecard", "usage", "icp", "--extract", "EXTRACT")),
    Question("stability", ("stability", "--warehouse", "OUT"), ratio=6),
    Question("simulate", ("simulate", "--tiers", "65,45", "--warehouse", "OUT"), seconds=1),
    Question("gaps", ("gaps", "--warehouse", "OUT")),
    Question("compare", ("compare", "OUT", "OUT")),
    Question("stats --history", ("stats", "--history", "--warehouse", "OUT")),
)


def bench_workbench(
    extract: Path,
    out: Path,
    runs: int,
    run_cpu: float,
    scoring: Callable[[], float],
    cost_of: Callable[[list[str]], tuple[float, float]],
) -> bool:
    """Print what the workbench costs, and return whether its goals are met.

    Args:
        extract: the clinics.
        out: a run of them, published.
        runs: how often each is measured.
        run_cpu: CPU seconds of that run.
        scoring: gives the CPU seconds of scoring one scorecard.
        cost_of: runs a command of icp-engine and gives its CPU seconds, and how long it took.
    """
    command = [sys.executable, "-c", COLUMNS, str(extract)]
    turns = [tuple(map(float, subprocess.check_output(command).split())) for _ in range(runs)]
    ranks, hidden, next_tier = (statistics.median(values) for values in zip(*turns, strict=True))
    share = (ranks + hidden) / (run_cpu - ranks - hidden)
    missed = [share > ADDED]
    click.echo(
        f"of a run of {run_cpu:.1f} CPU s: ranks {ranks:.2f}, coverage, floor, ceiling and certain tiers {hidden:.2f}, "
        f"together {share:.1%} of the rest (goal {ADDED:.0%}); the next tier {next_tier:.2f}: "
        f"{'MISSED' if missed[0] else 'met'}"
    )
    plain = statistics.median(scoring() for _ in range(runs))
    click.echo(f"scoring by itself: {plain:.2f} CPU s")
    places = {"EXTRACT": str(extract), "OUT": str(out)}
    for question in QUESTIONS:
        words = [places.get(word, word) for word in question.words]
        costs = [cost_of(words) for _ in range(runs)]
        cpu, wall = (statistics.median(values) for values in zip(*costs, strict=True))
        ratio = cpu / plain
        missed.append(ratio > (question.ratio or ratio) or wall > (question.seconds or wall))
        goals = [f"goal {question.ratio:g} times"] if question.ratio else []
        goals += [f"goal {question.seconds:g} s"] if question.seconds else []
        verdict = [f"{', '.join(goals)}: {'MISSED' if missed[-1] else 'met'}"] if goals else []
        click.echo(
            "; ".join([f"{question.name}: {cpu:.2f} CPU s, {wall:.2f} s, {ratio:.1f} times one scoring", *verdict])
        )
    return not any(missed)
