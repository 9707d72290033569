"""Clinicians and their groups: reassignments in two layouts, and sizes of groups."""

from collections.abc import Callable
from pathlib import Path

import pytest

from icp_engine.errors import InputError
from icp_engine.extract.public import group_sizes, reassignments

NPI = "1457434003"
PAIRS = "REASGN_BNFT_ENRLMT_ID,RCV_BNFT_ENRLMT_ID\nI20031110000713,O20031110000518\n,O20031110000518\nI1,\n"
LIST = (
    "Group PAC ID,Group Enrollment ID,Group Legal Business Name,Group State Code,Group Due Date,"
    "Group Reassignments and Physician Assistants,Record Type,Individual Enrollment ID,Individual NPI,"
    "Individual First Name,Individual Last Name,Individual State Code,Individual Specialty Description,"
    "Individual Due Date,Individual Total Employer Associations\n"
)
MEMBER = "547173072,O2,ELM CLINIC,GA,TBD,2,Reassignment,{},{},JANE,DOE,GA,Radiology,TBD,{}\n"
COLUMNS = ["clinician_enrollment_id", "enrollment_id", "pac_id", "clinician_npi", "employers"]


def test_reassignments_in_both_layouts(write: Callable[[str, str], str], tmp_path: Path) -> None:
    pairs = write("a.csv", PAIRS)
    members = MEMBER.format("I2", NPI, "3") + MEMBER.format("I3", "1457434004", "") + MEMBER.format("", "", "")
    both = reassignments.read([pairs, write("b.csv", LIST + members)], tmp_path)
    assert both.rows.select(COLUMNS).collect().rows() == [
        ("I20031110000713", "O20031110000518", None, None, None),
        ("I2", "O2", "0547173072", NPI, 3),
        ("I3", "O2", "0547173072", None, None),
    ]
    assert ([(file.read, file.used) for file in both.files], both.invalid_npis) == ([(3, 1), (3, 2)], 1)
    alone = reassignments.read([pairs], tmp_path)
    assert alone.rows.select(COLUMNS).collect().rows() == [("I20031110000713", "O20031110000518", None, None, None)]


def test_groups_without_their_clinicians_are_refused(write: Callable[[str, str], str], tmp_path: Path) -> None:
    path = write("ga.csv", "Group PAC ID,Group Enrollment ID,Group State Code,n_distinct_individual_NPIs\n1,O1,GA,37\n")
    near = "it has no column 'Individual NPI'; the nearest header is 'n_distinct_individual_NPIs'"
    with pytest.raises(InputError, match=near):
        reassignments.read([path], tmp_path)


@pytest.mark.parametrize(
    "header", ["npi,org_pac_id,num_org_mem", "NPI,Group Practice PAC ID,Number of Group Practice members"]
)
def test_sizes_of_groups(write: Callable[[str, str], str], tmp_path: Path, header: str) -> None:
    lines = f"{NPI},547173072,12\n{NPI},0547173072,13\n{NPI},,\n{NPI},6800703877,\n{NPI},8325951858,1\n"
    source = group_sizes.read([write("dac.csv", f"{header}\n{lines}")], tmp_path)
    assert source.rows.sort("pac_id").collect().to_dicts() == [
        {"pac_id": "0547173072", "members": 13},
        {"pac_id": "8325951858", "members": 1},
    ]
    assert [(file.read, file.used) for file in source.files] == [(5, 2)]
