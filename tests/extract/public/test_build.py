"""Public files become an extract: each row that tempts a build, with the right outcome and why."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from public_files import (
    ENROLLMENTS,
    FEE_FOR_SERVICE,
    HRSA,
    LEIE,
    LOCATIONS,
    OWNERS,
    main_file,
    npi,
    organization,
    written,
)

from icp_engine.errors import InputError
from icp_engine.extract.public.build import BuildOptions, build
from icp_engine.locks import temporary_folder

LONG = "GAINESVILLE PAIN MANAGEMENT CENTER OF EXCELLENCE LLC"  # LEIE keeps 30 characters of it
THIRTY = "THIRTY LETTERS MAKE THIS CLINI"  # as long as the list of exclusions lets a name be
SHARE = "5% OR GREATER DIRECT OWNERSHIP INTEREST"
HOME, HOSPITAL, CENTER, PHARMACY = "251E00000X", "282N00000X", "261QF0400X", "3336C0003X"
ORGANIZATIONS = [
    organization(1, "OLD NAME", updated="01/01/2019"),
    organization(1, "NEW NAME"),
    organization(2, "GONE LLC", deactivated="05/01/2020"),
    organization(3, "BACK LLC", deactivated="05/01/2020", reactivated="05/02/2020"),
    organization(4, "GONE AGAIN LLC", deactivated="05/01/2020", reactivated="04/30/2020"),
    {"npi": npi(5), "deactivated": "02/01/2024"},
    organization(5, "GONE BY A LATER FILE"),
    organization(6, "ON THE LIST"),
    organization(7, "BACK SINCE THE LIST", deactivated="01/10/2024", reactivated="01/11/2024"),
    organization(8, "VANCOUVER CLINIC", state="BC", country="CA"),
    organization(9, "SAN JUAN CLINIC", state="PUERTO RICO"),
    organization(10, "ONTARIO CA CLINIC", state="CA", country="MX"),
    organization(11, ""),
    organization(12, "NOBODY", entity="1"),
    organization(13, "<UNAVAIL>"),
    {**organization(14, "WRONG NPI"), "npi": "1234567890"},
    organization(20, "CAPROCK HOME HEALTH SERVICES, INC."),
    organization(21, "CAPROCK HOME HEALTH SERVICES, INC.", address_1="20 MAIN ST STE 4"),
    organization(22, "Caprock Home Health Services Inc", address_1="20 Main St., Suite 9"),
    organization(23, "CAPROCK HOME HEALTH SERVICES INC", state="OK"),
    organization(24, "SMITH L.L.C.", phone="5129990000"),
    organization(25, "SMITH LLC", phone="5129990000", enumerated="01/31/2009", subpart="Y"),
    organization(26, "EXCLUDED LLC"),
    organization(27, "REINSTATED LLC"),
    organization(28, LONG, city="GAINESVILLE", postal_code="30501.0", state="GA"),
    organization(29, "FAR AWAY CLINIC", city="EL PASO", postal_code="79901"),
    organization(30, "ACTIVE SITE CLINIC"),
    organization(31, "INACTIVE SITE CLINIC"),
    organization(32, "CLINIC BY NAME, INC."),
    organization(33, "HORIZON HEALTH CARE"),
    organization(34, "HORIZON HEALTH CARE", state="NV"),
    organization(35, "BY TAXONOMY", taxonomy_2=CENTER),
    organization(40, "TIE", taxonomy_1="207Q00000X"),
    organization(41, "TIE", taxonomy_1=HOME),
    organization(42, "SECOND SLOT", taxonomy_1="207Q00000X", switch_1="N", taxonomy_2=HOME, switch_2="Y"),
    organization(43, "NO SWITCH", taxonomy_1=HOME, switch_1="N", taxonomy_2="207Q00000X", switch_2="N"),
    organization(44, "UNIT ALONE", taxonomy_1="273R00000X"),
    organization(45, "UNIT OF A HOSPITAL", taxonomy_1="273R00000X"),
    organization(46, "UNIT OF A HOSPITAL", taxonomy_1="273R00000X"),
    organization(47, "UNIT OF A HOSPITAL", taxonomy_1=HOSPITAL),
    organization(48, "DRUGSTORE", taxonomy_1=PHARMACY),
    organization(49, "CLINIC WITH DRUGSTORES", taxonomy_1=PHARMACY),
    organization(50, "CLINIC WITH DRUGSTORES", taxonomy_1=PHARMACY),
    organization(51, "CLINIC WITH DRUGSTORES", taxonomy_1="207Q00000X"),
    organization(52, "NO CODE", taxonomy_1="", switch_1=""),
    organization(53, "HOSPITAL BY CCN", taxonomy_1="207Q00000X"),
    organization(54, "OWNED HOME HEALTH", taxonomy_1=HOME),
    organization(55, "GROUP OF MANY"),
    organization(56, "REASSIGNED TO"),
    organization(57, "CENTER BY ENROLLMENT", taxonomy_1="261QC1500X"),
    organization(58, "NO HEALTH CENTER", taxonomy_1="261QC1500X"),
    organization(59, "NAMED LIKE AN EXCLUSION"),
    organization(60, "BASE CLINIC", state="AE"),
    organization(61, "GUAM CLINIC", state="GU", country="GU"),
    organization(62, THIRTY),
    organization(63, f"{THIRTY}S"),
    organization(64, f"{THIRTY[:-1]}"),
    *(organization(70 + place, f"{'N' * length}") for place, length in enumerate((69, 70, 71, 100))),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One build of all files, each with what tempts it."""
    folder = tmp_path_factory.mktemp("build")
    files = {
        "locations": written(
            folder / "pl_pfile.csv",
            LOCATIONS,
            [
                [npi(20), "20 MAIN ST", "", "AUSTIN", "TX", "78701"],
                [npi(20), "1 ELM ST # 7", "", "DALLAS", "TX", "752010001"],
                [npi(20), "1 ELM ST", "FLOOR 2", "DALLAS", "TX", "75201"],
                [npi(20), "9 FAR ST", "", "TULSA", "OK", "74101"],
            ],
        ),
        "other_names": written(
            folder / "othername_pfile.csv",
            "NPI,Provider Other Organization Name,Provider Other Organization Name Type Code",
            [[npi(30), "Active Friends", "3"]],
        ),
        "deactivated": written(
            folder / "deactivated.csv",
            "NPI,NPI Deactivation Date",
            [[npi(6), "01/10/2024"], [npi(7), "01/10/2024"]],
        ),
        "leie": written(
            folder / "UPDATED.csv",
            LEIE,
            [
                f",, ,EXCLUDED LLC,,,,{npi(26)},,,AUSTIN,TX,78701,1128b7,20160101,00000000",
                f",, ,REINSTATED LLC,,,,{npi(27)},,,AUSTIN,TX,78701,1128a1,20160101,00000000",
                f",, ,REINSTATED LLC,,,,{npi(27)},,,AUSTIN,TX,78701,1128a1,20160101,20200101",
                f",, ,{LONG[:30]},,,,0000000000,,,ATLANTA,GA,30501,1128b4,20150101,00000000",
                ",, ,FAR AWAY CLINIC,,,,0000000000,,,HOUSTON,TX,77001,1128b4,20150101,00000000",
                ",, ,SAN JUAN CLINIC,,,,0000000000,,,AUSTIN,TX,78701,1128b4,20150101,00000000",
                f",, ,NAMED LIKE AN EXCLUSION,,,,{npi(999)},,,AUSTIN,TX,78701,1128b4,20150101,00000000",
                f",, ,{THIRTY},,,,0000000000,,,AUSTIN,TX,78701,1128b4,20150101,00000000",
            ],
        ),
        "hrsa": written(
            folder / "sites.csv",
            HRSA,
            [
                ["H80", "Site A", "AUSTIN", "TX", "Active", npi(30), "Center A"],
                ["H80", "Site B", "AUSTIN", "TX", "Inactive", npi(31), "Center A"],
                ["H81", "Clinic by Name", "AUSTIN", "TX", "Active", "", "Center B"],
            ],
        ),
        "enrollments": [
            written(
                folder / "hospitals.csv",
                ENROLLMENTS,
                [
                    ["O1", "TX", "00-09", "PART A PROVIDER - HOSPITAL", npi(53), "0", "450001", "1111111111", "H", ""],
                    ["O2", "TX", "00-06", "PART A PROVIDER - HOME HEALTH AGENCY", npi(54), "0", "457001", "2222222222",
                     "OWNED HOME HEALTH", "GOOD CARE"],
                    ["O5", "TX", "00-17", "PART A PROVIDER - FEDERALLY QUALIFIED HEALTH CENTER (FQHC)", npi(57), "0",
                     "451800", "6666666666", "C", ""],
                ],
            ),
            written(
                folder / "ppef.csv",
                FEE_FOR_SERVICE,
                [
                    [npi(55), "N", "3333333333", "O3", "12-70", "CLINIC", "TX", "", "", "", "GROUP OF MANY"],
                    [npi(56), "N", "4444444444", "O4", "12-70", "CLINIC", "TX", "", "", "", "REASSIGNED TO"],
                    [npi(900), "N", "5555555555", "I1", "14-11", "PHYSICIAN", "TX", "A", "", "B", ""],
                    [npi(900), "N", "5555555555", "I2", "14-11", "PHYSICIAN", "OK", "A", "", "B", ""],
                ],
            ),
        ],
        "owners": written(
            folder / "owners.csv",
            OWNERS,
            [
                ["O2", "2222222222", "", "7777777777", "O", "35", SHARE, "BUYOUT LP",
                 "80", "N", "Y", "N"],
                ["O2", "2222222222", "", "8888888888", "I", "35", SHARE, "", "20",
                 "N", "N", "N"],
            ],
        ),
        "group_sizes": written(folder / "dac.csv", "org_pac_id,num_org_mem", [["3333333333", "42"], ["9", "7"]]),
        "reassignments": [
            written(
                folder / "reassign.csv",
                "REASGN_BNFT_ENRLMT_ID,RCV_BNFT_ENRLMT_ID",
                [["I1", "O4"], ["I2", "O4"], ["I3", "O4"], ["I1", "O3"], ["I1", "O404"]],
            ),
            written(
                folder / "revalidation.csv",
                "Group PAC ID,Group Enrollment ID,Individual NPI,Individual Total Employer Associations",
                [["4444444444", "O4", npi(901), "4"]],
            ),
        ],
        "utilization": written(
            folder / "mup.csv",
            "Rndrng_NPI,Tot_HCPCS_Cds,Tot_Benes,Tot_Srvcs,Tot_Mdcr_Alowd_Amt",
            [
                [npi(56), "12", "100", "300", "1000.5"],
                [npi(901), "30", "40", "90", "400"],
                [npi(902), "9", "1", "1", "1"],
            ],
        ),
        "institutional": written(
            folder / "pac.csv", "PRVDR_ID,BENE_DSTNCT_CNT,TOT_ALOWD_AMT", [["457001", "77", "12,345.67"]]
        ),
        "aco": written(
            folder / "aco.csv",
            "aco_id,par_lbn,aco_name,aco_service_area",
            [["A1", "Horizon Health Care, Inc.", "An ACO", "TX,OK"]],
        ),
        "features": written(
            folder / "features.csv",
            "npi,denial_pressure,phone,our_note",
            [[npi(55), "7.5", "", "call"], [npi(404), "9", "", ""]],
        ),
    }  # fmt: skip
    listed = {name: [paths] if isinstance(paths, str) else paths for name, paths in files.items()}
    main = main_file(folder / "npidata_pfile.csv", ORGANIZATIONS)
    complete = frozenset({"leie", "hrsa", "aco", "enrollments", "owners"})
    build(BuildOptions((main,), listed, complete), folder / "clinics.parquet")
    return folder


