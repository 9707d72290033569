"""Group clinics by evidence: what clinics share is made ready here, and tied together by the SQL of evidence/."""

import csv
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.resources import files

import polars as pl

from icp_engine.columns import KEY, NAME, STATE
from icp_engine.database import Database, sql_text
from icp_engine.extract.conform import as_text
from icp_engine.extract.headers import plain
from icp_engine.extract.states import NAMES
from icp_engine.extract.validate import Validation
from icp_engine.networks.applied import VALUES, Applied, decided_values, register_decided, take_apart
from icp_engine.networks.identity import keep_ids
from icp_engine.networks.match_names import match_name

# From the strongest on: a network hangs on the weakest that it cannot do without.
KINDS = (
    "override", "decision", "brand_prefix", "owner", "parent", "name", "name_contact", "name_rare", "brand", "spelling",
    "stem_address",
)  # fmt: skip
_DECIDED = KINDS[:3]  # by people
EVIDENCE_COLUMNS = (
    "pac_ids", "pac_id", "parent_name", "other_names", "phone", "official_phone", "mailing_phone", "mailing_address",
    "address", "city", "postal_code",
)  # fmt: skip
NO_DECISIONS = Applied()
NORMALIZED_NAME = "normalized_name"
_OF_OWNERS, _PARENT = ("pac_ids", "pac_id"), "parent_name"
_SEVERAL = (*_OF_OWNERS, "other_names")
_LISTS = r"[;|\n]"
_PHONE, _ZIP = 10, 5  # digits
_DIRECTIONS = (
    "north", "south", "east", "west", "northeast", "northwest", "southeast", "southwest",
    "northern", "southern", "eastern", "western", "central",
)  # fmt: skip


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
    db: Database, clinics: pl.DataFrame, applied: Applied = NO_DECISIONS, *, goes_on: bool = False
) -> Applied:
    """Make `network_members`, `network_edges`, `network_evidence` and `network_candidates`.

    Args:
        db: knows `network_overrides`, `excluded_names` and `run_settings`.
        clinics: key, name, state, normalised name, and those of `EVIDENCE_COLUMNS` that the extract has.
        applied: the decisions of the run, which come back with the pairs that states are made of.
        goes_on: networks keep the ids of the former networks that `register_former` made readable.
    """
    _register(db, clinics.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("clinic")), applied)
    register_decided(db, applied)
    for step in ("match_names", "network_spellings", "clinic_edges"):
        db.table(step, sql_text(f"evidence/{step}"))
    db.view("edges_to_follow", "select clinic, other from clinic_edges")
    db.table("linked_clinics", sql_text("evidence/linked_clinics"))
    if applied.decisions:
        applied = take_apart(db, applied, KINDS)
    db.table("network_members", sql_text("evidence/network_members"))
    if goes_on:
        keep_ids(db)
    kinds = pl.DataFrame({"kind": KINDS}).with_row_index("strength")
    db.copy("evidence_kinds", kinds.with_columns(is_decided=pl.col("kind").is_in(_DECIDED)))
    db.table("network_edges", sql_text("evidence/network_edges"))
    db.copy("network_weakest", _weakest(db))
    for step in ("network_evidence", "network_candidates"):
        db.table(step, sql_text(f"evidence/{step}"))
    return applied


def _register(db: Database, clinics: pl.DataFrame, applied: Applied) -> None:
    """Make `evidence_clinics`, `clinic_names` and `clinic_values` readable, without clinics that overrides place."""
    zip5 = _text(clinics, "postal_code").str.replace_all(r"\D", "").str.slice(0, 5)
    db.register(
        "evidence_clinics",
        clinics.select(
            "clinic", KEY, STATE, NORMALIZED_NAME,
            pl.when(zip5.str.len_chars() == _ZIP).then(zip5).alias("zip5"),
        ),
    )  # fmt: skip
    placed = db.frame("select clinic_id from network_overrides")["clinic_id"]
    free = clinics.filter(~pl.col(KEY).is_in(placed.implode())) if len(placed) else clinics
    excluded = db.frame("from excluded_names")[NORMALIZED_NAME]
    named = free.filter(~pl.col(NORMALIZED_NAME).is_in(excluded.implode())) if len(excluded) else free
    names = named.select("clinic", pl.lit("name").alias("kind"), match_name(pl.col(NAME)).alias("name"))
    barred = excluded.to_frame("name").select(match_name(pl.col("name")))["name"]
    brands = _items(free, "other_names", match_name).select("clinic", pl.lit("brand").alias("kind"), name="value")
    every = pl.concat([names.drop_nulls(), brands])
    db.register("clinic_names", every.filter(~pl.col("name").is_in(barred.implode())) if len(barred) else every)
    decided = decided_values(applied, free.select("clinic", KEY), names)
    phones, addresses = _phones(free), _addresses(free)
    stems = _stems(named, names, addresses)
    db.register("clinic_values", pl.concat([decided, _owners(free), phones, addresses, stems]).unique())


def known_owners(clinics: pl.DataFrame) -> pl.DataFrame:
    """Return the known owners and parents of clinics: a row per clinic (its place), kind and value."""
    if not {*_OF_OWNERS, _PARENT} & set(clinics.columns):
        return pl.DataFrame(schema=VALUES)
    return _owners(clinics.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("clinic")))


def _owners(clinics: pl.DataFrame) -> pl.DataFrame:
    found = [_items(clinics, column, lambda value: value).with_columns(kind=pl.lit("owner")) for column in _OF_OWNERS]
    parents = _read(clinics, _PARENT, "parent", match_name)
    return pl.concat([frame.select(list(VALUES)) for frame in (*found, parents)]).unique()


