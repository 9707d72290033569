"""The report and the pages of charts: every figure on them stands in the tables, and nothing of the data is markup."""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result
from colours import contrast
from conftest import BEST, HOSTILE

import icp_engine
from icp_engine.charts.aggregates import aggregates
from icp_engine.charts.catalogue import draw
from icp_engine.cli import cli
from icp_engine.database import database, sql_text
from icp_engine.display import percent
from icp_engine.distribution import install_extra
from icp_engine.errors import InputError
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.published.explain import explain_clinic
from icp_engine.published.run import open_run
from icp_engine.report.content import content
from icp_engine.report.lists import MAX_CLINICS, call_lists
from icp_engine.report.publishing import publish_charts, publish_report
from icp_engine.scoring.explanation import Explanation

Fields = dict[str, Any]
VOID = {"meta", "link", "br", "img", "input", "hr"}
CARD = icp_engine.load_scorecard("icp")


class Page(HTMLParser):
    """A page taken apart: elements in order, texts by element, rows of tables by the id of the table or its figure."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.tables: dict[str, list[list[str]]] = {}
        self.open: list[str] = []
        self._id = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.elements.append((tag, known))
        if tag in ("table", "figure") and known.get("id"):
            self._id = str(known["id"])
        if tag == "tr":
            self.tables.setdefault(self._id, []).append([])
        elif tag in ("td", "th"):
            self.tables[self._id][-1].append("")
        elif tag == "small":
            self.tables[self._id][-1][-1] += "|"
        elif tag in ("h1", "h2", "h3", "dt", "dd", "caption", "title", "script"):
            self.texts.setdefault(tag, []).append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes nothing"
        if tag in ("table", "figure"):
            self._id = ""

    def handle_data(self, data: str) -> None:
        for tag in self.open[-2:]:
            if tag in self.texts:
                self.texts[tag][-1] += data
        if {"td", "th"} & set(self.open):
            self.tables[self._id][-1][-1] += data


def call(*args: object) -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args])


def refused(*args: object) -> str:
    """The one sentence that a command is refused with."""
    done = call(*args)
    assert (done.exit_code, done.stdout) == (1, "")
    assert isinstance(done.exception, InputError), repr(done.exception)
    assert "\n" not in str(done.exception)
    return str(done.exception)


def published_from(rows: list[Fields], folder: Path, **options: Any) -> Path:
    names = sorted({name for row in rows for name in row})
    table = {name: [row.get(name) for row in rows] for name in names}
    pl.DataFrame(table, infer_schema_length=None).write_parquet(folder / "clinics.parquet")
    run([str(folder / "clinics.parquet")], folder / "out", RunOptions(format="parquet", **options))
    return folder / "out"


@pytest.fixture(scope="module")
def page(pictured: Path) -> Page:
    return Page((pictured / "report.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def scores(pictured: Path) -> pl.DataFrame:
    return pl.read_parquet(pictured / "icp_scores.parquet")


@pytest.fixture(scope="module")
def networks(pictured: Path) -> pl.DataFrame:
    found = pl.read_parquet(pictured / "networks_icp.parquet")
    return found.sort("network_icp_total_score", "network_id", descending=[True, False])


def shown(value: Any) -> str:
    """A value as a table of the page shows it."""
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    if isinstance(value, int):
        return f"{value:,}"
    text = "–" if value is None else str(value)
    return text if len(text) <= 120 else f"{text[:119]}…"


# ---------------------------------------------------------------- figures


def test_the_tiles(page: Page, scores: pl.DataFrame, networks: pl.DataFrame) -> None:
    rows, total = len(scores), scores["icp_total_score"]
    tiers = [(tier.label, (scores["icp_tier"] == tier.number).sum()) for tier in CARD.tiers]
    members = networks["num_clinics"].sum()
    due = [("Clinics scored", f"{rows:,}", "2 rows rejected")]
    due += [(label, f"{count:,}", f"{percent(count / rows)} of clinics") for label, count in tiers]
    due += [("Networks", f"{len(networks):,}", f"of {members:,} clinics ({percent(members / rows)})")]
    due += [("Mean score", f"{total.mean():.1f}", f"median {total.median():g}, best {total.max():g}")]
    figures = page.texts["dd"]
    assert list(zip(page.texts["dt"], figures[::2], figures[1::2], strict=True)) == due
    assert sum(count for _, count in tiers) == rows
    assert min(count for _, count in tiers) > 0


def why_of(found: Explanation) -> tuple[list[str], set[str]]:
    """What a row may say of a clinic: reasons of its bands with the most points, and the fields that are unknown."""
    known = [entry for entry in found.bibliography if not entry.missing and entry.sources and entry.points > 0]
    known = [entry for entry in known if entry.score != "strategic_segment"]  # no headline
    reasons = [f"+{shown(entry.points)} {entry.reason}" for entry in sorted(known, key=lambda entry: -entry.points)]
    unknown = {field for entry in found.bibliography if entry.missing for field in entry.sources}
    return reasons, unknown | ({"revenue_per_patient"} if {"allowed_amt", "bene_count"} & unknown else set())


def check_why(text: str, found: Explanation) -> None:
    told, _, unknown = text.partition("Unknown: ")
    reasons, fields = why_of(found)
    assert told == "".join(reasons[:3]), found.clinic_id
    assert {field for field in re.findall(r"[a-z_]{4,}", unknown) if field not in ("more",)} <= fields
    assert bool(unknown) == bool(fields)


def test_the_networks_to_call(page: Page, scores: pl.DataFrame, networks: pl.DataFrame) -> None:
    anchors = {row["clinic_id"]: row for row in scores.iter_rows(named=True)}
    weight = pl.col("num_clinics") * (pl.col("network_icp_total_score") * 100).round().cast(pl.Int64)
    due = []
    best = networks.with_columns(weight=weight).sort("weight", "network_id", descending=[True, False]).head(10)
    for place, network in enumerate(best.iter_rows(named=True), 1):
        anchor = anchors[network["anchor_clinic_id"]]
        state = f", {anchor['state_code']}" if anchor["state_code"] else ""
        due.append(
            [
                str(place), f"{shown(network['display_name'])}|{network['network_id']}", shown(network["weight"] / 100),
                f"{network['network_icp_total_score']:,.2f}",
                network["network_icp_tier_label"], shown(network["num_clinics"]), shown(network["num_states"]),
                f"{shown(anchor['account_name'])}{state}|{anchor['clinic_id']}",
            ]
        )  # fmt: skip
    rows = page.tables["top-networks"][1:]
    assert [row[:-1] for row in rows] == due
    assert all(row[-1].startswith("+") for row in rows)
    assert "Unknown: " in rows[0][-1]


def test_the_best_clinics(page: Page, pictured: Path, scores: pl.DataFrame) -> None:
    found, members = open_run(pictured), pl.read_parquet(pictured / "clinics_icp_with_networks.parquet")
    networks = {row["clinic_id"]: row for row in members.iter_rows(named=True) if row["network_id"]}
    rows = page.tables["top-clinics"][1:]
    best = scores.sort("icp_total_score", "clinic_id", descending=[True, False])
    assert len(rows) == len(best) < MAX_CLINICS
    for place, (row, clinic) in enumerate(zip(rows, best.iter_rows(named=True), strict=True), 1):
        network = networks.get(clinic["clinic_id"])
        role = "Anchor of" if network and network["is_network_anchor"] else "In"
        member = f"|{role} a network of {network['num_clinics']}" if network else ""
        assert row[:-1] == [
            str(place), f"{shown(clinic['account_name'] or 'No name')}{member}|{clinic['clinic_id']}",
            clinic["state_code"] or "unknown",
            f"{clinic['icp_total_score']:.2f}", clinic["icp_tier_label"], clinic["icp_segment"],
        ], place  # fmt: skip
    for row in rows[:300:15]:
        check_why(row[-1], explain_clinic(found, row[1].rpartition("|")[2]))


NETWORKS = {"network_id": pl.String(), "display_name": pl.String(), "total_score": pl.Float64(), "tier": pl.Int8(),
            "tier_label": pl.String(), "num_clinics": pl.Int64(), "num_states": pl.Int64(),
            "anchor_clinic_id": pl.String(), "hundredths": pl.Int64()}  # fmt: skip


def test_networks_to_call_stand_by_clinics_times_score() -> None:
    rows = [("n2", "Two", 60.0, 1, "T1", 2, 1, "c", 6000), ("n1", None, 60.0, 1, "T1", 2, 2, "b", 6000),
            ("n0", "O", 61.99, 1, "T1", 2, 1, "a", 6199), ("n3", "Big", 32.0, 2, "T2", 10, 3, "d", 3200)]  # fmt: skip
    with database(threads=1) as db:
        db.copy("network_scores", pl.DataFrame(rows, NETWORKS, orient="row"))
        assert db.frame(sql_text("report/networks_to_call"), {"max_rows": 3}).rows() == [
            ("n3", "Big", 320.0, 32.0, 2, "T2", 10, 3, "d"),
            ("n0", "O", 123.98, 61.99, 1, "T1", 2, 1, "a"),
            ("n1", None, 120.0, 60.0, 1, "T1", 2, 2, "b"),
        ]


def test_no_more_clinics_than_a_page_can_hold(pictured: Path, scores: pl.DataFrame) -> None:
    best = scores.sort("icp_total_score", "clinic_id", descending=[True, False]).head(7)
    rows = call_lists(open_run(pictured), 7).clinics
    assert [(row.clinic_id, row.score) for row in rows] == best.select("clinic_id", "icp_total_score").rows()


def test_the_why_of_a_network_is_that_of_its_clinics(tmp_path: Path) -> None:
    """Two of three are in home health, two do not know their providers; the third is known to be small."""
    same = {"account_name": "Elm Clinic", "state_code": "TX"}
    home, dental = {"segment_label": "Home Health"}, {"segment_label": "Dental"}
    rows = [
        {**same, **home, "clinic_id": "1", "npi_count": None, "phone": "555-0101", "city": "Waco"},
        {**same, **home, "clinic_id": "2", "npi_count": None, "phone": None, "city": "Austin"},
        {**same, **dental, "clinic_id": "3", "npi_count": 55, "phone": None, "city": None},
    ]
    found = open_run(published_from(rows, tmp_path))
    (network,) = call_lists(found).networks
    assert (network.clinics, network.states, network.anchor.phone, network.anchor.city) == (3, 1, "555-0101", "Waco")
    reasons = {(reason.text, reason.clinics) for reason in network.why.reasons}
    assert ("Behavioral Health / Home Health (high fit)", 2) in reasons
    assert ("Other specialty (lower fit)", 1) in reasons
    unknown = {gap.field: gap.clinics for gap in network.why.unknown}
    assert unknown["npi_count"] == 2
    assert unknown["denial_pressure"] == 3


def test_the_first_sentence_is_honest(tmp_path: Path) -> None:
    fields = {"segment_label": "Dental", "allowed_amt": 1e6, "bene_count": 5000, "site_count": 2}
    nobody = [{"clinic_id": "1", "npi_count": 5, **fields}, {"clinic_id": "2"}]
    (tmp_path / "a").mkdir()
    found = open_run(published_from(nobody, tmp_path / "a"))
    said = content(found).verdict
    best = pl.read_parquet(found.path("icp_scores"))["icp_total_score"].max()
    assert said.headline == f"Nobody reaches 80, where Tier 1 - HOT begins. The best score is {best:g}: start here."
    assert len(said.caveats) == 2
    assert said.caveats[1] == (
        "Missing data could change the tier of 2 clinics, 100.0% of all: icp-engine gaps says which fields."
    )
    assert said.caveats[0].startswith("No clinic has a value for ")
    assert "denial_pressure" in said.caveats[0]
    assert "npi_count" not in said.caveats[0]
    reachable = found.manifest.reachable
    assert said.caveats[0].endswith(f"{reachable:g} of 100 points are within reach, and Tier 1 - HOT is out of reach.")
    (tmp_path / "b").mkdir()
    found = open_run(published_from([{**BEST, "clinic_id": one} for one in "123"], tmp_path / "b"))
    said = content(found).verdict
    best = found.table("icp_scores").collect()["icp_total_score"][0]
    assert said.headline == "The order of the best clinics means nothing."
    assert said.caveats[0] == f"3 of 3 clinics share the best score, {best:g}, and stand in the order of their ids."
    assert said.caveats[2:] == (f"The largest tie is 3 clinics at {best:g} points, 100.0% of all.",)
    (tmp_path / "c").mkdir()
    rows = [{**BEST, "clinic_id": str(number), "denial_pressure": 9 - number / 2} for number in range(3)]
    said = content(open_run(published_from(rows, tmp_path / "c"))).verdict
    assert said.headline == "3 clinics reached Tier 1 - HOT (score 80 or more): start with them."


def test_field_by_field(page: Page, pictured: Path) -> None:
    given = pl.read_parquet(pictured.parent / "clinics.parquet")
    found = {row[0].partition("|")[0]: row[1:] for row in page.tables["fields"][1:]}
    assert set(found) == set(CARD.reads)
    for name in ("npi_count", "site_count", "denial_pressure", "roi_readiness"):
        column = given[name].cast(pl.Float64)
        column = column.filter(column.is_finite())  # NaN and the infinities are missing
        missing, wrong = len(given) - len(column), (column < 0).sum()
        known, gone, invalid, capped, _ = found[name]
        assert known == percent((len(given) - missing - wrong) / len(given)), name
        assert (gone, invalid.partition("|")[0]) == (f"{missing:,}", f"{wrong:,}"), name
        assert capped == (str((column > 10).sum()) if name in ("denial_pressure", "roi_readiness") else "0"), name
    assert found["npi_count"][2].endswith("|such as -1")
    points = [float(row[-1]) for row in page.tables["fields"][1:]]
    assert points == sorted(points, reverse=True)


def test_the_numbers_below_the_charts(page: Page, pictured: Path) -> None:
    report = content(open_run(pictured))
    assert len(report.charts) == 7
    for name, chart in {**report.charts, "waterfall": report.best}.items():
        assert chart is not None
        header, *rows = page.tables[name]
        assert header == [column.replace("_", " ") for column in chart.data.columns]
        assert rows == [[shown(value) for value in row] for row in chart.data.iter_rows()], name


def test_data_quality_in_words(pictured: Path, scores: pl.DataFrame) -> None:
    text = (pictured / "report.html").read_text(encoding="utf-8").partition('<h2 id="data">')[2][:20_000]
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", text))
    counts = scores["icp_total_score"].value_counts(sort=True)
    most = counts.filter(pl.col("count") == counts["count"][0])["icp_total_score"].to_list()
    said = re.search(r"There are ([\d,]+) different scores; the most common, ([\d.]+) points, is that of (\S+%)", text)
    assert said is not None
    assert said[1] == f"{len(counts):,}"
    assert float(said[2]) in most
    assert said[3] == percent(counts["count"][0] / len(scores))
    assert "Of 1,532 rows, 2 were rejected (see rejects.parquet)" in text


def test_how_the_score_works_is_the_scorecard(page: Page) -> None:
    assert [text.strip().partition(" (")[0] for text in page.texts["caption"]] == [
        rule.label for category in CARD.categories for rule in category.characteristics
    ]
    rows = page.tables[""]
    reasons = {row[-1] for row in rows}
    assert {band.reason for rule in CARD.characteristics for band in rule.bands if band.reason} <= reasons
    assert ["allowed_amt 10,000,000 or more", "4", "Enterprise billing volume ($10M+)"] in rows


# ---------------------------------------------------------------- the page


def pages(warehouse: Path) -> Iterator[tuple[str, str]]:
    for path in (warehouse / "report.html", *sorted((warehouse / "charts").glob("*.html"))):
        yield path.name, path.read_text(encoding="utf-8")


def test_pages_are_small(pictured: Path) -> None:
    assert (pictured / "report.html").stat().st_size <= 6_000_000
    assert all(path.stat().st_size <= 400_000 for path in (pictured / "charts").glob("*.html"))
    assert len(list((pictured / "charts").iterdir())) == 9


def test_pages_ask_the_network_for_nothing(pictured: Path) -> None:
    for name, text in pages(pictured):
        for tag, known in Page(text).elements:
            for attribute in ("src", "href", "srcset", "poster", "action", "data", "background", "formaction"):
                value = known.get(attribute) or ""
                assert re.fullmatch(r"#[\w-]+|data:,|plotly\.min\.js|", value), f"{name}: <{tag} {attribute}={value}>"
        styles = "".join(re.findall(r"<style>(.*?)</style>", text, re.DOTALL))
        assert "{" in styles
        assert not re.search(r"url\(|@import|https?:", styles)
        assert "default-src 'none'" in text


def test_names_are_text_and_never_markup(pictured: Path, page: Page) -> None:
    known = {tag for tag, _ in page.elements}
    assert not known & {"b", "i", "img", "iframe"}
    names = {row[1].partition("|")[0] for row in page.tables["top-clinics"]}
    assert {name for name in HOSTILE if "Very" not in name} & names, "hostile names are among the best"
    scripts = page.texts["script"]
    assert len(scripts) == 5 + 8, "plotly, outlines, templates, the page's own two, and one per chart"
    for name, text in pages(pictured):
        assert "<script>alert" not in text, name
        assert "<img src=x" not in text, name
        data = [part for part in Page(text).texts["script"] if part.startswith('{"data"')]
        assert data, name
        assert all(set(json.loads(item)) == {"data", "layout"} for item in data)


def test_a_heading_shows_a_name_as_it_is(tmp_path: Path) -> None:
    out = published_from([{**BEST, "clinic_id": "1", "account_name": "A & <b>B</b>"}], tmp_path)
    page = Page((out / "report.html").read_text(encoding="utf-8"))
    assert [text for text in page.texts["h3"] if text.startswith("A & <b>B</b>: ")]
    chart = Page((out / "charts" / "waterfall.html").read_text(encoding="utf-8"))
    assert chart.texts["h1"][0].startswith("A & <b>B</b>: ")
    assert chart.texts["title"] == chart.texts["h1"]


@pytest.mark.parametrize("name", ["report.html", "charts/tiers_by_state.html", "charts/waterfall.html"])
def test_structure_for_those_who_cannot_see_it(pictured: Path, name: str) -> None:
    page = Page((pictured / name).read_text(encoding="utf-8"))
    assert page.open == [], "every element is closed"
    assert [known.get("lang") for tag, known in page.elements if tag == "html"] == ["en"]
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(deeper - above <= 1 for above, deeper in pairwise(levels))
    ids = [known["id"] for _, known in page.elements if known.get("id")]
    assert len(ids) == len(set(ids))
    for tag, known in page.elements:
        if tag == "th":
            assert known.get("scope") in ("col", "row")
        if tag == "section" or known.get("role") in ("img", "group") or tag == "nav":
            labelled = known.get("aria-label") or known.get("aria-labelledby") in ids
            assert labelled, (tag, known)
        if (known.get("href") or "").startswith("#"):
            assert str(known["href"])[1:] in ids
    drawn = [known for _, known in page.elements if known.get("class") == "chart"]
    assert drawn
    assert all(len(str(known["aria-label"])) > 60 for known in drawn)


def style_colours(block: str) -> dict[str, str]:
    return {name: "#" + "".join(2 * one for one in hexed) if len(hexed) == 3 else f"#{hexed}"
            for name, hexed in re.findall(r"--(\w+): #(\w+)", block)}  # fmt: skip


def test_contrast_of_the_page() -> None:
    spec = importlib.util.find_spec("icp_engine.report")
    assert spec is not None
    assert spec.origin is not None
    css = Path(spec.origin).with_name("templates").joinpath("page.css").read_text(encoding="utf-8")
    blocks = [style_colours(block) for block in re.findall(r":root \{([^}]*)\}", css)]
    assert [set(block) for block in blocks] == [{"paper", "card", "ink", "soft", "line", "edge", "accent", "gap"}] * 3
    for block in blocks:
        for text in ("ink", "soft", "accent", "gap"):
            for paper in ("paper", "card"):
                assert contrast(block[text], block[paper]) >= 4.5, (text, paper, block)
                assert contrast(block["edge"], block[paper]) >= 3, (paper, block)


# ---------------------------------------------------------------- runs of all kinds


LEAD = """
id = "lead"
version = "1.0.0"
title = "Leads"
prefix = "lead"
[category.size]
label = "Size"
max = 6
[category.size.providers]
field = "npi_count"
missing = { points = 0, note = "No count" }
bands = [{ name = "many", at_least = 10, points = 6, reason = "Many" }, { name = "few", points = 0, reason = "Few" }]
[tier]
1 = { label = "Yes", at_least = { total = 6 } }
2 = { label = "No" }
"""


def test_one_clinic_of_which_nothing_is_known(tmp_path: Path) -> None:
    out = published_from([{"clinic_id": "1"}], tmp_path)
    page = Page((out / "report.html").read_text(encoding="utf-8"))
    assert page.texts["dd"][:2] == ["1", "0 rows rejected"]
    (row,) = page.tables["top-clinics"][1:]
    assert row[:-1] == ["1", "No name|1", "unknown", "10.00", "Tier 3 - Monitor", "C"]
    assert row[-1].startswith("+2 Baseline regulatory exposureUnknown: segment_label (up to +32), npi_count")
    assert "top-networks" not in page.tables
    assert "No network: no two clinics share" in (out / "report.html").read_text(encoding="utf-8")
    assert not (out / "charts" / "tiers_by_state.html").exists(), "no state, no map"


def test_a_run_without_networks(tmp_path: Path) -> None:
    rows = [{**BEST, "clinic_id": str(number), "account_name": "Same", "state_code": "TX"} for number in range(4)]
    out = published_from(rows, tmp_path, networks=False)
    page = Page((out / "report.html").read_text(encoding="utf-8"))
    assert "Networks" not in [*page.texts["dt"], *page.texts["h2"]]
    assert "networks" not in page.tables
    assert not (out / "charts" / "top_networks.html").exists()


def test_a_scorecard_of_another_prefix(tmp_path: Path) -> None:
    (tmp_path / "lead.toml").write_text(LEAD)
    rows = [{"clinic_id": "a", "npi_count": 10, "state_code": "TX"}, {"clinic_id": "b", "npi_count": 9}]
    out = published_from(rows, tmp_path, scorecard=str(tmp_path / "lead.toml"), networks=False)
    page = Page((out / "report.html").read_text(encoding="utf-8"))
    assert page.texts["title"] == ["Whom to call first: Leads"]
    assert page.tables["top-clinics"][1:] == [
        ["1", "No name|a", "TX", "6.00", "Yes", "+6 Many"],
        ["2", "No name|b", "unknown", "0.00", "No", "Nothing known brings a point."],
    ]
    assert "Segment" not in " ".join(page.texts["h3"])


def test_no_charts_leaves_neither_behind(tmp_path: Path) -> None:
    out = published_from([{"clinic_id": "1"}], tmp_path, keep=1)
    assert (out / "report.html").exists()
    out = published_from([{"clinic_id": "1"}], tmp_path, charts=False)
    assert not {"charts", "report.html"} & {path.name for path in out.iterdir()}
    assert "charts" not in open_run(out).manifest.seconds


def test_a_run_lists_and_links_its_pages(pictured: Path) -> None:
    manifest = open_run(pictured).manifest
    files = {output.file: output.bytes for output in manifest.outputs}
    for name in ("report.html", "charts/plotly.min.js", "charts/waterfall.html", "charts/top_networks.html"):
        assert (pictured / name).stat().st_size == files[name]
    assert (pictured / "charts").readlink() == Path(".current/charts")
    assert manifest.no_charts is None
    assert manifest.seconds["charts"] > 0


@pytest.mark.parametrize(("package", "command"), [("plotly", "charts"), ("jinja2", "report")])
def test_without_the_extra_a_run_is_published_and_says_so(package: str, command: str, tmp_path: Path) -> None:
    (tmp_path / "clinics.csv").write_text("clinic_id\n1\n")
    start = f"import sys; sys.modules[{package!r}] = None; from icp_engine.cli import main; main()"
    arguments = [sys.executable, "-c", start]
    done = subprocess.run(
        [*arguments, "run", "clinics.csv", "--out", "out"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "pip install '.[charts]'" in done.stdout
    assert (tmp_path / "out" / "icp_scores.parquet").exists()
    assert not (tmp_path / "out" / "report.html").exists()
    done = subprocess.run([*arguments, command, "-w", "out"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"Error: This needs more packages: {install_extra('charts')}.\n"


# ---------------------------------------------------------------- command line


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse of three clinics without charts."""
    rows = [{**BEST, "clinic_id": str(number), "account_name": "Elm Clinic", "state_code": "TX"} for number in range(3)]
    return published_from(rows, tmp_path_factory.mktemp("three"), charts=False)


