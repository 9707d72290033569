"""`icp-engine validate`: what an extract holds, before anything is scored."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from icp_engine.cli import intake, options, show

if TYPE_CHECKING:
    from icp_engine.extract.reading import Reading
    from icp_engine.extract.validate import Validation

_SHOWN = 12  # columns


@click.command("validate")
@options.extract
@options.scorecard
@options.mapping
@options.mapping_file
@options.reading
@click.option(
    "--write-mapping", "written", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Write which column each field is read from, as TOML for --mapping.",
)  # fmt: skip
@options.temp_dir
@options.threads
@options.as_json
def command(
    extract: tuple[str, ...],
    scorecard: str,
    mapping: tuple[tuple[str, str], ...],
    mapping_file: Path | None,
    reading: "Reading",
    written: Path | None,
    temp_dir: Path | None,
    as_json: bool,
) -> None:
    """Tell everything about an extract; publish nothing.

    Rows, columns found, mapped and unknown, the share missing and invalid per field, and what
    that puts out of reach in the scorecard.

    \b
    Examples:
      icp-engine validate clinics.parquet
      icp-engine validate export.csv --map clinic_id=NPI --scorecard icp-2025-11
      icp-engine validate export.csv --write-mapping ours.toml
    """
    from icp_engine.extract.mapping import write_mapping
    from icp_engine.extract.validate import validate, validation_content

    with show.Progress(quiet=as_json) as progress:
        progress("validate", 0, 0)
        found = validate(extract, scorecard, options.fields_by_column(mapping, file=mapping_file), temp_dir, reading)
    if written is not None:
        write_mapping(written, found.extract.matches, found.description.carried_columns)
    if as_json:
        show.emit(validation_content(found))
    else:
        show.say(_text(found))


def _text(found: "Validation") -> str:
    profile, carried = found.profile, found.description.carried_columns
    parts = [
        show.table([(file.path, f"{file.rows:,} rows") for file in found.extract.files], "<>"),
        *(["\n".join(found.notes)] if found.notes else []),
        show.table(
            [("Field", "column", "there", "missing", "invalid", "examples"), *_fields(found)],
            "<<>>><",
            header=True,
        ),
    ]
    if carried:
        more = len(carried) - _SHOWN
        names = ", ".join(carried[:_SHOWN])
        parts.append(f"Carried through, not read: {names}{f' and {more} more' if more > 0 else ''}")
    troubles = [f"Renamed: {line}" for line in intake.renamed(found.description.renamed_columns, carried)]
    parts += [intake.searched(field) for field in found.searched]
    parts.append(_reach(found))
    if profile.suspicions:
        troubles.append("\n".join(["Suspicious ids", *(f"  {line}" for line in intake.suspicious(profile.suspicions))]))
    if profile.blank_ids:
        troubles.append(f"{profile.blank_ids:,} of {profile.rows:,} rows have no clinic_id and would be rejected.")
    if profile.duplicate_ids:
        some = ", ".join(profile.duplicate_examples)
        troubles.append(f"{profile.duplicate_ids:,} clinic_id stand more than once, such as {some}; {profile.advice}.")
    return "\n\n".join([*parts, *troubles])


def _fields(found: "Validation") -> list[tuple[str, str, str, str, str, str]]:
    rows = found.profile.rows
    cells = []
    for name, field in found.description.fields.items():
        column = intake.column(name, field)
        there = show.percent(field.given / rows)
        invalid = f"{field.invalid:,}" if field.invalid else ""
        clipped = f"{field.clipped:,} above scale" if field.clipped else ""
        examples = ", ".join(show.cut(repr(value), 24) for value in field.examples[:3])
        words = f"{field.absent_words:,} NA and the like" if field.absent_words else ""
        cells.append((name, column, there, show.percent(field.missing / rows), invalid, examples or clipped or words))
    return cells


def _reach(found: "Validation") -> str:
    card, described = found.card, found.description
    if not described.out_of_reach:
        return f"All {card.maximum:g} points of {card.id} are within reach."
    lost = [(f"{part.points:g}", part.characteristic, ", ".join(part.fields)) for part in described.out_of_reach]
    beyond = intake.no_tier_in_reach(card, described.reachable, described.out_of_reach)
    head = f"Within reach with this extract: {described.reachable:g} of the {card.maximum:g} points of {card.id}."
    head = f"{beyond}\n{head}" if beyond else head
    return f"{head}\n{show.table([('Points lost', 'characteristic', 'for want of'), *lost], '><<', header=True)}"
