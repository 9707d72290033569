"""The dialects of SQL that statements are written in, and what is known of each."""

from dataclasses import dataclass
from importlib.util import find_spec

from icp_engine.distribution import install_extra
from icp_engine.errors import InputError, did_you_mean


@dataclass(frozen=True, slots=True)
class Dialect:
    """A dialect of SQL.

    Attributes:
        name: what sqlglot calls it.
        executed: whether the tests of this package run statements there and compare every row.
        wide: the type that holds whole numbers of 38 digits.
        escapes: whether a text literal can spell a character by its number.
        composes: the function that puts a letter and its accent together, with what follows the text; None where
            there is no such function.
        group: what stands before the number of a group in the replacement of a pattern; None where patterns know no
            classes of letters.
        lists: whether a list can be joined into a text.
        notes: where it differs, in sentences.
    """

    name: str
    executed: bool = False
    wide: str = "decimal(38, 0)"
    escapes: bool = False
    composes: tuple[str, ...] | None = None
    group: str | None = "\\"
    lists: bool = True
    notes: tuple[str, ...] = ()


_ACCENTS = (
    "A letter and an accent that stand as two characters are not read as one here, as the engine does: normalise "
    "texts to NFC before they are loaded."
)
_TWO_ACCENTS = (
    "A letter with several accents that stand as characters of their own may be read otherwise than by the engine."
)
_CAPITALS = (
    "Plain names are not quoted, so that they are those in capitals; a column that was made with a quoted name in "
    "small letters needs a view."
)
_REGEXP = "Patterns are those of POSIX; a number with an exponent that no double holds stops the statement."

_ALL = (
    Dialect("duckdb", executed=True, wide="int128", composes=("nfc_normalize",)),
    Dialect("spark", executed=True, escapes=True, group="$", notes=(_TWO_ACCENTS,)),
    Dialect("databricks", escapes=True, group="$", notes=(_TWO_ACCENTS,)),
    Dialect("snowflake", group=None, notes=(_ACCENTS, _CAPITALS)),
    Dialect("bigquery", composes=("normalize", "NFC")),
    Dialect("trino", composes=("normalize", "NFC"), group="$"),
    Dialect("redshift", group=None, lists=False, notes=(_ACCENTS, _REGEXP)),
)
DIALECTS = {dialect.name: dialect for dialect in _ALL}


def find_dialect(name: str) -> Dialect:
    """Return a dialect by its name.

    Raises:
        InputError: there is none of that name.
    """
    found = DIALECTS.get(name.strip().lower())
    if found is None:
        raise InputError(f"There is no dialect '{name}'{did_you_mean(name, DIALECTS)}; take {', '.join(DIALECTS)}.")
    return found


def require_sqlglot() -> None:
    """Raise where the package is not installed that spells statements.

    Raises:
        InputError: it is not.
    """
    if find_spec("sqlglot") is None:
        raise InputError(f"Statements need one more package: {install_extra('sql')}.")
