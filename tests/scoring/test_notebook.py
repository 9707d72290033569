"""What a scorecard and an explanation show in a notebook and on a terminal."""

import dataclasses
from html.parser import HTMLParser

import polars as pl
import pytest

import icp_engine

CARD = icp_engine.load_scorecard("icp")
SCRIPT = "<script>alert('&')</script>"


class Page(HTMLParser):
    """The text of a page, cell by cell, and the tags that it has; every tag has to be closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert {name for name, _ in attrs} <= {"style"}
        self.open.append(tag)
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


TAGS = {"div", "strong", "table", "tr", "th", "td"}


def explained(**values: object) -> icp_engine.Explanation:
    frame = pl.DataFrame({"clinic_id": ["007"], **{name: [value] for name, value in values.items()}})
    return icp_engine.explain(frame, CARD, "007")


def test_a_scorecard_shows_its_categories_tiers_and_segments() -> None:
    page = Page(CARD._repr_html_())
    assert page.tags == TAGS
    assert page.texts[:2] == [CARD.title, f"{CARD.id} {CARD.version}, 100 points"]
    for category in CARD.categories:
        assert page.texts[page.texts.index(category.label) + 1] == f"{category.maximum:g}"
    for tier, edge in zip(CARD.tiers, ["score 80 or more", "score 60 or more", "otherwise"], strict=True):
        assert page.texts[page.texts.index(tier.label) + 1] == edge
    for letter, label in CARD.segments.items():
        assert page.texts[page.texts.index(letter) + 1] == label


def test_a_scorecard_is_escaped() -> None:
    tiers = tuple(dataclasses.replace(tier, label=SCRIPT, meaning=SCRIPT) for tier in CARD.tiers)
    odd = dataclasses.replace(CARD, title=SCRIPT, id=SCRIPT, tiers=tiers, segments={SCRIPT: SCRIPT})
    page = Page(odd._repr_html_())
    assert page.tags == TAGS
    assert page.texts.count(SCRIPT) == 1 + 2 * len(tiers) + 2


@pytest.mark.parametrize("name", ["icp-2025-11", "rula"])
def test_every_scorecard_shows_itself(name: str) -> None:
    card = icp_engine.load_scorecard(name)
    assert {card.title, *(category.label for category in card.categories)} <= set(Page(card._repr_html_()).texts)


def test_an_explanation_shows_points_and_reasons() -> None:
    found = explained(account_name="Elm Clinic", state_code="TX", npi_count=60, denial_pressure=8.8)
    page = Page(found._repr_html_())
    assert page.tags == TAGS
    assert page.texts[0] == "Elm Clinic, TX  (007)"
    assert page.texts[1] == f"{found.total:g} of 100 points: {found.tier_label}, segment C ({CARD.segments['C']})"
    assert page.texts[2].startswith("Not known: segment_label, ")
    place = page.texts.index("Denial pressure")
    assert page.texts[place : place + 3] == ["Denial pressure", "+9.2", "8.8"]
    for entry in found:
        said = str(entry.note if entry.missing else entry.reason)
        assert any(text.startswith(said) for text in page.texts)


def test_an_explanation_is_escaped() -> None:
    page = Page(explained(account_name=SCRIPT, segment_label=SCRIPT, sector=SCRIPT)._repr_html_())
    assert page.tags == TAGS
    assert page.texts[0] == f"{SCRIPT}  (007)"
    assert any(SCRIPT in text for text in page.texts[1:])


def test_an_explanation_prints_as_the_command_does() -> None:
    found = explained(account_name="Elm Clinic", npi_count=60)
    lines = str(found).splitlines()
    assert lines[:2] == ["Elm Clinic  (007)", f"24 of 100 points: {found.tier_label}, segment C ({CARD.segments['C']})"]
    assert lines[-1].startswith("Not known: segment_label, ")
    assert repr(found) == str(found)


def test_an_explanation_is_its_entries() -> None:
    found = explained(npi_count=60)
    assert list(found) == list(found.bibliography) == [found[place] for place in range(len(found))]
    assert found[:2] == found.bibliography[:2]
    assert found[-1].code.startswith("segment.")
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.total = 100.0  # type: ignore[misc]
