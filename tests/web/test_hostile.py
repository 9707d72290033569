"""Every form and parameter that a page has, with hostile values, forged, and under a foreign host."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import polars as pl
import pytest
from serving import Server, served
from site_routes import route_of, routes_of
from starlette.routing import Route
from test_pages import posted
from test_review_pages import publish

from icp_engine.networks.decisions import read_decisions

MARKUP = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
HOSTILE = [
    MARKUP, "\x00", "' or 1=1--", "-1", "1e999", "9" * 30, "nan", "../../etc/passwd", "%s{{7*7}}{0}", "\u202e\ud7ff🦷",
    "x" * 3_000, "//evil.example", "a\r\nSet-Cookie: b=c",
]  # fmt: skip
TYPED_BY_HAND = {("/review", "after"), ("/compare", "with"), ("/sign-in", "next")}  # no page of the tests has a link
START = [
    "/",
    "/clinics",
    "/networks",
    "/scorecard",
    "/compare",
    "/runs",
    "/charts",
    "/review",
    "/review/list",
    "/nowhere",
]


@dataclass
class Form:
    """A form of a page."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class Forms(HTMLParser):
    """The forms of a page, and where its links lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given["action"], given.get("method", "get")))
        elif given.get("name") and tag in ("input", "select", "button", "textarea"):
            self.forms[-1].fields[given["name"]] = given.get("value", "")
        elif tag == "a" and given.get("href", "").startswith("/"):
            self.links.add(given["href"])


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(tmp_path_factory.mktemp("hostile"), charts=True)


@pytest.fixture(scope="module")
def server(warehouse: Path) -> Iterator[Server]:
    with served(warehouse, "--curate", "--author", "Ann") as found:
        yield found


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> list[Route]:
    return routes_of(tmp_path_factory.mktemp("nowhere"))


@pytest.fixture(scope="module")
def pages(server: Server, warehouse: Path) -> dict[str, Forms]:
    return pages_of(server, warehouse)


def pages_of(server: Server, warehouse: Path) -> dict[str, Forms]:
    """Return every kind of page, by an address of it."""
    network = pl.read_parquet(warehouse / "networks_icp.parquet")["network_id"][0]
    listed = Forms(server.get("/review/list").body.decode())
    question = next(link for link in sorted(listed.links) if link.startswith("/review/q_"))
    asked = [*START, "/clinics/n0", f"/networks/{network}", question, "/clinics?q=quill&state=TX&tier=3&page=9"]
    return {path: Forms(server.get(path).body.decode()) for path in asked}


@pytest.fixture(scope="module")
def parameters(pages: dict[str, Forms]) -> set[tuple[str, str]]:
    """Addresses with each parameter that a link or a form of a page gives them."""
    found = set(TYPED_BY_HAND)
    for path, page in pages.items():
        for form in page.forms:
            if form.method == "get":
                found |= {(form.action, name) for name in form.fields}
        for link in (*page.links, path):
            parts = urlsplit(link)
            found |= {(parts.path, name) for name, _ in parse_qsl(parts.query)}
    return found


def test_no_parameter_does_anything_but_be_read(server: Server, parameters: set[tuple[str, str]]) -> None:
    assert {name for path, name in parameters if path == "/clinics"} >= {
        "q", "tier", "state", "segment", "network", "min_score", "min_ceiling", "min_coverage", "sort", "order", "page",
    }  # fmt: skip
    for path, name in sorted(parameters):
        for value in HOSTILE:
            answer = server.get(f"{path}?{urlencode({name: value}, errors='surrogatepass')}")
            assert answer.status < 500, (path, name, value, answer.body[:300])
            assert "evil.example" not in answer.headers.get("location", "")[:20], (path, name)
            assert "set-cookie" not in answer.headers
            if answer.headers.get("content-type", "").startswith("text/html"):
                assert b"<script>alert" not in answer.body, (path, name)
                assert b"<img src=x" not in answer.body, (path, name)


def test_no_id_in_an_address_does_anything_but_be_read(server: Server, routes: list[Route]) -> None:
    with_id = [route.path for route in routes if "{" in route.path and "GET" in (route.methods or ())]
    assert len(with_id) >= 5
    for path in with_id:
        for value in HOSTILE:
            asked = path[: path.index("{")] + quote(value, safe="", errors="surrogatepass")
            answer = server.get(asked)
            assert answer.status in (303, 404, 422), (asked, answer.status)
            assert b"<script>alert" not in answer.body, asked
            assert b"<img src=x" not in answer.body, asked


def test_every_form_that_writes_is_tried(pages: dict[str, Forms], routes: list[Route]) -> None:
    sent = {
        route_of(routes, form.action, "POST") for page in pages.values() for form in page.forms if form.method == "post"
    }
    writing = {route.path for route in routes if "POST" in (route.methods or ())}
    assert sent == writing - {"/sign-in", "/sign-out"}, "which other tests sign in and out with"


def written(pages: dict[str, Forms]) -> list[Form]:
    """Return the forms that write, each once."""
    every = (form for page in pages.values() for form in page.forms if form.method == "post")
    return list({(form.action, *form.fields): form for form in every}.values())


def test_a_forged_form_writes_nothing(server: Server, warehouse: Path, pages: dict[str, Forms]) -> None:
    forms = {
        (form.action, *form.fields): form for page in pages.values() for form in page.forms if form.method == "post"
    }
    assert len(forms) >= 4
    for form in forms.values():
        fields = {**form.fields, "answer": "same"}
        for forged, headers in (
            ({**fields, "key": ""}, {}),
            ({**fields, "key": fields["key"][::-1]}, {}),
            ({name: value for name, value in fields.items() if name != "key"}, {}),
            (fields, {"Origin": "https://evil.example"}),
            (fields, {"Origin": "null"}),
            (fields, {"Sec-Fetch-Site": "cross-site"}),
            (fields, {"Sec-Fetch-Site": "same-site"}),
            (fields, {"Host": "evil.example"}),
        ):
            answer = posted(server, form.action, urlencode(forged), headers)
            assert answer.status == (421 if "Host" in headers else 403), (form.action, headers)
        assert posted(server, form.action, "x" * 70_000).status in (403, 413)
    assert not (warehouse / "decisions.csv").exists()


def test_hostile_fields_of_a_form_are_refused_or_kept_as_text(tmp_path: Path) -> None:
    warehouse = publish(tmp_path)
    with served(warehouse, "--curate", "--author", "Ann") as server:
        pages = pages_of(server, warehouse)
        for form in written(pages):
            for name in form.fields.keys() - {"key"}:
                for value in HOSTILE:
                    fields = {**form.fields, "answer": "same", name: value}
                    answer = posted(server, form.action, urlencode(fields, errors="surrogatepass"))
                    assert answer.status in (303, 404, 409), (form.action, name, value, answer.status)
                    assert b"<script>alert" not in answer.body, (form.action, name)
                    leads = answer.headers.get("location", "/")
                    assert leads.startswith("/"), (form.action, name)
                    assert not leads.startswith("//"), (form.action, name)
        lines = read_decisions(warehouse / "decisions.csv")
        assert MARKUP in {line.object for line in lines if line.action == "rename"}
        assert {MARKUP, "a\r\nSet-Cookie: b=c"} & {line.reason for line in lines}
        for path in pages:
            answer = server.get(path)
            assert answer.status in (200, 404, 422), path
            assert b"<script>alert" not in answer.body, path


def test_under_a_foreign_host_nothing_answers(server: Server, routes: list[Route]) -> None:
    for route in routes:
        path = route.path.replace("{", "").replace("}", "").replace(":anything", "")
        for method in sorted((route.methods or set()) - {"HEAD"}):
            answer = server.get(path, {"Host": "evil.example"}, method)
            assert answer.status == 421, (method, path)
    assert server.get("/static/style.css", {"Host": "evil.example"}).status == 421
