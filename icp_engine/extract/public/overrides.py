"""Columns that a team brings of its own, by clinic or NPI: they go before what public files say, or beside it."""

from pathlib import Path

import polars as pl

from icp_engine.columns import FIELDS, KEY, Field, FieldType
from icp_engine.database import Database, quoted
from icp_engine.errors import InputError
from icp_engine.extract.conform import conform, conformed
from icp_engine.extract.public.source import Source

_NPI = "npi"
_TYPES: dict[object, FieldType] = {pl.Int64: "integer", pl.Float64: "number", pl.Boolean: "flag", pl.List: "list"}


def add_features(db: Database, source: Source, temp: Path) -> None:
    """Make `clinics_with_features` of `clinics`: columns of the source override those of the same name, or are added.

    A row goes to the clinic of its `clinic_id`, else to that of its `npi`; where several NPIs of a clinic have a row,
    that of its main NPI counts, else that of the lowest. A blank value overrides nothing.

    Raises:
        InputError: a key stands twice, or a value is none that its field can hold.
    """
    path = temp / "features.parquet"
    _typed(source, dict(db.frame("from clinics limit 0").schema)).sink_parquet(path)
    db.view_parquet("features", path)
    for key in (KEY, _NPI):
        _check_once(db, key)
    db.table("feature_matches", _matches())
    db.run(
        "insert into matches select public_ids.clinic_id, source_row, 'features', 'features', key, value, 'exact', "
        "null, null from feature_matches join public_ids on feature_matches.clinic_id = public_ids.public_id"
    )
    db.table("clinics_with_features", _joined(db))


def _typed(source: Source, known: dict[str, pl.DataType]) -> pl.LazyFrame:
    """Return the rows with the types that their columns have in the extract, both keys, and a number.

    Raises:
        InputError: a value cannot have that type.
    """
    schema = source.rows.collect_schema()
    names = [name for name in schema if name not in (KEY, _NPI) and (name in known or name in FIELDS)]
    fields = [FIELDS.get(name) or Field(name, _TYPES.get(known[name].base_type(), "text")) for name in names]
    for field in fields:
        invalid = source.rows.filter(conformed(field, schema[field.name]).invalid)
        wrong = invalid.select(pl.col(field.name).cast(pl.String)).head(1).collect()
        if len(wrong):
            files = ", ".join(file.path for file in source.files)
            raise InputError(f"--features {files}: {field.name} is {wrong.item()!r} somewhere; {field.type} is due.")
    keys = [pl.lit(None, pl.String).alias(key) for key in (KEY, _NPI) if key not in schema]
    rows = conform(source.rows, fields).with_columns(keys).with_row_index("source_row")
    return rows.with_columns(pl.col("source_row").cast(pl.Int64))


def _check_once(db: Database, key: str) -> None:
    alone = "" if key == KEY else f"and {KEY} is null"
    twice = db.row(
        f"select {key} from features where {key} is not null {alone} group by {key} having count(*) > 1 limit 1"
    )
    if twice:
        raise InputError(f"The files of --features have {key} '{twice[0]}' more than once; keep one row.")


def _matches() -> str:
    return (
        "select clinic_id, source_row, 'clinic_id' as key, clinic_id as value, true as is_main, npi from features "
        "where clinic_id in (select public_id from public_ids) union all "
        "select public_ids.public_id, source_row, 'npi', npi, is_main, npi from features join members using (npi) "
        "join public_ids on members.clinic_id = public_ids.clinic_id where features.clinic_id is null"
    )


def _joined(db: Database) -> str:
    columns = [name for name in db.columns("features") if name not in (KEY, _NPI, "source_row")]
    there = set(db.columns("clinics"))
    replaced = [
        f"coalesce(chosen.{quoted(name)}, clinics.{quoted(name)}) as {quoted(name)}"
        for name in columns
        if name in there
    ]
    added = [f"chosen.{quoted(name)}" for name in columns if name not in there]
    kept = "clinics.*" + (f" replace ({', '.join(replaced)})" if replaced else "")
    return (
        "with chosen as (select feature_matches.clinic_id, features.* exclude (clinic_id) from feature_matches "
        "join features using (source_row) qualify row_number() over (partition by feature_matches.clinic_id "
        f"order by key, is_main desc, value) = 1) select {', '.join([kept, *added])} "
        "from clinics left join chosen using (clinic_id)"
    )