@pytest.fixture(scope="module")
def clinics(folder: Path) -> dict[str, dict[str, Any]]:
    rows = pl.read_parquet(folder / "clinics.parquet").rows(named=True)
    return {row["clinic_id"]: row for row in rows}


@pytest.fixture(scope="module")
def why(folder: Path) -> dict[tuple[str, str, str], tuple[str, str, str, str | None]]:
    """Key, value, match and detail by clinic, field and file."""
    rows = pl.read_parquet(folder / "build_matches.parquet").rows()
    return {row[:3]: row[3:] for row in rows}


@pytest.mark.parametrize(
    ("clinic_id", "there"),
    [
        ("new-name-TX", True),
        ("old-name-TX", False),
        ("gone-llc-TX", False),
        ("back-llc-TX", True),
        ("gone-again-llc-TX", False),
        ("gone-by-a-later-file-TX", False),
        ("on-the-list-TX", False),
        ("back-since-the-list-TX", True),
        ("vancouver-clinic-BC", False),
        ("san-juan-clinic-PR", True),
        ("ontario-ca-clinic-CA", False),
        ("nobody-TX", False),
        ("wrong-npi-TX", False),
        ("drugstore-TX", False),
        ("no-code-TX", True),
        ("base-clinic-AE", False),  # the armed forces abroad
        ("guam-clinic-GU", True),
    ],
)
def test_who_is_a_clinic(clinics: dict[str, Any], clinic_id: str, *, there: bool) -> None:
    assert (clinic_id in clinics) == there


