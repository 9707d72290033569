"""Enrolments in Medicare: whose they are, of which kind, under the headers of several files and years."""

from collections.abc import Callable
from pathlib import Path

import pytest

from icp_engine.errors import InputError
from icp_engine.extract.public import enrollments

NPI = "1457434003"
FULL = (
    "ENROLLMENT ID,ENROLLMENT STATE,PROVIDER TYPE CODE,PROVIDER TYPE TEXT,NPI,MULTIPLE NPI FLAG,CCN,ASSOCIATE ID,"
    "ORGANIZATION NAME,DOING BUSINESS AS NAME,{}\n"
)


@pytest.mark.parametrize(
    ("code", "text", "header", "kind"),
    [
        ("00-09", "PART A PROVIDER - HOSPITAL", "PROPRIETARY NONPROFIT", "hospital"),
        ("00-24", "PART A PROVIDER - RURAL EMERGENCY HOSPITAL (REH)", "PROPRIETARY NONPROFIT", "hospital"),
        ("00-06", "PART A PROVIDER - HOME HEALTH AGENCY", "PROPRIETARY_NONPROFIT", "home health"),
        ("00-17", "PART A PROVIDER - FEDERALLY QUALIFIED HEALTH CENTER (FQHC)", "PROPRIETARY_NONPROFIT", "fqhc"),
        ("00-18", "PART A PROVIDER - RURAL HEALTH CLINIC", "PROPRIETARY_NONPROFIT", "rural health clinic"),
        ("00-19", "PART A PROVIDER - SKILLED NURSING FACILITY", "AFFILIATION ENTITY NAME", "skilled nursing"),
        ("00-08", "PART A PROVIDER - HOSPICE", "PROPRIETARY_NONPROFIT", "hospice"),
        ("00-99", "PART A PROVIDER - OTHER", "PROPRIETARY_NONPROFIT", None),
    ],
)
def test_kinds_by_provider_type(
    write: Callable[[str, str], str], tmp_path: Path, code: str, text: str, header: str, kind: str | None
) -> None:
    row = f'O20020806000001,CT,{code},{text},{NPI},0,,6800703877,"ELM, INC",ELM HOME,P\n'
    source = enrollments.read([write("file.csv", FULL.format(header) + row)], tmp_path)
    assert source.rows.collect().to_dicts() == [
        {
            "npi": NPI,
            "ccn": None,
            "pac_id": "6800703877",
            "enrollment_id": "O20020806000001",
            "state": "CT",
            "name": "ELM, INC",
            "dba_name": "ELM HOME",
            "kind": kind,
            "provider_type": text,
            "person": False,
        }
    ]
    assert source.notes == ()


@pytest.mark.parametrize(
    ("ccns", "kinds"),
    [
        pytest.param(["077229"], ["home health"], id="home health"),
        pytest.param(["440058", "441399", "444000"], ["hospital"] * 3, id="hospitals, critical access, psychiatric"),
        pytest.param(["44S058"], ["hospital"], id="a unit of a hospital"),
        pytest.param(["051501"], ["hospice"], id="hospice"),
        pytest.param(["051800"], ["fqhc"], id="FQHC"),
        pytest.param(["053400", "053999", "058500"], ["rural health clinic"] * 3, id="rural health clinics"),
        pytest.param(["055000", "056499"], ["skilled nursing"] * 2, id="skilled nursing"),
        pytest.param(["77229"], ["home health"], id="a zero in front is lost"),
        pytest.param(["056999", ""], [None, None], id="of no kind, none"),
        pytest.param(["077229", "440058", ""], ["home health", "hospital", None], id="files put together"),
        pytest.param(["077229"] * 19 + ["051501"], ["home health"] * 20, id="19 of 20 tell the kind of the file"),
        pytest.param(["077229"] * 18 + ["051501"], ["home health"] * 18 + ["hospice"], id="18 of 19 do not"),
    ],
)
def test_kinds_by_ccn_where_a_subset_lacks_the_provider_type(
    write: Callable[[str, str], str], tmp_path: Path, ccns: list[str], kinds: list[str | None]
) -> None:
    lines = "".join(f"O{number},CT,{NPI},{ccn},6800703877,ELM,\n" for number, ccn in enumerate(ccns))
    header = "ENROLLMENT ID,ENROLLMENT STATE,NPI,CCN,ASSOCIATE ID,ORGANIZATION NAME,DOING BUSINESS AS NAME\n"
    path = write("file.csv", header + lines)
    source = enrollments.read([path], tmp_path)
    assert source.rows.select("kind").collect().to_series().to_list() == kinds
    assert source.notes == (f"{path} has no provider types: its kind is read from CCNs.",)


@pytest.mark.parametrize("flag", ["MULTIPLE_NPI_FLAG,", ""])
def test_fee_for_service(write: Callable[[str, str], str], tmp_path: Path, flag: str) -> None:
    value = "N," if flag else ""
    text = (
        f"NPI,{flag}PECOS_ASCT_CNTL_ID,ENRLMT_ID,PROVIDER_TYPE_CD,PROVIDER_TYPE_DESC,STATE_CD,FIRST_NAME,MDL_NAME,"
        "LAST_NAME,ORG_NAME\n"
        f"1003819426,{value}547173072,I20031110000713,14-30,PRACTITIONER - DIAGNOSTIC RADIOLOGY,TX,JANE,,DOE,\n"
        f"{NPI},{value}8325951858,O20031110000518,12-70,PART B SUPPLIER - CLINIC/GROUP PRACTICE,TX,,,,ELM CLINIC\n"
        f"1457434004,{value}8325951858,O20031110000519,12-70,PART B SUPPLIER - CLINIC/GROUP PRACTICE,TX,,,,OAK CLINIC\n"
    )
    source = enrollments.read([write("ppef.csv", text)], tmp_path)
    columns = ["npi", "pac_id", "enrollment_id", "state", "name", "kind", "person"]
    assert source.rows.select(columns).collect().rows() == [
        ("1003819426", "0547173072", "I20031110000713", "TX", None, "fee for service", True),
        (NPI, "8325951858", "O20031110000518", "TX", "ELM CLINIC", "fee for service", False),
    ]
    assert ([(file.read, file.used) for file in source.files], source.invalid_npis) == ([(3, 2)], 1)


def test_a_file_without_npis_is_refused(write: Callable[[str, str], str], tmp_path: Path) -> None:
    path = write("rural.csv", 'ccn,state,org_name,dba_name\n013401,AL,"ATTENTUS MOULTON, LLC",LAWRENCE\n')
    with pytest.raises(InputError, match="it has no column 'NPI'; the nearest header is 'ccn'"):
        enrollments.read([path], tmp_path)
