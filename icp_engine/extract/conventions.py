"""What the texts of a column have in common: decimal commas, days before months, what separates items of a list.

A column is read by one convention, which its values prove as a whole; where nothing does, the usual one holds.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from icp_engine.columns import HELPERS, Field
from icp_engine.errors import InputError
from icp_engine.extract.conform import PLAIN, SEPARATORS, Convention, is_number, swapped
from icp_engine.extract.files import RawFile, place_of_row
from icp_engine.extract.moments import SERIAL
from icp_engine.extract.reading import Reading
from icp_engine.scorecard.model import Scorecard
from icp_engine.text import ABSENT_SIGNS, ABSENT_WORDS

_TWO_DOTS = r"\.\d+\."
_THOUSANDS = r"^[+-]?\$?[1-9]\d{0,2}\.\d{3}$"  # or a number with three decimals: nobody knows
_MONTH, _NO_MONTH = r"(?:0?[1-9]|1[0-2])", r"(?:1[3-9]|2\d|3[01])"
_YEAR = r"(?:\d{4}|\d{2})"
_DOTTED = rf"{_MONTH}\.{_MONTH}\.{_YEAR}"  # nobody's spreadsheet has dots and the month first
_DAY_FIRST = rf"^\s*(?:{_NO_MONTH}(?:[/.]{_MONTH}[/.]{_YEAR}|-{_MONTH}-\d{{4}})|{_DOTTED})(?:\D|$)"
_MONTH_FIRST = rf"^\s*{_MONTH}(?:/{_NO_MONTH}/|\.{_NO_MONTH}\.){_YEAR}(?:\D|$)"
_EITHER_FIRST = rf"^\s*{_MONTH}/{_MONTH}/{_YEAR}(?:\D|$)"
_ROW = f"{HELPERS}place"
_SHOWN = 10  # items that are named
_HEAD = 1_000  # rows that are looked at for numbers of which nothing is proved


@dataclass(frozen=True, slots=True)
class Proof:
    """The first value of a column that can be read in one way alone: where it stands, and what it says."""

    file: RawFile
    row: int
    value: str

    @property
    def place(self) -> str:
        """The value and its place, for people."""
        return f"'{self.value.strip()}' ({place_of_row(self.file, self.row)})"


def with_conventions(files: Sequence[RawFile], fields: Mapping[str, Field], reading: Reading) -> tuple[RawFile, ...]:
    """Return the files with the conventions of their columns of text, and what is to be said of them.

    Args:
        files: under the names of fields.
        fields: the fields that are known.
        reading: what the user says, which needs no proof.

    Raises:
        InputError: a column proves two conventions.
    """
    numbers = _texts(files, fields, ("integer", "number"))
    moments = _texts(files, fields, ("moment",))
    found = {name: replace(PLAIN, time_zone=reading.zone) for name, field in fields.items() if field.type == "moment"}
    notes: list[tuple[str, str]] = []
    commas: Collection[str] = numbers if reading.decimal_comma else ()
    if reading.decimal_comma is None:
        proofs = _comma_proofs(files, {name: fields[name] for name in numbers})
        notes += _comma_notes(files, [name for name in numbers if fields[name].scale is None], proofs)
        commas = proofs
    days: Collection[str] = moments if reading.day_first else ()
    if reading.day_first is None:
        proofs = _day_proofs(files, moments)
        notes += [
            (proof.file.path, f"{name} is read with the day before the month, as '{proof.value.strip()}' shows")
            for name, proof in proofs.items()
        ]
        notes += _open_days(files, [name for name in moments if name not in proofs])
        days = proofs
    notes += _serial_notes(files, moments)
    found |= {name: replace(PLAIN, decimal_comma=True) for name in commas}
    found |= {name: replace(found[name], day_first=True) for name in days}
    return tuple(_with_separators(_with(file, found, notes), fields) for file in files)


def _with(file: RawFile, found: Mapping[str, Convention], notes: Iterable[tuple[str, str]]) -> RawFile:
    own = tuple(note for path, note in notes if path == file.path)
    conventions = {name: convention for name, convention in found.items() if name in file.schema}
    return replace(file, conventions=conventions, notes=(*file.notes, *own))


def _texts(files: Iterable[RawFile], fields: Mapping[str, Field], types: Collection[str]) -> list[str]:
    """Return the fields of some types that are a column of text in a file."""
    return [
        name
        for name, field in fields.items()
        if field.type in types and any(file.schema.get(name) == pl.String for file in files)
    ]


def _comma_proofs(files: Sequence[RawFile], fields: Mapping[str, Field]) -> dict[str, Proof]:
    """Return the fields with decimal commas, each with a value that shows it.

    Dots before three digits are those of thousands in a column of whole numbers beside one with decimal commas.

    Raises:
        InputError: a column has decimal commas and decimal points.
    """
    odd = _where_any(
        files, {name: _may_be_comma(name, whole=field.type == "integer") for name, field in fields.items()}
    )
    if not odd:
        return {}
    scaled = [name for name in odd if fields[name].scale is not None]  # which no thousands fit: 8,125 is 8 and a bit
    others = [name for name in odd if name not in scaled]
    commas = _first(files, others, lambda word: is_number(swapped(word)) & ~is_number(word))
    commas |= _first(files, scaled, lambda word: word.str.contains(",", literal=True) & is_number(swapped(word)))
    points = _first(files, others, lambda word: is_number(word) & ~is_number(swapped(word)))
    points |= _first(files, scaled, lambda word: word.str.contains(".", literal=True) & is_number(word))
    for name in commas.keys() & points.keys():
        raise InputError(
            f"{name} has a decimal comma in {commas[name].place} and a decimal point in {points[name].place}; correct "
            "one, or say --decimal-comma or --decimal-point."
        )
    open_ = [name for name in odd if fields[name].type == "integer" and name not in commas and name not in points]
    thousands = _first(files, open_, lambda word: word.str.contains(_THOUSANDS) & ~word.str.ends_with(".000"))
    if thousands and (commas or not _first(files, list(fields), _shows_point)):
        against = _first(files, list(thousands), lambda word: swapped(word).str.contains(_THOUSANDS))
        commas |= {name: proof for name, proof in thousands.items() if name not in against}
    return commas


def _shows_point(word: pl.Expr) -> pl.Expr:
    """Return whether a number has a decimal point, where dots between thousands are none."""
    return word.str.contains(".", literal=True) & is_number(word) & ~is_number(swapped(word))


def _may_be_comma(name: str, *, whole: bool) -> pl.Expr:
    """Return whether anything in a column may have a decimal comma or dots between thousands: cheap, nearly never."""
    text = pl.col(name)
    dots = text.str.contains(".", literal=True) if whole else text.str.contains(_TWO_DOTS)
    return (text.str.contains(",", literal=True) | dots).any()


def _comma_notes(
    files: Sequence[RawFile], numbers: Iterable[str], commas: Mapping[str, Proof]
) -> list[tuple[str, str]]:
    """Return one sentence on the columns with decimal commas, and one on columns beside them that show nothing."""
    if not commas:
        return _open_notes(files, list(numbers))
    shown = ", ".join(f"{name} ('{proof.value.strip()}')" for name, proof in commas.items())
    notes = [(next(iter(commas.values())).file.path, f"numbers have decimal commas in {shown} and are read so there")]
    others = _first(files, [name for name in numbers if name not in commas], lambda word: word.str.contains(_THOUSANDS))
    for name, proof in others.items():
        value = proof.value.strip()
        notes.append((
            proof.file.path,
            f"{name} shows no decimal comma, so '{value}' is read with a decimal point; "
            "--decimal-comma reads all numbers with decimal commas",
        ))  # fmt: skip
    return notes


def _open_notes(files: Sequence[RawFile], names: Sequence[str]) -> list[tuple[str, str]]:
    """Return a sentence for each column in which every dot may be one between thousands, told by its first rows."""
    first = [replace(file, frame=file.frame.head(_HEAD)) for file in files]
    found = _first(first, names, lambda word: word.str.contains(_THOUSANDS))
    return [
        (
            proof.file.path,
            f"{name} shows neither decimal commas nor points, so '{proof.value.strip()}' is read with a point; "
            "--decimal-comma reads it as thousands, --decimal-point says that this is right",
        )
        for name, proof in _unless_shown(found, files, _shows_point).items()
    ]


def _unless_shown(
    found: Mapping[str, Proof], files: Sequence[RawFile], shows: Callable[[pl.Expr], pl.Expr]
) -> dict[str, Proof]:
    """Return the columns in which something may be read in two ways, without those that show by a value which it is."""
    shown = _first(files, list(found), shows)
    return {name: proof for name, proof in found.items() if name not in shown}


def _day_proofs(files: Sequence[RawFile], names: Sequence[str]) -> dict[str, Proof]:
    """Return the fields with days before months, each with a value that shows it.

    Raises:
        InputError: a column has days before months and months before days.
    """
    odd = _where_any(files, {name: pl.col(name).str.contains(_DAY_FIRST).any() for name in names})
    days = _first(files, odd, lambda word: word.str.contains(_DAY_FIRST))
    months = _first(files, odd, lambda word: word.str.contains(_MONTH_FIRST))
    for name in days.keys() & months.keys():
        raise InputError(
            f"{name} has the day first in {days[name].place} and the month first in {months[name].place}; correct "
            "one, or say --day-first or --month-first."
        )
    return days


def _open_days(files: Sequence[RawFile], names: Sequence[str]) -> list[tuple[str, str]]:
    """Return a sentence for each column in which every date may have the day first or the month."""
    found = _first(files, names, lambda word: word.str.contains(_EITHER_FIRST))
    return [
        (
            proof.file.path,
            f"{name} does not show whether the day or the month comes first, so '{proof.value.strip()}' is read with "
            "the month first; --day-first reads the day first, --month-first says that this is right",
        )
        for name, proof in _unless_shown(found, files, lambda word: word.str.contains(_MONTH_FIRST)).items()
    ]


def _serial_notes(files: Sequence[RawFile], names: Sequence[str]) -> list[tuple[str, str]]:
    """Return where day numbers stand for dates, which only spreadsheets mean so."""
    serials = _first(files, names, lambda word: word.str.contains(SERIAL))
    return [
        (proof.file.path, f"{name} holds day numbers of Excel, such as {proof.value.strip()}, which are read as dates")
        for name, proof in serials.items()
    ]


def _where_any(files: Iterable[RawFile], checks: Mapping[str, pl.Expr]) -> list[str]:
    """Return the fields whose check holds in a file, in one pass over their columns of text."""
    found = dict[str, None]()
    for file in files:
        own = [check.alias(name) for name, check in checks.items() if file.schema.get(name) == pl.String]
        if own:
            found |= {
                name: None for name, holds in file.frame.select(own).collect().row(0, named=True).items() if holds
            }
    return list(found)


def _first(files: Iterable[RawFile], names: Sequence[str], test: Callable[[pl.Expr], pl.Expr]) -> dict[str, Proof]:
    """Return by field the first value of all files that passes a test."""
    found: dict[str, Proof] = {}
    for file in files:
        own = [name for name in names if name not in found and file.schema.get(name) == pl.String]
        if not own:
            continue
        tests = {name: test(pl.col(name).str.strip_chars().str.to_lowercase()) for name in own}
        places = [pl.col(_ROW).filter(holds).min().alias(name) for name, holds in tests.items()]
        rows = file.frame.select(own).with_row_index(_ROW).select(places).collect().row(0, named=True)
        for name, row in rows.items():
            if row is not None:
                found[name] = Proof(file, row, file.frame.select(name).slice(row, 1).collect().item())
    return found


def _with_separators(file: RawFile, fields: Mapping[str, Field]) -> RawFile:
    """Return the file with what separates the items of each list: the sign that yields the most known ones."""
    names = [name for name, field in fields.items() if field.type == "list" and file.schema.get(name) == pl.String]
    for name in names:
        counts = _known_items(file, name, fields[name].items)
        best = max(counts, key=lambda sign: counts[sign], default=PLAIN.separator)
        if best == PLAIN.separator:
            continue
        words = {"\n": "line breaks", "|": "'|'", ",": "','"}[best]
        note = f"items of {name} are separated by {words}: that yields {counts[best]:,} known ones"
        file = replace(
            file,
            conventions={**file.conventions, name: replace(PLAIN, separator=best)},
            notes=(*file.notes, note),
        )
    return file


def _known_items(file: RawFile, name: str, items: Collection[str]) -> dict[str, int]:
    """Return how many known items each sign yields that is there, the usual one first."""
    text = pl.col(name)
    there = file.frame.select(text.str.contains(sign, literal=True).any().alias(sign) for sign in SEPARATORS[1:])
    others = [sign for sign, holds in there.collect().row(0, named=True).items() if holds]
    if not others:
        return {}
    counts = [
        text.str.split(sign)
        .explode()
        .str.to_lowercase()
        .str.replace_all(r"\s", "")
        .is_in(list(items))
        .sum()
        .alias(sign)
        for sign in (SEPARATORS[0], *others)
    ]
    return file.frame.select(counts).collect().row(0, named=True)


def item_notes(rows: pl.LazyFrame, card: Scorecard) -> Iterator[str]:
    """Yield a sentence for each list that holds items which no rule of a scorecard knows. Source: conformed rows."""
    there = rows.collect_schema().names()
    for name, field in card.fields.items():
        if field.type == "list" and name in there and name in card.reads:
            found = unknown_items(rows, field)
            if found.is_empty():
                continue
            shown = ", ".join(f"'{item}' {count:,}" for item, count in found.head(_SHOWN).iter_rows())
            more = f" and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else ""
            items = "1 item is" if len(found) == 1 else f"{len(found):,} items are"
            yield f"{name}: {items} in no list of {card.id} and count for nothing: {shown}{more}"


def unknown_items(rows: pl.LazyFrame, field: Field) -> pl.DataFrame:
    """Return the items of a list field that are none of the known ones: `item` and `rows`, the commonest first.

    Source: conformed rows. An item is told as it is written where it comes first by the alphabet.
    """
    name = field.name
    item = pl.col(name).str.to_lowercase().str.replace_all(r"\s", "")
    words = {"", *ABSENT_WORDS, *ABSENT_SIGNS, *field.items}
    return (
        rows.select(pl.col(name).explode())
        .with_columns(item.alias("form"))
        .filter(~pl.col("form").is_in(list(words)))
        .group_by("form")
        .agg(pl.col(name).min().alias("item"), pl.len().cast(pl.Int64).alias("rows"))
        .select("item", "rows")
        .sort("rows", "item", descending=[True, False])
        .collect()
    )
