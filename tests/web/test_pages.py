"""Pages of a real server: what each shows, against the published rows; nothing of the data is markup."""

import csv
import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import BEST
from serving import PATIENCE, Answer, Server, ask, escaped, served

from icp_engine.pipeline.run import RunOptions, run
from icp_engine.report import pages
from icp_engine.web import render

MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&amp;"
ODD_IDS = ["a/b", "/a", "100%", "ü", "o'brien", 'quo"te', "a b", "a?b=c", "a#b", "<b>", "x" * 400, "a\nb", "🦷"]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty clinics: two networks, ids and texts that are hard to write into a page, fields that are missing."""
    folder = tmp_path_factory.mktemp("web")
    rows: list[dict[str, Any]] = []
    for number in range(40):
        rows.append(
            {
                "clinic_id": f"c{number:03}",
                "account_name": f"ELM STREET CARE {number // 8}, INC.",
                "state_code": ["TX", "CA", None, "NY"][number % 4],
                "segment_label": ["Home Health", "Primary Care", None][number % 3],
                "npi_count": number * 3 or None,
                "denial_pressure": None if number % 5 == 0 else number % 11,
                "phone": "5125550142" if number % 2 else None,
            }
        )
    rows += [
        {**BEST, "clinic_id": text, "account_name": MARKUP, "state_code": "TX", "city": MARKUP} for text in ODD_IDS
    ]
    names = sorted({name for row in rows for name in row})
    table = {name: [row.get(name) for row in rows] for name in names}
    pl.DataFrame(table, strict=False, infer_schema_length=None).write_parquet(folder / "clinics.parquet")
    run([str(folder / "clinics.parquet")], folder / "out", RunOptions(format="parquet"))
    return folder / "out"


@pytest.fixture(scope="module")
def server(warehouse: Path) -> Iterator[Server]:
    with served(warehouse) as found:
        yield found


@pytest.fixture(scope="module")
def clinics(warehouse: Path) -> pl.DataFrame:
    rows = pl.read_parquet(warehouse / "clinics_icp_with_networks.parquet")
    return rows.sort("icp_total_score", "clinic_id", descending=[True, False])


class Page(HTMLParser):
    """The text of a page, its links, and the tags that run something."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.events: list[str] = []
        self.feed(answer.body.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]
        self.events += [
            name
            for name, value in attrs
            if name.startswith("on") or name == "style" or (value or "").startswith("javascript")
        ]

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.parts).split())


def shown(server: Server, path: str, status: int = 200) -> Page:
    answer = server.get(path)
    assert answer.status == status, path
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    page = Page(answer)
    assert not {"script", "img", "iframe"} & set(page.tags), "nothing runs on a page"
    assert page.events == []
    assert page.tags.count("h1") == 1
    return page


@pytest.mark.parametrize(
    "path", ["/", "/clinics", "/networks", "/scorecard", "/runs", "/clinics?q=alert", "/clinics/%3Cb%3E"]
)
def test_every_page_is_plain_html(server: Server, path: str) -> None:
    page = shown(server, path)
    assert "Run of " in page.text
    for link in set(page.links):
        if link.startswith("/") and link not in ("/docs", path):
            assert server.get(link).status == 200, link


def test_the_first_page_names_the_best_clinic_and_how_many_there_are(server: Server, clinics: pl.DataFrame) -> None:
    page = shown(server, "/")
    assert f"{len(clinics)} clinics scored from 0 to 100. No row was rejected." in page.text
    assert f"/clinics/{escaped(clinics['clinic_id'][0])}" in page.links
    tiers = clinics["icp_tier"].value_counts().rows()
    for number, count in tiers:
        assert f"Tier {number} " in page.text
        assert f" {count} " in page.text


def test_the_list_goes_through_all_clinics_best_first(server: Server, clinics: pl.DataFrame) -> None:
    path, found = "/clinics", []
    while path:
        page = shown(server, path)
        found += [link for link in page.links if link.startswith("/clinics/")]
        path = next(
            (link for link in page.links if "page=" in link and link not in (path,) and _number(link) > _number(path)),
            "",
        )
    assert found == [f"/clinics/{escaped(key)}" for key in clinics["clinic_id"]]


def _number(link: str) -> int:
    page = re.search(r"page=(\d+)", link)
    return int(page[1]) if page else 1


