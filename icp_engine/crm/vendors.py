"""What each CRM's importer takes: limits of its files, lengths of its fields, how a field is cleared, what to run.

Sources: "Prepare CSV Files", "Valid Date Format in Records (2.0)" and "Relationship Fields in a Header Row (2.0)" of
the Bulk API 2.0 Developer Guide (https://developer.salesforce.com/docs/platform/api-asynch/guide/datafiles-prepare-csv.html);
"data upsert bulk" of the Salesforce CLI Command Reference; "CRM API | Imports" of HubSpot
(https://developers.hubspot.com/docs/guides/api/crm/imports), which takes 1,048,576 rows and 512 MB a file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from icp_engine.crm.formats import TargetType
from icp_engine.crm.mapping import System
from icp_engine.display import shell_line

_MEGABYTE = 1_000_000
CLEARED = "#N/A"


@dataclass(frozen=True, slots=True)
class Vendor:
    """One importer.

    Attributes:
        max_bytes: the most bytes of a file; Salesforce takes 100 MB, since Base64 makes 150 MB of them.
        max_rows: the most rows of a file besides the header.
        cleared: what stands where a field is to be emptied; None where an import cannot do that.
        lengths: the most characters of a field by its type, where the mapping says nothing else.
    """

    system: System
    max_bytes: int
    max_rows: int
    cleared: str | None
    lengths: Mapping[TargetType, int] = field(default_factory=dict)


VENDORS: dict[System, Vendor] = {
    "salesforce": Vendor(
        "salesforce", 95 * _MEGABYTE, 10_000_000, CLEARED, {"text": 255, "long_text": 32_768, "picklist": 255}
    ),
    "hubspot": Vendor(
        "hubspot", 500 * _MEGABYTE, 1_000_000, None, {"text": 65_536, "long_text": 65_536, "picklist": 65_536}
    ),
}
_MINUTES = "60"  # that the command line waits for a job


def upsert_line(object_: str, external_id: str, file: str) -> str:
    """Return the command that loads one file into Salesforce."""
    named = ("--sobject", object_, "--external-id", external_id, "--file", file)
    return shell_line("sf", "data", "upsert", "bulk", *named, "--line-ending", "LF", "--wait", _MINUTES)


def delete_line(object_: str, file: str) -> str:
    """Return the command that deletes the records of one file of ids from Salesforce."""
    named = ("--sobject", object_, "--file", file)
    return shell_line("sf", "data", "delete", "bulk", *named, "--line-ending", "LF", "--wait", _MINUTES)
