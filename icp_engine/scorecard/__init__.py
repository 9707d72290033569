"""Scorecards: the model, its loader and checker, its compiler to Polars, its explanation."""
