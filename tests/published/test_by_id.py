"""Rows of a few clinics: those that are asked for, however many, and no others."""

import polars as pl
import pytest

from icp_engine.database import database
from icp_engine.published.by_id import clinics_by_id, few_clinics


@pytest.mark.parametrize("wanted", [0, 1, 39, 40, 41, 80, 81, 200])
def test_the_rows_asked_for_and_no_others(wanted: int) -> None:
    clinics = pl.DataFrame({"clinic_id": [f"c'{number}" for number in range(200)], "place": range(200)})
    ids = clinics["clinic_id"].sample(wanted, seed=7).to_list()
    with database(threads=1) as db:
        db.copy("clinics", clinics)
        found = clinics_by_id(db, [*ids, "nobody"])
        assert sorted(found["clinic_id"]) == sorted(ids)
        assert found.schema == clinics.schema
        assert clinics_by_id(db, ids, "place").columns == ["place"]
        few = few_clinics(db, [*ids, "nobody"], clinics.schema)
        assert few.schema == clinics.schema
        assert few.sort("clinic_id").equals(found.sort("clinic_id"))
