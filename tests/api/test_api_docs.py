"""/docs in a browser: it asks nothing outside the server, and shows and tries every path."""

from pathlib import Path
from typing import Any

import pytest
from serving import served

pytestmark = pytest.mark.browser


def test_the_documentation_needs_no_network(browser: Any, pictured: Path) -> None:
    with served(pictured) as server:
        here = f"http://127.0.0.1:{server.port}"
        page = browser.new_page(viewport={"width": 1200, "height": 1400})
        asked: list[str] = []
        said: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("console", lambda message: said.append(message.text))
        page.goto(f"{here}/docs")
        page.wait_for_selector(".opblock")
        shown = page.eval_on_selector_all(".opblock-summary-path", "all => all.map((one) => one.dataset.path)")
        assert sorted(shown) == [
            "/health", "/icp/clinic/{clinic_id}", "/icp/clinics", "/icp/networks", "/icp/networks/{network_id}",
            "/icp/stats",
        ]  # fmt: skip
        page.click("#operations-icp-list_clinics .opblock-summary-control")
        page.click("text=Try it out")
        page.click("text=Execute")
        page.wait_for_selector(".live-responses-table tbody .response-col_status")
        assert page.inner_text(".live-responses-table tbody .response-col_status").strip().startswith("200"), said
        assert [one for one in asked if not one.startswith((f"{here}/", "data:", "blob:"))] == []
        assert said == []
        page.close()
