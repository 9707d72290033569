"""A scorecard as one SQL statement, for data that stays in the warehouse where it is."""
