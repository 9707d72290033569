"""Data through a scorecard, in Polars."""
