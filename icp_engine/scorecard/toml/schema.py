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
    """Whether tables of a shape merge by name when a scorecard extends another."""
    keys = [key for shape in SCORECARD.values() for key in (*shape.keys.items(), ("", shape.others)) if key[1]]
    holders = [(key, found) for key, found in keys if found is not None and found.shape == name]
    return all(key not in WHOLE and "tables" not in found.types for key, found in holders)


def _shape(shape: Shape, flavour: str) -> dict[str, Any]:
    """Return what a table of a shape must be; whether it has to be a table is said where it stands."""
    properties = {name: _key(key, "" if name in WHOLE else flavour) for name, key in shape.keys.items()}
    found: dict[str, Any] = {
        "properties": properties | ({"drop": _DROP} if flavour else {}),
        "additionalProperties": _key(shape.others, flavour) if shape.others else False,
    }
    required = [name for name, key in shape.keys.items() if key.required]
    if required and not flavour:
        found["required"] = required
    rules = [_choice(choice) for choice in shape.choices]
    if shape.exactly_one_of:
        rules.append({"oneOf": [{"required": [name]} for name in shape.exactly_one_of]})
    return found | ({"allOf": rules} if rules else {})


def _choice(choice: Choice) -> dict[str, Any]:
    return {
        "if": {"required": [choice.key]},
        "then": _demands(choice.needs, choice.excludes),
        "else": _demands(choice.needs_without, choice.excludes_without),
    }


def _demands(needs: tuple[str, ...], excludes: tuple[str, ...]) -> dict[str, Any]:
    return {"required": list(needs), "properties": dict.fromkeys(excludes, False)}


def _key(key: Key, flavour: str) -> dict[str, Any]:
    """Return what a key may hold. Each demand is about one type, so that a number is not judged as a table."""
    types = [name for type_ in key.types for name in _TYPES[type_]]
    found: dict[str, Any] = {"description": key.description}
    if types:
        found["type"] = types[0] if len(types) == 1 else types
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
    if "table" in key.types:
        merged = flavour if _merges(key.shape) else ""
        found["allOf"] = [{"$ref": f"#/definitions/{merged}{key.shape}"}]
    if "tables" in key.types:
        found["items"] = {"type": "object", "allOf": [{"$ref": f"#/definitions/{key.shape}"}]}
        if key.least:
            found["minItems"] = key.least
    return found
