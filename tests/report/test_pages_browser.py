"""The pages of a run in a browser: they draw, ask the network for nothing, and fit screen, phone and paper."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner
from conftest import HOSTILE, STATES

from icp_engine.charts.style import TEMPLATES
from icp_engine.cli import cli

pytestmark = pytest.mark.browser
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 375, "height": 800}
CHARTS = (
    "category_averages", "network_sizes", "points_out_of_reach", "score_distribution", "tiers_and_segments",
    "tiers_by_state", "top_networks", "waterfall",
)  # fmt: skip
TEXTS_CUT = """() => [...document.querySelectorAll(".chart")].flatMap((chart) => {
  const box = chart.getBoundingClientRect();
  return [...chart.querySelectorAll("text")].filter((one) => {
    const own = one.getBoundingClientRect();
    return own.width && (own.left < box.left - 1 || own.right > box.right + 1
                         || own.top < box.top - 1 || own.bottom > box.bottom + 1);
  }).map((one) => `${chart.id}: ${one.textContent}`);
})"""
FOCUS_WHAT_SCROLLS = """() => [...document.querySelectorAll(".scroll")].every(
  (one) => one.closest("details:not([open])") || (one.scrollWidth > one.clientWidth) === (one.tabIndex === 0))"""
WIDTHS = """() => [...document.querySelectorAll(".chart .main-svg:first-of-type")].map((one) => one.clientWidth)"""
PAPERS = """() => [...document.querySelectorAll(".chart .main-svg:first-of-type")].map((one) => one.style.background)"""


@dataclass
class Opened:
    """A page in the browser, and what it said and asked for."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[..., Opened]]:
    """Open pages; whatever they say, and every request but for the files themselves, is a mistake."""
    pages: list[Opened] = []

    def opened(path: Path, viewport: dict[str, int], scheme: str = "light") -> Opened:
        one = Opened(browser.new_page(viewport=viewport, color_scheme=scheme))
        one.page.on("console", lambda message: one.said.append(message.text))
        one.page.on("pageerror", lambda error: one.said.append(str(error)))
        one.page.on("request", lambda request: one.asked.append(request.url))
        one.page.goto(path.resolve().as_uri())
        one.page.wait_for_function(
            "() => [...document.querySelectorAll('.chart')].every((one) => one.querySelector('.bglayer, .geolayer'))"
        )
        pages.append(one)
        return one

    yield opened
    for page in pages:
        page.page.close()
        assert page.said == []
        files = {Path(url.removeprefix("file://")).name for url in page.asked if not url.startswith("data:")}
        assert all(url.startswith(("file://", "data:")) for url in page.asked)
        assert files <= {
            "report.html",
            "rula_partner_scores.html",
            "validation.html",
            "plotly.min.js",
            *(f"{name}.html" for name in CHARTS),
        }


def rgb(colour: str) -> str:
    return f"rgb({', '.join(str(int(colour[place : place + 2], 16)) for place in (1, 3, 5))})"


@pytest.mark.parametrize(("viewport", "scheme"), [(DESK, "light"), (DESK, "dark"), (PHONE, "light"), (PHONE, "dark")])
def test_the_report_is_drawn(
    opened: Callable[..., Opened], pictured: Path, viewport: dict[str, int], scheme: str
) -> None:
    page = opened(pictured / "report.html", viewport, scheme).page
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert page.locator(".chart").count() == len(CHARTS)
    assert page.evaluate(PAPERS) == [rgb(TEMPLATES[scheme]["layout"]["paper_bgcolor"])] * len(CHARTS)
    assert page.evaluate(TEXTS_CUT) == []
    locations = page.evaluate("document.getElementById('tiers_by_state-chart').data[0].locations")
    assert set(locations) - {"PR"} == set(STATES)
    assert page.locator("#tiers_by_state-chart .choroplethlayer path[d^=M]").count() == len(STATES) == 51
    assert page.locator("#score_distribution-chart .barlayer .point").count() > 20


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_has_a_page(opened: Callable[..., Opened], pictured: Path, name: str) -> None:
    page = opened(pictured / "charts" / f"{name}.html", PHONE).page
    assert page.locator("h1").is_visible()
    assert page.evaluate(TEXTS_CUT) == []
    light = page.evaluate(PAPERS)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"before => ({PAPERS})()[0] !== before[0]", arg=light)
    assert (light, page.evaluate(PAPERS)) == (
        ["rgb(255, 255, 255)"],
        [rgb(TEMPLATES["dark"]["layout"]["paper_bgcolor"])],
    )
    page.set_viewport_size(DESK)
    assert page.evaluate("document.documentElement.scrollWidth") <= DESK["width"]


