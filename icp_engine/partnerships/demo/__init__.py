"""Ten practices and a contact log of our own invention, to try partnerships with."""

from pathlib import Path

PRACTICES = Path(__file__).with_name("practices.csv")
CONTACTS = Path(__file__).with_name("contacts.csv")
