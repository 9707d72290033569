"""Answers: the same sentences and tables in a terminal, as JSON and as a page."""

import json
from pathlib import Path

import plotly.graph_objects as go
import polars as pl
import pytest
from markupsafe import Markup

from icp_engine.charts.catalogue import Chart
from icp_engine.charts.style import figure
from icp_engine.report.document import Column, Document, Picture, Table, document_content, document_text, spelled
from icp_engine.report.environment import page_environment
from icp_engine.report.render import document_page

MOVES = Table(
    "tier_moves",
    "Clinics that move",
    (Column("tier", "Tier"), Column("clinics", "Clinics", "count"), Column("share", "Share", "share")),
    [("Tier 1 <HOT>", 1_234, 0.12345), ("Tier 2\x1b[31m", 0, 0.0), (None, 5, 0.99999)],
    "By tier of the first scorecard.",
)
ANSWER = Document(
    "What changes",
    "1,234 clinics change tier.",
    ("Nothing else does.",),
    "a 1.0.0 and b 2.0.0",
    (MOVES, Table("movers", "Largest movers", (Column("id", "Clinic"),), (), empty="No clinic moves.")),
    {"moved": 1_234},
)


@pytest.mark.parametrize(
    ("value", "kind", "told"),
    [
        (None, "count", "–"),
        ((), "text", "–"),
        (("a", "b", "c"), "text", "a, b and c"),
        (True, "text", "yes"),
        (1_234, "count", "1,234"),
        (2.5, "points", "2.50"),
        (1_200, "change", "+1,200"),
        (-0.5, "change", "-0.5"),
        (0, "change", "0"),
        (0.0, "share", "0.0%"),
        (0.0001, "share", "<0.1%"),
        (0.99999, "share", ">99.9%"),
        (1.0, "share", "100.0%"),
        (0.12345678, "number", "0.1235"),
        (100, "number", "100"),
        (100.0, "number", "100"),
    ],
)
def test_values_read_as_their_column_says(value, kind, told):
    assert spelled(value, kind) == told


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("\x1b[31mRed", "\\x1b[31mRed"),
        ("a\x9bb\x7f", "a\\x9bb\\x7f"),
        ("<b>\x00", "&lt;b&gt;\\x00"),
        ("one\ntwo\t3", "one\ntwo\t3"),
        (Markup("<i>\x1b</i>"), "<i>\x1b</i>"),
        (5, "5"),
    ],
)
def test_a_page_shows_control_characters_of_data(value: object, shown: str, tmp_path: Path):
    environment = page_environment(tmp_path)
    assert environment.from_string("{{ value }}").render(value=value) == shown
    macro = "{% macro cell(value) %}<td>{{ value }}</td>{% endmacro %}{{ cell(value) }}"
    assert environment.from_string(macro).render(value=value) == f"<td>{shown}</td>"


def test_a_terminal_shows_the_answer_first_and_no_control_character():
    text = document_text(ANSWER, 60)
    assert text.splitlines()[:2] == ["1,234 clinics change tier.", "Nothing else does."]
    assert ["Tier", "1", "<HOT>", "1,234", "12.3%"] in [line.split() for line in text.splitlines()]
    assert "\x1b" not in text
    assert "No clinic moves." in text
    assert text.endswith("a 1.0.0 and b 2.0.0")


def test_json_holds_facts_and_tables_by_name():
    content = json.loads(json.dumps(document_content(ANSWER)))
    assert content["moved"] == 1_234
    assert content["tier_moves"][0] == {"tier": "Tier 1 <HOT>", "clinics": 1_234, "share": 0.12345}
    assert content["movers"] == []


def test_a_page_escapes_what_it_shows_and_carries_scripts_only_for_pictures():
    page = document_page(ANSWER)
    assert "Tier 1 &lt;HOT&gt;" in page
    assert "<script" not in page
    chart = Chart("steps", "Steps.", figure("Steps", 200, [go.Bar(x=[1], y=[2])]), pl.DataFrame({"x": [1]}))
    with_picture = document_page(Document("Q", "A.", parts=(Picture(lambda: chart),)))
    assert "Plotly.newPlot" in with_picture
    assert 'id="steps-chart-figure"' in with_picture
