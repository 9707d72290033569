"""From the tables of a scorecard to the model. What cannot be read is noted, and a placeholder stands for it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from icp_engine.columns import FIELDS, Field
from icp_engine.scorecard.model import (
    AnyOf,
    Band,
    Bonus,
    Category,
    Characteristic,
    Example,
    Line,
    Missing,
    Scorecard,
    Share,
    TieBreak,
    Tier,
    fields_of,
)
from icp_engine.scorecard.toml.conditions import (
    TEST_KEYS,
    Names,
    normal,
    read_condition,
    read_points,
    unknown_field,
)
from icp_engine.scorecard.toml.files import Source
from icp_engine.scorecard.toml.format import SCORECARD
from icp_engine.scorecard.toml.table import Notes, Table, as_number
from icp_engine.scorecard.words import slug


def build(source: Source, notes: Notes) -> Scorecard:
    """Return the scorecard that a source describes; mistakes go into `notes`."""
    top = Table(source.content, (), notes, SCORECARD, "scorecard")
    names = _names(top)
    derived = _derived(top, names)
    prefix = top.text("prefix")
    columns = top.table("columns")
    named = {key: columns.text(key) for key in columns.raw}
    total = top.table("total")
    segments = {letter: _segment(table) for letter, table in _only_tables(top, "segment")}
    card = Scorecard(
        id=top.text("id"),
        version=top.text("version"),
        title=top.text("title"),
        prefix=prefix,
        hash=source.hash,
        source=source.name,
        content=source.content,
        extends=top.text("extends", "") or None,
        fields={name: field for name, field in names.fields.items() if name not in derived},
        derived=derived,
        categories=tuple(
            _category(name, table, names, derived, named, prefix) for name, table in _only_tables(top, "category")
        ),
        tiers=_tiers(top, "tier", {}),
        network_tiers=(),
        segments={letter: label for letter, (label, _) in segments.items()},
        segment_names={letter: name for letter, (_, name) in segments.items()},
        examples=tuple(_example(item, source) for item in top.items("example")),
        named_columns=named,
        combine=total.text("combine", "sum"),  # type: ignore[arg-type]
        divide_by=_divisor(total),
        aliases=_aliases(top.table("aliases")),
        tie_breaks=tuple(_tie_break(item, names) for item in top.items("tie_break")),
    )
    total.close()
    inherited = {tier.number: tier for tier in card.tiers}
    object.__setattr__(card, "network_tiers", _tiers(top, "network_tier", inherited))
    object.__setattr__(card, "fields", {name: _with_items(field, card) for name, field in card.fields.items()})
    top.text("description", "")
    top.close()
    return card


def _with_items(field: Field, card: Scorecard) -> Field:
    """Return a list field with the items that rules know, by all of their names."""
    if field.type != "list":
        return field
    items = card.items_of(field.name)
    return replace(field, items=items | {alias for alias, item in card.aliases.items() if item in items})


def _only_tables(top: Table, key: str) -> Iterator[tuple[str, Table]]:
    """Yield the tables `[key.name]`; anything else directly under `[key]` is a mistake."""
    outer = top.table(key)
    for name, value in outer.raw.items():
        if not isinstance(value, dict):
            outer.problem(f"expected a table, found {value!r}; write [{key}.{name}]", name)
    yield from outer.tables()


def _segment(table: Table) -> tuple[str, str]:
    """Return the label of a segment, and what the API calls it: made of the label unless it is stated."""
    label = table.text("label")
    name = table.text("breakdown", slug(label))
    table.close()
    return label, name


def _divisor(total: Table) -> float:
    value = total.number("divide_by", 1.0)
    if value <= 0:
        total.problem(f"the product is divided by a number above 0, found {value:g}", "divide_by")
        return 1.0
    return value


def _tie_break(item: Table, names: Names) -> TieBreak:
    field, order = item.text("field"), item.text("order")
    if field and field not in names.fields:
        item.problem(unknown_field(field, names), "field")
    item.close()
    return TieBreak(field, order)  # type: ignore[arg-type]


def _aliases(table: Table) -> dict[str, str]:
    """Return the item that each other name stands for, both as items are compared."""
    found: dict[str, str] = {}
    for item in table.raw:
        for name in table.texts(item):
            alias, known = normal(name, "includes"), normal(item, "includes")
            if not alias:
                table.problem("a blank name would match everything", item)
            elif alias == known:
                table.problem(f"'{name}' is the item itself: items are compared without spaces, in any case", item)
            elif found.setdefault(alias, known) != known:
                table.problem(f"'{name}' is the name of another item too; a name stands for one item", item)
    return found


def _names(top: Table) -> Names:
    """Return the fields and lists of a scorecard: the engine's own fields, then those it declares."""
    fields = dict(FIELDS)
    for name, table in _only_tables(top, "fields"):
        kind = table.text("type", "number")
        scale = table.number("scale") if "scale" in table else None
        if name in FIELDS and kind != FIELDS[name].type:
            table.problem(f"'{name}' is a field of the engine, of type {FIELDS[name].type}", "type")
            kind = FIELDS[name].type
        fields[name] = Field(name, kind, table.text("unit", ""), table.text("description"), scale)  # type: ignore[arg-type]
        table.close()
    lists = top.table("lists")
    return Names(fields, {name: lists.texts(name) for name in lists.raw})


