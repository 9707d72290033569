"""Which clinicians reassign their benefits to which groups: beside the enrolments, or in the revalidation list."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from icp_engine.extract.public.files import open_files
from icp_engine.extract.public.layout import layout
from icp_engine.extract.public.source import FILE, Source, numbered, source
from icp_engine.extract.public.values import count, npi, pac_id

LAYOUT = layout(
    "reassignments",
    "a file of reassignments of Medicare benefits",
    {"clinician_enrollment_id": "REASGN_BNFT_ENRLMT_ID", "enrollment_id": "RCV_BNFT_ENRLMT_ID"},
)
REVALIDATION = layout(
    "revalidation",
    "a revalidation list of group practices with their clinicians",
    {"pac_id": "Group PAC ID", "enrollment_id": "Group Enrollment ID", "clinician_npi": "Individual NPI"},
    {
        "clinician_enrollment_id": "Individual Enrollment ID",
        "employers": "Individual Total Employer Associations",
    },
)
_COLUMNS = (*LAYOUT.columns, *REVALIDATION.columns)


def read(paths: Sequence[str], temp: Path) -> Source:
    """Return clinicians and the groups that receive their benefits, one row per pair.

    Columns: `clinician_enrollment_id`, `enrollment_id` (of the group), and from the revalidation list `pac_id` (of the
    group), `clinician_npi` and `employers` (how many groups the clinician has, Int64); missing where a file lacks them.
    """
    opened = open_files([LAYOUT, REVALIDATION], paths, temp)
    rows = numbered(opened)
    absent = {column.name for column in _COLUMNS} - set(rows.collect_schema())
    rows = rows.with_columns(pl.lit(None, pl.String).alias(name) for name in sorted(absent)).select(
        FILE,
        "clinician_enrollment_id",
        "enrollment_id",
        pac_id(pl.col("pac_id")).alias("pac_id"),
        npi(pl.col("clinician_npi")).alias("clinician_npi"),
        count(pl.col("employers")).alias("employers"),
    )
    clinician = pl.col("clinician_npi").is_not_null() | pl.col("clinician_enrollment_id").is_not_null()
    group = pl.col("enrollment_id").is_not_null() | pl.col("pac_id").is_not_null()
    used = rows.filter(clinician & group)
    has_npis = any(file.layout is REVALIDATION for file in opened.files)
    return source(LAYOUT.name, opened, used, npi="clinician_npi" if has_npis else None)
