"""Finds and runs the files of sql/; the one place that opens DuckDB."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl
import pyarrow as pa

from icp_engine.errors import InputError, first_line

if TYPE_CHECKING:  # loaded where it is used: a run without networks does without
    import duckdb

_T = TypeVar("_T")
BATCH = 122_880  # rows; what DuckDB reads at once
_HERE = Path(__file__).resolve().parent
FOLDER = _HERE / "sql" if (_HERE / "sql").is_dir() else _HERE.parent / "sql"  # in a wheel, or in a checkout


def sql_text(name: str) -> str:
    """Return the text of `sql/NAME.sql`; the name may lead into a folder, `audits/one_anchor`."""
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def sql_names(folder: str) -> list[str]:
    """Return the names of the files of a folder of sql/, sorted, as `sql_text` takes them."""
    return sorted(f"{folder}/{path.stem}" for path in (FOLDER / folder).glob("*.sql"))


def header(text: str) -> list[str]:
    """Return the lines of the comment that a SQL file starts with, without their dashes."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    return lines


def quoted(name: str) -> str:
    """Return the name of a column, a table or a view as SQL wants it."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class Database:
    """An open DuckDB connection."""

    connection: "duckdb.DuckDBPyConnection"

    def run(self, statement: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Run a statement for its effect.

        Raises:
            InputError: DuckDB cannot do it, for want of space for example.
        """
        with _translate_errors():
            self._awaited(lambda: self.connection.execute(statement, dict(parameters or {})))

    def frame(self, query: str, parameters: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """Return the rows of a query.

        Raises:
            InputError: the query is wrong, or wants to write to a read-only database.
        """
        try:
            with _translate_errors():
                relation = self.connection.sql(query, params=dict(parameters) if parameters else None)
                if relation is None:
                    raise InputError("That statement returns no rows; give a query such as select or describe.")
                if "INTERVAL" in map(str, relation.types):  # of which Polars has no type
                    columns = zip(relation.columns, map(str, relation.types), strict=True)
                    relation = relation.project(", ".join(_readable(*column) for column in enumerate(columns, 1)))
                found = pl.from_arrow(self._awaited(relation.to_arrow_table))
        except pl.exceptions.PolarsError as error:
            raise InputError(f"The rows cannot be shown ({first_line(error)}).") from error
        assert isinstance(found, pl.DataFrame)
        return found

    @contextmanager
    def batches(self, query: str) -> Iterator[pa.RecordBatchReader]:
        """Give the rows of a query in batches, each made when it is asked for.

        Raises:
            InputError: the query is wrong, or its rows cannot be read.
        """
        with _translate_errors():
            reader = self.connection.sql(query).to_arrow_reader(BATCH)
            yield pa.RecordBatchReader.from_batches(reader.schema, _each(reader))

    def row(self, query: str, parameters: Mapping[str, Any] | None = None) -> tuple[Any, ...] | None:
        """Return the first row of a query, or none: the quick way for a single one.

        Raises:
            InputError: the query is wrong.
        """
        with _translate_errors():
            return self._awaited(lambda: self.connection.execute(query, dict(parameters or {})).fetchone())

    def rows(self, query: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Return the rows of a query as Python has them: for a few, which then cost half of what a frame does.

        Raises:
            InputError: the query is wrong.
        """
        with _translate_errors():
            return self._awaited(lambda: self.connection.execute(query, dict(parameters or {})).fetchall())

    def _awaited(self, work: Callable[[], _T]) -> _T:
        """Return what `work` does with the connection; a signal ends it at once.

        DuckDB looks for signals between two of its tasks only, and one task can take minutes. The main thread, to which
        Python gives all signals, waits instead and tells DuckDB to stop.
        """
        if threading.current_thread() is not threading.main_thread():
            return work()
        done: Future[_T] = Future()
        worker = threading.Thread(target=_settle, args=(done, work), daemon=True)
        try:
            worker.start()
            while wait([done], timeout=1).not_done:  # in turns: on Windows no signal ends a wait
                pass
        except BaseException:
            while worker.is_alive() and wait([done], timeout=0.05).not_done:
                self.connection.interrupt()  # said again: a query that begins at this moment forgets it
            raise
        return done.result()

    @contextmanager
    def cursor(self) -> Iterator["Database"]:
        """Give a connection of its own to the same database: two threads may use two at once, but not one."""
        connection = self.connection.cursor()
        try:
            yield Database(connection)
        finally:
            connection.close()

    def table(self, name: str, query: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Make a table of the rows of a query, in place of one of that name; all names are the engine's own."""
        self.run(f'create or replace table "{name}" as {query}', parameters)

    def view(self, name: str, query: str, columns: Sequence[str] = ()) -> None:
        """Make a view; the name is one of the engine's own. Its columns are called as the query says, or as given."""
        listed = f" ({', '.join(map(quoted, columns))})" if columns else ""
        self.run(f"create view {quoted(name)}{listed} as {query}")

    def copy(self, name: str, frame: pl.DataFrame) -> None:
        """Make a table of a frame."""
        self.register(f"{name} to copy", frame)
        self.table(name, f'from "{name} to copy"')
        self.connection.unregister(f"{name} to copy")

    def limit_memory(self, memory_limit: int) -> None:
        """Take at most so many bytes from now on, beyond which DuckDB writes to its folder for that."""
        self.run(f"set memory_limit = '{memory_limit}B'")

    def forget(self, *names: str) -> None:
        """Give back what tables and registered frames hold; a name that is not there is no error."""
        for name in names:
            self.connection.unregister(name)
            self.run(f"drop table if exists {quoted(name)}")

    def append(self, name: str, rows: pa.Table) -> None:
        """Add rows to a table, which is made of the first ones."""
        self.connection.register("rows to append", rows)
        if name not in {table for _, table in self.relations()}:
            self.table(name, 'from "rows to append" limit 0')
        self.run(f'insert into "{name}" from "rows to append"')
        self.connection.unregister("rows to append")

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Have the disk hold what is done inside in one go, which is quicker than step by step."""
        self.run("begin")
        yield
        self.run("commit")

    def write_partitioned(self, name: str, folder: Path, column: str) -> None:
        """Write a view as Parquet, a folder `column=value` for each value."""
        target, by = str(folder).replace("'", "''"), column.replace('"', '""')
        self.run(f'copy (from "{name}") to \'{target}\' (format parquet, compression zstd, partition_by ("{by}"))')

    def try_index(self, index: str, table: str, column: str) -> bool:
        """Make an index; return whether it could be made: unlike all else it has to fit into memory as a whole."""
        from duckdb import OutOfMemoryException

        with _translate_errors():
            try:
                self.connection.execute(f'create index "{index}" on "{table}" ("{column}")')
            except OutOfMemoryException:
                return False
        return True

    def relations(self) -> list[tuple[str, str]]:
        """Return the tables and views of the current database: `table` or `view`, and the name."""
        found = self.connection.execute(
            "select case table_type when 'VIEW' then 'view' else 'table' end, table_name "
            "from information_schema.tables where table_catalog = current_database() order by all"
        )
        return [(str(kind), str(name)) for kind, name in found.fetchall()]

    def columns(self, name: str) -> list[str]:
        """Return the columns of a table or view."""
        return self.columns_of(f"from {quoted(name)}")

    def columns_of(self, query: str) -> list[str]:
        """Return the columns of a query."""
        return [str(row[0]) for row in self.connection.execute(f"describe {query}").fetchall()]

    def described(self) -> list[tuple[str, str, str]]:
        """Return name, kind and comment of every table and view, tables first."""
        found = self.connection.execute(
            "select table_name, 'table', comment from duckdb_tables() where not internal "
            "and database_name = current_database() union all "
            "select view_name, 'view', comment from duckdb_views() where not internal "
            "and database_name = current_database() order by 2, 1"
        )
        return [(str(name), str(kind), str(text)) for name, kind, text in found.fetchall()]

    def described_columns(self, name: str) -> list[tuple[str, str, str]]:
        """Return name, type and comment of every column of a table or view, in order."""
        found = self.connection.execute(
            "select column_name, data_type, comment from duckdb_columns() "
            "where table_name = $name and database_name = current_database() order by column_index",
            {"name": name},
        )
        return [(str(column), str(kind), str(text)) for column, kind, text in found.fetchall()]

    def comment(self, comments: Iterable[tuple[str, str, str]]) -> None:
        """Comment on tables, views and columns, all at once: kind, name (of a column `table.column`) and text."""
        self.run(";".join(_comment(*comment) for comment in comments))

    def register(self, name: str, frame: pl.DataFrame) -> None:
        """Make a frame readable under a name, without a copy where the types allow."""
        self.connection.register(name, frame.to_arrow(compat_level=pl.CompatLevel.newest()))

    def view_parquet(self, name: str, *paths: Path) -> None:
        """Make Parquet files of the same columns readable under a name.

        Raises:
            InputError: one is not there, or not whole.
        """
        with _translate_errors(f"{', '.join(map(str, paths))} cannot be read"):
            self.connection.read_parquet([str(path) for path in paths]).create_view(name)


def _comment(kind: str, name: str, text: str) -> str:
    target = ".".join(map(quoted, name.split(".", 1)))
    return f"comment on {kind} {target} is '" + text.replace("'", "''") + "'"


@contextmanager
def database(
    path: Path | None = None,
    *,
    read_only: bool = False,
    memory_limit: int | None = None,
    threads: int | None = None,
    temp_dir: Path | None = None,
) -> Iterator[Database]:
    """Open DuckDB: in memory, or a file.

    Args:
        path: the file; in memory unless given.
        read_only: nothing can be changed, neither in the file nor beside it.
        memory_limit: bytes; beyond it DuckDB writes to `temp_dir`.
        threads: how many; as many as Polars has unless given.
        temp_dir: where intermediate results go.

    Raises:
        InputError: the file is not a DuckDB database, or somebody writes to it.
    """
    import duckdb

    config: dict[str, Any] = {"autoinstall_known_extensions": False}
    if memory_limit is not None:
        config["memory_limit"] = f"{memory_limit}B"
    config["threads"] = threads or pl.thread_pool_size()
    if temp_dir is not None:
        config["temp_directory"] = str(temp_dir)
    if read_only:
        config["enable_external_access"] = False
    with _translate_errors(f"{path} cannot be opened"):
        connection = duckdb.connect(
            str(path) if path else ":memory:", read_only=read_only and path is not None, config=config
        )
    try:
        yield Database(connection)
    finally:
        connection.close()


@contextmanager
def new_file(path: Path, *, memory_limit: int, temp_dir: Path) -> Iterator[Database]:
    """Make a DuckDB file that every client from 1.1 on opens, and have it written when the context is left.

    Raises:
        InputError: the file cannot be written.
    """
    with database(memory_limit=memory_limit, temp_dir=temp_dir) as db:
        db.run(f"attach '{str(path).replace(chr(39), chr(39) * 2)}' as icp (storage_version 'v1.0.0')")
        db.run(
            "set disabled_compression_methods = 'fsst,dict_fsst,zstd,chimp,patas'"
        )  # a quarter slower, a fifth smaller
        db.run("set experimental_metadata_reuse = false")  # DuckDB 1.4 does not find what was kept from a write before
        db.run("use icp")  # the name that readers see, which is that of the file: older clients want it to be the same
        yield db
        db.run("checkpoint")
        db.run("use memory")
        db.run("detach icp")


def _settle(future: Future[_T], work: Callable[[], _T]) -> None:
    try:
        future.set_result(work())
    except BaseException as error:  # raised anew where the result is asked for
        future.set_exception(error)


def _each(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """Yield the batches of DuckDB; its errors come as those of Arrow."""
    try:
        yield from reader
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"The rows cannot be read ({first_line(error)}).") from error


def _readable(place: int, column: tuple[str, str]) -> str:
    name, kind = column
    value = f"cast(#{place} as varchar)" if kind == "INTERVAL" else f"#{place}"
    return value + ' as "' + name.replace('"', '""') + '"'


@contextmanager
def _translate_errors(what: str = "") -> Iterator[None]:
    """Say in one sentence what DuckDB says, without the kind of error in front; `what` goes before it.

    A signal that ends a query ends what was to come of it too, as anywhere else.
    """
    import duckdb

    try:
        yield
    except duckdb.InterruptException as error:
        raise KeyboardInterrupt from error
    except duckdb.Error as error:
        said = str(error).strip().split("\n\n")[0].replace("\n", " ")
        raise InputError(f"{what}: {said}" if what else said) from error
