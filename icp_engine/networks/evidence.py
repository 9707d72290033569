"""Group clinics by evidence: what clinics share is made ready here, and tied together by the SQL of evidence/."""

import csv
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

import polars as pl

from icp_engine.columns import KEY, NAME, STATE
from icp_engine.database import Database, sql_text
from icp_engine.extract.headers import plain
from icp_engine.extract.normalized_names import normalized_name
from icp_engine.extract.validate import Validation
from icp_engine.networks.applied import Applied, decided_values, register_decided, take_apart
from icp_engine.networks.identity import keep_ids
from icp_engine.networks.match_names import match_name
from icp_engine.networks.values import (
    OF_OWNERS,
    PARENT,
    VALUES,
    addresses_of,
    cities_of,
    items_of,
    names_to_compare,
    owners_of,
    phones_of,
    repeated,
    said_by,
    stems_at_addresses,
    without_own_names,
    zip5_of,
)

# From the strongest on: a network hangs on the weakest that it cannot do without.
KINDS = (
    "override", "decision", "brand_prefix", "owner", "parent", "name", "name_contact", "name_rare", "brand", "spelling",
    "stem_address",
)  # fmt: skip
_KIND_OF_NAME = pl.Enum(["name", "brand"])
_DECIDED = KINDS[:3]  # by people
EVIDENCE_COLUMNS = (
    "pac_ids", "pac_id", "parent_name", "other_names", "phone", "official_phone", "mailing_phone", "mailing_address",
    "address", "city", "postal_code",
)  # fmt: skip
NO_DECISIONS = Applied()
NORMALIZED_NAME = "normalized_name"
_SEVERAL = (*OF_OWNERS, "other_names")
# What is as large as all clinics, and read by nobody once they are grouped but to ask questions.
STEPS = ("clinic_names", "clinic_owners", "clinic_values", "match_names", "network_spellings", "clinic_edges",
         "linked_clinics", "evidence_clinics")  # fmt: skip


def evidence_columns(columns: Iterable[str]) -> dict[str, str]:
    """Return the columns of an extract that hold evidence, by field: its own name first, then what others call it."""
    by_form: dict[str, str] = {}
    for column in columns:
        by_form.setdefault(plain(column), column)
    found = {field: by_form[field] for field in EVIDENCE_COLUMNS if field in by_form}
    found |= {column: column for column in columns if column in EVIDENCE_COLUMNS}
    for name, field in _other_names():
        if field not in found and name in by_form:
            found[field] = by_form[name]
    return found


def held_evidence(columns: Iterable[str], schema: Mapping[str, pl.DataType]) -> dict[str, str]:
    """Return the columns that hold evidence by their names and their types, by field."""
    return {
        field: column
        for field, column in evidence_columns(columns).items()
        if can_hold_evidence(field, schema.get(column))
    }


def can_hold_evidence(field: str, dtype: pl.DataType | None) -> bool:
    """Return whether a column of a type can hold a field: flat values, and lists of them where several count."""
    if isinstance(dtype, pl.List) and field in _SEVERAL:
        dtype = dtype.inner  # type: ignore[assignment]
    return dtype is not None and not dtype.is_nested() and dtype not in (pl.Binary, pl.Object)


def carried_columns(found: Validation) -> tuple[list[str], list[str]]:
    """Return the columns that no field reads: those that networks read, such as `phone (Phone)`, and the others."""
    carried = found.description.carried_columns
    schema = {name: dtype for file in found.extract.files for name, dtype in file.schema.items()}
    evidence = held_evidence(carried, schema) if NAME in found.extract.columns else {}
    told = [field if field == column else f"{field} ({column})" for field, column in evidence.items()]
    return told, [name for name in carried if name not in evidence.values()]


@cache
def _other_names() -> list[tuple[str, str]]:
    """Return what other systems call evidence, in plain form, and the field."""
    with files("icp_engine.networks").joinpath("evidence_columns.csv").open(encoding="utf-8") as table:
        return [(plain(row["column"]), row["field"]) for row in csv.DictReader(table)]


