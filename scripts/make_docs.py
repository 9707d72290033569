"""Writes what the documentation takes from the code: data model, scoring, partnerships, Python and HTTP API.

Keeps each version of a shipped scorecard in tests/cards too, once: what the tests are written for.

python scripts/make_docs.py
"""

import inspect
import re
import tempfile
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import click
import polars as pl

import icp_engine
from icp_engine.api.app import Application
from icp_engine.api.current import Current
from icp_engine.cli import cli
from icp_engine.columns import FIELDS
from icp_engine.database import database
from icp_engine.partnerships.columns import CONTACT_FIELDS, GRAIN, TABLES, practice_fields
from icp_engine.partnerships.formats import RULES, schema_content
from icp_engine.partnerships.rules import read_rules
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.scorecard import words
from icp_engine.scorecard.loader import load_scorecard
from icp_engine.scorecard.model import Scorecard
from icp_engine.scorecard.outcomes import CategoryOutcomes, CharacteristicOutcomes, outcome_table
from icp_engine.scorecard.toml.schema import as_text, scorecard_schema
from icp_engine.scorecard.toml.source import SHIPPED, shipped_names
from icp_engine.warehouse.dictionary import data_dictionary
from icp_engine.warehouse.duckdb_file import FILE

ROOT = Path(__file__).resolve().parents[1]
_KINDS = {"moment": "date, perhaps with a time"}
_MADE = "<!-- written by scripts/make_docs.py from the code; a test compares them -->"


