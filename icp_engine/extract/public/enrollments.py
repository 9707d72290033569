"""Enrolments in Medicare: hospitals, home health, FQHCs, rural clinics, nursing, hospice; all fee-for-service."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from icp_engine.extract.public.files import Opened, OpenedFile, open_files
from icp_engine.extract.public.layout import layout
from icp_engine.extract.public.source import FILE, Source, source
from icp_engine.extract.public.values import ccn, npi, pac_id, state

FEE_FOR_SERVICE = "fee for service"
FACILITIES = layout(
    "enrollments",
    "a file of Medicare enrolments",
    {
        "npi": "NPI",
        "enrollment_id": "ENROLLMENT ID",
        "pac_id": "ASSOCIATE ID",
        "name": "ORGANIZATION NAME",
    },
    {
        "state": "ENROLLMENT STATE",
        "provider_type": "PROVIDER TYPE TEXT",
        "ccn": "CCN",
        "dba_name": "DOING BUSINESS AS NAME",
    },
)
SUPPLIERS = layout(
    "fee_for_service",
    "the file of fee-for-service enrolments of Medicare",
    {"npi": "NPI", "enrollment_id": "ENRLMT_ID", "pac_id": "PECOS_ASCT_CNTL_ID", "name": "ORG_NAME"},
    {"state": "STATE_CD", "provider_type": "PROVIDER_TYPE_DESC"},
)
# What a provider type says, in this order: a rural emergency hospital is a hospital, a hospice none.
_KINDS = {
    "HOME HEALTH": "home health",
    "FEDERALLY QUALIFIED": "fqhc",
    "RURAL HEALTH": "rural health clinic",
    "SKILLED NURSING": "skilled nursing",
    "HOSPICE": "hospice",
    "HOSPITAL": "hospital",
}
# The last four digits of a CCN tell the kind. Source: CMS, State Operations Manual, chapter 2, section 2779A.
_RANGES = (
    (1, 899, "hospital"),
    (1000, 1199, "fqhc"),
    (1300, 1399, "hospital"),
    (1500, 1799, "hospice"),
    (1800, 1989, "fqhc"),
    (2000, 2299, "hospital"),
    (3025, 3099, "hospital"),
    (3100, 3199, "home health"),
    (3300, 3399, "hospital"),
    (3400, 3499, "rural health clinic"),
    (3800, 3999, "rural health clinic"),
    (4000, 4499, "hospital"),
    (5000, 6499, "skilled nursing"),
    (7000, 8499, "home health"),
    (8500, 8999, "rural health clinic"),
    (9000, 9799, "home health"),
)
_UNITS = r"^[0-9]{2}[MRSTUWYZ]"  # units and swing beds of hospitals have a letter in the third place
_OF_ONE_KIND = 0.95  # of the CCNs of a file: the others are of its kind too


def read(paths: Sequence[str], temp: Path) -> Source:
    """Return enrolments with an NPI.

    Columns: `npi`, `ccn`, `pac_id`, `enrollment_id`, `state`, `name`, `dba_name`, `kind` ("hospital", "home health",
    "fqhc", "rural health clinic", "skilled nursing", "hospice", "fee for service"; missing where nothing tells),
    `provider_type` in words, `person` (Boolean). Names of people are not read.
    """
    opened = open_files([FACILITIES, SUPPLIERS], paths, temp)
    parts = [
        _rows(file).with_columns(pl.lit(number, pl.UInt32).alias(FILE)) for number, file in enumerate(opened.files)
    ]
    used = pl.concat(parts).filter(pl.col("npi").is_not_null())
    return source(FACILITIES.name, opened, used, npi="npi", notes=_notes(opened))


def _rows(file: OpenedFile) -> pl.LazyFrame:
    rows = file.rows
    if file.layout is SUPPLIERS:
        rows = rows.with_columns(pl.lit(None, pl.String).alias(name) for name in ("ccn", "dba_name"))
    return rows.select(
        npi(pl.col("npi")).alias("npi"),
        ccn(pl.col("ccn")).alias("ccn"),
        pac_id(pl.col("pac_id")).alias("pac_id"),
        "enrollment_id",
        state(pl.col("state")).alias("state"),
        "name",
        "dba_name",
        _kind(file).alias("kind"),
        "provider_type",
        pl.col("enrollment_id").str.starts_with("I").alias("person"),
    )


def _kind(file: OpenedFile) -> pl.Expr:
    if file.layout is SUPPLIERS:
        return pl.lit(FEE_FOR_SERVICE)
    told = pl.coalesce(
        pl.when(pl.col("provider_type").str.to_uppercase().str.contains(words, literal=True)).then(pl.lit(kind))
        for words, kind in _KINDS.items()
    )
    return pl.coalesce(told, pl.lit(_kind_of_file(file), pl.String), _kind_of_ccn())


def _kind_of_ccn() -> pl.Expr:
    code = ccn(pl.col("ccn"))
    last = pl.when(code.str.contains(r"^[0-9]{6}$")).then(code.str.slice(2)).cast(pl.Int32)
    return pl.coalesce(
        pl.when(code.str.contains(_UNITS)).then(pl.lit("hospital")),
        *(pl.when(last.is_between(first, final)).then(pl.lit(kind)) for first, final, kind in _RANGES),
    )


def _kind_of_file(file: OpenedFile) -> str | None:
    """Return the kind of nearly all CCNs of a file without provider types, None where they are of several."""
    kinds = file.rows.filter(pl.col("provider_type").is_null()).select(_kind_of_ccn().alias("kind")).drop_nulls()
    shares = kinds.group_by("kind").agg(share=pl.len()).with_columns(pl.col("share") / pl.col("share").sum())
    main = shares.filter(pl.col("share") >= _OF_ONE_KIND).collect()
    return None if main.is_empty() else str(main["kind"][0])


def _notes(opened: Opened) -> list[str]:
    return [
        f"{file.path} has no provider types: its kind is read from CCNs."
        for file in opened.files
        if file.layout is FACILITIES and not file.has("provider_type")
    ]
