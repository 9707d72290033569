"""What a form means: conditions, chips, and a sentence for each field that cannot be what it is."""

import pytest

from icp_engine import load_scorecard
from icp_engine.api.rows import rows_of
from icp_engine.published.filters import Condition
from icp_engine.web.asked import clinics_asked, networks_asked

CARD = load_scorecard("icp")
COLUMNS = [column.name for column in rows_of(CARD).clinic]
NETWORK_COLUMNS = [column.name for column in rows_of(CARD).network]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({}, []),
        ({"q": " ", "tier": "Any", "state": ""}, []),
        ({"tier": "2"}, [Condition("icp_tier", "one of", (2,))]),
        ({"tier": "1,2"}, [Condition("icp_tier", "one of", (1, 2))]),
        ({"state": "tx"}, [Condition("state_code", "is", "TX")]),
        ({"state": "Unknown"}, [Condition("state_code", "known", False)]),
        ({"segment": "a"}, [Condition("icp_segment", "one of", ("A",))]),
        ({"min_score": "65.5"}, [Condition("icp_total_score", "at least", 65.5)]),
        ({"network": "in"}, [Condition("network_id", "known", True)]),
        ({"network": "none"}, [Condition("network_id", "known", False)]),
        ({"network": "anchors"}, [Condition("is_network_anchor", "is", True)]),
        ({"min_ceiling": "80"}, [Condition("icp_score_ceiling", "at least", 80.0)]),
        ({"min_coverage": "80%"}, [Condition("icp_coverage", "at least", 0.8)]),
        ({"q": "Any"}, [Condition("account_name", "mentions", "any")]),
        ({"network_id": "net_1"}, [Condition("network_id", "is", "net_1")]),
        (
            {"q": "Elm  CARE elm"},
            [Condition("account_name", "mentions", "care"), Condition("account_name", "mentions", "elm")],
        ),
    ],
)
def test_what_was_typed_becomes_conditions(query: dict[str, str], wanted: list[Condition]) -> None:
    asked = clinics_asked(query, CARD, COLUMNS)
    assert list(asked.wanted) == wanted
    assert not asked.problems
    assert len(asked.chips) == (1 if wanted else 0)
    assert all(chip.url == "/clinics" for chip in asked.chips)


@pytest.mark.parametrize(
    ("query", "field", "sentence"),
    [
        ({"state": "Tx1"}, "state", "State “Tx1” is not a state. Use two letters, as in TX."),
        ({"min_score": "abc"}, "min_score", "Score at least “abc” is not a number. Write it like 65 or 65.5."),
        ({"min_score": "nan"}, "min_score", "Score at least “nan” is not a number. Write it like 65 or 65.5."),
        ({"min_score": "1e999"}, "min_score", "Score at least “1e999” is not a number. Write it like 65 or 65.5."),
        ({"network": "some"}, "network", "Network “some” is none of in, anchors, none."),
        ({"segment": "Z"}, "segment", "Segment “Z” is none of A, B, C."),
        ({"sort": "icp_total_scor"}, "sort", "The list has no column “icp_total_scor”"),
        ({"order": "up"}, "order", "The order “up” is none of asc and desc."),
        ({"page": "0"}, "page", "There is no page “0”."),
        ({"page": "-1"}, "page", "There is no page “-1”."),
        ({"page": "9" * 30}, "page", "There is no page “" + "9" * 30 + "”."),
        ({"teir": "1"}, "filter", "There is no filter “teir”; did you mean 'tier'?"),
        ({"scorecard": "icf"}, "filter", "There is no filter “scorecard”"),
        ({"min_clinics": "3"}, "filter", "There is no filter “min_clinics”"),
        ({"q": "x" * 501}, "q", "This is 501 characters long; 500 are the most."),
    ],
)
def test_what_cannot_be_is_said(query: dict[str, str], field: str, sentence: str) -> None:
    asked = clinics_asked(query, CARD, COLUMNS)
    assert (
        asked.problems[field].replace(" (did you mean", "; did you mean").replace("?)", "?").startswith(sentence[:40])
    )
    assert asked.typed == query


def test_those_that_could_rise() -> None:
    wanted = clinics_asked({"tier": "could-be-1"}, CARD, COLUMNS).wanted
    assert wanted == (Condition("icp_tier", "one of", (2, 3)), Condition("icp_score_ceiling", "at least", 80.0))
    older = [name for name in COLUMNS if name != "icp_score_ceiling"]
    assert "tier" in clinics_asked({"tier": "could-be-1"}, CARD, older).problems
    assert "filter" in clinics_asked({"min_ceiling": "80"}, CARD, older).problems, "it would list clinics that cannot"


def test_what_programs_that_send_mail_add_to_links_filters_nothing() -> None:
    assert not clinics_asked({"tier": "2", "utm_source": "news", "_hsenc": "p2AN"}, CARD, COLUMNS).problems


def test_a_tier_that_is_none_is_said_with_those_that_are() -> None:
    problem = clinics_asked({"tier": "9"}, CARD, COLUMNS).problems["tier"]
    assert problem.startswith("Tier “9” is none of 1, 2, 3")


def test_addresses_keep_every_other_filter() -> None:
    asked = clinics_asked({"tier": "2", "state": "TX", "page": "3"}, CARD, COLUMNS)
    assert asked.url(page="4") == "/clinics?tier=2&state=TX&page=4"
    assert [chip.url for chip in asked.chips] == ["/clinics?state=TX", "/clinics?tier=2"]
    assert asked.offset == 40


def test_networks() -> None:
    query = {"tier": "1", "min_clinics": "2.5", "min_states": "2", "sort": "num_clinics", "order": "asc"}
    asked = networks_asked(query, CARD, NETWORK_COLUMNS, "network_icp_total_score")
    assert list(asked.wanted) == [
        Condition("network_icp_tier", "one of", (1,)),
        Condition("num_clinics", "at least", 3),
        Condition("num_states", "at least", 2),
    ]
    assert (asked.sort_by, asked.descending) == ("num_clinics", False)
