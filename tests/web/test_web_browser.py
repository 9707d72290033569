"""Pages in a browser: on a phone and a desk, light and dark, without scripts, by keyboard alone, as axe sees them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from serving import Server, served
from test_review_pages import publish

from icp_engine.networks.decisions import read_decisions

pytestmark = pytest.mark.browser
PHONE, DESK, NARROW = {"width": 400, "height": 800}, {"width": 1300, "height": 900}, {"width": 320, "height": 700}
SIDEWAYS = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
SMALL = """() => [...document.querySelectorAll("a, button, input, select, summary")].filter((each) => {
  const box = each.getBoundingClientRect();
  const text = getComputedStyle(each).display === "inline" && !each.querySelector(".tier");
  return box.width && box.height && !text && box.height < 24 && each.type !== "checkbox";
}).map((each) => each.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(tmp_path_factory.mktemp("browser"))


@pytest.fixture(scope="module")
def server(warehouse: Path) -> Iterator[Server]:
    with served(warehouse, "--curate", "--author", "Ann") as found:
        yield found


@pytest.fixture(scope="module")
def paths(warehouse: Path) -> list[str]:
    networks = pl.read_parquet(warehouse / "networks_icp.parquet")
    lists = [
        "/",
        "/clinics",
        "/clinics?q=quill&state=TX",
        "/clinics?state=Tx1",
        "/networks",
        "/scorecard",
        "/scorecard?with=icf",
        "/runs",
        "/compare",
    ]
    return [
        *lists,
        "/clinics/n0",
        "/clinics/nothing",
        f"/networks/{networks['network_id'][0]}",
        "/review",
        "/review/list",
        "/review/list?kind=spelling_states",
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_every_page_fits_and_axe_finds_nothing(
    browser: Any, server: Server, paths: list[str], viewport: dict[str, int], scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = browser.new_page(viewport=viewport, color_scheme=scheme)
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text) if "status of 4" not in message.text else None)
    page.on("pageerror", lambda error: told.append(str(error)))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in paths:
        page.goto(f"http://127.0.0.1:{server.port}{path}")
        assert not page.evaluate(SIDEWAYS), f"{path} scrolls sideways"
        assert page.evaluate(SMALL) == [], f"{path} has targets that are too small"
        found = axe.run(page)
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"
    assert told == []
    assert {url.partition("/")[2].split("/")[1] for url in asked} == {f"127.0.0.1:{server.port}"}
    page.close()


def test_nothing_scrolls_sideways_on_the_narrowest_phone(browser: Any, server: Server, paths: list[str]) -> None:
    page = browser.new_page(viewport=NARROW)
    for path in paths:
        page.goto(f"http://127.0.0.1:{server.port}{path}")
        assert not page.evaluate(SIDEWAYS), path
    page.close()


def test_without_scripts_people_filter_and_decide(browser: Any, server: Server, warehouse: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    base = f"http://127.0.0.1:{server.port}"
    page.goto(f"{base}/clinics")
    page.get_by_label("Words in the name, or an id").fill("quill zephyr")
    page.get_by_role("button", name="Show").click()
    assert "q=quill+zephyr" in page.url
    assert page.get_by_text("4 clinics.").count() == 1
    page.get_by_role("link", name="<b>Quill & Zephyr Group</b>").first.click()
    assert page.get_by_role("heading", level=1).inner_text() == "<b>Quill & Zephyr Group</b>"
    page.goto(f"{base}/review")
    assert page.locator("kbd").count() == 0
    before = len(read_decisions(warehouse / "decisions.csv", needed=False))
    page.get_by_role("button", name="Not the same").click()
    assert page.get_by_role("status").inner_text().startswith("Written down as not the same.")
    page.get_by_role("button", name="Undo last").click()
    assert page.get_by_role("status").inner_text().startswith("Your last decision is taken back.")
    assert len(read_decisions(warehouse / "decisions.csv")) == before + 2
    context.close()


def test_by_keyboard_alone(browser: Any, server: Server, warehouse: Path) -> None:
    page = browser.new_page(viewport=DESK)
    page.goto(f"http://127.0.0.1:{server.port}/review")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.className") == "skip"
    question, before = page.locator("h1").inner_text(), len(read_decisions(warehouse / "decisions.csv", needed=False))
    page.keyboard.press("s")
    page.wait_for_function("(text) => document.querySelector('h1').innerText !== text", arg=question)
    assert len(read_decisions(warehouse / "decisions.csv", needed=False)) == before, "later writes nothing"
    page.get_by_label("Reason, for whoever reads this later").focus()
    page.keyboard.type("yes, no, unsure")
    assert len(read_decisions(warehouse / "decisions.csv", needed=False)) == before, (
        "keys rest while a field is typed in"
    )
    page.locator("body").evaluate("() => document.activeElement.blur()")
    page.keyboard.press("y")
    page.wait_for_selector("[role=status]")
    line = read_decisions(warehouse / "decisions.csv")[-1]
    assert (line.action, line.reason) == ("merge", "yes, no, unsure")
    page.keyboard.press("u")
    page.wait_for_function("() => document.querySelector('[role=status]').innerText.startsWith('Your last')")
    assert read_decisions(warehouse / "decisions.csv")[-1].action == "undo"
    page.close()


def test_on_paper_there_is_no_navigation(browser: Any, server: Server) -> None:
    page = browser.new_page(viewport=DESK)
    page.goto(f"http://127.0.0.1:{server.port}/clinics/n0")
    page.emulate_media(media="print")
    assert not page.locator("header nav").is_visible()
    assert page.get_by_role("heading", name="Every point").is_visible()
    page.close()
