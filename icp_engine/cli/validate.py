"""`icp-engine validate`: what an extract holds, before anything is scored."""

from pathlib import Path
from typing import Any

import click

from icp_engine.cli import options, show

_SHOWN = 12  # columns


@click.command("validate")
@options.extract
@options.scorecard
@options.mapping
@options.temp_dir
@options.threads
@options.as_json
def command(
    extract: tuple[str, ...],
    scorecard: str,
    mapping: tuple[tuple[str, str], ...],
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
    """
    from icp_engine.extract.validate import validate

    with show.Progress(quiet=as_json) as progress:
        progress("validate", 0, 0)
        found = validate(extract, scorecard, options.fields_by_column(mapping), temp_dir)
    if as_json:
        show.emit(found)
    else:
        click.echo(_text(found))


def _text(found: dict[str, Any]) -> str:
    rows = found["rows"]
    parts = [
        show.table([(one["path"], f"{one['rows']:,} rows") for one in found["inputs"]], "<>"),
        show.table(
            [("Field", "column", "there", "missing", "invalid", "examples"), *_fields(found)],
            "<<>>><",
            header=True,
        ),
    ]
    if found["carried_columns"]:
        names, more = found["carried_columns"][:_SHOWN], len(found["carried_columns"]) - _SHOWN
        parts.append(f"Carried through, not read: {', '.join(names)}{f' and {more} more' if more > 0 else ''}")
    parts.append(_reach(found))
    troubles = []
    if found["blank_ids"]:
        troubles.append(f"{found['blank_ids']:,} of {rows:,} rows have no clinic_id and would be rejected.")
    if found["duplicate_ids"]:
        some = ", ".join(found["duplicate_examples"])
        troubles.append(
            f"{found['duplicate_ids']:,} clinic_id stand more than once, such as {some}; run needs --duplicates first."
        )
    return "\n\n".join([*parts, *troubles])


def _fields(found: dict[str, Any]) -> list[tuple[str, str, str, str, str, str]]:
    rows = found["rows"]
    cells = []
    for name, one in found["fields"].items():
        column: str = one["column"] or ("not there" if one["read"] else "not there, not read")
        there = show.percent(one["given"] / rows)
        invalid = f"{one['invalid']:,}" if one["invalid"] else ""
        clipped = f"{one['clipped']:,} above scale" if one["clipped"] else ""
        examples = ", ".join(show.cut(repr(value), 24) for value in one["examples"][:3])
        cells.append((name, column, there, show.percent(one["missing"] / rows), invalid, examples or clipped))
    return cells


def _reach(found: dict[str, Any]) -> str:
    card = found["scorecard"]
    if not found["out_of_reach"]:
        return f"All {card['maximum']:g} points of {card['id']} are within reach."
    lost = [(f"{one['points']:g}", one["characteristic"], ", ".join(one["fields"])) for one in found["out_of_reach"]]
    head = f"Within reach with this extract: {found['reachable']:g} of the {card['maximum']:g} points of {card['id']}."
    return f"{head}\n{show.table([('Points lost', 'characteristic', 'for want of'), *lost], '><<', header=True)}"
