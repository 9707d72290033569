"""How often questions are answered with yes by organisations whose owners are known: what their order rests on."""

from pathlib import Path

import polars as pl
import pytest

from icp_engine import load_scorecard
from icp_engine.database import database
from icp_engine.extract.normalized_names import normalized_name
from icp_engine.networks.grouping import NetworkOptions, find_networks, network_inputs

CARD = load_scorecard("icp")
FILES = ("Hospital_Enrollments_2025-11_subset.csv", "Home_Health_Agency_Enrollments_2025-11_subset.csv")
COLUMNS = {
    "clinic_id": "ENROLLMENT ID", "account_name": "ORGANIZATION NAME", "state_code": "STATE", "postal_code": "ZIP CODE",
    "owner": "ASSOCIATE ID", "incorporated": "INCORPORATION DATE",
}  # fmt: skip


def scored(frame: pl.DataFrame) -> pl.DataFrame:
    """Clinics as grouping reads them, all of one score."""
    kinds: dict[str, pl.Expr] = dict.fromkeys(network_inputs(CARD), pl.lit(0.0))
    kinds |= dict.fromkeys(("npi_count", "site_count"), pl.lit(1)) | dict.fromkeys(
        ("fqhc_flag", "aco_member"), pl.lit(value=False)
    )
    kinds |= {
        CARD.column("segment"): pl.lit("A"),
        CARD.column("tier_label"): pl.lit(""),
        CARD.column("tier"): pl.lit(5, pl.Int8),
    }
    added = [value.alias(name) for name, value in kinds.items() if name not in frame.columns]
    return frame.with_columns(*added, normalized_name=normalized_name(pl.col("account_name")))


@pytest.fixture(scope="module")
def enrolled(shared_data: Path) -> pl.DataFrame:
    """Hospitals and home health agencies with their legal names and PAC ids."""
    parts = [pl.read_csv(shared_data / "enrollments" / file, infer_schema=False).select(**COLUMNS) for file in FILES]
    return pl.concat(parts).unique("clinic_id", maintain_order=True).drop_nulls("owner")


@pytest.fixture(scope="module")
def questions(enrolled: pl.DataFrame) -> pl.DataFrame:
    """The queue by legal names alone."""
    with database(threads=2) as db:
        found = find_networks(db, scored(enrolled.drop("owner", "incorporated")), CARD, NetworkOptions(review=True))
    assert found.questions is not None
    return found.questions


@pytest.fixture(scope="module")
def answers(enrolled: pl.DataFrame, questions: pl.DataFrame) -> dict[tuple[str, float], tuple[int, int]]:
    """By kind and precision: questions by legal names alone, and those of which all sides have one owner.

    PAC ids of one legal name, state and incorporation date are one owner, called by the smallest of them.
    """
    same = [normalized_name(pl.col("account_name")), "state_code", "incorporated"]
    owner = pl.when(pl.col("incorporated").is_null()).then("owner").otherwise(pl.col("owner").min().over(same))
    owners = enrolled.select("clinic_id", owner=owner)
    sides = questions.select("question_id", "kind", pl.col("precision").cast(pl.Float64), clinic_id="sides")
    sides = sides.explode("clinic_id").join(owners, on="clinic_id")
    asked = sides.group_by("question_id", "kind", "precision").agg(is_one=pl.col("owner").n_unique() == 1)
    counted = asked.group_by("kind", "precision").agg(pl.len(), pl.col("is_one").sum()).sort("kind", "precision")
    print(counted)
    return {(kind, precision): (count, yes) for kind, precision, count, yes in counted.iter_rows()}


@pytest.mark.parametrize("precision", [0.04, 0.12, 0.4])
def test_names_over_states_are_as_often_of_one_owner_as_is_said(
    precision: float, answers: dict[tuple[str, float], tuple[int, int]]
) -> None:
    count, yes = answers["name_states", precision]
    assert count >= 15
    assert yes / count == pytest.approx(precision, abs=0.05)


def test_spellings_without_a_contact_have_no_owner_in_common(
    answers: dict[tuple[str, float], tuple[int, int]],
) -> None:
    found = [counts for (kind, _), counts in answers.items() if kind.startswith("spelling")]
    assert sum(count for count, _ in found) >= 20
    assert sum(yes for _, yes in found) == 0
