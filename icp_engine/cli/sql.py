"""`icp-engine sql`: ad-hoc queries over the warehouse file."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from icp_engine.cli import options, show

if TYPE_CHECKING:
    import polars as pl

_SHOWN = 40  # rows on a terminal
_CELL = 60


@click.command("sql")
@click.argument("query", required=False)
@click.option("--file", "file", type=click.Path(dir_okay=False, path_type=Path), help="Read the query from a file.")
@options.warehouse
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@options.as_json
@click.option("--parquet", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write Parquet.")
def command(
    query: str | None, file: Path | None, warehouse: Path, as_csv: bool, as_json: bool, parquet: Path | None
) -> None:
    """Run a query over the published run, read-only. `show tables` lists what there is.

    \b
    Examples:
      icp-engine sql "select * from tier_by_state where state_code = 'TX'"
      icp-engine sql --file sql/analyst/anchors_by_state.sql --csv
      icp-engine sql "from networks_icp" --parquet networks.parquet
    """
    from icp_engine.named_files import read_text
    from icp_engine.published.lists import query as ask
    from icp_engine.published.lists import write_list
    from icp_engine.published.run import open_run

    if (query is None) == (file is None):
        raise click.UsageError("Give a query, or --file with one.")
    if parquet is not None and parquet.suffix.lower() != ".parquet":
        raise click.UsageError(f"--parquet {parquet} would not end in .parquet; name it {parquet.name}.parquet.")
    text = query if file is None else read_text(file, "--file")
    found = ask(open_run(warehouse), str(text))
    if parquet is not None:
        write_list(found, parquet)
    elif as_csv:
        from icp_engine.tables.writer import flat

        show.csv(flat(found).write_csv().encode())
    elif as_json:
        show.emit(found.to_dicts())
    else:
        show.say(_table(found))


def _table(found: "pl.DataFrame") -> str:
    align = "".join(">" if dtype.is_numeric() else "<" for dtype in found.dtypes)
    rows = [[_cell(value) for value in row] for row in found.head(_SHOWN).iter_rows()]
    text = show.table([found.columns, *rows], align, header=True)
    left = len(found) - _SHOWN
    more = f"\n({left:,} more rows; --csv, --json and --parquet give all)" if left > 0 else ""
    return f"{text}{more}" if len(found) else f"{', '.join(found.columns)}\n(no rows)"


def _cell(value: object) -> str:
    return "" if value is None else show.cut(str(value), _CELL)
