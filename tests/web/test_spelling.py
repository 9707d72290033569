"""How pages write names, phones, numbers and moments."""

import pytest

from icp_engine.web import spelling


@pytest.mark.parametrize(
    ("registered", "shown"),
    [
        ("CAPROCK HOME HEALTH SERVICES, INC.", "Caprock Home Health Services, Inc."),
        ("STONELAND IN-HOME NURSING CENTERS LLC", "Stoneland In-Home Nursing Centers LLC"),
        ("MCDONALD & O'KEEFE MD PC", "McDonald & O'Keefe MD PC"),
        ("ST. LUKE'S HOSPITAL OF THE VALLEY", "St. Luke's Hospital of the Valley"),
        ("THE CLINIC", "The Clinic"),
        ("A B C CLINIC", "A B C Clinic"),
        ("IVAN MULLER D.O. HOME INFUSION P.A.", "Ivan Muller D.O. Home Infusion P.A."),
        ("3RD STREET CLINIC II", "3rd Street Clinic II"),
        ("WOMEN'S HEALTH @ DALLAS/FT WORTH", "Women's Health @ Dallas/Ft Worth"),
        ("ÉCOLE DE SANTÉ", "École de Santé"),
        ("JANE DOE PHD", "Jane Doe PhD"),
        ("Mixed CASE Name LLC", "Mixed CASE Name LLC"),
        ("lower case", "lower case"),
        ("  TWO\n LINES ", "Two Lines"),
        ("<SCRIPT>ALERT(1)</SCRIPT>", "<Script>Alert(1)</Script>"),
        ("日本", "日本"),
        ("42", "42"),
        (" ", "No name"),
        (None, "No name"),
    ],
)
def test_names_in_capitals_become_title_case_and_others_stay(registered: str | None, shown: str) -> None:
    assert spelling.name(registered) == shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5125550142", ("(512) 555-0142", "+15125550142")),
        ("1-512-555-0142", ("(512) 555-0142", "+15125550142")),
        ("(512) 555-0142 x12", ("(512) 555-0142 ext. 12", "+15125550142;ext=12")),
        ("011 44 20 7946 0000", ("011 44 20 7946 0000", "011442079460000")),
        ("555-01", None),
        ("call us", None),
        ("javascript:alert(1)", None),
        ("", None),
        (None, None),
    ],
)
def test_phones_are_written_and_dialled(text: str | None, expected: tuple[str, str] | None) -> None:
    assert spelling.phone(text) == expected


@pytest.mark.parametrize(
    ("value", "shown", "signed"),
    [
        (0, "0", "0"),
        (0.5, "0.5", "+0.5"),
        (66.50, "66.5", "+66.5"),
        (-3.0, "-3", "\N{MINUS SIGN}3"),
        (1234.567, "1,234.57", "+1,234.57"),
    ],
)
def test_points(value: float, shown: str, signed: str) -> None:
    assert (spelling.points(value), spelling.signed(value)) == (shown, signed)


def test_moments_are_in_utc_and_counts_agree_with_their_nouns() -> None:
    assert spelling.moment("2026-11-26T04:29:10+00:00") == "26 November 2026, 04:29 UTC"
    assert spelling.moment("2026-11-26T04:29:10+05:30") == "25 November 2026, 22:59 UTC"
    assert [spelling.count(number, "clinic") for number in (0, 1, 2_000)] == ["0 clinics", "1 clinic", "2,000 clinics"]
    assert [spelling.place(code) for code in ("TX", "DC", "ZZ", None)] == [
        "Texas", "District of Columbia", "ZZ", "State unknown",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("viva medical practice whiteshire", "Viva Medical Practice Whiteshire"),
        ("st", "St"),
        ("jonathan g henderson md", "Jonathan G Henderson MD"),
        ("McKesson Care", "McKesson Care"),
        ("ELM STREET LLC", "Elm Street LLC"),
        (None, "No name"),
    ],
)
def test_names_as_they_are_compared_are_written_as_names(given: str | None, shown: str) -> None:
    assert spelling.matched_name(given) == shown


def test_fields_and_labels_inside_sentences() -> None:
    assert spelling.field("oig_leie_flag") == "OIG LEIE flag"
    assert spelling.field("site_count") == "site count"
    assert [spelling.inside(text) for text in ("ROI readiness", "Denial pressure", "")] == [
        "ROI readiness",
        "denial pressure",
        "",
    ]