def test_what_is_left_out_is_counted(folder: Path) -> None:
    summary = json.loads((folder / "build.json").read_text())
    assert summary["left_out"] == {
        "deactivated": 4,
        "outside the states and territories": 3,
        "without a name": 2,
    }
    assert (summary["files"]["nppes"]["read"], summary["files"]["nppes"]["used"]) == (
        len(ORGANIZATIONS),
        len(ORGANIZATIONS) - 1,
    )
    assert summary["files"]["nppes"]["invalid_npis"] == 1
    assert summary["no_clinics"] == summary["clinics"] - summary["written"] == 1
    assert summary["names_at_the_edge"] == 1  # of 70 letters, neither of 69, nor of 71 and 100 as in version 2
    counts = {name: (found["matched"], found["not_matched"]) for name, found in summary["files"].items()}
    assert counts == {
        "nppes": (None, None),
        "locations": (4, 0), "other_names": (1, 0), "deactivated": (2, 0), "leie": (4, 2), "hrsa": (2, 0),
        "enrollments": (5, 2), "owners": (1, 0), "group_sizes": (1, 1), "reassignments": (5, 1), "utilization": (2, 1),
        "institutional": (1, 0), "aco": (1, 0), "features": (1, 1),
    }  # fmt: skip


def test_one_name_in_one_state(clinics: dict[str, Any]) -> None:
    caprock = clinics["caprock-home-health-services-inc--TX"]
    assert caprock["account_name"] == "CAPROCK HOME HEALTH SERVICES, INC."
    assert (caprock["npi"], caprock["npis"], caprock["org_npi_count"]) == (npi(20), [npi(20), npi(21), npi(22)], 3)
    assert caprock["site_count"] == 2  # the suites of one street are one, and Tulsa lies in another state
    assert caprock["unlinked_rows"] == 0  # suites share street and ZIP
    assert clinics["caprock-home-health-services-inc-OK"]["npis"] == [npi(23)]
    smith = clinics["smith-l-l-c--TX"]  # as often as the other spelling, and first by letter
    assert (smith["npi"], smith["npis"], smith["unlinked_rows"]) == (npi(24), [npi(24), npi(25)], 0)
    assert clinics["clinic-with-drugstores-TX"]["unlinked_rows"] == 2