@cache
def dictionary() -> str:
    """Return the data model and dictionary of a run over one clinic that has every field."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        clinic = pl.DataFrame({name: ["a" if field.type == "text" else None] for name, field in FIELDS.items()})
        typed = clinic.cast({name: field.dtype for name, field in FIELDS.items()})
        typed.write_parquet(place / "clinic.parquet")
        run([str(place / "clinic.parquet")], place / "out", RunOptions(format="parquet", charts=False, stability=True))
        with database(place / "out" / FILE, read_only=True) as db:
            return data_dictionary(db, load_scorecard())


def data_model() -> str:
    """Return the dictionary as a page of the site: the diagram as a table, since drawing it would need a script."""
    before, diagram, after = re.split(r"```mermaid\nerDiagram\n(.*?)```", dictionary(), maxsplit=1, flags=re.DOTALL)
    links = re.findall(r'^ *(\w+) ([|}o]{2})--([|{o]{2}) (\w+) : "?(.*?)"?$', diagram, re.MULTILINE)
    assert len(links) == len(diagram.splitlines()), "a line of the diagram cannot be read"
    rows = [(f"`{one}`", _many(left), f"`{other}`", _many(right), f"`{by}`") for one, left, right, other, by in links]
    table = _table(("table", "rows", "belongs to", "rows", "joined by"), rows)
    titled = before.replace("# Warehouse", "# Data model", 1).replace(
        "## Data model", "## How the tables belong together", 1
    )
    return titled + table + after


def _many(mark: str) -> str:
    """Return how many rows one end of a line of the diagram stands for."""
    return {"||": "one", "|o": "none or one", "|{": "one or more", "o{": "none or more"}[mark]


def scoring() -> str:
    """Return the scoring reference: every scorecard band by band, one that extends another as it differs."""
    parts = [f"# Scoring reference\n\n{_MADE}\n\nA characteristic lands in the first band that holds, from the top."]
    parts += ["Missing data is never guessed: each characteristic says what it is worth."]
    for name in shipped_names():
        card = load_scorecard(name)
        base = load_scorecard(card.extends) if card.extends in shipped_names() else None
        parts += _card(card, base)
    return "\n\n".join(parts) + "\n"


def _card(card: Scorecard, base: Scorecard | None) -> Iterator[str]:
    yield f"## `{card.id}` {card.version}: {card.title}"
    yield words.total(card)
    if base:
        yield f"It extends `{base.id}`; what is not listed here is as it is there."
    own = "Tiers of clinics" if card.network_tiers else "Tiers"
    for heading, tiers in ((own, card.tiers), ("Tiers of networks", card.network_tiers)):
        if tiers:
            rows = [(tier.label, card.edges(tier), tier.meaning) for tier in tiers]
            yield _table((heading, "from", "meaning"), rows)
    if card.tie_breaks:
        yield words.tie_breaks(card)
    if card.segments and not base:
        yield _table(("segment", "clinics"), list(card.segments.items()))
    known = {part.code: words.rules(part) for part in outcome_table(base).parts} if base else {}
    for category in outcome_table(card).categories:
        shown = [part for part in category.parts if words.rules(part) != known.get(part.code)]
        if shown:
            yield from _category(category, card, shown)


def _category(category: CategoryOutcomes, card: Scorecard, shown: list[CharacteristicOutcomes]) -> Iterator[str]:
    yield f"### {category.rule.label}: at most {category.rule.maximum:g} points"
    yield from words.caveats(category, card)
    for part in shown:
        yield f"**{part.rule.label}** looks at {words.looks_at(part.rule)}."
        yield _table(
            ("when", "points", "reason", "code"),
            [(rule.when, rule.points, rule.says, f"`{rule.code}`") for rule in words.rules(part)],
        )


def partnerships() -> str:
    """Return the reference of partnerships: what goes in, every column that comes out, the shipped SLA."""
    card = load_scorecard("rula")
    parts = [f"# Partnerships: fields and files\n\n{_MADE}", "## What goes in"]
    for heading, fields in (("practices", practice_fields(card)), ("contact log", CONTACT_FIELDS)):
        known = [
            (f"`{field.name}`", _KINDS.get(field.type, field.type), field.unit, field.description)
            for field in fields.values()
        ]
        parts.append(_table((heading, "type", "unit", "meaning"), known))
    parts.append("## What comes out")
    for name, columns in TABLES.items():
        rows = [(column.name, _column_type(column.dtype), column.unit, column.description) for column in columns]
        parts += [f"### `{name}`\n\n{GRAIN[name]}", _table(("column", "type", "unit", "meaning"), rows)]
    sla = read_rules(card).sla
    limits = [
        (f"Tier {number}", limit.days, limit.at_risk_from, limit.within, limit.at_risk, limit.over)
        for number, limit in sla.limits.items()
    ]
    head = ("tier", "limit, days", "at risk from", "within", "at risk", "over")
    parts += ["## SLA as shipped", _table(head, _filled(limits))]
    return "\n\n".join(parts) + "\n"


def _column_type(dtype: pl.DataType) -> str:
    return {pl.String(): "text", pl.Int64(): "integer", pl.Float64(): "number"}.get(dtype, "list of texts")


def _filled(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [tuple("-" if cell in {None, ""} else cell for cell in row) for row in rows]


def _table(head: tuple[str, ...], rows: list[Any]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in lines)


def api() -> str:
    """Return the API reference: the public names of the package, and every command with its help."""
    parts = [f"# API reference\n\n{_MADE}", "## Python"]
    parts.append("`import icp_engine` gives these names; everything else may change.")
    parts += [_name(name) for name in icp_engine.__all__]
    parts.append("## Command line")
    parts += _commands(cli, "icp-engine")
    return "\n\n".join(parts) + "\n"


def _name(name: str) -> str:
    thing = getattr(icp_engine, name)
    signature = "" if inspect.isclass(thing) else str(inspect.signature(thing))
    return f"### `{name}`\n\n```text\n{name}{signature}\n\n{inspect.getdoc(thing)}\n```"


def _commands(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[str]:
    """Yield the help of a command and of those below it."""
    settings: dict[str, Any] = {**command.context_settings, "max_content_width": 100, "terminal_width": 100}
    context = click.Context(command, info_name=name, parent=parent, **settings)
    yield f"### `{context.command_path}`\n\n```text\n{command.get_help(context)}\n```"
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            assert found is not None
            yield from _commands(found, below, context)


def http() -> str:
    """Return the HTTP reference, from the OpenAPI document of a server with a token."""
    document = Application(Current(Path("warehouse")), "token").openapi()
    parts = [f"# HTTP API\n\n{_MADE}", document["info"]["description"].strip()]
    parts.append("`icp-engine serve` serves it; `/docs` of the server lists the same, to try out.")
    for path, methods in document["paths"].items():
        parts += _path(path, methods["get"])
    parts.append("## Shapes")
    for name, shape in document["components"]["schemas"].items():
        rows = [
            (f"`{field}`", _json_type(kind), kind.get("description", ""))
            for field, kind in shape.get("properties", {}).items()
        ]
        parts.append(f"### {name}\n\n{shape.get('description', '')}".strip())
        parts.append(_table(("field", "type", "meaning"), rows))
    return "\n\n".join(parts) + "\n"


def _path(path: str, operation: dict[str, Any]) -> Iterator[str]:
    """Yield what one path takes and answers."""
    token = "Needs the token where one is set." if "security" in operation else "Needs no token."
    yield f"## `GET {path}`\n\n{operation['summary']}. {token}"
    if "parameters" in operation:
        rows = [
            (
                f"`{parameter['name']}`",
                parameter.get("description", "The id; any character, escaped"),
                _default(parameter["schema"]),
            )
            for parameter in operation["parameters"]
        ]
        yield _table(("parameter", "takes", "default"), rows)
    rows = []
    for status, answer in operation["responses"].items():
        kinds = {kind: field["schema"] for kind, field in answer.get("content", {}).items()}
        shapes = " or ".join(f"{_json_type(schema)} ({kind})" for kind, schema in kinds.items())
        rows.append((status, answer["description"].replace("Successful Response", "The answer"), shapes))
    yield _table(("status", "when", "body"), rows)


def _rules_schema(name: str) -> str:
    return as_text(schema_content(name))


def _default(schema: dict[str, Any]) -> str:
    return f"`{schema['default']}`" if "default" in schema else ""


def _json_type(schema: dict[str, Any]) -> str:
    """Return the type of a value in words."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(map(_json_type, schema["anyOf"]))
    if schema.get("type") == "array":
        return f"list of {_json_type(schema['items'])}"
    if schema.get("type") == "object" and "additionalProperties" in schema:
        return f"{_json_type(schema['additionalProperties'])} by name"
    return str(schema.get("type", "any"))


