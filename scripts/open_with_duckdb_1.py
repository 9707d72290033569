"""Opens a warehouse file with a DuckDB 1.x client and reads every table and view.

python scripts/open_with_duckdb_1.py warehouse/icp.duckdb

CI runs it in an environment of its own.
"""

import sys

import duckdb


def main(path: str) -> None:
    """Read the first rows of everything in the file."""
    if not duckdb.__version__.startswith("1."):
        sys.exit(f"This is DuckDB {duckdb.__version__}; the check is for 1.x.")
    connection = duckdb.connect(path, read_only=True)
    names = [row[0] for row in connection.execute("select table_name from information_schema.tables").fetchall()]
    for name in names:
        rows = connection.execute(f'select * from "{name}" limit 5').fetchall()
        print(f"{name}: {len(rows)} rows read")
    # Another plan than for one clinic, and one that DuckDB 1.4 never ended: hundreds of ids at once.
    many = "(select list(clinic_id) from (select clinic_id from clinics limit 5000))"
    entries = connection.execute(f"select count(*) from bibliography_of({many})").fetchall()[0][0]
    print(f"bibliography_of many: {entries} entries read")
    if not connection.execute("select count(*) from clinics").fetchall()[0][0]:
        sys.exit("The file has no clinics.")
    print(f"DuckDB {duckdb.__version__} reads {len(names)} tables and views.")


if __name__ == "__main__":
    main(sys.argv[1])