@pytest.mark.parametrize(
    ("clinic_id", "field", "value"),
    [
        ("excluded-llc-TX", "oig_leie_flag", True),
        ("excluded-llc-TX", "oig_exclusion_type", "1128b7"),
        ("reinstated-llc-TX", "oig_leie_flag", False),
        ("reinstated-llc-TX", "oig_exclusion_type", None),
        ("gainesville-pain-management-center-of-excellence-llc-GA", "oig_leie_flag", True),
        ("far-away-clinic-TX", "oig_leie_flag", None),
        ("san-juan-clinic-PR", "oig_leie_flag", False),
        ("active-site-clinic-TX", "fqhc_flag", True),
        ("active-site-clinic-TX", "segment_label", "FQHC / Community Health"),
        ("active-site-clinic-TX", "other_names", ["Active Friends"]),
        ("inactive-site-clinic-TX", "fqhc_flag", False),
        ("clinic-by-name-inc--TX", "fqhc_flag", True),
        ("by-taxonomy-TX", "fqhc_flag", True),
        ("center-by-enrollment-TX", "fqhc_flag", True),
        ("center-by-enrollment-TX", "segment_label", "FQHC / Community Health"),
        ("no-health-center-TX", "segment_label", "Specialty / Other"),  # its code counts only with the flag
        ("named-like-an-exclusion-TX", "oig_leie_flag", False),  # that row has an NPI, of somebody else
        ("thirty-letters-make-this-clini-TX", "oig_leie_flag", True),
        ("thirty-letters-make-this-clinis-TX", "oig_leie_flag", True),  # the list would have cut it to that
        ("thirty-letters-make-this-clin-TX", "oig_leie_flag", False),  # the list would have said so
        ("horizon-health-care-TX", "aco_member", True),
        ("horizon-health-care-NV", "aco_member", False),
        ("tie-TX", "segment_label", "Home Health / Post-Acute"),
        ("second-slot-TX", "segment_label", "Home Health / Post-Acute"),
        ("no-switch-TX", "segment_label", "Home Health / Post-Acute"),
        ("unit-alone-TX", "segment_label", "Behavioral Health"),
        ("unit-of-a-hospital-TX", "segment_label", "Health System / Hospital-Affiliated"),
        ("clinic-with-drugstores-TX", "segment_label", "Primary Care"),
        ("no-code-TX", "segment_label", None),
        ("hospital-by-ccn-TX", "segment_label", "Health System / Hospital-Affiliated"),
        ("hospital-by-ccn-TX", "pecos_enrolled", True),
        ("new-name-TX", "pecos_enrolled", False),
        ("owned-home-health-TX", "sector", "Post-Acute; PE-backed"),
        ("owned-home-health-TX", "owner_names", ["BUYOUT LP"]),
        ("owned-home-health-TX", "pe_backed_flag", True),
        ("owned-home-health-TX", "chain_home_office", False),
        ("owned-home-health-TX", "other_names", ["GOOD CARE"]),
        ("owned-home-health-TX", "pac_ids", ["2222222222"]),
        ("owned-home-health-TX", "bene_count", 77),
        ("owned-home-health-TX", "allowed_amt", 12345.67),
        ("owned-home-health-TX", "npi_count", None),
        ("group-of-many-TX", "npi_count", 42),
        ("group-of-many-TX", "npi_count_source", "group_sizes"),
        ("group-of-many-TX", "denial_pressure", 7.5),
        ("group-of-many-TX", "our_note", "call"),
        ("group-of-many-TX", "phone", "5120000055"),
        ("reassigned-to-TX", "npi_count", 3),  # one clinician has enrolments in two states
        ("reassigned-to-TX", "npi_count_source", "reassignments"),
        ("reassigned-to-TX", "services_count", 30),
        ("reassigned-to-TX", "bene_count", 110),  # 100, and a quarter of 40
        ("reassigned-to-TX", "allowed_amt", 1100.5),
        ("new-name-TX", "pe_backed_flag", None),
        ("new-name-TX", "denial_pressure", None),
        ("new-name-TX", "bene_count", None),
    ],
)
def test_a_field(clinics: dict[str, Any], clinic_id: str, field: str, value: object) -> None:
    assert clinics[clinic_id][field] == value


