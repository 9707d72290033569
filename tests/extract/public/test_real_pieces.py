"""Real pieces of public files, where they are at hand: read whole, or refused for the reason that their page names."""

from importlib import import_module
from pathlib import Path

import polars as pl
import pytest

from icp_engine.errors import InputError
from icp_engine.extract.public.layout import missing, places
from icp_engine.extract.public.source import Source

HOME_HEALTH = "enrollments/Home_Health_Agency_Enrollments_2025-11_subset.csv"
HOSPITALS = "enrollments/Hospital_Enrollments_2025-11_subset.csv"
SUPPLEMENTS = "leie/LEIE_monthly_supplements_2015-11_2017-02_BUSNAME_only.csv"


def read(reader: str, folder: Path, pattern: str, temp: Path) -> Source:
    source: Source = import_module(f"icp_engine.extract.public.{reader}").read([str(folder / pattern)], temp)
    return source


@pytest.mark.parametrize(
    ("reader", "pattern", "counts", "rows"),
    [
        ("deactivated", "nppes/deactivated_npis_2024w01-w05.csv", [(3471, 3471)], 3471),
        ("locations", "nppes/pl_pfile_20251103-20251109.csv", [(9528, 9525)], 9525),
        ("other_names", "nppes/othername_pfile_20251103-20251109.csv", [(2427, 2427)], 2427),
        ("leie", SUPPLEMENTS, [(68, 65)], 65),  # three rows reinstate organisations that were excluded before
        ("leie", "leie/*.csv", [(3, 3), (68, 62)], 65),
        ("hrsa", "hrsa/*.csv", [(18655, 18655), (9, 9)], 18664),
        ("enrollments", HOME_HEALTH, [(11723, 11723)], 11723),
        ("enrollments", HOSPITALS, [(9217, 9217)], 9217),
        ("enrollments", "pecos/ppef_enrollment_first_pages_nonames.csv", [(1000, 1000)], 1000),
        ("utilization", "utilization/mup_phy_prov_svc_first1000.csv", [(1000, 1000)], 113),
        ("aco", "aco/aco_participants_py2025_first2pages.csv", [(1000, 1000)], 1000),
    ],
)
def test_read(
    shared_data: Path, tmp_path: Path, reader: str, pattern: str, counts: list[tuple[int, int]], rows: int
) -> None:
    source = read(reader, shared_data, pattern, tmp_path)
    assert [(file.read, file.used) for file in source.files] == counts
    assert (source.rows.collect().height, source.invalid_npis) == (rows, 0)


@pytest.mark.parametrize(
    ("reader", "pattern", "reason"),
    [
        (
            "enrollments",
            "enrollments/Rural_Health_Clinic_Enrollments_2025-12_ccn_names.csv",
            "it has no column 'NPI'; the nearest header is 'ccn'",
        ),
        (
            "reassignments",
            "pecos/revalidation_group_practices_GA_2023-11.csv",
            "it has no column 'Individual NPI'; the nearest header is 'n_distinct_individual_NPIs'",
        ),
        ("deactivated", "nppes/npidata_weekly_20240101-20240211_type2.csv", "no such file has a column 'Entity Type"),
        ("owners", HOME_HEALTH, "it has no column 'ASSOCIATE ID - OWNER'; the nearest header is 'ASSOCIATE ID'"),
        ("hrsa", SUPPLEMENTS, "it has no column 'Site Name'; the nearest header is"),
    ],
)
def test_refused(shared_data: Path, tmp_path: Path, reader: str, pattern: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read(reader, shared_data, pattern, tmp_path)


def test_what_the_real_pieces_say(shared_data: Path, tmp_path: Path) -> None:
    kinds = [
        read("enrollments", shared_data, pattern, tmp_path).rows.select(pl.col("kind").unique()).collect().rows()
        for pattern in (HOME_HEALTH, HOSPITALS)
    ]
    assert kinds == [[("home health",)], [("hospital",)]]
    people = read("enrollments", shared_data, "pecos/ppef*", tmp_path).rows.select(pl.col("person").all()).collect()
    assert people.item()
    by_service = read("utilization", shared_data, "utilization/*.csv", tmp_path).rows.filter(npi="1003000126")
    services = pl.read_csv(shared_data / "utilization" / "mup_phy_prov_svc_first1000.csv", infer_schema_length=None)
    expected = services.filter(Rndrng_NPI=1003000126).select(pl.col("Tot_Srvcs").dot("Avg_Mdcr_Alowd_Amt")).item()
    assert by_service.select("allowed_amt").collect().item() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("reader", "layout", "title"),
    [
        ("enrollments", "FACILITIES", "Hospital Enrollments"),
        ("enrollments", "FACILITIES", "Home Health Agency Enrollments"),
        ("enrollments", "FACILITIES", "Hospice Enrollments"),
        ("enrollments", "FACILITIES", "Skilled Nursing Facility Enrollments"),
        ("enrollments", "FACILITIES", "Rural Health Clinic Enrollments"),
        ("enrollments", "FACILITIES", "Federally Qualified Health Center Enrollments"),
        ("enrollments", "SUPPLIERS", "Medicare Fee-For-Service Public Provider Enrollment"),
        ("owners", "LAYOUT", "Hospital All Owners"),
        ("owners", "LAYOUT", "Home Health Agency All Owners"),
        ("owners", "LAYOUT", "Hospice All Owners"),
        ("owners", "LAYOUT", "Skilled Nursing Facility All Owners"),
        ("owners", "LAYOUT", "Rural Health Clinic All Owners"),
        ("owners", "LAYOUT", "Federally Qualified Health Center All Owners"),
        ("reassignments", "REVALIDATION", "Revalidation Clinic Group Practice Reassignment"),
        ("reassignments", "REVALIDATION", "Revalidation Reassignment List"),
        ("group_sizes", "LAYOUT", "National Downloadable File"),
        ("utilization", "PROVIDERS", "Medicare Physician & Other Practitioners - by Provider"),
        ("utilization", "SERVICES", "Medicare Physician & Other Practitioners - by Provider and Service"),
        ("institutional", "LAYOUT", "Medicare Post-Acute Care and Hospice - by Geography & Provider"),
        ("aco", "LAYOUT", "Accountable Care Organization Participants"),
    ],
)
def test_headers_of_the_catalogue(shared_data: Path, reader: str, layout: str, title: str) -> None:
    kind = getattr(import_module(f"icp_engine.extract.public.{reader}"), layout)
    fields = pl.read_csv(shared_data / "headers" / "cms_all_dataset_fields_2025-07.csv", infer_schema=False)
    header = fields.filter(title=title)["field"].to_list()
    assert header
    assert missing(kind, header) == []
    optional = {column.name for column in kind.columns if not column.required}
    assert optional <= places(kind, header).keys()
