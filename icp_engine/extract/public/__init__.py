"""Files that federal agencies publish: one reader per file, each knowing its layouts and quirks."""