def _phones(clinics: pl.DataFrame) -> pl.DataFrame:
    """Return the phones that clinics share, the official one as such too."""
    official = _read(clinics, "official_phone", "official_phone", _phone)
    others = [_read(clinics, column, "phone", _phone) for column in ("phone", "mailing_phone")]
    every = _shared([*others, official.with_columns(kind=pl.lit("phone"))])
    return pl.concat([every, _shared([official])])


def _addresses(clinics: pl.DataFrame) -> pl.DataFrame:
    """Return the addresses that clinics share, of one kind or of both."""
    if "address" in clinics.columns:
        zip5 = _text(clinics, "postal_code").str.slice(0, 5)
        parts = [_text(clinics, "address"), _text(clinics, "city"), zip5]
        clinics = clinics.with_columns(address=pl.concat_str(parts, separator=" ", ignore_nulls=True))
    return _shared([_read(clinics, column, column, _plain) for column in ("mailing_address", "address")])


def _shared(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """Return the rows whose value stands in several: others tie nobody, and there are millions of them."""
    every = pl.concat(frames)
    return every.filter(pl.col("value").hash().is_duplicated()).unique()


def _read(clinics: pl.DataFrame, column: str, kind: str, read: Callable[[pl.Expr], pl.Expr]) -> pl.DataFrame:
    """Return what a column says, where it is there and says something: a row per clinic, kind and value."""
    if column not in clinics.columns:
        return pl.DataFrame(schema=VALUES)
    return clinics.select(
        "clinic", pl.lit(kind).alias("kind"), read(_text(clinics, column)).alias("value")
    ).drop_nulls()


def _stems(clinics: pl.DataFrame, names: pl.DataFrame, addresses: pl.DataFrame) -> pl.DataFrame:
    """Return stems of names, of clinics that share a mailing address to go with them."""
    mailed = addresses.filter(kind="mailing_address")["clinic"]
    named = stems_of(names.drop_nulls().filter(pl.col("clinic").is_in(mailed.implode())), clinics)
    return named.select("clinic", pl.lit("stem").alias("kind"), value="stem").filter(pl.col("value") != "")


def stems_of(names: pl.DataFrame, clinics: pl.DataFrame) -> pl.DataFrame:
    """Add to names their `stem`: the words but numerals, directions and places, which may be none."""
    cities = clinics.select(match_name(_text(clinics, "city")).alias("city"))["city"].drop_nulls().unique()
    places = {word for name in NAMES for word in name.lower().split()}
    places |= {city for city in cities if " " not in city} | set(_DIRECTIONS)
    word = pl.element()
    kept = word.filter(~word.is_in(list(places)) & ~word.str.contains(r"^\d+$"))
    return names.with_columns(stem=pl.col("name").str.split(" ").list.eval(kept).list.join(" "))


def _text(clinics: pl.DataFrame, column: str) -> pl.Expr:
    if column not in clinics.columns:
        return pl.lit(None, pl.String)
    text = as_text(pl.col(column), clinics.schema[column]).str.strip_chars()
    return pl.when(text != "").then(text)


def _items(clinics: pl.DataFrame, column: str, read: Callable[[pl.Expr], pl.Expr]) -> pl.DataFrame:
    """Return the items of a column of lists, or of text with `;`, `|` or line breaks between them."""
    if column not in clinics.columns:
        return pl.DataFrame(schema={"clinic": pl.Int64, "value": pl.String})
    if isinstance(clinics.schema[column], pl.List):
        rows = clinics.select("clinic", pl.col(column).cast(pl.List(pl.String)).alias("value"))
    else:
        some = clinics.select("clinic", _text(clinics, column).alias("value")).drop_nulls()
        rows = some.with_columns(pl.col("value").str.replace_all(_LISTS, ";").str.split(";"))
    items = (
        rows.explode("value", empty_as_null=False).drop_nulls().with_columns(read(pl.col("value").str.strip_chars()))
    )
    return items.filter(pl.col("value") != "").unique()


def _phone(text: pl.Expr) -> pl.Expr:
    digits = text.str.replace_all(r"\D", "").str.replace(r"^1(\d{10})$", "${1}")
    return pl.when((digits.str.len_chars() == _PHONE) & ~digits.str.contains(r"^(0+|1+|9+)$")).then(digits)


def _plain(text: pl.Expr) -> pl.Expr:
    words = text.str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars()
    return pl.when(words != "").then(words)


def _weakest(db: Database) -> pl.DataFrame:
    """Return by network the weakest kind of edge that it cannot do without: kinds are added until it hangs together."""
    found = db.frame(
        "select network_id, min(kind) as weakest_edge from network_edges "
        "group by network_id having count(distinct kind) = 1"
    )
    undecided = db.frame("select distinct network_id from network_edges").join(found, on="network_id", how="anti")
    present = db.frame("select distinct kind from network_edges")["kind"].to_list()
    kinds = [kind for kind in KINDS if kind in present]
    decided = [found]
    db.copy("linked_so_far", pl.DataFrame(schema={"clinic": pl.Int64, "root": pl.Int64}))
    db.run("drop view edges_to_follow")
    for kind in kinds:
        if not len(undecided):
            break
        db.copy("open_networks", undecided)
        db.copy("kind_to_add", pl.DataFrame({"kind": [kind]}))
        db.table("edges_to_follow", sql_text("evidence/edges_so_far"))
        db.table("linked_so_far", sql_text("evidence/linked_clinics"))
        whole = db.frame(sql_text("evidence/networks_that_hold"))
        decided.append(whole.select("network_id", pl.lit(kind).alias("weakest_edge")))
        undecided = undecided.join(whole, on="network_id", how="anti")
    return pl.concat(decided)
