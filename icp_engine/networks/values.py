"""What clinics say and others may say too: owners, names, phones, addresses, read so that the same is the same."""

from collections.abc import Callable

import polars as pl

from icp_engine.columns import NAME
from icp_engine.extract.conform import ABSENT_IN_ANY_CASE, as_text
from icp_engine.extract.states import NAMES
from icp_engine.networks.match_names import changed, match_name

KIND_OF_VALUE = pl.Enum(
    [
        "decision", "brand_prefix", "owner", "parent", "phone", "official_phone", "mailing_address", "address",
        "stem_address",
    ]
)  # fmt: skip
VALUES: dict[str, type[pl.DataType] | pl.DataType] = {"clinic": pl.Int64, "kind": KIND_OF_VALUE, "value": pl.String}
OF_OWNERS, PARENT = ("pac_ids", "pac_id"), "parent_name"
_PHONES = ("phone", "mailing_phone", "official_phone")
_SEPARATORS = [";", "|", "\n"]
_PHONE, _ZIP = 10, 5  # digits
_AT_ONCE = 122_880  # names that are cut into words: of all they would take as much memory as the clinics
_NO_PHONES = [*(digit * _PHONE for digit in "23456789"), "9876543210"]
_NO_AREA = "555"  # is no area code of the United States, and none begins with 0 or 1
_SAYS_SOMETHING = r"[\p{L}1-9]"  # zeros and signs stand where nothing is known
_NO_ADDRESSES = ["", "n a", "na", "none", "same", "unknown"]
_NO_PARENT = ["0", "independent", "no parent", "not applicable", "not available", "null", "self", "tbd"]
_NOT_OF_WORDS = r"[^\p{L}\p{N} ]|  "
_DIRECTIONS = (
    "north", "south", "east", "west", "northeast", "northwest", "southeast", "southwest",
    "northern", "southern", "eastern", "western", "central",
)  # fmt: skip


def said_by(clinics: pl.DataFrame) -> pl.DataFrame:
    """Return what is compared of clinics, a row each: `clinic`, name, phones, addresses, missing where it says none."""
    columns = {column: _read(clinics, column, _phone) for column in _PHONES}
    columns["mailing_address"] = _read(clinics, "mailing_address", _words)
    columns["address"] = pl.lit(None, pl.String)
    if "address" in clinics.columns:
        street, zip5 = _text(clinics, "address"), _text(clinics, "postal_code").str.slice(0, _ZIP)
        parts = pl.concat_str(street, _text(clinics, "city"), zip5, separator=" ", ignore_nulls=True)
        columns["address"] = _each(pl.when(street.is_not_null()).then(parts), _words)
    name = match_name(pl.col(NAME)).alias("name")
    return clinics.lazy().select("clinic", name, **columns).collect(engine="streaming")


def zip5_of(clinics: pl.DataFrame) -> pl.Expr:
    """Return the first five digits of ZIP codes, missing where there are fewer."""
    return _read(clinics, "postal_code", _zip5)


def owners_of(clinics: pl.DataFrame) -> pl.DataFrame:
    """Return the owners and parents of clinics: a row per clinic, kind and value."""
    owners = pl.concat([items_of(clinics, column) for column in OF_OWNERS])
    if set(clinics.columns).issuperset(OF_OWNERS):
        owners = owners.unique()
    parents = _texts(clinics, PARENT).with_columns(match_name(pl.col("value"))).drop_nulls()
    parents = parents.filter(~pl.col("value").is_in(_NO_PARENT))
    return pl.concat(
        frame.select("clinic", pl.lit(kind, KIND_OF_VALUE).alias("kind"), "value")
        for kind, frame in (("owner", owners), ("parent", parents))
    )