@pytest.mark.parametrize(
    ("clinic_id", "field", "file", "reason"),
    [
        ("excluded-llc-TX", "oig_leie_flag", "leie", ("npi", npi(26), "exact", "1128b7")),
        (
            "gainesville-pain-management-center-of-excellence-llc-GA", "oig_leie_flag", "leie",
            ("name, state, and city or ZIP", LONG[:30].strip(), "name", "1128b4"),
        ),
        ("far-away-clinic-TX", "oig_leie_flag", "leie", ("name and state", "FAR AWAY CLINIC", "possible", "1128b4")),
        ("active-site-clinic-TX", "fqhc_flag", "hrsa", ("npi", npi(30), "exact", "Site A")),
        (
            "clinic-by-name-inc--TX", "fqhc_flag", "hrsa",
            ("site name and state", "Clinic by Name", "name", "Clinic by Name"),
        ),
        ("by-taxonomy-TX", "fqhc_flag", "nppes", ("taxonomy code", CENTER, "exact", npi(35))),
        (
            "horizon-health-care-TX", "aco_member", "aco",
            ("name and state of the service area", "Horizon Health Care, Inc.", "name", "A1"),
        ),
        ("owned-home-health-TX", "owner_names", "owners", ("enrollment_id", "O2", "exact", "BUYOUT LP")),
        ("group-of-many-TX", "features", "features", ("npi", npi(55), "exact", None)),
    ],
)  # fmt: skip
def test_why(why: dict[Any, Any], clinic_id: str, field: str, file: str, reason: tuple[str, ...]) -> None:
    assert why[clinic_id, field, file] == reason


