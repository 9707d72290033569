"""Actions, signals and hooks: each signal with what is one and what is none, and what may be wrong with the rules."""

from pathlib import Path

import polars as pl
import pytest

import icp_engine
from icp_engine.errors import MistakesError
from icp_engine.partnerships.numerals import in_figures
from icp_engine.partnerships.outreach import ACTION, HOOK, SIGNAL, Outreach, action_expr, with_hooks
from icp_engine.partnerships.rules import SHIPPED, read_rules
from icp_engine.scoring.score import add_bands

CARD = icp_engine.load_scorecard("rula")
RULES = read_rules(CARD).outreach


def hooked(rows: list[tuple[str | None, str]], rules: Outreach = RULES) -> list[tuple[str, str]]:
    """Signal and hook of practices of tier 1 given as notes and gap."""
    fields = {"name": "Elm  Street\nClinic", "practice_type": "PC", "location": None, "provider_count": None,
              "insurance_networks": [], "monthly_patient_volume": 7}  # fmt: skip
    frame = pl.DataFrame([{**fields, "notes": notes, "bh_referral_gap": gap} for notes, gap in rows]).cast(
        {"provider_count": pl.Int64, "notes": pl.String, "insurance_networks": pl.List(pl.String)}
    )
    lf = add_bands(frame.lazy().with_columns(pl.lit(1).alias("tier")), CARD)
    return with_hooks(lf, rules, CARD, "tier").select(SIGNAL, HOOK).collect().rows()


@pytest.mark.parametrize(
    ("notes", "signal", "figures"),
    [
        ("6-week waitlist", "waitlist", ["6"]),
        ("a 6 week wait", "waitlist", ["6"]),
        ("Six-week wait for therapy", "waitlist", ["6"]),
        ("twenty-two week waiting list", "waitlist", ["22"]),
        ("8-10 week wait list", "waitlist", ["8"]),
        ("12+ weeks waiting time", "waitlist", ["12"]),
        ("wait is about 9 weeks", "waitlist", ["9"]),
        ("Waitlist: 14 wks", "waitlist", ["14"]),
        ("PHQ-9 shows need; 6-week waitlist", "waitlist", ["6"]),
        ("waitlist for therapy", "generic", []),
        ("wait for the board. 6 weeks until then", "generic", []),
        ("opened 6 weeks ago", "generic", []),
        ("PHQ-2 at intake", "screening", []),
        ("Screening at every visit", "screening", []),
        ("SCREENING; no in-house BH", "screening", []),
        ("Providers rank behavioral health as top unmet need", "provider voice", []),
        ("providers call mental health their biggest unmet need", "provider voice", []),
        ("The biggest unmet need, doctors say. Mental health", "generic", []),
        ("physicians say the top unmet need is behavioural health", "provider voice", []),
        ("Mental health is the biggest unmet need of the clinicians", "provider voice", []),
        ("Providers are interested in behavioral health", "generic", []),
        ("patients rank parking as biggest unmet need", "generic", []),
        ("No on-site therapist", "no pathway", []),
        ("no onsite BH", "no pathway", []),
        ("no in-house counseling", "no pathway", []),
        ("No current BH partner", "no pathway", []),
        ("no current referral path", "no pathway", []),
        ("no current plans", "generic", []),
        ("in-house therapist", "generic", []),
        ("1 social worker for 22 providers", "overload", ["1", "22"]),
        ("One social worker for twenty-two providers", "overload", ["1", "22"]),
        ("just 2 part-time therapists serving over 1,400 patients", "overload", ["2", "1,400"]),
        ("5 sites for 22 providers", "generic", []),
        ("someone called; none of them answered", "generic", []),
        ("", "generic", []),
        (None, "generic", []),
    ],
)
def test_every_signal(notes: str | None, signal: str, figures: list[str]) -> None:
    ((found, hook),) = hooked([(notes, "partial")])
    assert found == signal
    assert "Elm Street Clinic" in hook
    assert "\n" not in hook
    assert all(figure in hook for figure in figures)
    (name, _), (full, _) = hooked([(notes, "partial"), (notes, "Full gap")])
    assert (name, full) == (signal, "full gap" if signal == "generic" else signal)


def test_only_the_tiers_asked_for_get_a_hook() -> None:
    frame = pl.DataFrame({"tier": [1, 2, 3, 1]}).with_columns(
        pl.lit(None, pl.String).alias(name)
        for name in ("name", "notes", "bh_referral_gap", "practice_type", "location")
    )
    frame = frame.with_columns(
        pl.lit(1, pl.Int64).alias("provider_count"), pl.lit(1, pl.Int64).alias("monthly_patient_volume"),
        pl.lit([], pl.List(pl.String)).alias("insurance_networks"), pl.lit("A").alias("name"),
    )  # fmt: skip
    assert len(with_hooks(add_bands(frame.lazy(), CARD), RULES, CARD, "tier").collect()) == 2


