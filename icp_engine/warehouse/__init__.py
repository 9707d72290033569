"""The folder that runs publish into, and the DuckDB file in it."""