def test_no_match_is_kept_of_what_sets_nothing(why: dict[Any, Any]) -> None:
    kept = {clinic for clinic, _, _ in why}
    assert kept.isdisjoint(
        {"reinstated-llc-TX", "inactive-site-clinic-TX", "horizon-health-care-NV", "san-juan-clinic-PR"}
    )


def test_unknown_stays_unknown_without_a_declaration(tmp_path: Path) -> None:
    main = main_file(tmp_path / "npidata.csv", [organization(1, "ELM CLINIC")])
    leie = written(tmp_path / "leie.csv", LEIE, [f",, ,OAK,,,,{npi(9)},,,AUSTIN,TX,78701,1128b7,20160101,00000000"])
    hrsa = written(tmp_path / "hrsa.csv", HRSA, [["H80", "Site", "AUSTIN", "TX", "Active", "", "Center"]])
    home = written(
        tmp_path / "home.csv",
        ENROLLMENTS,
        [["O1", "TX", "00-06", "PART A PROVIDER - HOME HEALTH AGENCY", npi(9), "0", "457001", "1", "X", ""]],
    )
    out = tmp_path / "clinics.parquet"
    flags = ["oig_leie_flag", "fqhc_flag", "pecos_enrolled", "aco_member"]
    given = {"leie": [leie], "hrsa": [hrsa], "enrollments": [home]}
    build(BuildOptions((main,), given), out)
    assert pl.read_parquet(out).select(flags).row(0) == (None, None, None, None)
    build(BuildOptions((main,), given, frozenset({"leie", "hrsa", "enrollments"})), out)
    # Home health alone, however whole, does not know who else is enrolled.
    assert pl.read_parquet(out).select(flags).row(0) == (False, False, None, None)


def test_suppliers_are_kept_where_asked(tmp_path: Path) -> None:
    main = main_file(tmp_path / "npidata.csv", [organization(1, "DRUGS", taxonomy_1=PHARMACY), organization(2, "ELM")])
    out = tmp_path / "clinics.parquet"
    assert build(BuildOptions((main,), all_organizations=True), out).written == 2
    assert pl.read_parquet(out).select("clinic_id", "is_clinic").rows() == [("drugs-TX", False), ("elm-TX", True)]


