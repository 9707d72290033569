"""`icp-engine validate`: what an extract holds, before anything is scored."""

from dataclasses import asdict
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from icp_engine.cli import documents, intake, options, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from icp_engine.extract.findings import Step
    from icp_engine.extract.reading import Reading
    from icp_engine.extract.validate import Validation

_SHOWN = 12  # columns
_FLAG = ParameterSource.COMMANDLINE
_FILES = 5  # that commands repeat; the shell may have made thousands of a pattern


@click.command("validate")
@options.extract
@options.scorecards
@options.mapping
@options.mapping_file
@options.reading
@click.option(
    "--write-mapping", "written", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Write which column each field is read from, as TOML for --mapping.",
)  # fmt: skip
@options.html_page
@options.temp_dir
@options.threads
@options.as_json
def command(
    extract: tuple[str, ...],
    scorecards: tuple[str, ...],
    mapping: tuple[tuple[str, str], ...],
    mapping_file: Path | None,
    reading: "Reading",
    written: Path | None,
    html: Path | None,
    temp_dir: Path | None,
    as_json: bool,
) -> None:
    """Tell everything about an extract; publish nothing.

    Whether tier 1 is in reach and what to do next, with commands; which column was matched to which
    field and why; what is missing, invalid, suspicious or matched by no phrase, and what that costs.

    \b
    Examples:
      icp-engine validate clinics.parquet
      icp-engine validate export.csv --map clinic_id=NPI --scorecard icp-2025-11
      icp-engine validate export.csv --write-mapping ours.toml
      icp-engine validate export.csv --html validation.html
    """
    from icp_engine.extract.findings import next_steps, verdict
    from icp_engine.extract.mapping import write_mapping
    from icp_engine.extract.validate import validate, validation_content
    from icp_engine.warehouse.switch import check_outside

    if written is not None:
        check_outside(written)
    with show.Progress(quiet=as_json) as progress, options.reading_errors(extract):
        progress("validate", 0, 0)
        found = validate(
            extract, scorecards[0], options.fields_by_column(mapping, file=mapping_file), temp_dir, reading
        )
    if written is not None:
        write_mapping(written, found.extract.matches, found.description.carried_columns)
    steps = next_steps(found, _words(extract, scorecards, mapping, mapping_file))
    if html is not None:
        with options.extra("charts"):
            from icp_engine.report.render import validation_page
        documents.write_page(validation_page(found, steps), html)
    if as_json:
        content = validation_content(found) | {
            "verdict": verdict(found),
            "next_steps": [asdict(step) for step in steps],
        }
        show.emit(content)
    else:
        show.say(_text(found, verdict(found), steps))
    for name in scorecards[1:]:
        show.say(f"Of {scorecards[0]} alone; -s {name} tells the same of {name}.", err=True)
    if html is not None:
        show.say(f"Page: {html}", err=True)


def _words(
    extract: tuple[str, ...],
    scorecards: tuple[str, ...],
    mapping: tuple[tuple[str, str], ...],
    mapping_file: Path | None,
) -> list[str]:
    """Return the words to repeat in the commands of next steps; what was no flag holds there without being said."""
    given = {
        "scorecards": [word for name in scorecards for word in ("--scorecard", name)],
        "mapping_file": ["--mapping", str(mapping_file)],
        "mapping": [word for field, column in mapping for word in ("--map", f"{field}={column}")],
    }
    source = click.get_current_context().get_parameter_source
    files = list(extract) if len(extract) <= _FILES else ["EXTRACT"]
    return files + [word for name, words in given.items() if source(name) is _FLAG for word in words]


def _text(found: "Validation", sentences: "Sequence[str]", steps: "Sequence[Step]") -> str:
    from icp_engine.networks.evidence import carried_columns

    profile, carried = found.profile, found.description.carried_columns
    parts = [
        "\n".join(sentences),
        "\n".join(["Next", *(line for number, step in enumerate(steps, 1) for line in _step(number, step))]),
        show.table([(file.path, f"{file.rows:,} rows") for file in found.extract.files], "<>"),
        *(["\n".join(found.notes)] if found.notes else []),
        show.table(
            [("Field", "column", "there", "missing", "invalid", "worth", "examples"), *_fields(found)],
            "<<>>>><",
            header=True,
        ),
    ]
    evidence, unread = carried_columns(found)
    told = [f"Read for networks, beside names: {', '.join(evidence)}"] if evidence else []
    if unread:
        more = len(unread) - _SHOWN
        names = ", ".join(unread[:_SHOWN])
        told.append(f"Carried through, not read: {names}{f' and {more} more' if more > 0 else ''}")
    parts += ["\n".join(told)] if told else []
    troubles = [f"Renamed: {line}" for line in intake.renamed(found.description.renamed_columns, carried)]
    parts += [intake.searched(field) for field in found.searched]
    parts.append(_reach(found))
    if profile.suspicions:
        troubles.append("\n".join(["Suspicious ids", *(f"  {line}" for line in intake.suspicious(profile.suspicions))]))
    return "\n\n".join([*parts, *troubles])


def _step(number: int, step: "Step") -> list[str]:
    """Return a step as lines; the command stands on one of its own, whole, so that it can be copied."""
    indent = " " * 4
    text = fill(step.text, show.width(), initial_indent=f"{number:>3} ", subsequent_indent=indent)
    return [text, *([indent + step.command] if step.command else [])]


def _fields(found: "Validation") -> list[tuple[str, ...]]:
    rows = found.profile.rows
    cells: list[tuple[str, ...]] = []
    for name, field in found.description.fields.items():
        column = intake.column(name, field)
        there = show.percent(field.given / rows)
        invalid = f"{field.invalid:,}" if field.invalid else ""
        clipped = f"{field.clipped:,} above scale" if field.clipped else ""
        examples = ", ".join(show.cut(repr(value), 24) for value in field.examples[:3])
        words = f"{field.absent_words:,} NA and the like" if field.absent_words else ""
        worth = f"{found.worth[name]:g}" if found.worth.get(name) else ""
        missing = show.percent(field.missing / rows)
        cells.append((name, column, there, missing, invalid, worth, examples or clipped or words))
    return cells


def _reach(found: "Validation") -> str:
    card, described = found.card, found.description
    if not described.out_of_reach:
        return f"All {card.maximum:g} points of {card.id} are within reach."
    lost = [(f"{part.points:g}", part.characteristic, ", ".join(part.fields)) for part in described.out_of_reach]
    head = f"Within reach with this extract: {described.reachable:g} of the {card.maximum:g} points of {card.id}."
    return f"{head}\n{show.table([('Points lost', 'characteristic', 'for want of'), *lost], '><<', header=True)}"
