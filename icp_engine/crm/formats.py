"""What a mapping to a CRM and a team may hold. Read by `mapping` and `team`."""

from typing import Literal, get_args

from icp_engine.scorecard.toml.format import Format, Key, Shape, number, table, tables, text

TargetType = Literal["text", "long_text", "picklist", "number", "checkbox", "date", "datetime"]
TYPES: tuple[TargetType, ...] = get_args(TargetType)

_OBJECT = Shape(
    others=Key(("text", "flag", "table"), "Where the value comes from; false takes it away.", shape="target")
)
_SYSTEM = Shape(
    {
        "object": text("What both kinds of record are in the CRM, such as Account."),
        "external_id": text("The field by which the CRM finds a record again; unique, and nobody edits it."),
        "clinic": table("clinic", "The fields of a clinic."),
        "network": table("network", "The fields of a network."),
        "practice": table("practice", "The fields of a referral partner, of icp-engine partners crm."),
    }
)
MAPPING: Format = {
    "mapping": Shape({name: table("system", f"Fields of {name}.") for name in ("salesforce", "hubspot")}),
    "system": _SYSTEM,
    "clinic": _OBJECT,
    "network": _OBJECT,
    "practice": _OBJECT,
    "target": Shape(
        {
            "column": text("A column of the run, or one of the words that the documentation lists."),
            "constant": Key(("text", "number", "flag"), "The same value for every record, instead of a column."),
            "type": text("What the CRM stores; follows from the column unless given.", words=TYPES),
            "length": number("The most characters that the CRM takes."),
            "required": Key(("flag",), "Whether the CRM refuses a record without it."),
            "keep": Key(("flag",), "Whether it stays as it is once the record is gone, instead of being cleared."),
            "optional": Key(("flag",), "Whether a run without the column is no mistake."),
            "label": text("What people see in the CRM."),
            "values": Key(("texts",), "What a picklist takes; tiers and segments of the scorecard unless given."),
        },
        exactly_one_of=("column", "constant"),
    ),
}
TEAM: Format = {
    "owners": Shape({"owner": tables("owner", "Who takes practices without an owner.", required=True, least=1)}),
    "owner": Shape(
        {
            "name": text("The name of the person.", required=True),
            "email": text("The address by which a CRM knows the person."),
            "capacity": number("The most accounts of the person; without it there is no end."),
            "touches_a_week": number("How often the person can make contact in a week."),
            "states": Key(("texts",), "States whose accounts are for this person and others who name them."),
            "segments": Key(("texts",), "Segments whose accounts are for this person and others who name them."),
        }
    ),
}