def test_a_page_beyond_the_last_shows_the_last(server: Server, clinics: pl.DataFrame) -> None:
    page = shown(server, "/clinics?page=900")
    assert "There are not so many pages; this is the last one." in page.text
    assert f"{len(clinics)} of {len(clinics)}" in page.text


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ("tier=2", pl.col("icp_tier") == 2),
        ("state=TX", pl.col("state_code") == "TX"),
        ("state=unknown", pl.col("state_code").is_null()),
        ("network=in", pl.col("network_id").is_not_null()),
        ("network=none", pl.col("network_id").is_null()),
        ("network=anchors", pl.col("is_network_anchor")),
        ("min_score=40&state=TX", (pl.col("icp_total_score") >= 40) & (pl.col("state_code") == "TX")),
        ("q=elm+2", pl.col("account_name").str.contains("ELM") & pl.col("account_name").str.contains("2")),
    ],
)
def test_filters_are_those_of_the_rows(server: Server, clinics: pl.DataFrame, asked: str, wanted: pl.Expr) -> None:
    keys = clinics.filter(wanted)["clinic_id"].to_list()
    page = shown(server, f"/clinics?{asked}")
    noun = "clinic" if len(keys) == 1 else "clinics"
    assert f"{len(keys)} {noun}." in page.text
    assert [link for link in page.links if link.startswith("/clinics/")] == [
        f"/clinics/{escaped(key)}" for key in keys[:20]
    ]
    listed = csv.DictReader(io.StringIO(server.get(f"/clinics.csv?{asked}").body.decode()))
    assert [row["clinic_id"] for row in listed] == keys
    assert [row["clinic_id"] for row in server.get(f"/clinics.json?{asked}").json] == keys


def test_a_workbook_has_the_same_rows(server: Server, clinics: pl.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "clinics.xlsx").write_bytes(server.get("/clinics.xlsx?state=CA").body)
    listed = pl.read_excel(tmp_path / "clinics.xlsx")
    assert listed["clinic_id"].to_list() == clinics.filter(state_code="CA")["clinic_id"].to_list()


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/clinics?state=Tx1", "State “Tx1” is not a state. Use two letters, as in TX."),
        ("/clinics?min_score=lots", "Score at least “lots” is not a number. Write it like 65 or 65.5."),
        ("/networks?tier=9", "Tier “9” is none of 1, 2, 3"),
    ],
)
def test_what_cannot_be_is_said_and_kept_and_nothing_is_listed(server: Server, path: str, sentence: str) -> None:
    page = shown(server, path, 422)
    assert sentence in page.text
    assert not [link for link in page.links if link.startswith(("/clinics/", "/networks/"))]
    assert 'aria-invalid="true"' in server.get(path).body.decode()


def test_nothing_found_says_what_to_leave_out(server: Server) -> None:
    page = shown(server, "/clinics?q=sunrise&state=TX")
    assert "No clinic matches “sunrise” , Texas ." in page.text
    assert {"/clinics?state=TX", "/clinics?q=sunrise"} <= set(page.links)


@pytest.mark.parametrize("clinic_id", [*ODD_IDS, "c001", "c010"])
def test_a_clinic_has_a_page_whose_points_add_up(server: Server, clinics: pl.DataFrame, clinic_id: str) -> None:
    page = shown(server, f"/clinics/{escaped(clinic_id)}")
    row = clinics.filter(clinic_id=clinic_id).row(0, named=True)
    total = f"{row['icp_total_score']:g}"
    assert f"{total} of 100" in page.text
    categories = [float(points) for points in re.findall(r": ([\d.]+) of (?:10|20)\b", page.text)]
    assert sum(categories) == pytest.approx(row["icp_total_score"])
    if clinic_id in ODD_IDS:
        assert "<script>alert(1)</script>" in page.text, "it is text, and all of it"
    assert ("Segment, by the rules" in page.text) == (row["icp_segment"] is not None), "no label of the extract"


def test_what_is_unknown_is_said_as_unknown(server: Server) -> None:
    page = shown(server, "/clinics/c000")
    assert "What is unknown, and what it could change" in page.text
    assert "not in the extract" in page.text
    assert "(512) 555-0142" in shown(server, "/clinics/c001").text


def test_a_network_shows_anchor_members_and_why(server: Server, clinics: pl.DataFrame) -> None:
    network = clinics.filter(pl.col("is_network_anchor")).row(0, named=True)
    members = clinics.filter(network_id=network["network_id"])
    page = shown(server, f"/networks/{network['network_id']}")
    assert "Why these are one network" in page.text
    assert {f"/clinics/{escaped(key)}" for key in members["clinic_id"]} <= set(page.links)
    assert f"A network of {len(members)} clinics" in page.text
    assert "linked to the anchor by one name in one state" in page.text
    assert f"/networks/{network['network_id']}?outside=1#near" in page.links
    assert "Look for clinics outside" not in shown(server, f"/networks/{network['network_id']}?outside=1").text
    listed = shown(server, "/networks")
    assert f"/networks/{network['network_id']}" in listed.links