def group_by_evidence(
    db: Database,
    clinics: pl.DataFrame,
    applied: Applied = NO_DECISIONS,
    *,
    goes_on: bool = False,
    review: bool = False,
) -> tuple[Applied, int]:
    """Make `network_members`, `network_edges`, `network_evidence` and `network_candidates`.

    Return the decisions with the pairs that states are made of, and how many clinics have a parent that ties nobody.

    Args:
        db: knows `network_overrides`, `excluded_names` and `run_settings`.
        clinics: key, name, state, normalised name, and those of `EVIDENCE_COLUMNS` that the extract has.
        applied: the decisions of the run.
        goes_on: networks keep the ids of the former networks that `register_former` made readable.
        review: what all clinics say is kept for questions.
    """
    clinics = clinics.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("clinic"))
    given, staying = applied, _may_stay(db, clinics)
    db.register("renamed_networks", _renamed(db, clinics, given))
    called = pl.DataFrame(schema={"network_name": pl.String, "called": pl.String})
    while True:
        db.register("called_networks", called)
        applied, idle_parents = _link(db, clinics, given, staying, review=review)
        before, called = (
            called,
            db.frame(
                "select renamed_networks.network_name, network_members.network_name as called "
                "from renamed_networks join network_members using (clinic_id) order by all"
            ),
        )
        elsewhere = db.frame(
            "select clinic_id from staying_clinics left join network_members using (clinic_id) "
            "where network_members.network_name is distinct from staying_clinics.network_name"
        )
        if elsewhere.is_empty() and called.equals(before):
            break
        staying = staying.join(elsewhere, on=KEY, how="anti")
    if goes_on:
        keep_ids(db)
    kinds = pl.DataFrame({"kind": KINDS}).with_row_index("strength")
    db.copy("evidence_kinds", kinds.with_columns(is_decided=pl.col("kind").is_in(_DECIDED)))
    db.table("network_edges", sql_text("evidence/network_edges"))
    db.copy("network_weakest", _weakest(db))
    for step in ("network_evidence", "network_candidates"):
        db.table(step, sql_text(f"evidence/{step}"))
    return applied, idle_parents


def _may_stay(db: Database, clinics: pl.DataFrame) -> pl.DataFrame:
    """Return the overrides that may name the network of their clinic: an anchor keeps what ties others to it.

    Networks are called like clinics, with a word of their own after it where several have one name.
    """
    named = db.frame("from network_overrides where network_name is not null")
    if named.is_empty():
        return named
    names = clinics[NORMALIZED_NAME].implode()
    name = pl.col("network_name")
    return named.filter(name.is_in(names) | name.str.replace(r" \S+$", "").is_in(names))


def _renamed(db: Database, clinics: pl.DataFrame, applied: Applied) -> pl.DataFrame:
    """Return the names in overrides that no clinic has and a decision gives, each with a clinic of that network."""
    rows = [(decision.object, decision.subject) for decision in applied.holding("rename")]
    given = pl.DataFrame(rows, {"network_name": pl.String, KEY: pl.String}, orient="row")
    given = given.with_columns(normalized_name(pl.col("network_name"))).unique("network_name", keep="last")
    wanted = db.frame("select distinct network_name from network_overrides where network_name is not null")
    known = pl.col("network_name").is_in(clinics[NORMALIZED_NAME].implode())
    return given.join(wanted, on="network_name").filter(~known)


def _link(
    db: Database, clinics: pl.DataFrame, applied: Applied, staying: pl.DataFrame, *, review: bool
) -> tuple[Applied, int]:
    """Make `network_members`; overrides put their clinics where they belong, but those that are staying go by ties.

    Return what `group_by_evidence` returns.
    """
    db.register("staying_clinics", staying)
    db.table(
        "placing_overrides",
        "select network_overrides.* replace (coalesce(called, network_name) as network_name) from network_overrides "
        "anti join staying_clinics using (clinic_id) left join called_networks using (network_name) "
        "where network_name is not null",
    )
    idle_parents = _register(db, clinics, applied)
    register_decided(db, applied, staying.filter("is_anchor")[KEY])
    for step in ("match_names", "network_spellings", "clinic_edges"):
        db.table(step, sql_text(f"evidence/{step}"))
    db.forget("names_to_compare", *(() if review else ("clinic_values",)))
    db.view("edges_to_follow", "select clinic, other from clinic_edges")
    db.table("linked_clinics", sql_text("evidence/linked_clinics"))
    db.run("drop view edges_to_follow")
    if applied.decisions:
        applied = take_apart(db, applied, KINDS)
    db.table("network_members", sql_text("evidence/network_members"))
    return applied, idle_parents