def _derived(top: Table, names: Names) -> dict[str, tuple[str, str]]:
    """Return the ratios of a scorecard; from here on their names are number fields like any other."""
    derived = {}
    for name, table in _only_tables(top, "derived"):
        parts = (table.text("numerator"), table.text("denominator"))
        for key, part in zip(("numerator", "denominator"), parts, strict=True):
            if part and part not in names.fields:
                table.problem(unknown_field(part, names), key)
            elif part in derived:
                table.problem(f"'{part}' is a ratio itself; a ratio is formed from two fields", key)
            elif part and names.kind(part) != "number":
                table.problem(f"a ratio needs numbers, '{part}' is {names.fields[part].type}", key)
        if name in names.fields:
            table.problem(f"'{name}' is already the name of a field; choose another")
        derived[name] = parts
        names.fields[name] = Field(name, "number", "ratio", table.text("description"))
        table.close()
    return derived


def _category(
    name: str,
    table: Table,
    names: Names,
    derived: dict[str, tuple[str, str]],
    named: dict[str, str],
    prefix: str,
) -> Category:
    label = table.text("label")
    maximum = table.number("max")
    requires = table.text("requires", "") or None
    all_missing = table.text("all_missing", "") or None
    combine = table.text("combine", "sum")
    driver = table.text("driver", "") or None
    bibliography = table.text("bibliography", name)
    breakdown = table.text("breakdown", name)
    characteristics = tuple(_characteristic(name, inner, part, names, derived) for inner, part in table.tables())
    table.close()
    return Category(
        name=name,
        label=label,
        maximum=maximum,
        characteristics=characteristics,
        column=named.get(name, f"{prefix}_{name}_score"),
        bibliography=bibliography,
        breakdown=breakdown,
        requires=requires,
        all_missing=all_missing,
        combine=combine,  # type: ignore[arg-type]
        driver=driver,
    )


def _characteristic(
    category: str, name: str, table: Table, names: Names, derived: dict[str, tuple[str, str]]
) -> Characteristic:
    field = table.text("field", "") or None
    if field and field not in names.fields:
        table.problem(unknown_field(field, names), "field")
    elif field is None and "field" in table.raw:
        field = "(unreadable)"
        names.unknown.add(field)
    label = table.text("label", name.replace("_", " ").capitalize())
    bands = tuple(_band(item, names, field) for item in table.items("bands"))
    if not bands:
        table.problem("a characteristic needs bands = [...]")
    bonus = _bonus(table.table("bonus"), names, field) if "bonus" in table else None
    missing = _missing(table, field, names)
    read = tuple(dict.fromkeys(_value_fields(field, bands, bonus, missing, names)))
    notes = table.table("unknown")
    sources = tuple(dict.fromkeys(part for name in read for part in derived.get(name, (name,))))
    characteristic = Characteristic(
        category=category,
        name=name,
        label=label,
        field=field,
        bands=bands,
        missing=missing,
        sources=sources,
        value_fields=read,
        only_for=_only_for(table),
        unknown={name: notes.text(name) for name in sorted(notes.raw, key=(*sources, *notes.raw).index)},
        bonus=bonus,
        maximum=table.number("max") if "max" in table else None,
        weight=table.number("weight", 1.0),
        headline=table.flag("headline") if "headline" in table else True,
    )
    table.close()
    return characteristic


def _value_fields(
    field: str | None, bands: tuple[Band, ...], bonus: Bonus | None, missing: Missing | None, names: Names
) -> Iterable[str]:
    """Yield every field that a characteristic reads, its own first."""
    if field and field in names.fields:
        yield field
    for band in bands:
        yield from fields_of(band.condition)
        if isinstance(band.points, Line | Share) and band.points.field in names.fields:
            yield band.points.field
    if bonus:
        yield from fields_of(bonus.condition)
    if missing:
        yield from missing.fields


