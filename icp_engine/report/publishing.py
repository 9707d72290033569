"""Make the charts and the report of a run that is published already."""

from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from icp_engine.charts.aggregates import aggregates
from icp_engine.charts.catalogue import Chart, draw, draw_clinic
from icp_engine.charts.png import check_png, write_pngs
from icp_engine.errors import InputError
from icp_engine.published.explain import explain_clinic
from icp_engine.published.run import Run, open_run
from icp_engine.report.content import content
from icp_engine.report.pages import CHARTS, REPORT, write_charts, write_report
from icp_engine.warehouse.folder import add_to_published, place_of
from icp_engine.warehouse.manifest import output_files, write_manifest
from icp_engine.warehouse.switch import check_outside

Progress = Callable[[str, int, int], None]
"""Called with a stage, the steps done and the steps in all; 0 where a stage does not count."""


def publish_charts(
    warehouse: Path,
    out: Path | None = None,
    *,
    clinic: str | None = None,
    scorecard: str | None = None,
    png: bool = False,
    report: Progress = lambda *_: None,
) -> list[Path]:
    """Draw the charts of the published run; return the paths of the pages, and of the pictures where wanted.

    Args:
        warehouse: where it is published.
        out: the folder to write into; `charts` of the warehouse unless given.
        clinic: draw the score of this clinic alone.
        scorecard: what scored the run; the main one unless given.
        png: pictures too.
        report: called as the work goes on.

    Raises:
        InputError: nothing is published there, there is no such clinic, pictures cannot be made here, or those of
            another scorecard than the main one would be written over its own.
    """
    if png:
        check_png()
    if out is not None:
        check_outside(out)
    main = open_run(warehouse)  # one run, whatever is published meanwhile
    run = main.of(scorecard)
    if out is None and run is not main:
        raise InputError(f"The charts of {warehouse} are those of {main.card.id}; name another folder with --out.")
    report("charts", 0, 0)
    charts = [draw_clinic(explain_clinic(run, clinic))] if clinic else draw(aggregates(run))
    if out is not None:
        return _write(charts, out, report, png=png)
    with add_to_published(warehouse, run.folder, [CHARTS]):
        written = _write(charts, run.folder / CHARTS, report, png=png)
        _note_outputs(run)
    return [place_of(warehouse, CHARTS) / path.name for path in written]


def _write(charts: list[Chart], folder: Path, report: Progress, *, png: bool) -> list[Path]:
    try:
        paths = write_charts(charts, folder)
    except OSError as error:
        raise InputError(f"{folder} cannot be written to ({error.strerror}); choose another --out.") from error
    if png:
        report("png", 0, 0)
        paths += write_pngs(charts, folder)
    return paths


def _note_outputs(run: Run) -> None:
    """Have the manifest of a published run name the files that came later."""
    write_manifest(replace(run.manifest, outputs=output_files(run.folder), no_charts=None), run.folder)


def publish_report(warehouse: Path, out: Path | None = None, report: Progress = lambda *_: None) -> Path:
    """Write the report of the published run; return its path.

    Args:
        warehouse: where it is published.
        out: the file to write; `report.html` of the warehouse unless given.
        report: called as the work goes on.

    Raises:
        InputError: nothing is published there, or the file cannot be written.
    """
    if out is not None:
        check_outside(out)
    run = open_run(warehouse)
    report("report", 0, 0)
    page = content(run)
    if out is not None:
        try:
            write_report(page, out)
        except OSError as error:
            raise InputError(f"{out} cannot be written ({error.strerror}); choose another --out.") from error
        return out
    with add_to_published(warehouse, run.folder, [REPORT]):
        write_report(page, run.folder / REPORT)
        _note_outputs(run)
    return place_of(warehouse, REPORT)
