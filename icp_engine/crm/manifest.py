"""What a hand-off says of itself, `handoff.json`, as a frozen value."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from icp_engine.crm.mapping import System
from icp_engine.crm.parts import Part
from icp_engine.errors import InputError
from icp_engine.tables.writer import write_json
from icp_engine.warehouse.folder import place_of
from icp_engine.warehouse.switch import HANDOFFS

MANIFEST = "handoff.json"
STATE, PENDING, RESULTS = "state.parquet", "pending.parquet", "results.parquet"
CHANGES, LEFT_OUT = "changes.csv", "left_out.csv"
IMPORT, ROLLBACK, RETRY = "import", "rollback", "retry"
Stage = Literal["handed off", "confirmed in part", "confirmed", "rolled back"]


class Counts(msgspec.Struct, frozen=True):
    """Records of one kind, by what becomes of them."""

    new: int = 0
    changed: int = 0
    gone: int = 0
    unchanged: int = 0
    suppressed: int = 0
    refused: int = 0


class HandOff(msgspec.Struct, frozen=True, kw_only=True):
    """One hand-off.

    Attributes:
        run_id: the run that it was made from.
        object, external_id: what the records are in the CRM, and by which field it finds them again.
        files: what to import, in this order, and `commands` the lines that do so.
        rollback: what to import to undo it, `way_back` the lines.
        owners: accounts of each owner; those without an owner under an empty name.
        succeeded, failed: records by the results that were read so far.
        unconfirmed: whether the hand-off before was never confirmed; its rows come again.
    """

    system: System
    run_id: str
    scorecard: str
    object: str
    external_id: str
    stage: Stage = "handed off"
    counts: Mapping[str, Counts] = {}
    files: tuple[Part, ...] = ()
    rollback: tuple[Part, ...] = ()
    retry: tuple[Part, ...] = ()
    commands: tuple[str, ...] = ()
    way_back: tuple[str, ...] = ()
    left_out_fields: tuple[str, ...] = ()
    changed_fields: Mapping[str, int] = {}
    owners: Mapping[str, int] = {}
    oig_matches: int = 0
    suppression_rows: int = 0
    suppression_rows_used: int = 0
    unconfirmed: bool = False
    succeeded: int = 0
    failed: int = 0


def write_hand_off(folder: Path, hand_off: HandOff) -> None:
    """Write the manifest of a hand-off."""
    write_json(folder / MANIFEST, msgspec.to_builtins(hand_off))


def read_hand_off(out: Path) -> HandOff | None:
    """Return the hand-off that is published in a folder; None where there is none.

    Raises:
        InputError: its manifest is damaged.
    """
    path = place_of(out, MANIFEST, HANDOFFS)
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=HandOff)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is damaged, or no manifest of a hand-off ({error}); choose another --out.") from error