def without_own_names(owners: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """Return owners without parents that are a clinic's own name, where the column repeats names.

    Where most clinics whose name nobody else has are their own parent, the name was put where there is no parent: that
    says of two clinics of one name what the name says. A clinic with a name of its own keeps it: others may name it.

    Args:
        owners: as `owners_of` returns them.
        said: clinic and its name as grouping compares it.
    """
    names = said.select("clinic", "name").drop_nulls()
    names = names.with_columns(is_shared=repeated(names["name"]))
    own = owners.filter(kind="parent").join(names, left_on=("clinic", "value"), right_on=("clinic", "name"))
    if 2 * (~own["is_shared"]).sum() <= (~names["is_shared"]).sum():
        return owners
    repeats = own.filter("is_shared").select("clinic", "kind")
    return owners.join(repeats, on=("clinic", "kind"), how="anti")


def items_of(clinics: pl.DataFrame, column: str, read: Callable[[pl.Expr], pl.Expr] | None = None) -> pl.DataFrame:
    """Return the items of a column of lists, or of text with `;`, `|` or line breaks between them: clinic and value.

    Args:
        clinics: `clinic`, and the column, if there is one.
        column: its name.
        read: makes of an item what is compared; it may be missing.
    """
    if column not in clinics.columns:
        return pl.DataFrame(schema={"clinic": pl.Int64, "value": pl.String})
    if isinstance(clinics.schema[column], pl.List):
        one = pl.DataFrame(schema={"clinic": pl.Int64, "value": pl.String})
        lists = clinics.select("clinic", pl.col(column).cast(pl.List(pl.String)).alias("value"))
    else:
        some = _texts(clinics, column)
        has_several = some["value"].str.contains_any(_SEPARATORS)
        one, several = some.filter(~has_several), some.filter(has_several)
        split = pl.col("value").str.replace_many(_SEPARATORS, [";"]).str.split(";")
        lists = several.with_columns(split)
    items = lists.explode("value", empty_as_null=False).with_columns(pl.col("value").str.strip_chars())
    one, items = (frame.filter(_says_something(pl.col("value"))) for frame in (one, items))
    found = [frame.with_columns(read(pl.col("value"))) if read else frame for frame in (one, items)]
    return pl.concat([found[0], found[1].unique()]).filter(pl.col("value") != "")


def phones_of(said: pl.DataFrame) -> pl.DataFrame:
    """Return the phones that several clinics have, each once for a clinic, and the official one as such too."""
    rows = []
    for place, column in enumerate(_PHONES):
        is_new = [pl.col(column).ne_missing(pl.col(before)) for before in _PHONES[:place]]
        rows.append(_rows(said.filter(*is_new) if is_new else said, column, "phone"))
    return pl.concat([_shared(pl.concat(rows)), _shared(_rows(said, "official_phone", "official_phone"))])


def addresses_of(said: pl.DataFrame) -> pl.DataFrame:
    """Return the addresses that several clinics have, of one kind or of both."""
    return _shared(pl.concat([_rows(said, kind, kind) for kind in ("mailing_address", "address")]))


def stems_at_addresses(names: pl.DataFrame, addresses: pl.DataFrame, cities: pl.Series) -> pl.DataFrame:
    """Return the stems of names that several clinics of one mailing address have, with the address."""
    mailed = _shared(addresses.filter(kind="mailing_address")).select("clinic", "value")
    stems = stems_of(mailed.join(names, on="clinic"), cities).filter(pl.col("stem") != "")
    value = pl.concat_str("stem", "value", separator=", ")
    return _shared(stems.select("clinic", pl.lit("stem_address", KIND_OF_VALUE).alias("kind"), value=value))


def names_to_compare(names: pl.DataFrame, states: pl.Series, contacts: pl.DataFrame) -> pl.DataFrame:
    """Return the names that may be spellings of one another, among a million that are not: clinic, name and contact.

    These are names with a contact in common, of one state, that have as many words and the first or the last one in
    common, or that are one but for spaces.

    Args:
        names: clinic and its name as grouping compares it.
        states: of all clinics, in the order of their numbers.
        contacts: clinic and value.
    """
    names = names.filter(pl.col("clinic").is_in(contacts["clinic"].unique().implode()))
    starts = range(0, max(len(names), 1), _AT_ONCE)
    forms = pl.concat(_forms(names["name"].slice(start, _AT_ONCE)) for start in starts)
    row = pl.select(pl.repeat(None, len(states), dtype=pl.UInt32)).to_series()
    row = row.scatter(names["clinic"], pl.int_range(len(names), dtype=pl.UInt32, eager=True))
    met = contacts.with_columns(
        row=row.gather(contacts["clinic"]), state=states.gather(contacts["clinic"])
    ).drop_nulls()
    place = met["value"].hash() ^ met["state"].hash(5)
    keys = [place ^ form.gather(met["row"]) for form in forms]
    again = _again(pl.concat(keys)).implode()
    few = met.filter(pl.any_horizontal(*(key.is_in(again) for key in keys)))
    return few.select("clinic", "value", name=names["name"].gather(few["row"]))


def _forms(names: pl.Series) -> pl.DataFrame:
    """Return three numbers of each name: names that are the same in one of them may be spellings of one another."""
    words = names.str.split(" ")
    count = words.list.len()
    edge = count.hash(1)
    return pl.DataFrame(
        {
            "first": edge ^ words.list.first().hash(2).set(count == 1, 0),  # a single word may differ
            "last": edge ^ words.list.last().hash(3),
            "letters": names.str.replace_many([" "], [""]).hash(4),
        }
    )


def _rows(said: pl.DataFrame, column: str, kind: str) -> pl.DataFrame:
    return said.select("clinic", pl.lit(kind, KIND_OF_VALUE).alias("kind"), value=column).drop_nulls("value")


def _shared(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows whose value stands in several: others tie nobody, and there are millions of them."""
    return rows.filter(repeated(rows["value"]))


def repeated(values: pl.Series) -> pl.Series:
    """Return which values stand in several rows, and next to never another one."""
    hashed = values.hash()
    return hashed.is_in(_again(hashed).implode())


def _again(numbers: pl.Series) -> pl.Series:
    """Return the numbers that stand there more than once: to sort them is quicker than to count each."""
    in_order = numbers.sort()
    return in_order.filter(in_order == in_order.shift(1))


def stems_of(names: pl.DataFrame, cities: pl.Series) -> pl.DataFrame:
    """Add to names their `stem`: the words but numerals, directions and places, which may be none."""
    places = {word for name in NAMES for word in name.lower().split()}
    places |= {city for city in cities if " " not in city} | set(_DIRECTIONS)
    word = pl.element()
    kept = word.filter(~word.is_in(list(places)) & ~word.str.contains(r"^\d+$"))
    return names.with_columns(stem=pl.col("name").str.split(" ").list.eval(kept).list.join(" "))


def cities_of(clinics: pl.DataFrame) -> pl.Series:
    """Return the cities of clinics as words are compared, each once."""
    if "city" not in clinics.columns:
        return pl.Series("value", [], pl.String)
    some = clinics.select("city").unique()
    cities = some.select(value=_text(some, "city"))["value"]
    return cities.to_frame().select(match_name(pl.col("value")))["value"].drop_nulls().unique()


def _texts(clinics: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return what a column says, a row for each clinic of which it says something."""
    if column not in clinics.columns:
        return pl.DataFrame(schema={"clinic": pl.Int64, "value": pl.String})
    some = clinics.select("clinic", column).drop_nulls()
    return some.select("clinic", value=_text(some, column)).drop_nulls()


def _text(clinics: pl.DataFrame, column: str) -> pl.Expr:
    if column not in clinics.columns:
        return pl.lit(None, pl.String)
    text = as_text(pl.col(column), clinics.schema[column]).str.strip_chars()
    return pl.when((text != "") & ~text.is_in(ABSENT_IN_ANY_CASE)).then(text)


def _says_something(text: pl.Expr) -> pl.Expr:
    return text.str.contains(_SAYS_SOMETHING) & ~text.is_in(ABSENT_IN_ANY_CASE)


def _read(clinics: pl.DataFrame, column: str, read: Callable[[pl.Series], pl.Series]) -> pl.Expr:
    return _each(_text(clinics, column), read) if column in clinics.columns else pl.lit(None, pl.String)


def _each(text: pl.Expr, read: Callable[[pl.Series], pl.Series]) -> pl.Expr:
    return text.map_batches(read, return_dtype=pl.String, is_elementwise=True)


def _zip5(text: pl.Series) -> pl.Series:
    digits = changed(text, text.str.contains(r"\D"), lambda some: some.str.replace_all(r"\D", "")).str.slice(0, _ZIP)
    return digits.set(digits.str.len_chars() < _ZIP, None)


def _phone(text: pl.Series) -> pl.Series:
    digits = changed(text, text.str.contains(r"\D"), lambda some: some.str.replace_all(r"\D", ""))
    is_long = (digits.str.len_chars() == _PHONE + 1) & digits.str.starts_with("1")
    digits = changed(digits, is_long, lambda some: some.str.slice(1))
    is_none = (digits < "2") | digits.str.starts_with(_NO_AREA) | digits.is_in(_NO_PHONES)
    return digits.set((digits.str.len_chars() != _PHONE) | is_none, None)


def _words(text: pl.Series) -> pl.Series:
    text = text.str.to_lowercase()
    text = changed(text, text.str.contains(_NOT_OF_WORDS), lambda some: some.str.replace_all(r"[^\p{L}\p{N}]+", " "))
    text = text.str.strip_chars()
    return text.set(text.is_in(_NO_ADDRESSES) | text.str.starts_with("same as "), None)
