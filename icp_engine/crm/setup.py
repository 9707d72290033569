"""The fields that a CRM needs before the first import: as a table, as Salesforce metadata, as HubSpot's request.

Sources: "CustomField" of the Metadata API Developer Guide, whose file `objects/Account.object` with `package.xml` is
what `sf project deploy start --metadata-dir` takes; "CRM API | Properties" of HubSpot, batch create.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from icp_engine.crm.formats import TargetType
from icp_engine.crm.mapping import KINDS, CrmMapping
from icp_engine.crm.sources import CrmField, crm_fields
from icp_engine.crm.vendors import VENDORS
from icp_engine.errors import InputError
from icp_engine.published.run import Run

HEADING = ("API name", "type", "length", "external id", "unique", "label", "values")
_ID_LENGTH = 255
_VERSION = "62.0"  # of the Metadata API
_SPACE = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
_SALESFORCE: dict[TargetType, str] = {
    "text": "Text", "long_text": "LongTextArea", "picklist": "Picklist", "number": "Number", "checkbox": "Checkbox",
    "date": "Date", "datetime": "DateTime",
}  # fmt: skip
_HUBSPOT: dict[TargetType, tuple[str, str]] = {
    "text": ("string", "text"), "long_text": ("string", "textarea"), "picklist": ("enumeration", "select"),
    "number": ("number", "number"), "checkbox": ("bool", "booleancheckbox"), "date": ("date", "date"),
    "datetime": ("datetime", "date"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CustomField:
    """A field to create. `decimals` are those of a number, `length` the most characters of a text."""

    name: str
    label: str
    type: TargetType
    length: int | None = None
    decimals: int = 2
    values: tuple[str, ...] = ()
    is_external_id: bool = False


def custom_fields(run: Run, mapping: CrmMapping) -> tuple[CustomField, ...]:
    """Return the fields that the CRM does not have by itself, the external id first.

    Raises:
        InputError: a field is of one type for clinics and of another for networks.
    """
    return to_create(
        [field for kind in reversed(KINDS) for field in crm_fields(run, mapping, kind, owners=True)], mapping
    )


def to_create(fields: Iterable[CrmField], mapping: CrmMapping) -> tuple[CustomField, ...]:
    """Return those of the fields that the CRM does not have by itself, the external id first.

    Raises:
        InputError: a field is of two types.
    """
    found = {mapping.external_id: CustomField(mapping.external_id, "", "text", _ID_LENGTH, is_external_id=True)}
    for field in fields:
        if "." in field.name or not (field.target.label or field.name.endswith("__c")):
            continue
        new, known = _custom(field, mapping), found.get(field.name)
        if known is not None and known.type != new.type:
            raise InputError(f"'{field.name}' is {known.type} for clinics and {new.type} for networks; say its type.")
        found[field.name] = new if known is None else _united(known, new)
    return tuple(found.values())


def _custom(field: CrmField, mapping: CrmMapping) -> CustomField:
    type_ = "text" if field.type == "picklist" and not field.values else field.type
    length = field.target.length or VENDORS[mapping.system].lengths.get(type_)
    return CustomField(field.name, field.target.label, type_, length, 0 if field.is_whole else 2, field.values)


def _united(known: CustomField, new: CustomField) -> CustomField:
    values = tuple(dict.fromkeys((*known.values, *new.values)))
    length = max(known.length, new.length) if known.length and new.length else None
    return CustomField(known.name, known.label, known.type, length, max(known.decimals, new.decimals), values)


def field_rows(fields: Sequence[CustomField]) -> list[tuple[str, ...]]:
    """Return the rows of the table, under `HEADING`."""
    return [
        (
            field.name,
            f"number, {field.decimals} decimals" if field.type == "number" else field.type.replace("_", " "),
            f"{field.length:,}" if field.length and field.type in {"text", "long_text"} else "",
            "yes" if field.is_external_id else "",
            "yes" if field.is_external_id else "",
            field.label,
            "; ".join(field.values),
        )
        for field in fields
    ]


def metadata_xml(fields: Iterable[CustomField]) -> str:
    """Return the fields as the metadata of an object of Salesforce."""
    lines = [line for field in fields for line in _field_lines(field)]
    return _document("CustomObject", lines)


def _field_lines(field: CustomField) -> Iterator[str]:
    facts = {"fullName": field.name, "label": field.label or field.name.removesuffix("__c").replace("_", " ")}
    facts["type"] = _SALESFORCE[field.type]
    if field.type in {"text", "long_text"}:
        facts["length"] = str(field.length)
    if field.type == "long_text":
        facts["visibleLines"] = "3"
    if field.type == "number":
        facts |= {"precision": "18", "scale": str(field.decimals)}
    if field.type == "checkbox":
        facts["defaultValue"] = "false"
    if field.is_external_id:  # ids of clinics that differ in capitals alone are different ones
        facts |= {"externalId": "true", "unique": "true", "caseSensitive": "true"}
    yield "    <fields>"
    yield from (f"        <{name}>{escape(value)}</{name}>" for name, value in facts.items())
    if field.type == "picklist":
        yield from _values(field)
    yield "    </fields>"


def _values(field: CustomField) -> Iterator[str]:
    yield "        <valueSet><valueSetDefinition><sorted>false</sorted>"
    for value in field.values:
        text = escape(value)
        yield f"            <value><fullName>{text}</fullName><default>false</default><label>{text}</label></value>"
    yield "        </valueSetDefinition></valueSet>"


def _document(root: str, lines: Iterable[str]) -> str:
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} {_SPACE}>\n'
    return head + "".join(f"{line}\n" for line in lines) + f"</{root}>\n"


def write_metadata(folder: Path, fields: Sequence[CustomField], object_: str) -> None:
    """Write a folder that `sf project deploy start --metadata-dir` takes.

    Raises:
        InputError: something stands there already, or it cannot be written.
    """
    if folder.exists():
        raise InputError(f"{folder} is there already; name a new folder.")
    members = [f"        <members>{object_}.{field.name}</members>" for field in fields]
    package = ["    <types>", *members, "        <name>CustomField</name>", "    </types>"]
    try:
        (folder / "objects").mkdir(parents=True)
        (folder / "objects" / f"{object_}.object").write_text(metadata_xml(fields), "utf-8", newline="\n")
        text = _document("Package", [*package, f"    <version>{_VERSION}</version>"])
        (folder / "package.xml").write_text(text, "utf-8", newline="\n")
    except OSError as error:
        raise InputError(f"{folder} cannot be written ({error.strerror}).") from error


def properties_content(fields: Iterable[CustomField]) -> dict[str, Any]:
    """Return the request that creates the properties in HubSpot: POST /crm/v3/properties/companies/batch/create."""
    return {"inputs": [_property_content(field) for field in fields]}


def _property_content(field: CustomField) -> dict[str, Any]:
    kind, control = _HUBSPOT[field.type]
    found: dict[str, Any] = {
        "name": field.name, "label": field.label or field.name.replace("_", " "), "type": kind, "fieldType": control,
        "groupName": "companyinformation",
    }  # fmt: skip
    values = ("true", "false") if field.type == "checkbox" else field.values if field.type == "picklist" else ()
    if values:
        found["options"] = [
            {"label": value, "value": value, "displayOrder": place} for place, value in enumerate(values)
        ]
    return found | ({"hasUniqueValue": True} if field.is_external_id else {})
