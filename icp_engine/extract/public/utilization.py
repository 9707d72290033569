"""Services to Medicare patients by provider, or by provider and service, under their names of many years."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp

import polars as pl

from icp_engine.errors import InputError
from icp_engine.extract.public.files import Opened, open_files
from icp_engine.extract.public.layout import layout
from icp_engine.extract.public.source import FILE, Source, numbered, source
from icp_engine.extract.public.values import count, npi, number

_NPI = ("Rndrng_NPI", "NPI", "National Provider Identifier")
PROVIDERS = layout(
    "utilization",
    "a file of Medicare utilisation by provider",
    {
        "npi": _NPI,
        "bene_count": ("Tot_Benes", "total_unique_benes", "Number of Medicare Beneficiaries"),
        "allowed_amt": ("Tot_Mdcr_Alowd_Amt", "total_medicare_allowed_amt", "Total Medicare Allowed Amount"),
    },
    {"services_count": ("Tot_HCPCS_Cds", "number_of_hcpcs", "Number of HCPCS")},
)
SERVICES = layout(
    "utilization_by_service",
    "a file of Medicare utilisation by provider and service",
    {
        "npi": _NPI,
        "services": ("Tot_Srvcs", "line_srvc_cnt", "Number of Services"),
        "average_allowed": (
            "Avg_Mdcr_Alowd_Amt",
            "average_Medicare_allowed_amt",
            "Average Medicare Allowed Amount",
        ),
    },
    {
        "code": ("HCPCS_Cd", "hcpcs_code", "HCPCS Code"),
        "place": ("Place_Of_Srvc", "place_of_service", "Place of Service"),
    },
)
_CENTS = 2  # decimals: sums do not depend on the order in which rows come


def read(paths: Sequence[str], temp: Path) -> Source:
    """Return providers, one row each: `npi`, `services_count`, `bene_count`, `allowed_amt`, `by_service`.

    From a file by service the allowed amount is the sum of services times their average, and both counts are missing:
    beneficiaries cannot be added across services, and services for few patients are not published. A provider of both
    files is read from the one by provider. Amounts are dollars of one year, people and organisations alike.

    Raises:
        InputError: a provider stands there several times with other numbers, as in files of two years.
    """
    opened = open_files([PROVIDERS, SERVICES], paths, temp)
    rows = numbered(opened).with_columns(npi(pl.col("npi"))).filter(pl.col("npi").is_not_null())
    whole = _by_provider(opened, rows, temp)
    parts = _by_service(opened, rows, temp)
    frames = [frame for frame in (whole, parts) if frame is not None]
    notes = []
    if whole is not None and parts is not None:
        frames[1] = parts.join(whole, on="npi", how="anti")
        notes.append("Providers of both kinds of files are read from the file by provider.")
    return source(PROVIDERS.name, opened, rows, pl.concat(frames), npi="npi", notes=notes)


def _by_provider(opened: Opened, rows: pl.LazyFrame, temp: Path) -> pl.LazyFrame | None:
    files = [place for place, file in enumerate(opened.files) if file.layout is PROVIDERS]
    if not files:
        return None
    columns = {
        "services_count": count(pl.col("services_count")),
        "bene_count": count(pl.col("bene_count")),
        "allowed_amt": number(pl.col("allowed_amt")),
    }
    once = rows.filter(pl.col(FILE).is_in(files)).select("npi", **columns).unique()
    providers = _staged(once.with_columns(by_service=pl.lit(value=False)), temp)
    _refuse_several(providers.group_by("npi").len().filter(pl.col("len") > 1), 0)
    return providers


def _by_service(opened: Opened, rows: pl.LazyFrame, temp: Path) -> pl.LazyFrame | None:
    files = [place for place, file in enumerate(opened.files) if file.layout is SERVICES]
    if not files:
        return None
    services = _once(rows.filter(pl.col(FILE).is_in(files)))
    allowed = number(pl.col("services")) * number(pl.col("average_allowed"))
    sums = [allowed.sum().alias("allowed_amt"), allowed.count().alias("told")]
    each = _staged(services.group_by("npi", FILE).agg(sums), temp)
    # A file that was cut into parts has a provider on both sides of a cut.
    _refuse_several(each.group_by("npi").len().filter(pl.col("len") > 1), len(files) - 1)
    providers = each.group_by("npi").agg(pl.col("allowed_amt", "told").sum())
    return providers.select(
        "npi",
        pl.lit(None, pl.Int64).alias("services_count"),
        pl.lit(None, pl.Int64).alias("bene_count"),
        pl.when(pl.col("told") > 0).then(pl.col("allowed_amt").round(_CENTS)).alias("allowed_amt"),
        by_service=pl.lit(value=True),
    )


def _once(services: pl.LazyFrame) -> pl.LazyFrame:
    """Return each service of a provider once, where dumps repeat pages; hashes tell whether any does."""
    row = pl.struct("npi", "code", "place", "services", "average_allowed")
    coded = services.filter(pl.col("code").is_not_null())
    repeated = coded.select(pl.len() > row.hash().n_unique()).collect().item()
    uncoded = services.filter(pl.col("code").is_null())
    return (
        pl.concat([coded.unique(["npi", "code", "place", "services", "average_allowed"]), uncoded])
        if repeated
        else services
    )


def _staged(rows: pl.LazyFrame, temp: Path) -> pl.LazyFrame:
    """Return rows computed once, in a file of `temp`."""
    path = Path(mkdtemp(dir=temp)) / "rows.parquet"
    rows.sink_parquet(path, compression="lz4")
    return pl.scan_parquet(path, glob=False)


def _refuse_several(several: pl.LazyFrame, allowed: int) -> None:
    found = several.select("npi").sort("npi").collect()
    if found.height > allowed:
        raise InputError(
            f"The files of --utilization have {found.height:,} providers several times with other numbers, first NPI "
            f"{found['npi'][0]}; give the files of one year."
        )
