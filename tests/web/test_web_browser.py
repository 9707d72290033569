"""Pages in a browser: on a phone and a desk, light and dark, without scripts, by keyboard alone, as axe sees them."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from serving import PATIENCE, Server, escaped, served
from site_routes import route_of, routes_of
from test_review_pages import networks as networks_of
from test_review_pages import publish

from icp_engine.networks.decisions import read_decisions
from icp_engine.published.run import open_run

pytestmark = pytest.mark.browser
PHONE, DESK, NARROW = {"width": 400, "height": 800}, {"width": 1300, "height": 900}, {"width": 320, "height": 700}
SIDEWAYS = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
SMALL = """() => [...document.querySelectorAll("a, button, input, select, summary")].filter((each) => {
  const box = each.getBoundingClientRect();
  const text = getComputedStyle(each).display === "inline" && !each.querySelector(".tier");
  return box.width && box.height && !text && box.height < 24 && each.type !== "checkbox";
}).map((each) => each.outerHTML.slice(0, 80))"""
# Addresses that are no page of ours: files, what leads elsewhere, and the pages of a run, which tests/report looks at.
ELSEWHERE = {"/clinics.{form}", "/search", "/report", "/charts/{name}"}
# Everything that the keyboard should come to: nothing of what is folded.
STOPS = """() => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")]
  .filter((each) => each.checkVisibility()).length"""
FOCUSED = """() => {
  const each = document.activeElement, style = getComputedStyle(each), box = each.getBoundingClientRect();
  if (each === document.body) return null;
  const seen = style.outlineStyle !== "none" && box.bottom > 0 && box.top < innerHeight && box.right > 0;
  return { what: each.outerHTML.slice(0, 80), seen };
}"""
# Names in two states that differ in a letter, each pair a question: more than a session answers.
STARTS = [
    start + end
    for start in ("Bal", "Cor", "Dun", "Fel", "Gam", "Hol", "Jor", "Kel")
    for end in ("wick", "dane", "phus")
]
ENDS = [
    start + end
    for start in ("Astro", "Bexi", "Civo", "Devu")
    for end in ("lanne", "mirth", "quent", "rast", "stow", "zar")
]
SESSION = [(f"{start} {end}", f"{start[:-1]}m {end}") for start, end in zip(STARTS, ENDS, strict=True)]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(tmp_path_factory.mktemp("browser"), charts=True)


@pytest.fixture(scope="module")
def server(warehouse: Path) -> Iterator[Server]:
    with served(warehouse, "--curate", "--author", "Ann") as found:
        yield found


@pytest.fixture(scope="module")
def paths(warehouse: Path) -> list[str]:
    networks = pl.read_parquet(warehouse / "networks_icp.parquet")
    with open_run(warehouse).database() as db:
        question = db.frame("select question_id from review_queue")["question_id"][0]
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
        "/charts",
    ]
    return [
        *lists,
        "/clinics/n0",
        "/clinics/nothing",
        f"/networks/{networks['network_id'][0]}",
        "/review",
        "/review/list",
        "/review/list?kind=spelling_states",
        f"/review/{escaped(question)}",
    ]


@pytest.fixture(scope="module")
def signing_in(warehouse: Path) -> Iterator[Server]:
    with served(warehouse, ICP_API_TOKEN="t") as found:
        yield found


def test_every_address_of_a_page_is_looked_at(paths: list[str], tmp_path: Path) -> None:
    routes = routes_of(tmp_path)
    answering = {route_of(routes, path.partition("?")[0]) or path for path in [*paths, "/sign-in"]}
    assert answering == {route.path for route in routes if route.methods and "GET" in route.methods} - ELSEWHERE


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


def test_the_page_to_sign_in_is_as_good_as_the_others(browser: Any, signing_in: Server) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    for viewport in (PHONE, DESK):
        for scheme in ("light", "dark"):
            page = browser.new_page(viewport=viewport, color_scheme=scheme)
            page.goto(f"http://127.0.0.1:{signing_in.port}/clinics?state=TX")
            assert page.evaluate(SIDEWAYS) is False
            assert page.evaluate(SMALL) == []
            assert axe.run(page).violations_count == 0
            page.close()
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{signing_in.port}/clinics?state=TX")
    page.get_by_label("Token").fill("wrong")
    page.keyboard.press("Enter")
    assert page.get_by_role("alert").inner_text() == "This token is not the right one."
    page.get_by_label("Token").fill("t")
    page.keyboard.press("Enter")
    page.wait_for_url("**/clinics?state=TX")
    page.get_by_role("button", name="Sign out").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Sign in"
    context.close()


def test_the_keyboard_comes_to_everything_and_shows_where_it_is(browser: Any, server: Server, paths: list[str]) -> None:
    page = browser.new_page(viewport=DESK)
    for path in paths:
        page.goto(f"http://127.0.0.1:{server.port}{path}")
        stops = page.evaluate(STOPS)
        for stop in range(stops):
            page.keyboard.press("Tab")
            focused = page.evaluate(FOCUSED)
            assert focused, f"{path}: the keyboard comes to {stop} of {stops}"
            assert focused["seen"], f"{path}: {focused['what']}"
    page.close()


def test_without_scripts_every_page_says_the_same(browser: Any, server: Server, paths: list[str]) -> None:
    plain = browser.new_context(java_script_enabled=False, viewport=PHONE)
    scripted = browser.new_context(viewport=PHONE)
    bare, full = plain.new_page(), scripted.new_page()
    for path in paths:
        texts = []
        for page in (bare, full):
            page.goto(f"http://127.0.0.1:{server.port}{path}")
            assert page.get_by_role("heading", level=1).is_visible(), path
            texts.append(page.locator("main").inner_text())
        keys = re.compile(r"(?<=Same|same|ater|last)\s*[ynsu]$", re.MULTILINE)  # hints that only a script can keep
        assert texts[0] == keys.sub("", texts[1]), path
    plain.close()
    scripted.close()


def test_charts_are_named_and_open(browser: Any, server: Server) -> None:
    page = browser.new_page(viewport=PHONE)
    page.goto(f"http://127.0.0.1:{server.port}/charts")
    names = page.locator("main li a").all_inner_texts()
    assert len(names) > 3
    page.get_by_role("link", name=names[0]).focus()
    page.keyboard.press("Enter")
    assert page.get_by_role("heading", level=1).inner_text() == names[0]
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


def test_a_session_of_twenty_decisions_and_the_networks_of_the_run_after_it(browser: Any, tmp_path: Path) -> None:
    out = publish(tmp_path, SESSION)
    with served(out, "--curate", "--author", "Ann") as server:
        base = f"http://127.0.0.1:{server.port}"
        page = browser.new_page(viewport=DESK)
        joined, apart = _answered(page, base, 17)
        anchor, leaving = _changed(page, base)
        lines = read_decisions(out / "decisions.csv")
        taken_back = [line for line in lines if line.action == "undo"]
        assert (len(lines) - 2 * len(taken_back), len(taken_back)) == (20, 1)
        assert {line.author for line in lines} == {"Ann"}
        page.goto(f"{base}/review/list")
        assert page.locator("#pending ~ ul li b").count() == 20

        publish(tmp_path, SESSION)
        end = time.monotonic() + PATIENCE
        while "No decision waits for a run." not in page.locator("main").inner_text():
            assert time.monotonic() < end, "the server answers from the run before"
            time.sleep(0.2)
            page.goto(f"{base}/review/list")
        assert not apart & networks_of(out)
        for left, right in (pair.split() for pair in joined):
            page.goto(f"{base}/clinics/{left}")
            page.locator("a[href^='/networks/net_']").first.click()
            assert page.locator(f"tbody a[href='/clinics/{right}']").count() == 1
            assert "A network of 2 clinics" in page.locator("main").inner_text()
        page.goto(f"{base}/clinics/{anchor}")
        page.locator("a[href^='/networks/net_']").first.click()
        assert page.get_by_role("heading", level=1).inner_text() == "Feather Group"
        assert page.locator(f".answer a[href='/clinics/{anchor}']").count() == 1
        assert "A network of 3 clinics" in page.locator("main").inner_text()
        assert page.locator(f"a[href='/clinics/{leaving}']").count() == 0
        page.close()


def _answered(page: Any, base: str, number: int) -> tuple[set[str], set[str]]:
    """Answer so many questions by keys: put one off, take one back; return the pairs that are joined and kept apart."""
    joined: set[str] = set()
    apart: set[str] = set()
    page.goto(f"{base}/review")
    for place in range(number):
        if place == 2:
            page.keyboard.press("s")
            page.wait_for_url("**/review?after=*")
        links = page.locator("thead a").all()
        sides = " ".join(sorted(link.get_attribute("href").rpartition("/")[2] for link in links))
        if place == 5:  # thought better of
            address = page.locator("form.decide").get_attribute("action")
            page.keyboard.press("n")
            page.wait_for_url("**done=not_same")
            page.keyboard.press("u")
            page.wait_for_url("**done=undo")
            page.goto(f"{base}{address}")
        page.get_by_label("Reason").fill(f"checked {place}")
        page.locator("h1").click()  # keys rest while a field is typed in
        page.keyboard.press("y" if place % 2 else "n")
        page.wait_for_url(f"**done={'same' if place % 2 else 'not_same'}")
        page.goto(f"{base}/review")
        (joined if place % 2 else apart).add(sides)
    return joined, apart


def _changed(page: Any, base: str) -> tuple[str, str]:
    """Rename a network, have a clinic leave, choose whom to call; return the clinic to call, and the one that left."""
    page.goto(f"{base}/networks?q=quill")
    page.locator("tbody a[href^='/networks/net_']").first.click()
    for decide in ("rename", "split", "anchor"):
        page.get_by_text("This looks wrong").click()
        before = page.locator("input[name=anchor_id]").first.get_attribute("value")
        others = sorted({"n0", "n1", "n2", "n3"} - {before})
        if decide == "rename":
            page.get_by_label("Name of the network").fill("Feather Group")
        elif decide == "split":
            page.locator(f"input[name='member:{others[0]}']").check()
        else:
            page.get_by_label("Call first").select_option(others[1])
        page.locator(f"button[value={decide}]").click()
        page.wait_for_url(f"**done={decide}")
        assert page.get_by_role("status").inner_text().startswith("Written down.")
    return others[1], others[0]


def test_on_paper_there_is_no_navigation(browser: Any, server: Server) -> None:
    page = browser.new_page(viewport=DESK)
    page.goto(f"http://127.0.0.1:{server.port}/clinics/n0")
    page.emulate_media(media="print")
    assert not page.locator("header nav").is_visible()
    assert page.get_by_role("heading", name="Every point").is_visible()
    page.close()