@pytest.mark.parametrize(
    ("tier", "notes", "due"),
    [
        (1, "Wants a call; in May", "Personalized email - Lead with: Wants a call"),
        (1, "Wants a call.", "Personalized email - Lead with: Wants a call"),
        (1, " Wants a call . ; x", "Personalized email - Lead with: Wants a call"),
        (1, "Dr. Wu. decides", "Personalized email - Lead with: Dr. Wu. decides"),
        (1, None, "Personalized email"),
        (1, ";x", "Personalized email"),
        (1, ".", "Personalized email"),
        (1, "None.", "Personalized email"),
        (1, " N/A ; x", "Personalized email"),
        (1, "Nan", "Personalized email"),
        (1, "Nan's clinic", "Personalized email - Lead with: Nan's clinic"),
        (2, "Wants a call", "Templated intro email"),
        (3, "Wants a call", "Drip nurture sequence - revisit in 90 days"),
    ],
)
def test_actions(tier: int, notes: str | None, due: str) -> None:
    frame = pl.LazyFrame({"tier": [tier], "notes": [notes]}, schema={"tier": pl.Int8, "notes": pl.String})
    assert frame.select(action_expr(RULES, "tier").alias(ACTION)).collect().item() == due


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("one", "1"),
        ("Nineteen of twenty", "19 of 20"),
        ("ninety-nine thirty three forty", "99 33 40"),
        ("someone weighed often", "someone weighed often"),
        (None, None),
    ],
)
def test_numbers_in_words(text: str | None, due: str | None) -> None:
    assert pl.select(in_figures(pl.lit(text, pl.String))).item() == due


TEXT = (SHIPPED / "hooks.toml").read_text(encoding="utf-8")
FIRST = '[[signal]]\nname = "waitlist"'


@pytest.mark.parametrize(
    ("old", "new", "where", "message"),
    [
        ("'screening']", "'scr(een']", "'scr(een'", "is not a regular expression: unclosed group"),
        ("at {name}; when", "at {nam}; when", "at {nam}; when", "unknown placeholder '{nam}' (did you mean 'name'?)"),
        ("waits {weeks} weeks", "waits {week} weeks", "waits {week}", "did you mean 'weeks'?"),
        ("{0,40}?(?<weeks>", "{0,40}?(?<n>", "waits {weeks}", "captured by some patterns of 'notes', but not by all"),
        ("at {name}; when", "at {name; when", "at {name; when", "the braces do not pair up"),
        ("at {name}; when", "at {name:>9}; when", "at {name:>9}", "a name in braces and nothing else"),
        ("like {name} send", "like {location} send", "like {location}", "may be unknown, and the last signal"),
        ('band = "bh_gap.gap.full"', 'band = "bh_gap.gap.ful"', '"bh_gap.gap.ful"', "did you mean 'bh_gap.gap.full'"),
        ('name = "screening"', 'name = "waitlist"', 'name = "waitlist"\nnotes = [\'phq', "a second time"),
        ("tiers = [1]", "tiers = [1, 4]", "tiers = [1, 4]", "expected one of 1, 2, 3, found 4"),
        ("tiers = [1]", "", "[hooks]", "'tiers' is missing"),
        ("[action.2]", "[action.5]", "[action.1]", "tier 2 of scorecard rula is missing"),
        ("{lead}\"", "{led}\"", "{led}", "unknown placeholder '{led}'"),
        ('notes = [\'phq\', \'screening\']', "", 'name = "screening"', "without either it always holds"),
        ('name = "generic"', 'name = "generic"\nnotes = ["x"]', 'name = "generic"', "takes whoever is left"),
        ('name = "full gap"', 'name = "full gap"\nnotes = ["x"]', 'band = "bh', "not both"),
    ],
)  # fmt: skip
def test_mistakes_have_their_line(tmp_path: Path, old: str, new: str, where: str, message: str) -> None:
    text = TEXT.replace(old, new, 1)
    assert text != TEXT
    path = tmp_path / "hooks.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MistakesError) as caught:
        read_rules(CARD, hooks=path)
    found = {problem.line for problem in caught.value.problems if message in problem.message}
    assert found == {text[: text.index(where)].count("\n") + 1}, str(caught.value)


def test_a_hook_that_wants_what_is_unknown_leaves_its_place_to_the_next(tmp_path: Path) -> None:
    own = TEXT.replace("You already screen at {name};", "{location} and {monthly_patient_volume}:")
    (tmp_path / "own.toml").write_text(own, encoding="utf-8")
    rules = read_rules(CARD, hooks=tmp_path / "own.toml").outreach
    assert [signal for signal, _ in hooked([("PHQ", "partial"), ("PHQ", "full")], rules)] == ["generic", "full gap"]
