"""From a TOML file to the model of a scorecard, every mistake at once."""