def test_people_alone_are_nothing_to_build_from(tmp_path: Path) -> None:
    main = main_file(tmp_path / "main.csv", [organization(1, "NOBODY", entity="1"), organization(2, "", state="BC")])
    with pytest.raises(InputError, match=r"main\.csv holds no active organisation in a state or territory"):
        build(BuildOptions((main,)), tmp_path / "clinics.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["main.csv"]


@pytest.mark.parametrize("elsewhere", [True, False])
def test_what_killed_builds_left_goes_and_nothing_else(tmp_path: Path, *, elsewhere: bool) -> None:
    place = tmp_path / "temp" if elsewhere else tmp_path
    place.mkdir(exist_ok=True)
    killed, ours, users = (place / f".icp-{name}.unfinished" for name in ("abcdefgh", "with_own", "no_locks"))
    for folder in (killed, ours, users):
        folder.mkdir()
        (folder / "nppes.parquet").touch()
    (killed / "lock").touch()
    (ours / "lock").touch()
    main = main_file(ours / "main.csv", [organization(1, "ELM")])
    with temporary_folder(place, hidden=True) as living:
        build(BuildOptions((main,), temp_dir=place if elsewhere else None), tmp_path / "clinics.parquet")
        assert living.is_dir()
    assert [folder.exists() for folder in (killed, ours, users)] == [False, True, True]
    build(BuildOptions((main,)), tmp_path / "clinics.parquet")
    made = {"clinics.parquet", "build.json", "build_matches.parquet"}
    assert {path.name for path in tmp_path.iterdir()} == made | ({"temp"} if elsewhere else {ours.name, users.name})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("build.json", b'{"npm": true}'),
        ("build.json", b"[]"),
        ("build.json", b"no JSON, although it says files"),
        ("build_matches.parquet", b'{"clinic_id": true}'),
        ("build_matches.parquet", b"PAR1"),
        ("build_matches.parquet", None),
    ],
)
def test_files_of_the_user_are_not_replaced(tmp_path: Path, name: str, content: bytes | None) -> None:
    main, path = main_file(tmp_path / "main.csv", [organization(1, "ELM")]), tmp_path / name
    if content is None:  # a file that has a clinic_id, and is none of matches
        pl.DataFrame({"clinic_id": ["elm-TX"], "note": ["build matches"]}).write_parquet(path)
        content = path.read_bytes()
    path.write_bytes(content)
    with pytest.raises(InputError, match="is not of a build, and would be replaced"):
        build(BuildOptions((main,)), tmp_path / "clinics.parquet")
    assert path.read_bytes() == content


def test_its_own_files_are_replaced(tmp_path: Path) -> None:
    main = main_file(tmp_path / "main.csv", [organization(1, "ELM")])
    for _ in range(2):
        build(BuildOptions((main,)), tmp_path / "clinics.parquet")


@pytest.mark.parametrize(
    ("files", "complete", "out", "message"),
    [
        ({"owners": ["x.csv"]}, "", "c.parquet", "--owners is told apart by ids of Medicare enrolments"),
        ({}, "leie", "c.parquet", "--complete leie: no such file is given; add --leie."),
        ({}, "locations", "c.parquet", "--complete locations: no such file can make a flag false"),
        ({}, "", "c.csv", "is no Parquet file by its name"),
        ({}, "", "nowhere/c.parquet", "does not exist; make it first"),
        ({"leie": ["main.csv"]}, "", "c.parquet", "main.csv is not a list of exclusions of the OIG (LEIE)"),
        ({"features": ["wrong.csv"]}, "", "c.parquet", "denial_pressure is 'much' somewhere; number is due"),
        ({"features": ["twice.csv"]}, "", "c.parquet", "clinic_id 'elm-TX' more than once"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_lost(
    tmp_path: Path, files: dict[str, list[str]], complete: str, out: str, message: str
) -> None:
    main = main_file(tmp_path / "main.csv", [organization(1, "ELM")])
    written(tmp_path / "wrong.csv", "clinic_id,denial_pressure", [["elm-TX", "much"]])
    written(tmp_path / "twice.csv", "clinic_id,denial_pressure", [["elm-TX", "1"], ["elm-TX", "2"]])
    (tmp_path / "c.parquet").write_text("of the user")
    before = sorted(tmp_path.iterdir())
    given = {name: [str(tmp_path / path) for path in paths] for name, paths in files.items()}
    with pytest.raises(InputError) as raised:
        build(BuildOptions((main,), given, frozenset(filter(None, [complete]))), tmp_path / out)
    assert message in str(raised.value)
    assert (tmp_path / "c.parquet").read_text() == "of the user"
    assert sorted(tmp_path.iterdir()) == before
