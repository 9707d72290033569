"""The format of a file of rules as JSON Schema, for editors that complete and check while somebody writes."""

import json
from typing import Any

from icp_engine.scorecard.toml.format import SCORECARD, WHOLE, Choice, Format, Key, Shape, Type

_TYPES: dict[Type, tuple[str, ...]] = {
    "text": ("string",),
    "number": ("number",),
    "flag": ("boolean",),
    "texts": ("string", "array"),
    "numbers": ("array",),
    "integers": ("array",),
    "decimals": ("integer",),
    "table": ("object",),
    "tables": ("array",),
    "anything": (),
}
_VARIANT = "variant_"  # shapes of a scorecard that extends another: nothing is required, and tables can be dropped
_DROP = {"description": "Alone in a table: takes away what the extended scorecard has here.", "const": True}
_DROPPED = {"properties": {"drop": _DROP}, "required": ["drop"], "additionalProperties": False}
_DROPS_ALONE = {
    "if": {"properties": {"drop": {"const": True}}, "required": ["drop"]},
    "then": {"maxProperties": 1},
}


def scorecard_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 7) of a scorecard. What `extends` says decides whether keys are required."""
    whole, variant = {"$ref": "#/definitions/scorecard"}, {"$ref": f"#/definitions/{_VARIANT}scorecard"}
    return {
        **_head("Scorecard", "A scorecard of icp_engine."),
        "if": {"required": ["extends"]},
        "then": variant,
        "else": whole,
        "definitions": {
            **_definitions(SCORECARD),
            "dropped": _DROPPED,
            **{f"{_VARIANT}{name}": _shape(shape, _VARIANT) for name, shape in SCORECARD.items() if _merges(name)},
        },
    }


def rules_schema(rules: Format, root: str, description: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 7) of another file of rules, from its root shape down."""
    return {
        **_head(root.capitalize(), description),
        "allOf": [{"$ref": f"#/definitions/{root}"}],
        "definitions": _definitions(rules),
    }


def as_text(schema: dict[str, Any]) -> str:
    """Return a schema as it is committed."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _head(title: str, description: str) -> dict[str, Any]:
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": title,
        "description": description,
        "type": "object",
    }


def _definitions(rules: Format) -> dict[str, Any]:
    return {name: _shape(shape, "") for name, shape in rules.items()}


def _merges(name: str) -> bool:
    """Whether tables of a shape merge by name when a scorecard extends another: they and all around them."""
    keys = [
        (parent, key, found)
        for parent, shape in SCORECARD.items()
        for key, found in (*shape.keys.items(), ("", shape.others))
        if found is not None and found.shape == name
    ]
    return all(key not in WHOLE and "tables" not in found.types and _merges(parent) for parent, key, found in keys)


def _shape(shape: Shape, flavour: str) -> dict[str, Any]:
    """Return what a table of a shape must be; whether it has to be a table is said where it stands."""
    properties = {name: _key(key, flavour, whole=name in WHOLE) for name, key in shape.keys.items()}
    others = _key(shape.others, flavour) if shape.others else False
    rules = [_choice(choice) for choice in shape.choices]
    if shape.exactly_one_of:
        rules.append({"oneOf": [{"required": [name]} for name in shape.exactly_one_of]})
    if flavour:
        properties["drop"] = {"if": {"const": True}, "then": _DROP, "else": others} if others else _DROP
        rules.append(_DROPS_ALONE)
    found: dict[str, Any] = {"properties": properties, "additionalProperties": others}
    required = [name for name, key in shape.keys.items() if key.required]
    if required and not flavour:
        found["required"] = required
    return found | ({"allOf": rules} if rules else {})


def _choice(choice: Choice) -> dict[str, Any]:
    return {
        "if": {"required": [choice.key]},
        "then": _demands(choice.needs, choice.excludes),
        "else": _demands(choice.needs_without, choice.excludes_without),
    }


def _demands(needs: tuple[str, ...], excludes: tuple[str, ...]) -> dict[str, Any]:
    return {"required": list(needs), "properties": dict.fromkeys(excludes, False)}


def _key(key: Key, flavour: str, *, whole: bool = False) -> dict[str, Any]:
    """Return what a key may hold. Each demand is about one type, so that a number is not judged as a table.

    In a variant a table that says `drop = true` may stand for it, unless the scorecard cannot do without the key.

    Args:
        key: what the format says of it.
        flavour: what the shapes that merge are called with, in a variant.
        whole: whether a variant replaces its table whole.
    """
    types = [name for type_ in key.types for name in _TYPES[type_]]
    merged = "table" in key.types and not whole and _merges(key.shape)
    shape = {"$ref": f"#/definitions/{flavour if merged else ''}{key.shape}"}
    table: dict[str, Any] = shape if "table" in key.types else {}
    if flavour and types and not merged and not key.required:
        dropped = {"$ref": "#/definitions/dropped"}
        table = {"if": {"required": ["drop"]}, "then": dropped, "else": table} if table else dropped
        types = list(dict.fromkeys([*types, "object"]))
    return {"description": key.description, **_values(key, types), **({"allOf": [table]} if table else {})}


def _values(key: Key, types: list[str]) -> dict[str, Any]:
    """Return what the texts, numbers and lists of a key must be."""
    found: dict[str, Any] = {"type": types[0] if len(types) == 1 else types} if types else {}
    if "text" in key.types:
        found["pattern"] = f"^({'|'.join(key.words)})$" if key.words else r"\S"
    if "texts" in key.types:
        found["items"] = {"type": "string"}
    if "numbers" in key.types:
        found |= {"items": {"type": "number"}, "minItems": 2, "maxItems": 2}
    if "integers" in key.types:
        found["items"] = {"type": "integer"}
    if "decimals" in key.types:
        found |= {"minimum": 0, "maximum": 2}
    if "tables" in key.types:
        found["items"] = {"type": "object", "allOf": [{"$ref": f"#/definitions/{key.shape}"}]}
        if key.least:
            found["minItems"] = key.least
    return found