DOCS: dict[Path, Callable[[], str]] = {
    ROOT / "warehouse" / "README.md": dictionary,
    ROOT / "docs" / "data-model.md": data_model,
    ROOT / "docs" / "scoring.md": scoring,
    ROOT / "docs" / "partnerships.md": partnerships,
    ROOT / "docs" / "api.md": api,
    ROOT / "docs" / "http.md": http,
}

DOCS |= {
    ROOT / "icp_engine" / "scorecards" / "scorecard.schema.json": lambda: as_text(scorecard_schema()),
    **{ROOT / "icp_engine" / "partnerships" / f"{name}.schema.json": partial(_rules_schema, name) for name in RULES},
}

FROZEN = ROOT / "tests" / "cards"


def frozen(name: str) -> Path:
    """Return where a shipped scorecard is kept as it is at its version."""
    card = load_scorecard(name)
    return FROZEN / f"{card.id}-{card.version}.toml"


def freeze(name: str) -> str:
    """Return the text of a shipped scorecard as it is kept: a variant extends the kept version of its base."""
    text = (SHIPPED / f"{name}.toml").read_text(encoding="utf-8")
    text = text.replace("#:schema ./", "#:schema ../../icp_engine/scorecards/", 1)
    return re.sub('^extends = "(.+?)"', lambda found: f'extends = "{frozen(found[1]).name}"', text, flags=re.MULTILINE)


if __name__ == "__main__":
    for target, text in DOCS.items():
        target.write_text(text(), encoding="utf-8")
        click.echo(target.relative_to(ROOT))
    for target, name in [(frozen(name), name) for name in shipped_names()]:
        if not target.exists():  # a version that is kept stays as it is
            target.write_text(freeze(name), encoding="utf-8")
            click.echo(target.relative_to(ROOT))
