"""Owners of facilities: organisations with 5% or more, or in control."""

from collections.abc import Callable
from pathlib import Path

import pytest

from icp_engine.extract.public import owners

COLUMNS = (
    "ENROLLMENT ID,ASSOCIATE ID,ORGANIZATION NAME,ASSOCIATE ID - OWNER,TYPE - OWNER,ROLE CODE - OWNER,"
    "ROLE TEXT - OWNER,ASSOCIATION DATE - OWNER,FIRST NAME - OWNER,LAST NAME - OWNER,ORGANIZATION NAME - OWNER,"
    "PERCENTAGE OWNERSHIP,"
    "INVESTMENT FIRM - OWNER,PRIVATE EQUITY COMPANY - OWNER,CHAIN HOME OFFICE - OWNER\n"
)
DIRECT, INDIRECT = "5% OR GREATER DIRECT OWNERSHIP INTEREST", "5% OR GREATER INDIRECT OWNERSHIP INTEREST"
CONTROL = "OPERATIONAL/MANAGERIAL CONTROL"


def owner(kind: str, role: str, share: str, flags: str = "N,N,N") -> str:
    return f"O1,6800703877,ELM HOME,547173072,{kind},34,{role},2020-01-01,,,BIG HEALTH INC,{share},{flags}\n"


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (owner("O", DIRECT, "100"), (100.0, False, False, False)),
        (owner("O", DIRECT, "5"), (5.0, False, False, False)),
        (owner("O", INDIRECT, "50.5", "N,Y,N"), (50.5, False, True, False)),
        (owner("O", INDIRECT, "50", "Y,N,Y"), (50.0, False, True, True)),
        (owner("O", INDIRECT, "50", "Y,,"), (50.0, False, True, None)),
        (owner("O", INDIRECT, "50", "N,,"), (50.0, False, None, None)),
        (owner("O", DIRECT, ""), (None, False, False, False)),
        (owner("O", DIRECT, "0"), (None, False, False, False)),
        (owner("O", DIRECT, "4.9"), None),
        (owner("O", CONTROL, ""), (None, True, False, False)),
        (owner("O", CONTROL, "1"), (1.0, True, False, False)),
        (owner("O", "CORPORATE DIRECTOR", ""), None),
        (owner("O", "5% OR GREATER MORTGAGE INTEREST", "100"), None),
        (owner("O", "5% OR GREATER SECURITY INTEREST", ""), None),
        (owner("O", "LIMITED PARTNERSHIP INTEREST", "30"), (30.0, False, False, False)),
        (owner("O", "LIMITED PARTNERSHIP INTEREST", ""), None),
        (owner("O", "", ""), None),
        (owner("I", DIRECT, "100"), None),
        (owner("", DIRECT, "100"), None),
    ],
)
def test_owners(
    write: Callable[[str, str], str], tmp_path: Path, row: str, found: tuple[float | bool | None, ...] | None
) -> None:
    source = owners.read([write("owners.csv", COLUMNS + row)], tmp_path)
    columns = ["share", "controls", "private_equity", "chain_home_office"]
    assert source.rows.select(columns).collect().rows() == ([] if found is None else [found])
    assert [(file.read, file.used) for file in source.files] == [(1, int(found is not None))]
    assert source.notes == ()
    if found:
        ids = ("O1", "0547173072", "BIG HEALTH INC")
        assert source.rows.select("enrollment_id", "owner_pac_id", "owner_name").collect().row(0) == ids


def test_editions_without_the_newer_flags(write: Callable[[str, str], str], tmp_path: Path) -> None:
    text = (
        "ENROLLMENT ID,ASSOCIATE ID,ASSOCIATE ID - OWNER,TYPE - OWNER,ROLE TEXT - OWNER,ORGANIZATION NAME - OWNER,"
        f"PERCENTAGE OWNERSHIP\nO1,6800703877,0547173072,O,{DIRECT},BIG HEALTH INC,100\n"
    )
    path = write("owners.csv", text)
    source = owners.read([path], tmp_path)
    assert source.rows.select("private_equity", "chain_home_office").collect().rows() == [(None, None)]
    older = "does not say who is private equity: an older edition, or owners at changes of ownership."
    assert source.notes == (f"{path} {older}",)
