"""Writes warehouse/README.md, the data dictionary, from the comments of a warehouse file with every field.

python scripts/make_dictionary.py [FILE]
"""

import sys
import tempfile
from pathlib import Path

import polars as pl

from icp_engine.columns import FIELDS
from icp_engine.dictionary import data_dictionary
from icp_engine.queries import database
from icp_engine.run import RunOptions, run
from icp_engine.warehouse_file import FILE

TARGET = Path(__file__).resolve().parents[1] / "warehouse" / "README.md"


def dictionary() -> str:
    """Return the data dictionary of a run over one clinic that has every field."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        clinic = pl.DataFrame({name: ["a" if one.type == "text" else None] for name, one in FIELDS.items()})
        typed = clinic.cast({name: one.dtype for name, one in FIELDS.items()})
        typed.write_parquet(place / "clinic.parquet")
        run([str(place / "clinic.parquet")], place / "out", RunOptions(format="parquet"))
        with database(place / "out" / FILE, read_only=True) as db:
            return data_dictionary(db)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    target.write_text(dictionary(), encoding="utf-8")
