"""Flags of public files for an extract that is there already: by NPI, else by normalised name and state."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import polars as pl

from icp_engine.columns import FIELDS, HELPERS, KEY, NAME, STATE
from icp_engine.database import Database, sql_text
from icp_engine.errors import InputError
from icp_engine.extract.conform import as_text, conform
from icp_engine.extract.extract import Extract, open_extract
from icp_engine.extract.public import values
from icp_engine.extract.public.build import (
    Report,
    build_database,
    check_options,
    check_ours,
    publish,
    stage_files,
    workspace,
    write,
    write_summary,
)
from icp_engine.extract.public.clinic_names import with_name_keys
from icp_engine.extract.public.kinds import MATCHES
from icp_engine.extract.public.matching import match_lists
from icp_engine.extract.public.summary import EnrichSummary, FlagCount, file_summaries

SUMMARY = "enrich.json"
LISTS = ("leie", "hrsa", "enrollments", "aco")
_ADDED = {
    "pecos_enrolled": ("enrollments",),
    "aco_member": ("aco",),
    "fqhc_flag": ("hrsa", "enrollments"),
    "oig_leie_flag": ("leie",),
    "oig_exclusion_type": ("leie",),
}
ROW_NUMBER = f"{HELPERS}row"
_DEFAULT_MEMORY = 4 << 30


@dataclass(frozen=True, slots=True)
class EnrichOptions:
    """Which public files are joined, by kind, which of them are whole, and how the extract calls its fields."""

    files: Mapping[str, Sequence[str]]
    complete: frozenset[str] = frozenset()
    mapping: Mapping[str, str] | None = None
    memory_limit: int = _DEFAULT_MEMORY
    temp_dir: Path | None = None


def enrich(
    patterns: Sequence[str], options: EnrichOptions, out: Path, report: Report = lambda *_: None
) -> EnrichSummary:
    """Write the extract with the flags of public files, its matches and `enrich.json` beside it.

    A flag that a file makes known goes before the extract's own; where none does, the extract's own stays.
    The columns `npi`, `npis`, `other_names`, and `city` and `postal_code`, which exclusions by name need, are read too.

    Returns:
        what `enrich.json` holds.

    Raises:
        InputError: a file cannot be read or is of another kind, or the options do not go together.
    """
    began = time.perf_counter()
    check_options(options.files, options.complete, out)
    check_ours(out, SUMMARY)
    if not any(options.files.values()):
        raise InputError("No public file is given; add --leie, --hrsa, --enrollments or --aco.")
    inputs = [*patterns, *chain.from_iterable(options.files.values())]
    with workspace(out, options.temp_dir, inputs) as (temp, results), build_database(temp, options.memory_limit) as db:
        report("read", 0, 0)
        extract = open_extract(patterns, FIELDS, options.mapping, temp=temp)
        rows = _rows(extract)
        _stage_clinics(db, rows, temp)
        sources = stage_files(db, options.files, temp, report)
        report("match", 0, 0)
        db.table("clinic_enrollments", sql_text("build/clinic_enrollments"))
        match_lists(db, options.complete)
        report("write", 0, 0)
        flags = [name for name, kinds in _ADDED.items() if any(options.files.get(kind) for kind in kinds)]
        _write_rows(rows, db, flags, results / out.name)
        _write_matches(db, out.parent / MATCHES, sorted(sources), results / MATCHES)
        files = file_summaries(db, sources, options.complete)
        summary = EnrichSummary(extract.rows, round(time.perf_counter() - began, 3), files, _counts(db, flags))
        write_summary(summary, results / SUMMARY)
        publish(results, out, SUMMARY)
    return summary


def _rows(extract: Extract) -> pl.LazyFrame:
    """Return the rows of all files as they are, under the engine's names, numbered."""
    frames = [file.frame for file in extract.files]
    united = frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal_relaxed")
    return united.with_row_index(ROW_NUMBER).with_columns(pl.col(ROW_NUMBER).cast(pl.Int64))


