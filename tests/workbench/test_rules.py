"""What differs between two scorecards, in words."""

import copy
from typing import Any

import pytest

from icp_engine.scorecard.loader import load_scorecard, restore_scorecard
from icp_engine.workbench.rules import rule_changes

Content = dict[str, Any]


def band(content: Content, category: str, rule: str, name: str) -> Content:
    return next(found for found in content["category"][category][rule]["bands"] if found["name"] == name)


def edges(content: Content) -> None:
    band(content, "pain", "coding_complexity", "high")["at_least"] = 9.5


def points(content: Content) -> None:
    band(content, "scale", "provider_count", "large")["points"] = 7.5


def keywords(content: Content) -> None:
    band(content, "compliance", "exposure", "post_acute")["mentions"] = ["home health", "snf"]


def gone(content: Content) -> None:
    content["category"]["scale"]["site_count"]["bands"].pop(1)


def missing(content: Content) -> None:
    content["category"]["scale"]["patient_volume"]["missing"]["points"] = 0.25


def reason(content: Content) -> None:
    band(content, "propensity", "pecos_enrolled", "enrolled")["reason"] = "In PECOS"


def maximum(content: Content) -> None:
    content["category"]["scale"]["max"] = 25


def order(content: Content) -> None:
    bands = content["category"]["compliance"]["exposure"]["bands"]
    bands[0], bands[1] = bands[1], bands[0]


def tier(content: Content) -> None:
    content["tier"]["2"]["at_least"] = 55


def network_tier(content: Content) -> None:
    content["network_tier"]["1"]["at_least"] = 75


def segment(content: Content) -> None:
    content["segment"]["C"]["label"] = "All others"


def to_segment(content: Content) -> None:
    band(content, "segment", "strategic_segment", "growing")["segment"] = "B"


def only_for(content: Content) -> None:
    content["category"]["fit"]["multi_site"]["only_for"] = {"specialty": ["primary_care"]}


def characteristic(content: Content) -> None:
    del content["category"]["pain"]["coding_complexity"]


def nothing_known(content: Content) -> None:
    content["category"]["propensity"]["all_missing"] = "Nothing is known"


@pytest.mark.parametrize(
    ("change", "kinds", "says"),
    [
        (edges, ["changed"], "band high holds for coding_complexity 9.5 or more; before, for coding_complexity 10 or"),
        (points, ["changed"], "Operational scale, Providers, band large gives 7.5; before, 8."),
        (keywords, ["changed"], "band post_acute adds “snf” and drops “post-acute”, “post acute” and “hospice”."),
        (gone, ["removed"], "Operational scale, Sites, band mid_size is gone: site_count 5 or more, 3 points."),
        (missing, ["changed"], "Operational scale, Patient volume, missing gives 0.25; before, 0."),
        (reason, ["changed"], "band enrolled says “In PECOS”; before, “Enrolled in PECOS”."),
        (maximum, ["changed", "changed"], "Operational scale gives at most 25 points; before, 20."),
        (order, ["changed"], "Regulatory exposure tries its bands in another order: post_acute, oig_leie, behavioral_"),
        (tier, ["changed"], "Tier 2 begins at score 55 or more; before, score 60 or more."),
        (network_tier, ["changed"], "Network tier 1 begins at score 75 or more; before, score 70 or more."),
        (segment, ["changed"], "Segment C is All others; before, Multi-Specialty / Growth / PE-Backed."),
        (to_segment, ["changed"], "band growing means segment B; before, C."),
        (
            only_for,
            ["changed"],
            "Multi-site bonus counts only where specialty is primary_care; before, only where spec",
        ),
        (characteristic, ["removed"], "Pain: Coding complexity (coding_complexity) is gone."),
        (nothing_known, ["added", "removed"], "Propensity to buy: now: Where nothing of it is known it is 0: Nothing"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_change_is_told_and_nothing_else(change, kinds, says):
    old = load_scorecard("icp")
    content = copy.deepcopy(old.content)
    content.pop("example", None)
    change(content)
    found = rule_changes(old, restore_scorecard(content, "changed"))
    assert sorted(part.kind for part in found) == kinds
    assert any(says in part.says for part in found), [part.says for part in found]


def test_a_card_does_not_differ_from_itself():
    assert rule_changes(load_scorecard("icp"), load_scorecard("icp")) == ()


def test_whatever_has_another_name_is_gone_and_new(request):
    other = load_scorecard(request.config.rootpath / "tests" / "cards" / "other.toml")
    found = rule_changes(load_scorecard("icp"), other)
    assert sum(part.kind == "added" and part.says.startswith("The category") for part in found) == len(other.categories)
