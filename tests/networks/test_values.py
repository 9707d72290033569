"""What clinics say that others may say too: phones, addresses, ZIP codes, items of lists, names worth a comparison."""

import random
from itertools import permutations

import polars as pl
import pytest

from icp_engine.networks.values import items_of, names_to_compare, owners_of, phones_of, repeated, said_by, zip5_of

PHONES = {
    "5125550100": "5125550100",
    "(512) 555-0100": "5125550100",
    "1-512-555-0100": "5125550100",
    "+1 512 555 0100": "5125550100",
    "2125550100": "2125550100",
    "12125550100": "2125550100",
    "22125550100": None,  # eleven digits, of which none is the country's
    "512555010": None,
    "51255501000": None,
    "0000000000": None,
    "1111111111": None,
    "9999999999": None,
    "(888) 888-8888": None,
    "1 1111111111": None,
    "123-456-7890": None,
    "0123456789": None,
    "9876543210": None,
    "555-555-1234": None,
    "1 (555) 123-4567": None,
    "888-555-0100": "8885550100",
    "ext": None,
    " ": None,
}
ADDRESSES = {
    "1 Main St., Waco": "1 main st waco",
    "1  MAIN ST WACO": "1 main st waco",
    "1 main st waco": "1 main st waco",
    "#5-Calle Niño": "5 calle niño",
    "...": None,
    "": None,
    "n/a": None,
    "N A": None,
    "None": None,
    "SAME": None,
    "Same as above": None,
    "Same Street 4": "same street 4",
}
OWNERS = {
    "0042176": "0042176",
    "P1": "P1",
    "NA": None,
    "N/A": None,
    "null": None,
    "Unknown": None,
    "0": None,
    "0000000000": None,
    "-": None,
    "--": None,
    "?": None,
}
ZIPS = {"12345": "12345", "12345-6789": "12345", "1234-5": "12345", "1234": None, "x": None, "": None}


def clinics(column: str, values: list[str | None]) -> pl.DataFrame:
    return pl.DataFrame({"clinic": range(len(values)), "account_name": "X", column: values}, strict=False)


@pytest.mark.parametrize("column", ["phone", "official_phone", "mailing_phone"])
def test_phones(column: str) -> None:
    said = said_by(clinics(column, [*PHONES, None]))
    assert said[column].to_list() == [*PHONES.values(), None]


def test_addresses() -> None:
    said = said_by(clinics("mailing_address", [*ADDRESSES, None]))
    assert said["mailing_address"].to_list() == [*ADDRESSES.values(), None]
    whole = clinics("address", ["1 Main St.", None]).with_columns(city=pl.lit("Waco"), postal_code=pl.lit("76701-1234"))
    assert said_by(whole)["address"].to_list() == ["1 main st waco 76701", None]  # a place is no address


@pytest.mark.parametrize("column", ["pac_id", "pac_ids"])
def test_owners(column: str) -> None:
    """What stands where nobody is known is nobody: it would make one owner of all clinics that have none."""
    rows = clinics(column, [*OWNERS, None])
    if column == "pac_ids":
        rows = rows.with_columns(pl.concat_list(column))
    assert dict(owners_of(rows).select("clinic", "value").rows()) == {
        place: value for place, value in enumerate(OWNERS.values()) if value
    }


def test_zip_codes() -> None:
    frame = clinics("postal_code", [*ZIPS, None])
    assert frame.select(zip5_of(frame))["postal_code"].to_list() == [*ZIPS.values(), None]


def test_items_of_lists_and_of_texts() -> None:
    texts = items_of(clinics("pac_id", ["1; 2|3\n3", " 4 ", ";", None]), "pac_id").sort("clinic", "value").rows()
    assert texts == [(0, "1"), (0, "2"), (0, "3"), (1, "4")]
    lists = pl.DataFrame({"clinic": [0, 1], "pac_ids": [["1", " 1", "2"], []]})
    assert items_of(lists, "pac_ids").sort("clinic", "value").rows() == [(0, "1"), (0, "2")]


def test_a_phone_counts_once_for_a_clinic() -> None:
    same, shared = "5125550100", "5125550101"
    said = pl.DataFrame({"clinic": [0, 1, 2], "phone": [same, shared, None], "mailing_phone": [same, None, shared],
                         "official_phone": [same, None, None]})  # fmt: skip
    assert phones_of(said).sort("clinic").rows() == [(1, "phone", shared), (2, "phone", shared)]


def test_what_stands_in_several_rows() -> None:
    assert repeated(pl.Series(["a", "b", "a", "c", "c", "c"])).to_list() == [True, False, True, True, True, True]
    assert repeated(pl.Series([], dtype=pl.String)).to_list() == []


def may_be_spellings(name: str, other: str) -> bool:
    words, others = name.split(), other.split()
    if name.replace(" ", "") == other.replace(" ", ""):
        return True
    return len(words) == len(others) and (len(words) == 1 or words[0] == others[0] or words[-1] == others[-1])


@pytest.mark.parametrize("seed", range(5))
def test_names_to_compare_are_those_that_may_be_spellings(seed: int) -> None:
    """Beside a plain reading of the rule, over all pairs; clinics without a name or a state are none of them."""
    chance = random.Random(seed)
    number = 300
    named = {clinic: " ".join(chance.choices(["a", "b", "ab", "c", "bc", "d", "e"], k=chance.randint(1, 4)))
             for clinic in chance.sample(range(number), 250)}  # fmt: skip
    states = [chance.choice(["TX", "OK", None]) for _ in range(number)]
    contacts = sorted({(chance.randrange(number), f"contact {chance.randrange(60)}") for _ in range(400)})
    due = {
        (clinic, value)
        for (clinic, value), (other, beside) in permutations(contacts, 2)
        if value == beside and states[clinic] and states[clinic] == states[other] and clinic in named and other in named
        and may_be_spellings(named[clinic], named[other])
    }  # fmt: skip
    names = pl.DataFrame(list(named.items()), {"clinic": pl.Int64, "name": pl.String}, orient="row")
    rows = pl.DataFrame(contacts, {"clinic": pl.Int64, "value": pl.String}, orient="row")
    found = names_to_compare(names, pl.Series(states), rows)
    assert {(clinic, value) for clinic, value, _ in found.select("clinic", "value", "name").iter_rows()} == due
    assert all(named[clinic] == name for clinic, _, name in found.select("clinic", "value", "name").iter_rows())
    assert 0 < len(due) < len(contacts)