def test_a_network_says_by_state_how_its_clinics_are_linked_to_the_anchor(tmp_path: Path) -> None:
    lines = [
        "a,Marlow Care,TX,7,,90", "b,Marlow Care,OK,7,,4", "c,Marlow Care,OK,,,4", "d,Brixen Clinic,OK,7,,4",
        "e,Marlow Care,NY,,elm,1", "f,Zephyr Group,NY,7,elm,1",
    ]  # fmt: skip
    text = "clinic_id,account_name,state_code,pac_id,parent_name,npi_count\n" + "\n".join(lines) + "\n"
    (tmp_path / "c.csv").write_text(text)
    run([str(tmp_path / "c.csv")], tmp_path / "out", RunOptions(format="parquet", charts=False))
    with served(tmp_path / "out") as server:
        link = next(link for link in shown(server, "/networks").links if link.startswith("/networks/net_"))
        told = shown(server, link).text
    assert "Texas: 1 clinic Marlow Care" in told, "the anchor alone: there is nothing to link"
    assert "Oklahoma: 3 clinics linked to the anchor, 2 by one owner and 1 by one name in one state" in told
    assert "New York: 2 clinics linked to the anchor, 1 by one owner and 1 by one parent company" in told


def test_a_kept_run_is_compared_with_the_published_one(tmp_path: Path) -> None:
    for number, providers in enumerate(["10", "120"]):
        rows = "".join(f"c{place},Clinic {place},TX,{providers if place == 1 else 4}\n" for place in range(9 - number))
        (tmp_path / "c.csv").write_text(f"clinic_id,account_name,state_code,npi_count\n{rows}")
        run([str(tmp_path / "c.csv")], tmp_path / "out", RunOptions(format="parquet", charts=False))
    with served(tmp_path / "out") as server:
        page = shown(server, "/compare")
        assert "0 clinics are new, and 1 are gone." in page.text
        kept = next(link for link in shown(server, "/runs").links if link.startswith("/compare?with="))
        assert shown(server, kept).text == page.text
        shown(server, "/compare?with=20260101T000000000000Z-000000", 404)
        former = shown(server, "/clinics/c1").text.partition("Former scores")[2]
        runs = [
            tmp_path / "out" / ".runs" / each
            for each in (str(server.get("/").headers["x-icp-run"]), kept.partition("=")[2])
        ]
        score, before = (pl.read_parquet(each / "icp_scores.parquet").filter(clinic_id="c1") for each in runs)
        points, points_before = score["icp_total_score"].item(), before["icp_total_score"].item()
        assert f"{points_before:g}, {before['icp_tier_label'].item()} (+{points - points_before:g} since)" in former


def test_a_clinic_says_what_to_say_and_each_sentence_its_points(server: Server) -> None:
    text = shown(server, "/clinics/c039").text  # of 117 providers, in home health, its denial pressure 6
    assert "What to say" in text
    assert "You run 117 providers. How do you keep documentation the same everywhere? From +8 Large provider" in text
    assert "Take care. Do not open with denials: denial pressure is 6 of 10" in text
    assert "Would settle" in text
    assert "None: no run from before is kept." in text


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ("icp-2025-11", "They differ in 7 places, which are marked."),
        ("icf", "not looked at"),
        ("icp-continuous", "They differ in"),
    ],
)
def test_two_scorecards_stand_side_by_side(server: Server, other: str, sentence: str) -> None:
    page = shown(server, f"/scorecard?with={other}")
    assert sentence in page.text
    assert f"icp beside {other}" in page.text


def test_a_scorecard_beside_is_one_that_is_known(server: Server) -> None:
    for name in ("icp", "nothing", "../../etc/passwd", "/etc/passwd", "tests/cards/other.toml"):
        page = shown(server, f"/scorecard?with={escaped(name)}", 404)
        assert "/scorecard?with=icf" in page.links
    assert "Caprock, a 10-site home health agency in Texas" in shown(server, "/scorecard").text


def test_what_is_not_there_is_404_with_what_is_near(server: Server) -> None:
    page = shown(server, "/clinics/c0011", 404)
    assert "This run has no clinic c0011 . Capitals and blanks count." in page.text
    assert "/clinics/c001" in page.links
    shown(server, "/networks/net_nothing", 404)
    assert server.get("/nowhere").status == 404


def test_search_leads_to_an_id_or_to_the_list(server: Server) -> None:
    assert server.get("/search?q=c001").headers["location"] == "/clinics/c001"
    assert server.get("/search?q=elm+street").headers["location"] == "/clinics?q=elm+street"
    assert server.get("/search?q=").headers["location"] == "/clinics"