@pytest.mark.parametrize("width", [400, 1300])
def test_the_page_of_validate_fits(opened: Callable[..., Opened], width: int, tmp_path: Path) -> None:
    rows = {"clinic_id": list(HOSTILE), "segment_label": list(HOSTILE), "npi_counts": ["x" * 90] * len(HOSTILE)}
    pl.DataFrame({**rows, "npi_count": ["-5"] * len(HOSTILE), "y" * 90: HOSTILE}).write_parquet(tmp_path / "a.parquet")
    words = ["validate", str(tmp_path / "a.parquet"), "--html", str(tmp_path / "validation.html")]
    assert CliRunner().invoke(cli, words).exit_code == 0
    page = opened(tmp_path / "validation.html", {"width": width, "height": 900}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("script").count() == 0
    assert page.locator("#next + .card li").count() > 1
    assert all("icp-engine" in command for command in page.locator(".steps code").all_inner_texts())


def test_a_report_whose_order_means_nothing_folds_its_lists(opened: Callable[..., Opened], tmp_path: Path) -> None:
    pl.DataFrame({"clinic_id": [str(number) for number in range(30)]}).write_parquet(tmp_path / "a.parquet")
    words = ["run", str(tmp_path / "a.parquet"), "--out", str(tmp_path / "out"), "--format", "parquet"]
    assert CliRunner().invoke(cli, words).exit_code == 0
    page = opened(tmp_path / "out" / "report.html", PHONE).page
    assert not page.locator("#top-clinics").is_visible()
    page.get_by_text("Show the clinics all the same").click()
    assert page.locator("#top-clinics").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_report_on_paper(opened: Callable[..., Opened], pictured: Path) -> None:
    page = opened(pictured / "report.html", DESK, "dark").page
    closed = "document.querySelectorAll('details.card:not([open])').length"
    assert page.evaluate(closed) == 7
    page.emulate_media(media="print")
    page.wait_for_function(f"() => {closed} === 0")
    page.wait_for_function(f"() => ({PAPERS})().every((one) => one === 'rgb(255, 255, 255)')")
    assert set(page.evaluate(WIDTHS)) == {640}
    page.emulate_media(media="screen")
    page.wait_for_function(f"() => {closed} === 7")
    assert page.evaluate(PAPERS) == [rgb(TEMPLATES["dark"]["layout"]["paper_bgcolor"])] * len(CHARTS)
    page.emulate_media(media="null")  # else paper looks like the screen
    printed = page.pdf(format="A4")
    assert printed.startswith(b"%PDF")
    assert 4 <= printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") <= 16
    assert page.evaluate(closed) == 7


def test_the_report_by_keyboard(opened: Callable[..., Opened], pictured: Path) -> None:
    page = opened(pictured / "report.html", PHONE).page
    page.keyboard.press("Tab")
    focused = page.locator(":focus")
    assert focused.get_attribute("class") == "skip"
    assert focused.bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")
    for summary in page.locator("summary").all():
        summary.focus()
        assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.keyboard.press("Enter")
    assert page.locator("details.card").last.get_attribute("open") is not None
    page.wait_for_function(FOCUS_WHAT_SCROLLS)


def test_what_the_mouse_stands_on_is_told_legibly(opened: Callable[..., Opened], pictured: Path) -> None:
    page = opened(pictured / "charts" / "score_distribution.html", DESK, "dark").page
    page.locator(".barlayer .point path").nth(20).hover(force=True)
    label = page.locator(".hoverlayer .hovertext")
    label.first.wait_for()
    assert "clinics from" in label.first.text_content()
    assert "<b>" not in page.locator(".hoverlayer").text_content()


def test_pictures(pictured: Path, tmp_path: Path, browser: Any) -> None:
    assert browser.is_connected()
    done = CliRunner().invoke(cli, ["charts", "-w", str(pictured), "--png", "--out", str(tmp_path)])
    assert (done.exit_code, done.exception) == (0, None)
    paths = [Path(line) for line in done.stdout.splitlines() if line.endswith(".png")]
    assert sorted(path.stem for path in paths) == sorted({*CHARTS} - {"waterfall"})
    for path in paths:
        data = path.read_bytes()
        assert data[:8] == b"\x89PNG\r\n\x1a\n"
        width, height = struct.unpack(">II", data[16:24])
        assert width == 1800
        assert height >= 400
        assert len(data) > 15_000, "not an empty picture"


@pytest.mark.parametrize(("viewport", "scheme"), [(DESK, "light"), (PHONE, "dark")])
def test_the_chart_of_partners_stands_alone(
    hostile_partners: Path, opened: Callable[..., Opened], viewport: dict[str, int], scheme: str
) -> None:
    one = opened(hostile_partners / "rula_partner_scores.html", viewport, scheme)
    assert [Path(url).name for url in one.asked if not url.startswith("data:")] == ["rula_partner_scores.html"]
    assert one.page.evaluate(TEXTS_CUT) == []
    assert one.page.locator(".chart .bars .point").count() == 50
    assert "the best 50" in one.page.locator("h1").inner_text()


def test_the_picture_of_partners(hostile_partners: Path, browser: Any) -> None:
    assert browser.is_connected(), "without a browser there is no picture"
    with (hostile_partners / "rula_partner_scores.png").open("rb") as file:
        head = file.read(24)
    width, height = struct.unpack(">II", head[16:])
    assert (head[:8], width) == (b"\x89PNG\r\n\x1a\n", 1800)
    assert height > 50 * 26 * 2


@pytest.fixture(scope="module")
def hostile_partners(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `partners report` draws of practices whose names are markup."""
    folder = tmp_path_factory.mktemp("partners")
    names = [f"{name} {number}" for number in range(12) for name in HOSTILE]
    rows = {"name": names, "provider_count": [number % 30 for number in range(len(names))], "location": names}
    also = {"bh_referral_gap": pl.lit("full"), "days_since_contact": pl.lit(1)}
    pl.DataFrame(rows).with_columns(**also).write_parquet(folder / "p.parquet")
    done = CliRunner().invoke(cli, ["partners", "report", str(folder / "p.parquet"), "--out", str(folder / "out")])
    assert done.exit_code == 0
    return folder / "out"


ROWS = "#top-clinics tbody tr"


def test_the_list_is_searched_filtered_and_put_in_order(opened: Callable[..., Opened], pictured: Path) -> None:
    page = opened(pictured / "report.html", DESK).page
    scores = pl.read_parquet(pictured / "icp_scores.parquet")
    output = page.locator("#find output")
    assert output.inner_text() == f"{len(scores):,} clinics, the first 25 shown"
    assert page.locator(ROWS).count() == 25
    page.get_by_role("button", name="Show more").click()
    assert page.locator(ROWS).count() == 125
    page.select_option("select[name=state]", "TX")
    of_texas = scores.filter(pl.col("state_code") == "TX")
    count = len(of_texas)
    assert output.inner_text() == f"{count} clinics" + (", the first 25 shown" if count > 25 else "")
    page.select_option("select[name=tier]", "Tier 3 - Monitor")
    lowest = of_texas.filter(pl.col("icp_tier") == 3)
    assert output.inner_text().startswith(f"{len(lowest)} clinic")
    page.select_option("select[name=order]", "name")
    names = page.locator(f"{ROWS} bdi").all_inner_texts()
    assert names == sorted(names, key=str.lower)
    page.fill("input[name=text]", "no such clinic")
    assert output.inner_text() == "No clinic in the list matches."
    page.get_by_role("button", name="Clear").click()
    page.wait_for_function("() => document.querySelector('#find output').textContent.includes('first 25')")
    page.fill("input[name=text]", "<SCRIPT> alert")
    found = page.locator(f"{ROWS} bdi").all_inner_texts()
    assert set(found) == {"<script>alert('script')</script>"}


def test_the_list_without_a_script(browser: Any, pictured: Path) -> None:
    page = browser.new_page(viewport=DESK, java_script_enabled=False)
    page.goto((pictured / "report.html").resolve().as_uri())
    shown = page.locator(f"{ROWS}:visible")
    assert shown.count() == 10
    page.get_by_label("Show all").check()
    assert shown.count() == page.locator(ROWS).count() == len(pl.read_parquet(pictured / "icp_scores.parquet"))
    assert not page.locator("#find").is_visible()
    page.close()


def test_nothing_that_matters_is_hidden_on_a_phone(opened: Callable[..., Opened], pictured: Path) -> None:
    page = opened(pictured / "report.html", {"width": 400, "height": 800}).page
    for table in ("#top-networks", "#top-clinics", "#fields"):
        first = page.locator(f"{table} tbody tr").first
        assert all(cell.is_visible() for cell in first.locator("td, th").all())
        assert first.get_attribute("role") == "row"
        assert page.evaluate(
            "(table) => [...document.querySelectorAll(`${table} td, ${table} tbody th`)].every((cell) => "
            "cell.getBoundingClientRect().right <= innerWidth)",
            table,
        )
    labels = [
        page.locator(f"{table} tbody tr")
        .first.locator("td[data-label]")
        .evaluate_all("""(cells) => cells.map((cell) => getComputedStyle(cell, "::before").content)""")
        for table in ("#top-networks", "#fields")
    ]
    assert labels == [
        ['"Clinics × score "', '"Score "', "none", '"Clinics "', '"States "', '"Anchor "'],
        ['"Known "', '"Missing "', '"Invalid "', '"Capped "', '"Points lost "'],
    ]


@pytest.mark.parametrize("width", [320, 400, 901, 1000, 1300])
def test_a_column_of_a_crm_is_not_broken_in_the_middle(
    opened: Callable[..., Opened], tmp_path: Path, width: int
) -> None:
    flags = [f"neither yes nor no, which is number {number}" for number in range(9)]
    rows = {"Account_Id": [f"a{number}" for number in range(9)], "BillingState": ["TX"] * 9, "fqhc_flag": flags}
    pl.DataFrame(rows).write_csv(tmp_path / "a.csv")
    words = ["validate", str(tmp_path / "a.csv"), "--html", str(tmp_path / "validation.html")]
    assert CliRunner().invoke(cli, words).exit_code == 0
    page = opened(tmp_path / "validation.html", {"width": width, "height": 900}).page
    cell = page.locator("td", has_text="BillingState").first
    lines = cell.evaluate(
        """(cell) => {
          const range = document.createRange();
          range.selectNodeContents(cell.firstChild);
          return range.getClientRects().length;
        }"""
    )
    assert lines == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width
