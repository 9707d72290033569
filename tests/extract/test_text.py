"""Text is read as people mean it: odd spaces and dashes, words for nothing, states in full, names with entities."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import icp_engine
from icp_engine.cli import cli
from icp_engine.extract import text as columns
from icp_engine.extract.validate import validate
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.scorecard.loader import load_scorecard
from icp_engine.text import cleaned

CARD = load_scorecard("icp")
ODD = "".join(
    map(chr, [0x00A0, 0x2003, 0x2028, 0x0085, 0x200B, 0xFEFF, 0x00AD, 0x2011, 0x2013, 0x2212, 0x2019, 0x2122])
)


@pytest.fixture
def score(tmp_path: Path) -> Callable[..., Any]:
    """Scores rows given as columns; returns the published clinics by id and the manifest."""

    def runs(**columns: list[Any]) -> Any:
        ids = [f"c{number:03}" for number in range(len(next(iter(columns.values()))))]
        pl.DataFrame({"clinic_id": ids, **columns}).write_csv(tmp_path / "a.csv")
        out = tmp_path / "out"
        manifest = run([str(tmp_path / "a.csv")], out, RunOptions(format="parquet", charts=False))
        return pl.read_parquet(out / "clinics_icp.parquet").sort("clinic_id"), manifest

    return runs


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(
            st.none(),
            st.text(
                st.one_of(st.sampled_from(f"ab  -'\t\n{ODD}"), st.characters(codec="utf-8", exclude_categories=["Cn"]))
            ),
        )
    )
)
def test_a_column_is_cleaned_as_each_of_its_texts_is(texts: list[str | None]) -> None:
    low = pl.DataFrame({"text": texts}, schema={"text": pl.String}).select(pl.col("text").str.to_lowercase())
    found = columns.cleaned(low["text"]).to_list()
    assert found == [None if one is None else cleaned(one) for one in low["text"]]
    searched = low.select(columns.searched(pl.col("text")))["text"].to_list()
    assert searched == [None if one is None else one.lower() for one in _lowered(found)]


@pytest.mark.parametrize("kinds", [3, 5_000])
def test_texts_are_read_alike_whether_they_repeat_or_not(kinds: int) -> None:
    texts = [None if n % 7 == 0 else f" Home\u00a0Health {n % kinds} " for n in range(10_000)]
    found = pl.DataFrame({"text": texts}).select(columns.searched(pl.col("text")))["text"].to_list()
    assert found == [None if n % 7 == 0 else f"home health {n % kinds}" for n in range(10_000)]


def _lowered(texts: list[str | None]) -> list[str | None]:
    return pl.Series(texts, dtype=pl.String).str.to_lowercase().to_list()


LABELS = [
    ("Home Health", "A", 8.0),
    ("Home\u00a0Health", "A", 8.0),
    ("Home  Health", "A", 8.0),
    ("Home\t\r\nHealth", "A", 8.0),
    ("Home\u2003\u2009Health", "A", 8.0),
    ("Ho\u00adme \u200bHealth", "A", 8.0),
    ("\uff28\uff4f\uff4d\uff45\u3000Health", "A", 8.0),
    ("Behavioral\nHealth", "A", 4.0),
    ("Post\u2011Acute", "C", 8.0),
    ("post\u2013acute", "C", 8.0),
    ("POST\u2212ACUTE", "C", 8.0),
    ("Multi\u2010Specialty", "C", 2.0),
    ("Homehealth", "C", 2.0),
]


def test_phrases_are_found_whatever_spaces_and_dashes_are_written(score: Callable[..., Any]) -> None:
    clinics, _ = score(segment_label=[label for label, *_ in LABELS])
    assert clinics.select("segment_label", "icp_segment", "icp_compliance_score").rows() == LABELS


def test_odd_spaces_score_as_plain_ones_do(score: Callable[..., Any]) -> None:
    labels = ["Home Health", "Home\u00a0Health", "Home  Health"]
    clinics, _ = score(segment_label=labels, npi_count=[30] * 3)
    assert clinics.select("icp_total_score", "icp_segment").rows() == [(51.5, "A")] * 3


def test_phrases_of_a_card_are_cleaned_as_texts_are(tmp_path: Path) -> None:
    card = tmp_path / "mine.toml"
    card.write_text(
        'extends = "icp"\nid = "mine"\nversion = "1"\n[lists]\npost_acute = ["sub\u2013acute  care"]\n', "utf-8"
    )
    lf = pl.LazyFrame({"clinic_id": ["a"], "segment_label": ["Sub-Acute\u00a0Care"]})
    found = icp_engine.score(lf, load_scorecard(str(card))).collect()
    assert found["icp_compliance_score"].item() == 8.0


WORDS = [
    "NA",
    "na",
    "N/A",
    "#N/A",
    "null",
    "NULL",
    "None",
    "nan",
    "NaN",
    "-",
    "--",
    ".",
    "Unknown",
    "<UNAVAIL>",
    " NA\u00a0",
    "<NA>",
    "(null)",
    "(Blank)",
    "--None--",
    "N.A.",
    "#REF!",
    "#DIV/0!",
    "#Name?",
]


@pytest.mark.parametrize("field", ["account_name", "state_code", "segment_label", "sector"])
def test_words_for_nothing_are_missing_and_counted(score: Callable[..., Any], field: str) -> None:
    words = [*WORDS, "\u2014"]
    clinics, manifest = score(**{field: [*words, "TX"]})
    assert clinics[field].to_list() == [*[None] * len(words), "TX"]
    coverage = manifest.fields[field]
    assert (coverage.given, coverage.missing, coverage.invalid, coverage.absent_words) == (1, len(words), 0, len(words))
    assert clinics["icp_fit_score"].to_list()[:-1] == [0.0] * len(words)
    assert manifest.networks.found == 0


def test_words_beside_others_are_text(score: Callable[..., Any]) -> None:
    words = ["Nan's Clinic", "NA Care", "None Better", "Unknown Pleasures", "-.", "...", "n a"]
    clinics, manifest = score(account_name=words)
    assert clinics["account_name"].to_list() == words
    assert manifest.fields["account_name"].absent_words == 0


def test_strangers_without_a_name_or_a_state_are_no_network(score: Callable[..., Any]) -> None:
    names = ["Lakeview Counseling LLC", "NA", "NA", "NA", "Prairie Rehab", "Prairie Rehab"]
    clinics, manifest = score(
        account_name=names, state_code=["TX", "TX", "OK", "NA", "NA", "KS"],
        segment_label=["Behavioral Health", "NA", "Primary Care", "NA", "Primary Care", "Primary Care"],
    )  # fmt: skip
    assert manifest.networks.found == 0
    assert clinics["icp_fit_score"].to_list()[1] == 0.0


def test_words_for_nothing_are_missing_numbers_and_flags_too(score: Callable[..., Any]) -> None:
    words = ["-", "#N/A", "unknown", "<UNAVAIL>", "\u2013"]
    _, manifest = score(npi_count=words, aco_member=words)
    assert [(manifest.fields[one].given, manifest.fields[one].invalid) for one in ("npi_count", "aco_member")] == [
        (0, 0)
    ] * 2


STATES = {
    "Texas": "TX", "TEXAS": "TX", "new york": "NY", "New\u00a0York": "NY", " north  carolina ": "NC", "N.Y.": "NY",
    "District of Columbia": "DC", "Washington, D.C.": "DC", "D.C.": "DC", "washington": "WA", "Puerto Rico": "PR",
    "U.S. Virgin Islands": "VI", "guam": "GU", "American Samoa": "AS", "Northern Mariana Islands": "MP", "ap": "AP",
    "ZZ": None, "Ontario": None, "ON": None, "Tex": None, "48": None, "TX-OK": None, "United States": None,
}  # fmt: skip


def test_states_in_full_in_any_case(score: Callable[..., Any]) -> None:
    clinics, manifest = score(state_code=list(STATES))
    assert dict(zip(STATES, clinics["state_code"], strict=True)) == STATES
    wrong = [raw for raw, code in STATES.items() if code is None]
    coverage = manifest.fields["state_code"]
    assert (coverage.invalid, coverage.examples) == (len(wrong), tuple(sorted(wrong)[:5]))


def normalized(*names: str) -> list[str | None]:
    frame = pl.DataFrame({"name": names})
    return frame.select(icp_engine.normalized_name(pl.col("name"))).to_series().to_list()


ONE_CLINIC = [
    "St. Mary\u2019s Clinic",
    "St. Mary's Clinic",
    "St. Mary\u00b4s Clinic",
    "St. Mary`s Clinic",
    "St. Mary\u02bcs Clinic",
    "St Marys Clinic LLC\u200b",
    "St Marys Clinic\u2122",
    "St Marys Clinic, L.L.C",
    "St Marys Clinic P.L.L.C.",
    "St Marys Clinic -- Inc.",
    "St Marys Clinic Inc\u00a0",
    "\ufeffSt Marys Clinic",
    "St&nbsp;Marys Clinic",
    "St&#160;Mary&#39;s Clinic",
    "St Mary&rsquo;s Clinic, Inc.",
    "St&amp;nbsp;Marys\u2003Clinic",
    "\u200eSt\u00ad Marys Clinic\u2060 LLC",
]


@pytest.mark.parametrize("name", ONE_CLINIC, ids=ascii)
def test_one_clinic_in_many_spellings(name: str) -> None:
    assert normalized(name) == ["st marys clinic"]


@pytest.mark.parametrize(
    ("name", "due"),
    [
        ("Ka\u02bbu Hospital", "kau hospital"),
        ("Ka'u Hospital", "kau hospital"),
        ("A &amp; B Clinic", "a b clinic"),
        ("A & B; Clinic", "a b clinic"),
        ("A &notanentity; B", "a notanentity b"),
        ("Cl&iacute;nica Pe&#241;a", "cl\u00ednica pe\u00f1a"),
        ("Smith&#x2F;Jones &LT;West&GT;", "smithjones west"),
    ],
)
def test_apostrophes_and_entities_of_names(name: str, due: str) -> None:
    assert normalized(name) == [due]


def test_the_name_is_carried_as_it_was(score: Callable[..., Any]) -> None:
    clinics, _ = score(account_name=["A &amp; B\u00a0Clinic\u2122", "Plain"])
    assert clinics["account_name"].to_list() == ["A &amp; B\u00a0Clinic\u2122", "Plain"]


def test_validate_shows_what_matched_no_phrase(tmp_path: Path) -> None:
    labels = (
        ["Home Health"] * 3 + ["home\u00a0health"] + ["HH/PAC"] * 2 + ["NA", ""] + [f"Other {n}" for n in range(20)]
    )
    frame = pl.DataFrame({"clinic_id": range(len(labels)), "segment_label": labels, "sector": ["FQHC"] * len(labels)})
    frame.write_csv(tmp_path / "a.csv")
    found = {one.field: one for one in validate([str(tmp_path / "a.csv")]).searched}
    assert list(found) == ["segment_label", "sector"]
    label = found["segment_label"]
    assert (label.rows, label.unmatched, len(label.commonest)) == (26, 22, 10)
    first, second = label.commonest[:2]
    assert (first.text, first.rows) == ("Home Health", 4)
    assert first.bands == (
        "fit.specialty.behavioral_home_health", "compliance.exposure.post_acute",
        "segment.strategic_segment.behavioral_home_health",
    )  # fmt: skip
    assert (second.text, second.rows, second.bands) == ("HH/PAC", 2, ())
    assert label.bands["fit.specialty.behavioral_home_health"] == 4
    assert label.bands["fit.specialty.fqhc"] == 0
    assert found["sector"].bands["fit.specialty.fqhc"] == len(labels)
    lines = CliRunner().invoke(cli, ["validate", str(tmp_path / "a.csv")]).output.splitlines()
    assert any(line.split() == ["2", "HH/PAC", "nothing"] for line in lines)


def test_a_column_that_says_nothing_is_not_shown(tmp_path: Path) -> None:
    pl.DataFrame({"clinic_id": ["a"], "segment_label": ["NA"]}).write_csv(tmp_path / "a.csv")
    assert validate([str(tmp_path / "a.csv")]).searched == ()
