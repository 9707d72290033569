"""One run, from an extract to a published folder."""
