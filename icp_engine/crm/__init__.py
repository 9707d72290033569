"""The hand-off to a CRM: files that its importer takes, changed rows only, checked before and reversible after."""