@pytest.fixture
def small(three: Path, tmp_path: Path) -> Path:
    """A copy of that warehouse to write into."""
    return Path(shutil.copytree(three, tmp_path / "out", symlinks=True))


def test_charts_and_report_of_a_published_run(small: Path) -> None:
    done = call("charts", "-w", small)
    assert (done.exit_code, done.stderr) == (0, "")
    paths = [Path(line) for line in done.stdout.splitlines()]
    assert [path.parent for path in paths] == [small / "charts"] * 7
    assert all(path.read_text(encoding="utf-8").startswith("<!doctype html>") for path in paths)
    assert (small / "charts" / "plotly.min.js").exists()
    done = call("report", "-w", small)
    assert (done.exit_code, done.stdout, done.stderr) == (0, f"{small / 'report.html'}\n", "")
    assert (small / "report.html").readlink() == Path(".current/report.html")
    assert json.loads(call("report", "--json", "-w", small).stdout) == {"report": str(small / "report.html")}


def test_pages_elsewhere(small: Path, tmp_path: Path) -> None:
    before = sorted(path.name for path in small.iterdir())
    done = call("charts", "-w", small, "--clinic", "1", "--out", tmp_path / "new" / "slides", "--json")
    assert json.loads(done.stdout) == [str(tmp_path / "new" / "slides" / "waterfall.html")]
    assert {path.name for path in (tmp_path / "new" / "slides").iterdir()} == {"waterfall.html", "plotly.min.js"}
    assert call("report", "-w", small, "-o", tmp_path / "mine.html", "--quiet").stdout == ""
    assert "Whom to call first" in (tmp_path / "mine.html").read_text(encoding="utf-8")
    assert call("charts", "-w", small, "-q", "-o", tmp_path / "all").stdout == ""
    assert sorted(path.name for path in small.iterdir()) == before