def _register(db: Database, clinics: pl.DataFrame, applied: Applied) -> int:
    """Make `evidence_clinics`, `clinic_names`, `clinic_values` and the owners among these readable.

    Clinics that overrides move are not among names and values.
    Return how many clinics have a parent that ties nobody.
    """
    db.register(
        "evidence_clinics", clinics.select("clinic", KEY, STATE, NORMALIZED_NAME, zip5_of(clinics).alias("zip5"))
    )
    placed = db.frame("from network_overrides anti join staying_clinics using (clinic_id) select clinic_id")[KEY]
    free = clinics.filter(~pl.col(KEY).is_in(placed.implode())) if len(placed) else clinics
    said = said_by(free)
    excluded = db.frame("from excluded_names")[NORMALIZED_NAME]
    names = said.select("clinic", "name").drop_nulls()
    if len(excluded):
        is_excluded = pl.col(NORMALIZED_NAME).is_in(excluded.implode())
        names = names.join(free.filter(is_excluded).select("clinic"), on="clinic", how="anti")
    barred = excluded.to_frame("name").select(match_name(pl.col("name")))["name"]
    every = _with_brands(names, free)
    every = every.filter(~pl.col("name").is_in(barred.implode())) if len(barred) else every
    db.register("clinic_names", every)
    known = owners_of(free)
    owners = without_own_names(known, said) if PARENT in free.columns else known
    phones, addresses = phones_of(said), addresses_of(said)
    del said
    contacts = pl.concat([phones.filter(kind="phone"), addresses]).select("clinic", "value")
    spelled = names.filter(~pl.col("name").is_in(barred.implode())) if len(barred) else names
    db.register("names_to_compare", names_to_compare(spelled, clinics[STATE], contacts))
    stems = stems_at_addresses(names, addresses, cities_of(free))
    decided = decided_values(applied, free.select("clinic", KEY), names)
    db.register("clinic_owners", owners)
    db.register("clinic_values", pl.concat([decided, owners, phones, addresses, stems]))
    return len(known) - len(owners)


def _with_brands(names: pl.DataFrame, clinics: pl.DataFrame) -> pl.DataFrame:
    """Return names and other names of clinics; those that are not `is_shared` stand only once."""
    brands = items_of(clinics, "other_names", match_name).rename({"value": "name"})
    kinds = {"name": names, "brand": brands}
    every = pl.concat(
        frame.select("clinic", pl.lit(kind, _KIND_OF_NAME).alias("kind"), "name") for kind, frame in kinds.items()
    )
    return every.with_columns(is_shared=repeated(every["name"]), has_numeral=pl.col("name").str.contains("[0-9]"))


def known_owners(clinics: pl.DataFrame) -> pl.DataFrame:
    """Return the known owners and parents of clinics: a row per clinic (its place), kind and value."""
    if not {*OF_OWNERS, PARENT} & set(clinics.columns):
        return pl.DataFrame(schema=VALUES)
    return owners_of(clinics.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("clinic")))


def _weakest(db: Database) -> pl.DataFrame:
    """Return by network the weakest kind of edge that it cannot do without: kinds are added until it hangs together."""
    found = db.frame(
        "select network_id, min(kind) as weakest_edge from network_edges "
        "group by network_id having min(kind) = max(kind)"
    )
    db.register("decided_networks", found)
    db.table(
        "linked_so_far",
        "select distinct network_id, clinic, clinic as root from network_edges "
        "anti join decided_networks using (network_id)",
    )
    present = db.frame("select distinct kind from network_edges semi join linked_so_far using (network_id)")["kind"]
    decided = [found]
    for kind in (kind for kind in KINDS if kind in set(present)):
        db.copy("kind_to_add", pl.DataFrame({"kind": [kind]}))
        db.table("edges_to_follow", sql_text("evidence/edges_so_far"))
        db.table("more_links", sql_text("evidence/linked_clinics"))
        db.table("linked_so_far", sql_text("evidence/linked_so_far"))
        db.table("networks_that_hold", sql_text("evidence/networks_that_hold"))
        decided.append(db.frame("select network_id, $kind as weakest_edge from networks_that_hold", {"kind": kind}))
        db.table("linked_so_far", "from linked_so_far anti join networks_that_hold using (network_id)")
    return pl.concat(decided)