def test_the_api_and_the_report_answer_as_before(server: Server) -> None:
    assert server.get("/icp/stats").json["total_clinics"] == 53
    assert server.get("/health").json["status"] == "ok"
    assert server.get("/docs").status == 200
    assert b"Whom to call first" in server.get("/report").body
    assert (render.CHARTS, render.REPORT) == (pages.CHARTS, pages.REPORT)
    charts = [link for link in shown(server, "/charts").links if link.startswith("/charts/")]
    assert len(charts) > 3
    drawn = server.get(charts[0])
    assert b"plotly.min.js" in drawn.body
    assert "script-src 'self'" in drawn.headers["content-security-policy"]
    assert server.get("/charts/plotly.min.js").status == 200
    for name in ("nothing.html", "..%2Frun.json", "%2Fetc%2Fpasswd", "run.json"):
        assert server.get(f"/charts/{name}").status == 404, name
    assert server.get("/static/style.css").headers["content-type"].startswith("text/css")
    assert server.get("/static/../site.py").status == 404


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example"])
def test_other_hosts_see_no_page(server: Server, host: str) -> None:
    assert server.get("/", {"Host": host}).status == 421


def posted(server: Server, path: str, fields: str, headers: dict[str, str] | None = None) -> Answer:
    connection = server.connect()
    try:
        sent = {"Content-Type": "application/x-www-form-urlencoded"} | (headers or {})
        connection.request("POST", path, fields, sent)
        answer = connection.getresponse()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def test_with_a_token_people_sign_in_and_cookies_hold(warehouse: Path) -> None:
    with served(warehouse, ICP_API_TOKEN="tök en") as server:
        asked = server.get("/clinics?state=TX")
        assert (asked.status, asked.headers["location"]) == (303, "/sign-in?next=%2Fclinics%3Fstate%3DTX")
        assert server.get("/icp/stats").status == 401
        assert "Sign in" in Page(server.get("/sign-in?next=/clinics")).text
        assert posted(server, "/sign-in", "token=wrong").status == 403
        assert posted(server, "/sign-in", "token=t%C3%B6k+en", {"Sec-Fetch-Site": "cross-site"}).status == 403
        assert posted(server, "/sign-in", "token=t%C3%B6k+en", {"Origin": "http://evil.example"}).status == 403
        found = posted(server, "/sign-in", "token=t%C3%B6k+en&author=Ann&next=%2Fclinics%3Fstate%3DTX")
        assert (found.status, found.headers["location"]) == (303, "/clinics?state=TX")
        cookie = found.headers["set-cookie"]
        assert {"httponly", "samesite=strict"} <= {part.strip().lower() for part in cookie.split(";")}
        value = cookie.partition(";")[0]
        assert server.get("/clinics", {"Cookie": value}).status == 200
        assert server.get("/clinics", {"Cookie": value[:-1] + ("0" if value[-1] != "0" else "1")}).status == 303
        until, rest = value.partition("=")[2].split(".", 1)
        assert server.get("/clinics", {"Cookie": f"whom_to_call={int(until) + 9}.{rest}"}).status == 303


@pytest.mark.parametrize(
    ("headers", "secure"),
    [
        ({}, False),
        ({"X-Forwarded-Proto": "http"}, False),
        ({"X-Forwarded-Proto": "https"}, True),
        ({"X-Forwarded-Proto": "https, http"}, True),
    ],
)
def test_behind_tls_the_cookie_goes_over_tls_alone(token_server: Server, headers: dict[str, str], secure: bool) -> None:
    scheme = "https" if secure else "http"  # a browser names the page that it sends from
    origin = {"Origin": f"{scheme}://127.0.0.1:{token_server.port}"}
    found = posted(token_server, "/sign-in", "token=t", headers | origin)
    assert found.status == 303
    assert ("secure" in {part.strip().lower() for part in found.headers["set-cookie"].split(";")}) is secure


@pytest.mark.parametrize(
    "following", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_signing_in_leads_nowhere_else(token_server: Server, following: str) -> None:
    found = posted(token_server, "/sign-in", f"token=t&next={escaped(following)}")
    assert (found.status, found.headers["location"]) == (303, "/")


@pytest.fixture(scope="module")
def token_server(warehouse: Path) -> Iterator[Server]:
    with served(warehouse, ICP_API_TOKEN="t") as found:
        yield found


def test_before_there_is_a_run_pages_say_so(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        page = Page(server.get("/"))
        assert server.get("/").status == 503
        assert "There is nothing to show yet" in page.text


def test_hostile_parameters_are_answered_in_a_sentence(server: Server) -> None:
    connection = server.connect()
    connection.timeout = PATIENCE
    for query in (
        "q=%00", "tier=%27%20or%201%3D1", "sort=clinic_id%3B--", "page=1e9", "state=%F0%9F%A6%B7", "q=" + "%41" * 600,
        "network_id=%3Cscript%3E", "min_score=--1", "tier=could-be-9", "page=%D9%A1",
    ):  # fmt: skip
        answer = ask(connection, f"/clinics?{query}")
        assert answer.status in (200, 422), query
        assert b"<script>" not in answer.body
    connection.close()
