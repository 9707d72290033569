"""Make a folder of synthetic public files that go together, to try `icp-engine build` on: nothing in them is real.

NPPES as `make_nppes` makes it, and by its NPIs and names enrolments of home health agencies, group sizes, utilisation,
health centre sites, exclusions and participants of ACOs, in the layouts of the agencies.

    python scripts/make_public.py --rows 100000 --out demo/public
"""

import sys
from pathlib import Path

import click
import polars as pl
from make_extract import ExtractError
from make_nppes import make_nppes

NAME = "Provider Organization Name (Legal Business Name)"
PLACE = "Provider Business Practice Location Address "


def make_public(folder: Path, *, rows: int, seed: int) -> None:
    """Write the files: the same ones for the same number and seed."""
    folder.mkdir(parents=True, exist_ok=True)
    nppes = folder / "npidata_pfile.csv"
    make_nppes(nppes, rows=rows, seed=seed)
    organisations = (
        pl.scan_csv(nppes, infer_schema=False)
        .filter(pl.col("Entity Type Code") == "2")
        .select(
            npi="NPI", name=NAME, state=f"{PLACE}State Name", city=f"{PLACE}City Name", zip=f"{PLACE}Postal Code",
            code="Healthcare Provider Taxonomy Code_1",
        )
        .unique("npi")
        .sort("npi")
        .with_columns(draw=pl.col("npi").hash(seed) % 1_000, pac="2" + pl.col("npi").str.head(9))
        .collect()
    )  # fmt: skip
    for name, frame in _files(organisations).items():
        frame.write_csv(folder / name)


def _files(organisations: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return the files beside NPPES, each for the organisations that a draw puts into it."""
    draw, amount = pl.col("draw"), pl.col("draw") * 37 + 11
    health_centres = organisations.filter(pl.col("code") == "261QF0400X")
    return {
        "home_health_enrollments.csv": organisations.filter(pl.col("code") == "251E00000X").select(
            pl.format("O{}", "pac").alias("ENROLLMENT ID"), pl.col("state").alias("ENROLLMENT STATE"),
            pl.lit("PART A PROVIDER - HOME HEALTH AGENCY").alias("PROVIDER TYPE TEXT"), pl.col("npi").alias("NPI"),
            pl.lit("").alias("CCN"), pl.col("pac").alias("ASSOCIATE ID"), pl.col("name").alias("ORGANIZATION NAME"),
            pl.lit("").alias("DOING BUSINESS AS NAME"),
        ),
        "group_sizes.csv": organisations.filter(draw < 900).select(
            org_pac_id="pac", num_org_mem=1 + draw * draw // 9_000,
        ),
        "utilization.csv": organisations.filter(draw < 600).select(
            pl.col("npi").alias("Rndrng_NPI"), (1 + draw % 60).alias("Tot_HCPCS_Cds"), amount.alias("Tot_Benes"),
            (amount * 150.25).round(2).alias("Tot_Mdcr_Alowd_Amt"),
        ),
        "hrsa_sites.csv": health_centres.select(
            pl.col("name").alias("Site Name"), pl.col("state").alias("Site State Abbreviation"),
            pl.when(draw < 950).then(pl.lit("Active")).otherwise(pl.lit("Inactive")).alias("Site Status Description"),
            pl.col("npi").alias("FQHC Site NPI Number"), pl.col("name").alias("Health Center Name"),
            pl.format("H80CS{}", "pac").alias("Health Center Number"), pl.col("city").alias("Site City"),
        ),
        "leie.csv": organisations.filter(draw == 0).select(
            pl.lit(None, pl.String).alias("LASTNAME"), pl.col("name").str.head(30).alias("BUSNAME"),
            pl.col("npi").alias("NPI"), pl.col("city").alias("CITY"), pl.col("state").alias("STATE"),
            pl.col("zip").str.head(5).alias("ZIP"), pl.lit("1128a1").alias("EXCLTYPE"),
            pl.lit("20200120").alias("EXCLDATE"), pl.lit("00000000").alias("REINDATE"),
        ),
        "aco_participants.csv": organisations.filter(draw % 10 == 1).select(
            pl.lit("A1001").alias("aco_id"), pl.col("name").alias("par_lbn"), pl.col("state").alias("aco_service_area"),
        ),
    }  # fmt: skip


@click.command(help="Make synthetic public files that go together: the same for the same number and seed.")
@click.option("--rows", type=click.IntRange(1), default=100_000, show_default=True, help="Rows of NPPES.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=2025, show_default=True, help="Which ones.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder to write into.")
def command(rows: int, seed: int, out: Path) -> None:
    """Make the files that the options describe."""
    try:
        make_public(out, rows=rows, seed=seed)
    except (ExtractError, OSError) as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    sys.exit(command())
