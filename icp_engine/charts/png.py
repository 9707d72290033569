"""Charts as PNG: drawn by an installed Chrome or Chromium, which kaleido finds and drives."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

from icp_engine.charts.catalogue import Chart
from icp_engine.charts.outlines import outlines_script
from icp_engine.distribution import install_extra
from icp_engine.errors import InputError

_WIDTH, _SCALE = 900, 2  # CSS pixels, and pixels of the file for each
_NO_BROWSER = (
    "PNG needs an installed Chrome or Chromium (Debian and Ubuntu: apt-get install chromium; else google.com/chrome); "
    "charts as pages need none."
)


def check_png() -> None:
    """Make sure, before any work, that pictures can be made.

    Raises:
        InputError: kaleido or a browser is not installed.
    """
    try:
        import kaleido  # noqa: F401
        from choreographer.browsers.chromium import Chromium
    except ModuleNotFoundError as error:
        raise InputError(f"PNG needs one more package: {install_extra('png')}.") from error
    if not Chromium.find_browser(skip_local=False):
        raise InputError(_NO_BROWSER)


def write_pngs(charts: Iterable[Chart], folder: Path) -> list[Path]:
    """Write charts as pictures on white paper, all by one browser, which fetches nothing; return their paths.

    Raises:
        InputError: the browser cannot draw.
    """
    import kaleido

    with tempfile.TemporaryDirectory(prefix="icp-png-") as temp:
        outlines = Path(temp, "outlines.js")
        outlines.write_text(outlines_script(), encoding="utf-8")
        page = kaleido.PageGenerator(mathjax=False, others=[outlines.as_uri()])
        pictures = [
            {
                "fig": chart.figure,
                "path": folder / f"{chart.name}.png",
                "opts": {"format": "png", "width": _WIDTH, "height": chart.figure.layout.height, "scale": _SCALE},
            }
            for chart in charts
        ]
        try:
            kaleido.write_fig_from_object_sync(pictures, kopts={"page_generator": page, "n": 1})
        except Exception as error:  # whatever the browser's driver raises, its kinds are not its contract
            raise InputError(f"The browser could not draw the pictures ({error}).") from error
    return [picture["path"] for picture in pictures]
