"""What the files of rules may hold: the SLA, the owners, the outreach. Read by `rules`, and made into JSON Schemas."""

from typing import Any

from icp_engine.crm.formats import TEAM
from icp_engine.scorecard.toml.format import Format, Key, Shape, number, table, tables, text
from icp_engine.scorecard.toml.schema import rules_schema

SLA: Format = {
    "sla": Shape(
        {
            "tier": table("limits", "How long the practices of each tier may wait.", required=True),
            "status": tables("status", "Every status once, the most urgent first.", required=True, least=1),
            "calendar": table("calendar", "When people are at work, for limits in business hours."),
        }
    ),
    "calendar": Shape(
        {
            "working_days": Key(("texts",), "Days of the week; Monday to Friday unless given."),
            "hours": text("From when to when, such as 09:00-17:00.", required=True),
            "time_zone": text("The zone by whose clock that is, such as America/New_York.", required=True),
            "holidays": Key(("texts",), "Days such as 2026-12-25 on which nobody works."),
            "pause": tables("pause", "Days on which no time counts, from a first to a last one."),
        }
    ),
    "pause": Shape({"from": text("The first day.", required=True), "to": text("The last day.", required=True)}),
    "limits": Shape(others=table("limit", "The rule of one tier.")),
    "limit": Shape(
        {
            "limit_days": number("Whole days; a practice that waits longer is over. Without it nothing is late."),
            "at_risk_from_days": number("Whole days from which a practice is at risk."),
            "limit_hours": number("Business hours instead of days, by the calendar; a longer wait is over."),
            "at_risk_from_hours": number("Business hours from which a practice is at risk."),
            "within": text("The status of a practice within its limit.", required=True),
            "at_risk": text("The status of a practice at risk."),
            "over": text("The status of a practice over its limit."),
        }
    ),
    "status": Shape(
        {
            "name": text("The status, as the tables say it.", required=True),
            "act": Key(("flag",), "Whether somebody has to do something today.", required=True),
        }
    ),
}
HOOKS: Format = {
    "hooks": Shape(
        {
            "action": table("actions", "What to do next in each tier.", required=True),
            "hooks": table("tiers", "Which practices get a line to open with.", required=True),
            "signal": tables("signal", "The signals, in the order in which they are tried.", required=True, least=1),
        }
    ),
    "actions": Shape(others=table("action", "What to do next in one tier.")),
    "action": Shape(
        {
            "text": text("What to do where there are no notes.", required=True),
            "lead": text("What to do where there are notes: {lead} is what they say first."),
        }
    ),
    "tiers": Shape({"tiers": Key(("integers",), "The tiers whose practices get a hook.", required=True)}),
    "signal": Shape(
        {
            "name": text("The name of the signal.", required=True),
            "notes": Key(("texts",), "Regular expressions, of which the notes match any; capitals do not matter."),
            "band": text("The reason code of a band that the practice landed in."),
            "hook": text("The line to open with; named groups and fields of the practice stand in {}.", required=True),
        }
    ),
}
RULES: dict[str, tuple[Format, str]] = {
    "sla": (SLA, "How long practices may wait for contact: icp-engine partners run ... --sla FILE."),
    "owners": (TEAM, "Who takes practices without an owner: icp-engine partners run ... --owners FILE."),
    "hooks": (HOOKS, "What to do next, and the line to open with: icp-engine partners run ... --hooks FILE."),
}
"""Format and description of every file of rules, by the name of its option, which is the name of its root shape."""


def schema_content(name: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 7) of a file of rules, by the name of its option."""
    rules, description = RULES[name]
    return rules_schema(rules, name, description)
