"""Pictures of a run: aggregates chosen in SQL, one pure function per figure, pages that need no network."""