def test_what_pages_are_refused_for(small: Path, tmp_path: Path) -> None:
    assert refused("charts", "-w", small, "--clinic", "9").startswith(f"{small} has no clinic '9'")
    for command in ("charts", "report"):
        assert refused(command, "-w", tmp_path / "none").startswith(f"{tmp_path / 'none'} holds no published run")
    (tmp_path / "file").write_text("")
    said = refused("charts", "-w", small, "--out", tmp_path / "file" / "in")
    assert said.endswith("choose another --out.")
    said = refused("report", "-w", small, "--out", tmp_path / "none" / "r.html")
    assert (
        said == f"{tmp_path / 'none' / 'r.html'} cannot be written (No such file or directory); choose another --out."
    )
    (small / "report.html").write_text("mine")
    assert "is in the way" in refused("report", "-w", small)
    assert (small / "report.html").read_text() == "mine"


def test_pages_are_not_put_into_a_newer_run(small: Path, three: Path) -> None:
    def overtaken(*_: object) -> None:
        run([str(three.parent / "clinics.parquet")], small, RunOptions(format="parquet", charts=False, keep=9))

    for publish in (publish_charts, publish_report):
        old = open_run(small).folder
        with pytest.raises(InputError, match="A newer run was published"):
            publish(small, report=overtaken)
        assert open_run(small).folder != old
        for folder in (old, open_run(small).folder, small):
            assert not {"charts", "report.html"} & {path.name for path in folder.iterdir()}


def test_png_without_a_browser(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chromium = pytest.importorskip("choreographer.browsers.chromium")
    monkeypatch.setattr(chromium.Chromium, "find_browser", classmethod(lambda *_, **__: None))
    said = refused("charts", "-w", small, "--png", "--out", tmp_path / "png")
    assert said.startswith("PNG needs an installed Chrome or Chromium")
    assert not (tmp_path / "png").exists()


def test_png_without_kaleido(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kaleido", None)
    assert refused("charts", "-w", small, "--png") == (f"PNG needs one more package: {install_extra('png')}.")


def test_every_chart_has_a_page_of_its_own(pictured: Path) -> None:
    names = [one.name for one in draw(aggregates(open_run(pictured)))]
    assert {path.stem for path in (pictured / "charts").glob("*.html")} == {*names, "waterfall"}
