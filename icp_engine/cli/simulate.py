"""`icp-engine simulate`: what if tiers began elsewhere."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from icp_engine.cli import options, show
from icp_engine.cli.documents import print_document

if TYPE_CHECKING:
    from icp_engine.workbench.cutoffs import Wanted

_WANTED = re.compile(r"\s*([0-9]+)\s*=\s*(?:([0-9]+(?:\.[0-9]+)?)\s*%|([0-9]+))\s*")


class _Scores(click.ParamType[tuple[float, ...]]):
    """Scores separated by commas."""

    name = "scores"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        """Read scores."""
        if isinstance(value, tuple):
            return value
        try:
            return tuple(float(word) for word in str(value).split(",") if word.strip())
        except ValueError:
            self.fail(f"{value!r} is no list of scores; write it like 75,55.", param, ctx)


class _Targets(click.ParamType[dict[int, "Wanted"]]):
    """How many clinics tiers are to have: `1=5%,2=20%`, or `1=5000`."""

    name = "targets"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "dict[int, Wanted]":
        """Read targets."""
        from icp_engine.workbench.cutoffs import Wanted

        if isinstance(value, dict):
            return value
        found: dict[int, Wanted] = {}
        for word in str(value).split(","):
            match = _WANTED.fullmatch(word)
            if match is None or int(match[1]) in found or (match[2] and not 0 < float(match[2]) <= 100):  # noqa: PLR2004
                self.fail(
                    f"{word.strip()!r} is no target; write each tier once, like 1=5%,2=20% or 1=5000.", param, ctx
                )
            share = float(match[2]) / 100 if match[2] else None
            found[int(match[1])] = Wanted(share, int(match[3]) if match[3] else None)
        return found


@click.command("simulate")
@click.option("--tiers", type=_Scores(), metavar="75,55", help="Scores from which tiers begin, all but the last.")
@click.option(
    "--target", type=_Targets(), metavar="1=5%,2=20%",
    help="How many clinics tiers are to have, as a share of all or as a number.",
)  # fmt: skip
@click.option(
    "--out", "-o", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Write the clinics that change tier: .csv, .parquet, .json or .xlsx.",
)  # fmt: skip
@options.warehouse
@options.html_page
@options.as_json
def command(
    tiers: tuple[float, ...] | None,
    target: "dict[int, Wanted] | None",
    out: Path | None,
    warehouse: Path,
    html: Path | None,
    as_json: bool,
) -> None:
    """Show what becomes of the tiers of a published run if they began elsewhere.

    How many clinics each would have, who moves, and how close the crowd stands to the cut-offs. Nothing is scored
    again, and nothing is changed.

    \b
    Examples:
      icp-engine simulate --tiers 75,55
      icp-engine simulate --target 1=5%,2=20%
      icp-engine simulate --target 1=500 --out moved.csv --html tiers.html
    """
    if (tiers is None) == (target is None):
        raise click.UsageError(
            "Say where tiers begin, --tiers 75,55, or how many clinics they are to have, --target 1=5%."
        )
    from icp_engine.published.lists import write_list
    from icp_engine.published.run import open_run
    from icp_engine.workbench.cutoffs import found_cutoffs
    from icp_engine.workbench.simulate import moved_clinics, simulate

    run = open_run(warehouse)
    cutoffs = found_cutoffs(run, tiers or (), target)
    document = simulate(run, cutoffs)
    if out is not None:
        moved = moved_clinics(run, cutoffs)
        write_list(moved, out)
        show.say(f"{len(moved):,} clinics in {out}", err=True)
    print_document(document, as_json=as_json, html=html)