def _stage_clinics(db: Database, rows: pl.LazyFrame, temp: Path) -> None:
    """Make the tables of clinics that matching reads: ids, NPIs, names and places."""
    schema = rows.collect_schema()
    fields = [FIELDS[name] for name in (KEY, NAME, STATE)]
    known = conform(rows, fields).select(
        pl.col(ROW_NUMBER).alias("row"),
        *(field.name for field in fields),
        _npis(schema).alias("npis"),
        _text(schema, "city").str.to_uppercase().alias("city"),
        values.zip5(_text(schema, "postal_code")).alias("zip5"),
    )
    path = temp / "extract.parquet"
    with_name_keys(known, NAME).sink_parquet(path, compression="lz4")
    db.view_parquet("extract", path)
    db.view("public_ids", "select row as clinic_id, clinic_id as public_id from extract")
    db.view("clinic_ids", "select row as clinic_id from extract")
    db.view(
        "clinic_npis",
        "select distinct row as clinic_id, npi, state_code "
        "from (select row, state_code, unnest(npis) as npi from extract)",
    )
    others = temp / "extract_names.parquet"
    with_name_keys(_other_names(rows, schema), "name").sink_parquet(others, compression="lz4")
    db.view_parquet("extract_names", others)
    db.view(
        "clinic_names",
        "select row as clinic_id, state_code, 'legal' as kind, account_name as name, name_key, name_key_cut, "
        "len(npis) > 0 as has_npi from extract where name_key is not null union all "
        "select row, state_code, 'other', extract_names.name, extract_names.name_key, extract_names.name_key_cut, "
        "len(npis) > 0 from extract join extract_names using (row) where extract_names.name_key is not null",
    )
    db.view("clinic_places", "select row as clinic_id, city, zip5 from extract")


def _text(schema: pl.Schema, name: str) -> pl.Expr:
    """Return a column that may be there, as text."""
    column = next((column for column in schema if column.lower() == name), None)
    if column is None or schema[column].is_nested():
        return pl.lit(None, pl.String)
    return values.text(as_text(pl.col(column), schema[column]))


def _other_names(rows: pl.LazyFrame, schema: pl.Schema) -> pl.LazyFrame:
    """Return the other names of rows, one each, where the extract has a list of them."""
    if schema.get("other_names") != pl.List(pl.String):
        return pl.LazyFrame(schema={"row": pl.Int64, "name": pl.String})
    named = rows.select(pl.col(ROW_NUMBER).alias("row"), pl.col("other_names").alias("name"))
    return named.filter(pl.col("name").list.len() > 0).explode("name")


def _npis(schema: pl.Schema) -> pl.Expr:
    """Return the NPIs of a row as a list: those of `npi`, and of `npis` where it is a list."""
    alone = pl.concat_list(values.npi(_text(schema, "npi")))
    if schema.get("npis") == pl.List(pl.String):
        listed = pl.col("npis").fill_null([]).list.eval(values.npi(pl.element()))
        return pl.concat_list(alone, listed).list.drop_nulls().list.unique()
    return alone.list.drop_nulls()


def _counts(db: Database, flags: Sequence[str]) -> dict[str, FlagCount]:
    counted = [name for name in flags if name != "oig_exclusion_type"]
    columns = ", ".join(
        f"count(*) filter ({name}) as {name}_true, count(*) filter (not {name}) as {name}_false" for name in counted
    )
    row = db.frame(f"select {columns} from clinic_flags").row(0, named=True)
    return {name: FlagCount(row[f"{name}_true"], row[f"{name}_false"]) for name in counted}


def _write_rows(rows: pl.LazyFrame, db: Database, flags: Sequence[str], path: Path) -> None:
    there = rows.collect_schema()
    named = ", ".join(f"{name} as {HELPERS}{name}" for name in flags)
    found = db.frame(f"select clinic_id as {ROW_NUMBER}, {named} from clinic_flags")
    own = conform(rows, [FIELDS[name] for name in flags if name in FIELDS and name in there])
    joined = own.join(found.lazy(), on=ROW_NUMBER, how="left", maintain_order="left")
    columns = [_value(name, own=name in there).alias(name) for name in flags]
    helpers = [ROW_NUMBER, *(f"{HELPERS}{name}" for name in flags)]
    joined.with_columns(columns).drop(helpers).sink_parquet(path)


def _value(name: str, *, own: bool) -> pl.Expr:
    """Return a flag: what files say, else what the extract has; no list refutes a health center by taxonomy code."""
    found = pl.col(f"{HELPERS}{name}")
    if not own:
        return found
    if name == "fqhc_flag":
        return pl.when(pl.col(name)).then(pl.lit(value=True)).otherwise(pl.coalesce(found, name))
    return pl.coalesce(found, name)


def _write_matches(db: Database, before: Path, kinds: Sequence[str], path: Path) -> None:
    """Write the matches, with those of other files that were kept beside the extract before."""
    query = (
        "select distinct public_id as clinic_id, field, file, key, value, match, detail "
        "from matches join public_ids using (clinic_id) where public_id is not null"
    )
    if before.exists():
        db.view_parquet("matches_before", before)
        named = ", ".join(f"'{kind}'" for kind in kinds)
        query += f" union select * from matches_before where file not in ({named})"
    write(db, f"{query} order by all", path)
