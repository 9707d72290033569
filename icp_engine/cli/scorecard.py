"""`icp-engine scorecard`: list, show, check and compare scorecards."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from icp_engine.cli import documents, options, show

if TYPE_CHECKING:
    from icp_engine.errors import Problem
    from icp_engine.extract.reading import Reading
    from icp_engine.scorecard.model import Scorecard
    from icp_engine.scorecard.outcomes import CategoryOutcomes, CharacteristicOutcomes


@click.group("scorecard")
def command() -> None:
    """List, show, check and compare scorecards.

    \b
    Examples:
      icp-engine scorecard list
      icp-engine scorecard check mine.toml
      icp-engine scorecard diff icp mine.toml
    """


@command.command("list")
@options.as_json
def list_command(as_json: bool) -> None:
    """List the scorecards that come with the program.

    \b
    Example:
      icp-engine scorecard list
    """
    from icp_engine.scorecard.loader import load_scorecard
    from icp_engine.scorecard.toml.source import shipped_names

    cards = [load_scorecard(name) for name in shipped_names()]
    if as_json:
        show.emit(
            [{"id": card.id, "version": card.version, "title": card.title, "extends": card.extends} for card in cards]
        )
    else:
        rows = [(card.id, card.version, f"{card.maximum:g} points", card.title) for card in cards]
        show.say(show.table(rows, "<<><"))


@command.command("show")
@click.argument("name", default="icp")
@options.as_json
def show_command(name: str, as_json: bool) -> None:
    """Show what a scorecard gives points for. NAME is a shipped scorecard or a .toml file.

    \b
    Examples:
      icp-engine scorecard show icp
      icp-engine scorecard show mine.toml --json
    """
    from icp_engine.scorecard.loader import load_scorecard

    card = load_scorecard(name)
    if as_json:
        show.emit({"hash": card.hash, **card.content})
    else:
        show.say(_text(card))


@command.command("check")
@click.argument("paths", nargs=-1, required=True, metavar="NAME|FILE...")
def check_command(paths: tuple[str, ...]) -> None:
    """Check scorecards and the worked examples inside them; all mistakes at once, with their lines.

    Exits with 3 when there is a mistake.

    \b
    Examples:
      icp-engine scorecard check mine.toml
      icp-engine scorecard check icp icp-2025-11
    """
    from icp_engine.errors import GateError, ScorecardError
    from icp_engine.scorecard.loader import load_scorecard
    from icp_engine.scoring.examples import failing_examples

    problems: list[Problem] = []
    for path in paths:
        try:
            card = load_scorecard(path)
        except ScorecardError as error:
            problems += error.problems
            continue
        failing = failing_examples(card)
        problems += failing
        if not failing:
            bands = sum(len(rule.bands) for rule in card.characteristics)
            show.say(
                f"{path}: {card.id} {card.version} is sound: {len(card.characteristics)} characteristics, "
                f"{bands} bands, {len(card.examples)} worked {'example' if len(card.examples) == 1 else 'examples'}"
            )
    if problems:
        count = "1 mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
        raise GateError("\n".join([f"{count} found.", *map(str, problems)]))


@command.command("sql")
@click.argument("card", metavar="NAME|FILE")
@click.option(
    "--dialect",
    required=True,
    metavar="NAME",
    help="duckdb, spark, databricks, snowflake, bigquery, trino or redshift.",
)
@click.option(
    "--types",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="CSV of column,type of the table; see below. Each field in its own type unless given.",
)
@click.option("--table", default="clinics", show_default=True, help="The table, with its schema where it needs one.")
def sql_command(card: str, dialect: str, types: Path | None, table: str) -> None:
    """Print one SQL statement that scores a table where it is: scores, tier, segment, bands and reason codes.

    What it does not do, and where the dialect differs from a run, stands at its beginning.

    FILE has a line for each column, with the header column,type, as information_schema.columns gives it. A third
    column, field, says which field a column is that is called otherwise; a fourth, reading, that numbers in text are
    written with a 'decimal comma', or what separates the items of lists in text: ; , | or line. Fields without a column
    are missing for all.

    \b
    Examples:
      icp-engine scorecard sql icp --dialect snowflake --table crm.public.clinics
      icp-engine scorecard sql mine.toml --dialect duckdb --types columns.csv
    """
    from icp_engine.scorecard.loader import load_scorecard
    from icp_engine.statements.dialects import find_dialect, require_sqlglot

    loaded, found = load_scorecard(card), find_dialect(dialect)
    require_sqlglot()
    from icp_engine.statements.source import read_columns
    from icp_engine.statements.statement import statement

    columns = None if types is None else read_columns(types, loaded, found)
    click.echo(statement(loaded, found, table=table, columns=columns), nl=False)


@command.command("schema")
@click.option("--rules", type=click.Choice(["sla", "owners", "hooks"]), help="A file of rules of partners instead.")
def schema_command(rules: str | None) -> None:
    """Print the JSON Schema of the scorecard format, for editors that complete and check while you write.

    Write it into scorecard.schema.json beside your scorecard.

    Taplo and VS Code (with Even Better TOML) find it by the first line of a scorecard:
    #:schema ./scorecard.schema.json

    \b
    Examples:
      icp-engine scorecard schema
      icp-engine scorecard schema --rules sla
    """
    from icp_engine.partnerships.formats import schema_content
    from icp_engine.scorecard.toml.schema import as_text, scorecard_schema

    schema = scorecard_schema() if rules is None else schema_content(rules)
    click.echo(as_text(schema), nl=False)


@command.command("diff")
@click.argument("old")
@click.argument("new")
@click.option("--extract", "-e", multiple=True, metavar="PATH", help="Clinics to score with both. Repeat for more.")
@options.optional_warehouse
@options.mapping
@options.mapping_file
@options.reading
@click.option(
    "--top",
    type=click.IntRange(1),
    metavar="N",
    help="How many of the best to follow; 1000, and at most a tenth of all, unless given.",
)
@click.option(
    "--max-churn", type=options.Share(), metavar="5%",
    help="Exit with 3 where more of the top than this leave it.",
)  # fmt: skip
@options.html_page
@options.temp_dir
@options.threads
@options.as_json
def diff_command(
    old: str,
    new: str,
    extract: tuple[str, ...],
    warehouse: Path | None,
    mapping: tuple[tuple[str, str], ...],
    mapping_file: Path | None,
    reading: "Reading",
    top: int | None,
    max_churn: float | None,
    html: Path | None,
    temp_dir: Path | None,
    as_json: bool,
) -> None:
    """Show what changes from scorecard OLD to NEW: in the rules, and for the clinics that are named.

    Which rules differ, in words; who moves between tiers, by state and segment; whose score changes
    the most and by which characteristic; how far scores shift (PSI); and who leaves the top.
    OLD and NEW are shipped scorecards or .toml files.

    \b
    Examples:
      icp-engine scorecard diff icp mine.toml
      icp-engine scorecard diff icp mine.toml --extract clinics.parquet --html diff.html
      icp-engine scorecard diff icp mine.toml --warehouse warehouse --max-churn 5%
    """
    from icp_engine.display import percent
    from icp_engine.errors import GateError
    from icp_engine.scorecard.loader import load_scorecard
    from icp_engine.workbench.diff import diff_cards, diff_clinics

    cards = load_scorecard(old), load_scorecard(new)
    source = options.source(extract, warehouse, options.fields_by_column(mapping, file=mapping_file), reading, temp_dir)
    if source is None:
        if max_churn is not None:
            raise click.UsageError("--max-churn needs clinics: name them with --extract or --warehouse.")
        documents.print_document(diff_cards(*cards), as_json=as_json, html=html)
        return
    with show.Progress(quiet=as_json) as progress, options.reading_errors(source.patterns):
        progress("score", 0, 0)
        document, churn = diff_clinics(source, *cards, top)
    documents.print_document(document, as_json=as_json, html=html)
    if max_churn is not None and churn > max_churn:
        raise GateError(f"{percent(churn)} of the top leave it, more than --max-churn {percent(max_churn)} allows.")


@command.command("usage")
@click.argument("card", required=False)
@click.option("--extract", "-e", multiple=True, metavar="PATH", help="Clinics to score. Repeat for more.")
@options.optional_warehouse
@click.option(
    "--against", multiple=True, metavar="PATH",
    help="An earlier extract, or a warehouse, to see how far fields have drifted. Repeat for more files.",
)  # fmt: skip
@options.mapping
@options.mapping_file
@options.reading
@options.html_page
@options.temp_dir
@options.threads
@options.as_json
def usage_command(
    card: str | None,
    extract: tuple[str, ...],
    warehouse: Path | None,
    against: tuple[str, ...],
    mapping: tuple[tuple[str, str], ...],
    mapping_file: Path | None,
    reading: "Reading",
    html: Path | None,
    temp_dir: Path | None,
    as_json: bool,
) -> None:
    """Show which bands clinics land in, which never fire, and how far fields have drifted.

    CARD is a shipped scorecard or a .toml file; of a warehouse it is the scorecard of its run
    unless another is named.

    \b
    Examples:
      icp-engine scorecard usage icp --extract clinics.parquet
      icp-engine scorecard usage --warehouse warehouse
      icp-engine scorecard usage mine.toml --extract may.parquet --against april.parquet
    """
    from icp_engine.scorecard.loader import load_scorecard
    from icp_engine.workbench.usage import usage

    fields = options.fields_by_column(mapping, file=mapping_file)
    source = options.source(extract, warehouse, fields, reading, temp_dir)
    if source is None:
        raise click.UsageError("Name clinics with --extract or --warehouse.")
    chosen = source.run.card if source.run and card is None else load_scorecard(card or "icp")
    published = len(against) == 1 and (Path(against[0]) / "run.json").exists()
    earlier = (
        options.source((), Path(against[0]), fields, reading, temp_dir)
        if published
        else options.source(against, None, fields, reading, temp_dir)
    )
    with show.Progress(quiet=as_json) as progress, options.reading_errors((*source.patterns, *against)):
        progress("score", 0, 0)
        document = usage(chosen, source, earlier)
    documents.print_document(document, as_json=as_json, html=html)


def _text(card: "Scorecard") -> str:
    from icp_engine.scorecard.outcomes import outcome_table
    from icp_engine.scorecard.words import tie_breaks

    origin = f", extends {card.extends}" if card.extends else ""
    parts = [f"{card.title}\n{card.id} {card.version}{origin}, {card.maximum:g} points, hash {card.hash[:12]}"]
    parts += [_category(category, card) for category in outcome_table(card).categories]
    for heading, tiers in (("Tiers", card.tiers), ("Network tiers", card.network_tiers)):
        if tiers:
            rows = [(tier.label, card.edges(tier), tier.meaning) for tier in tiers]
            parts.append(f"{heading}\n{show.table(rows, '<<<', indent='  ')}")
    parts.append(tie_breaks(card))
    if card.segments:
        parts.append(f"Segments\n{show.table(list(card.segments.items()), '<<', indent='  ')}")
    return "\n\n".join(parts)


def _category(category: "CategoryOutcomes", card: "Scorecard") -> str:
    from icp_engine.scorecard.words import caveats

    head = f"{category.rule.label}, at most {category.rule.maximum:g} points"
    notes = [f"  {note}" for note in caveats(category, card)]
    return "\n".join([head, *notes, *(_characteristic(part) for part in category.parts)])


def _characteristic(part: "CharacteristicOutcomes") -> str:
    from icp_engine.scorecard.words import looks_at, rules

    rows = [(rule.band, rule.points, rule.says) for rule in rules(part)]
    return f"  {part.rule.label} ({looks_at(part.rule)})\n{show.table(rows, '<><', indent='    ')}"
