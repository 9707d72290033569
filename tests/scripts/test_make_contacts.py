"""The contact and owner columns that are added to a synthetic extract."""

import subprocess
import sys
from pathlib import Path

import polars as pl

from icp_engine.networks.evidence import evidence_columns

SCRIPT = Path(__file__).parents[2] / "scripts" / "make_contacts.py"


def test_contacts_are_shared_and_depend_on_the_clinic_alone(tmp_path: Path) -> None:
    count = 3000
    clinics = pl.DataFrame({
        "clinic_id": [f"c{number}" for number in range(count)],
        "account_name": [f"CLINIC {number // 3} LLC" for number in range(count)],
        "state_code": [("TX", "OK", "CA")[number % 3] for number in range(count)],
    })  # fmt: skip
    made = []
    for name, frame in (("as it is", clinics), ("reversed", clinics.reverse())):
        frame.write_parquet(tmp_path / f"{name}.parquet")
        out = tmp_path / f"{name} with contacts.parquet"
        subprocess.run([sys.executable, SCRIPT, tmp_path / f"{name}.parquet", out], check=True)
        made.append(pl.read_parquet(out).sort("clinic_id"))
    assert made[0].equals(made[1])
    assert len(evidence_columns(made[0].columns)) == len(made[0].columns) - 3
    shared = {
        name: made[0][name].drop_nulls().is_duplicated().mean() for name in ("pac_id", "phone", "mailing_address")
    }
    assert 0.5 < shared["pac_id"] < 1
    assert 0.1 < shared["phone"] < 0.6
    assert 0.2 < shared["mailing_address"] < 0.6
