"""`icp-engine explain`: one clinic's score as a waterfall."""

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from icp_engine.cli import options, show
from icp_engine.display import cut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from icp_engine.published.sources import Match

_SHOWN = 3  # of each field and file
_NAME = 80  # characters of a name inside a sentence


@click.command("explain")
@click.argument("clinic_id")
@click.option("--path", is_flag=True, help="Say instead what would take the clinic into a better tier.")
@options.warehouse
@options.scorecard_of_run
@options.as_json
def command(clinic_id: str, path: bool, warehouse: Path, scorecard: str | None, as_json: bool) -> None:
    """Say why a clinic scored what it scored.

    Every category, every characteristic: the value, its points, the reason, and what is missing. Where
    build_matches.parquet lies beside the extract or the warehouse, also the rows of public files that set its fields.
    Below them what to say to the clinic, where the scorecard has such sentences.
    With --path the single changes that would lead to a better tier, the smallest first, and what missing data hides.

    \b
    Examples:
      icp-engine explain caprock-home-health-services-inc--TX
      icp-engine explain 1234567893 --warehouse warehouse --json
      icp-engine explain caprock-home-health-services-inc--TX --scorecard icf
      icp-engine explain 1234567893 --path
    """
    from icp_engine.published.explain import explain_clinic
    from icp_engine.published.run import open_run
    from icp_engine.published.sources import matches_of
    from icp_engine.scoring.explanation import bibliography_content
    from icp_engine.scoring.talk import talk_of, talk_text

    run = open_run(warehouse).of(scorecard)
    if path:
        from icp_engine.cli.documents import print_document
        from icp_engine.workbench.path import path_document

        print_document(path_document(run, clinic_id), as_json=as_json, html=None)
        return
    found, matches = explain_clinic(run, clinic_id), matches_of(run, clinic_id)
    talk = talk_of(run.card, found.bibliography, found.name if as_json else cut(found.name or "", _NAME))
    if as_json:
        rows = [asdict(match) for match in matches]
        show.emit(
            {
                "clinic_id": clinic_id,
                "bibliography": bibliography_content(found.bibliography),
                "talk": [asdict(sentence) for sentence in talk],
                "sources": rows,
            }
        )
        return
    show.say(str(found))
    if talk:
        show.say(f"\n{talk_text(talk)}")
    if matches:
        show.say(f"\nWhere it comes from\n{_sources(matches)}")


def _sources(matches: "Sequence[Match]") -> str:
    """Return which rows of public files set which fields, the first ones of each field and file."""
    rows, seen = [], Counter[tuple[str, str]]()
    for match in matches:
        seen[match.field, match.file] += 1
        if seen[match.field, match.file] <= _SHOWN:
            rows.append(("", match.field, match.file, f"{match.key} {match.value}", match.match, match.detail or ""))
    more = len(matches) - len(rows)
    return show.table(rows, "<<<<<<") + (f"\n  and {more:,} more in build_matches.parquet" if more else "")
