"""Look at an extract without scoring it or publishing anything."""

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from icp_engine.errors import InputError
from icp_engine.extract.conventions import item_notes
from icp_engine.extract.extract import Extract, Rejects, conformed_rows, open_extract
from icp_engine.extract.profile import Description, Profile, describe, profile
from icp_engine.extract.reach import field_worth
from icp_engine.extract.reading import AS_IT_STANDS, Reading
from icp_engine.extract.searched import SearchedField, searched_fields
from icp_engine.scorecard.loader import load_scorecard
from icp_engine.scorecard.model import Scorecard


@dataclass(frozen=True, slots=True)
class Validation:
    """What an extract holds, and what that means under a scorecard; `asked_card` is how the scorecard was named.

    `worth` has the points that a clinic without a field cannot reach, by field.
    """

    card: Scorecard
    extract: Extract
    profile: Profile
    description: Description
    searched: tuple[SearchedField, ...] = ()
    worth: Mapping[str, float] = field(default_factory=dict)
    asked_card: str = "icp"
    notes: tuple[str, ...] = ()


def validation_content(found: Validation) -> dict[str, Any]:
    """Return a validation as `icp-engine validate --json` prints it."""
    card, profile = found.card, found.profile
    return {
        "inputs": [{"path": file.path, "rows": file.rows, "bytes": file.bytes} for file in found.extract.files],
        "notes": found.notes,
        "rows": profile.rows,
        "scorecard": {"id": card.id, "version": card.version, "maximum": card.maximum},
        "blank_ids": profile.blank_ids,
        "duplicate_ids": profile.duplicate_ids,
        "duplicate_rows": profile.duplicate_rows,
        "duplicate_examples": profile.duplicate_examples,
        "suspicious_ids": [asdict(suspicion) for suspicion in profile.suspicions],
        **asdict(found.description),
        "worth": dict(found.worth),
        "searched_texts": [asdict(text) for text in found.searched],
    }


def validate(
    patterns: Iterable[str],
    scorecard: str = "icp",
    mapping: dict[str, str] | None = None,
    temp_dir: Path | None = None,
    reading: Reading = AS_IT_STANDS,
) -> Validation:
    """Return what an extract holds and what its gaps put out of reach in a scorecard. Counts are in rows.

    Raises:
        InputError: the extract cannot be read, or `temp_dir` is not a folder.
        ScorecardError: the scorecard has mistakes.
    """
    card = load_scorecard(scorecard)
    if temp_dir is not None and not temp_dir.is_dir():
        raise InputError(f"{temp_dir} is not a folder; choose another --temp-dir.")
    with tempfile.TemporaryDirectory(prefix="icp-", dir=temp_dir) as temp:
        extract = open_extract(patterns, card.fields, mapping, temp=Path(temp), reading=reading)
        rows = conformed_rows(extract, Rejects())
        found, searched = profile(extract, rows), tuple(searched_fields(rows, card))
        notes = (*extract.notes, *item_notes(rows, card))
    absent = {name for name, column in found.fields.items() if not column.valid}
    worth = field_worth(card, absent)
    return Validation(card, extract, found, describe(found, card), searched, worth, scorecard, notes)
