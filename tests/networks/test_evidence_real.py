"""What networks by evidence must reach on real organisations whose owners are known; each test prints its figures."""

from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pytest

from icp_engine import load_scorecard
from icp_engine.database import database
from icp_engine.extract.normalized_names import normalized_name
from icp_engine.networks.evidence import group_by_evidence
from icp_engine.networks.grouping import NetworkOptions, by_hand, register_settings
from icp_engine.networks.match_names import match_name

LOCATION, MAILING = "Provider Business Practice Location Address ", "Provider Business Mailing Address "


def groups(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Every clinic with the group that it hangs together with, and the members of networks."""
    frame = frame.with_columns(normalized_name=normalized_name(pl.col("account_name")))
    with database(threads=2) as db:
        db.register("icp_scores", frame.select("clinic_id", "state_code"))
        register_settings(db, load_scorecard("icp"), NetworkOptions(), by_hand(NetworkOptions()))
        group_by_evidence(db, frame)
        found = db.frame(
            "select clinic_id, coalesce(root, clinic) as grouped from evidence_clinics "
            "left join linked_clinics using (clinic)"
        )
        return found, db.frame("select clinic_id, network_id, network_name from network_members")


def b_cubed(frame: pl.DataFrame, truth: str) -> tuple[float, float]:
    """Mean share of a clinic's group that is of its truth, and of its truth that is in its group."""
    size = pl.len().over("grouped", truth)
    shares = frame.select((size / pl.len().over("grouped")).alias("p"), (size / pl.len().over(truth)).alias("r"))
    return shares["p"].mean(), shares["r"].mean()  # type: ignore[return-value]


def pairs(frame: pl.DataFrame, by: Iterable[str]) -> int:
    count = pl.col("len")
    return int(frame.group_by(*by).len().select((count * (count - 1) // 2).sum()).item())


def joined(values: pl.DataFrame) -> dict[str, str]:
    """The first of all values that rows of lists tie together, by value."""
    parent: dict[str, str] = {}

    def root(value: str) -> str:
        while (above := parent.setdefault(value, value)) != value:
            value = above
        return value

    for row in values.to_series():
        first, *others = row
        for other in others:
            parent[root(other)] = root(first)
        root(first)
    return {value: root(value) for value in list(parent)}


@pytest.fixture(scope="module")
def enrolled(shared_data: Path) -> pl.DataFrame:
    """Hospitals and home health agencies, and who owns them: PAC ids of one name, state and incorporation are one."""
    files = ("Hospital_Enrollments_2025-11_subset.csv", "Home_Health_Agency_Enrollments_2025-11_subset.csv")
    chosen = {
        "clinic_id": "ENROLLMENT ID", "account_name": "ORGANIZATION NAME", "other_names": "DOING BUSINESS AS NAME",
        "state_code": "STATE", "postal_code": "ZIP CODE", "pac_ids": "ASSOCIATE ID",
        "incorporated": "INCORPORATION DATE",
    }  # fmt: skip
    parts = [pl.read_csv(shared_data / "enrollments" / file, infer_schema=False).select(**chosen) for file in files]
    frame = pl.concat(parts).unique("clinic_id", maintain_order=True).drop_nulls("pac_ids")
    known = frame.drop_nulls("incorporated").group_by(
        normalized_name(pl.col("account_name")), "state_code", "incorporated"
    )
    owners = joined(known.agg(pl.col("pac_ids").unique()).select("pac_ids"))
    return frame.with_columns(owner=pl.col("pac_ids").replace(owners))


def test_legal_names_of_hospitals_and_home_health_agencies(enrolled: pl.DataFrame) -> None:
    found, members = groups(enrolled.select("clinic_id", "account_name", "state_code", "postal_code"))
    owners = members.join(enrolled, on="clinic_id").group_by("network_id").agg(pl.col("owner").n_unique())
    mixed = (owners["owner"] > 1).mean()
    precision, recall = b_cubed(found.join(enrolled, on="clinic_id"), "owner")
    print(f"{len(owners)} networks, {mixed:.3f} mix owners; b-cubed {precision:.3f} / {recall:.3f}")
    assert mixed <= 0.04
    assert precision >= 0.98
    assert recall >= 0.97
    states = members.join(enrolled, on="clinic_id").filter(pl.col("network_name").str.starts_with("memorial hospital"))
    assert (states.group_by("network_id").agg(pl.col("state_code").n_unique())["state_code"] == 1).all()


def test_brands_and_owners(enrolled: pl.DataFrame, shared_data: Path) -> None:
    found, _ = groups(enrolled.drop("incorporated", "owner"))
    brands = pl.read_csv(shared_data / "networks/brands.csv").filter("is_brand")["dba_match_name"]
    own = enrolled.with_columns(brand=match_name(pl.col("other_names")))
    branded = own.filter(pl.col("brand").is_in(brands.implode())).group_by("brand").agg(pl.col("pac_ids").unique())
    together = joined(branded.select("pac_ids"))
    known = found.join(own.with_columns(truth=pl.col("pac_ids").replace(together)), on="clinic_id")
    right = pairs(known, ["grouped", "truth"])
    recall, precision = right / pairs(known, ["truth"]), right / pairs(known, ["grouped"])
    print(f"pairs: recall {recall:.3f}, precision {precision:.3f}")
    assert recall >= 0.98
    assert precision >= 0.97


def test_organisations_and_their_parents(shared_data: Path) -> None:
    chosen = {
        "clinic_id": "NPI", "account_name": "Provider Organization Name (Legal Business Name)",
        "other_names": "Provider Other Organization Name", "state_code": f"{LOCATION}State Name",
        "city": f"{LOCATION}City Name", "postal_code": f"{LOCATION}Postal Code",
        "address": "Provider First Line Business Practice Location Address",
        "phone": f"{LOCATION}Telephone Number", "official_phone": "Authorized Official Telephone Number",
        "line": "Provider First Line Business Mailing Address", "mailing_city": f"{MAILING}City Name",
        "mailing_zip": f"{MAILING}Postal Code", "parent": "Parent Organization LBN",
    }  # fmt: skip
    file = next((shared_data / "nppes").glob("npidata_weekly*.csv"))
    frame = pl.read_csv(file, infer_schema=False).select(**chosen).unique("clinic_id", maintain_order=True)
    address = pl.concat_str("line", "mailing_city", pl.col("mailing_zip").str.slice(0, 5), separator=" ")
    frame = frame.with_columns(mailing_address=address)
    found, _ = groups(frame.drop("line", "mailing_city", "mailing_zip", "parent"))
    parents = frame.select("clinic_id", parent=match_name(pl.col("parent")).str.replace_all(" ", "")).drop_nulls()
    precision, recall = b_cubed(found.join(parents, on="clinic_id"), "parent")
    print(f"b-cubed {precision:.3f} / {recall:.3f}")
    assert precision >= 0.94
    assert recall >= 0.83


def test_hard_pairs_without_contacts(shared_data: Path) -> None:
    labelled = pl.read_csv(shared_data / "networks/labelled_pairs.csv").with_row_index("pair")
    sides = [
        labelled.select(
            clinic_id=pl.format("{}" + side, "pair"),
            pair="pair",
            account_name=f"name_{side}",
            state_code=f"state_{side}",
        )
        for side in "ab"
    ]
    found, _ = groups(pl.concat(sides))
    numbered = found.with_columns(pair=pl.col("clinic_id").str.head(-1).cast(pl.UInt32))
    same = numbered.group_by("pair").agg(pl.col("grouped").n_unique() == 1).filter("grouped").join(labelled, on="pair")
    print(f"{len(same)} pairs joined, {same['same_owner'].sum()} of one owner, of {labelled['same_owner'].sum()}")
    assert same["same_owner"].mean() >= 0.9  # type: ignore[operator]