def _band(item: Table, names: Names, field: str | None) -> Band:
    own_number = field in names.fields and names.kind(field) == "number"
    condition = read_condition(item, names, field, edges_only=own_number)
    if condition is None and any(key in item.raw for key in TEST_KEYS):
        condition = _unreadable()
    band = Band(
        name=item.text("name"),
        condition=condition,
        points=read_points(item, names, field),
        reason=item.text("reason", "") or None,
        note=item.text("note", "") or None,
        segment=item.text("segment", "") or None,
        say=item.text("say", "") or None,
        warn=item.text("warn", "") or None,
    )
    before = len(item.notes.problems)
    item.close()
    if (band.reason is None) == (band.note is None) and len(item.notes.problems) == before:
        item.problem("a band says why: give a reason (or a note, where it counts as missing)")
    return band


def _unreadable() -> AnyOf:
    """Return a condition that stands for one that could not be read, so that its band is not taken for the last."""
    return AnyOf(())


def _bonus(table: Table, names: Names, field: str | None) -> Bonus | None:
    condition = read_condition(table, names, field)
    points, reason = table.number("points"), table.text("reason")
    table.close()
    if condition is None:
        table.problem("a bonus needs a condition")
        return None
    return Bonus(condition, points, reason)


def _missing(table: Table, field: str | None, names: Names) -> Missing | None:
    """Read what missing is worth. Every characteristic states it; `"never"` lets the bands decide."""
    if table.raw.get("missing") == "never":
        return None
    if "missing" not in table:
        table.problem('say what missing is worth: missing = { points = 0, note = "..." }, or missing = "never"')
        return None
    inner = table.table("missing")
    how = "any" if "when_any" in inner else "all"
    key = f"when_{how}"
    fields = inner.texts(key) if key in inner else (field,) if field else ()
    if not fields:
        inner.problem('without a field of its own, missing needs when_all = ["..."], when_any = ["..."] or "never"')
    reads_as = _reads_as(inner, field)
    for column in (*fields, *reads_as):
        if column not in names.fields and column not in names.unknown:
            inner.problem(unknown_field(column, names))
    missing = Missing(
        fields=tuple(column for column in fields if column in names.fields),
        how=how,  # type: ignore[arg-type]
        points=0.0 if reads_as else inner.number("points"),
        note=inner.text("note", f"No {table.path[-1]} data available".replace("_", " ")),
        segment=inner.text("segment", "") or None,
        reads_as=reads_as,
        ask=inner.text("ask", "") or None,
    )
    inner.close()
    return missing


def _reads_as(inner: Table, field: str | None) -> dict[str, float]:
    if "reads_as" not in inner:
        return {}
    raw = inner.raw["reads_as"]
    if isinstance(raw, dict):
        return {key: as_number(value, (*inner.path, "reads_as", key), inner.notes) for key, value in raw.items()}
    if field is None:
        inner.problem("without a field of its own, reads_as needs { field = value }", "reads_as")
        return {}
    return {field: inner.number("reads_as")}


def _only_for(table: Table) -> dict[str, tuple[str, ...]]:
    if table.raw.get("only_for") == "every":
        return {}
    inner = table.table("only_for")
    return {name: inner.texts(name) for name in inner.raw}


def _tiers(top: Table, key: str, inherited: dict[int, Tier]) -> tuple[Tier, ...]:
    """Read `[tier.1]`, `[tier.2]`, ...; network tiers take label and meaning from the clinic tiers."""
    tiers = []
    for name, inner in _only_tables(top, key):
        number = int(name) if name.isdecimal() and name.isascii() else 0
        if not number:
            inner.problem(f"tiers are numbered 1, 2, 3, ..., found {name!r}")
        known = inherited.get(number)
        raw = inner.raw.get("at_least")
        path = (*inner.path, "at_least")
        edges = raw if isinstance(raw, dict) else {} if raw is None else {"total": raw}
        tiers.append(
            Tier(
                number=number,
                label=inner.text("label", known.label if known else None),
                meaning=inner.text("meaning", known.meaning if known else ""),
                at_least={key: as_number(value, path, inner.notes) for key, value in edges.items()},
            )
        )
        inner.close()
    return tuple(sorted(tiers, key=lambda tier: tier.number))


def _example(item: Table, source: Source) -> Example:
    example = Example(
        name=item.text("name"),
        given=dict(item.table("given").raw),
        expect=dict(item.table("expect").raw),
        line=source.place(item.path)[1],
    )
    item.close()
    return example
