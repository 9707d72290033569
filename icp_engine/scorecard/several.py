"""Several scorecards that score the same clinics: what keeps their columns apart, and what makes that impossible."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from icp_engine.columns import Field
from icp_engine.errors import InputError
from icp_engine.scorecard.model import REASON_COLUMNS, Characteristic, Scorecard
from icp_engine.scorecard.words import slug


def apart(cards: Iterable[Scorecard]) -> tuple[Scorecard, ...]:
    """Return scorecards whose band columns are told apart: those after the first start with the card's prefix.

    Raises:
        InputError: two of them make columns of one name, or read a field in different ways.
    """
    main, *others = cards
    told_apart = (main, *(_with_band_prefix(card) for card in others))
    for card, other in combinations(told_apart, 2):
        _check(card, other)
    return told_apart


def suffix(card: Scorecard) -> str:
    """Return what the names of tables and views end with that belong to a scorecard after the first."""
    return f"_{slug(card.prefix)}"


def fields_of_all(cards: Sequence[Scorecard]) -> dict[str, Field]:
    """Return the fields that scorecards know, each once; lists with the items that any of them knows."""
    fields: dict[str, Field] = {}
    for card in cards:
        for name, field in card.fields.items():
            known = fields.get(name)
            fields[name] = field if known is None else replace(known, items=known.items | field.items)
    return fields


def written_columns(card: Scorecard) -> tuple[str, ...]:
    """Return the names of all columns that a scorecard gives clinics, but for band columns."""
    texts = (*map(card.column, REASON_COLUMNS), f"{card.prefix}_bibliography")
    standing = (*card.rank_columns, card.stability_column, *card.missing_columns)
    return (*(column.name for column in (*card.columns, *standing)), *texts)


def _with_band_prefix(card: Scorecard) -> Scorecard:
    prefix = f"{slug(card.prefix)}_"

    def renamed(rules: tuple[Characteristic, ...]) -> tuple[Characteristic, ...]:
        return tuple(replace(rule, band_prefix=prefix) for rule in rules)

    categories = (replace(category, characteristics=renamed(category.characteristics)) for category in card.categories)
    return replace(card, categories=tuple(categories))


def _check(card: Scorecard, other: Scorecard) -> None:
    if card.id == other.id:
        raise InputError(
            f"Two scorecards of one run are called '{card.id}'; name each once, or give one of them another id."
        )
    if suffix(card) == suffix(other):
        raise InputError(
            f"Scorecards {card.id} and {other.id} have one prefix, '{card.prefix}', and so columns of the same names; "
            "a file of your own that extends one of them can state another prefix."
        )
    taken = {name.lower() for name in _names(card)}
    twice = [name for name in _names(other) if name.lower() in taken]
    if twice:
        raise InputError(
            f"Scorecards {card.id} and {other.id} both make a column called '{twice[0]}'; "
            "give one of them another prefix, or rename the column under [columns]."
        )
    for name, field in other.fields.items():
        known = card.fields.get(name)
        if known is not None and (known.type, known.scale) != (field.type, field.scale):
            raise InputError(
                f"Scorecards {card.id} and {other.id} read '{name}' in different ways: as {_kind(known)} and as "
                f"{_kind(field)}; state it under [fields] in the same way, or call one of them otherwise."
            )
    for writer, reader in ((card, other), (other, card)):
        clash = next((name for name in written_columns(writer) if name in reader.fields), None)
        if clash:
            raise InputError(
                f"Scorecard {writer.id} makes a column called '{clash}', which scorecard {reader.id} reads as a field; "
                "rename the column under [columns]."
            )


def _names(card: Scorecard) -> Iterator[str]:
    yield from written_columns(card)
    yield from (rule.column for rule in card.characteristics)


def _kind(field: Field) -> str:
    return field.type if field.scale is None else f"{field.type} up to {field.scale:g}"
