"""What a clinic is called by its name and state, and when two spellings or two addresses are the same."""

import polars as pl

from icp_engine.extract.normalized_names import normalized_name

CUT = 30  # characters of a name in the list of exclusions
_LEGAL = ("p l l c", "l l l p", "l l c", "l l p", "d d s", "d m d", "p s c", "l p", "p a", "p c", "m d", "d o")
_JOINED = {"".join(f"<{letter}>" for letter in word.split()): f"({word.replace(' ', '')})" for word in _LEGAL}
_INITIALS = r"(?:^|-)[a-z]-[a-z](?:-|$)"
_SUITE = (
    r"[\s,]+(?:(?:SUITE|STE|FLOOR|FLR|FL|UNIT|ROOM|RM|APT)\b\s*#?\s*[A-Z0-9-]*|#\s*[A-Z0-9-]+"
    r"|\d+(?:ST|ND|RD|TH)\s+(?:FLOOR|FLR|FL)\b).*$"
)


def slug(name: pl.Expr) -> pl.Expr:
    """Return a name in lower case with one hyphen for every run of other characters than a-z and 0-9."""
    return name.str.to_lowercase().str.replace_all(r"[^a-z0-9]+", "-")


def same_name(slugs: pl.Expr) -> pl.Expr:
    """Return what all spellings of a name share: its slug without hyphens at its ends, initials joined.

    `smith-m-d-p-a-` and `smith-md-pa` are the same: initials that stand for a legal form or a degree are joined first.
    A name in which nothing of a-z and 0-9 stands is missing.
    """
    some = pl.when(slugs.str.contains(_INITIALS)).then(slugs)  # a quarter of all; the others cost nothing more
    marked = pl.concat_str(pl.lit("-"), some, pl.lit("-")).str.replace_all("-", "--", literal=True)
    marked = marked.str.replace_all(r"-([a-z])-", "<$1>")
    joined = marked.str.replace_many(_JOINED, leftmost=True).str.replace_all("><", "", literal=True)
    plain = pl.coalesce(joined.str.replace_all(r"[<>()-]+", "-"), slugs).str.strip_chars("-")
    return pl.when(plain != "").then(plain)


def name_keys(column: str, key: str = "name_key") -> tuple[pl.Expr, pl.Expr]:
    """Return the normalised name of a column, and that of its first 30 characters, under `key` and `key` + `_cut`."""
    name = pl.col(column)
    longer = pl.when(name.str.len_chars() > CUT).then(name.str.slice(0, CUT))
    whole = normalized_name(name)
    return whole.alias(key), pl.coalesce(normalized_name(longer), whole).alias(f"{key}_cut")


def street(line: pl.Expr) -> pl.Expr:
    """Return the first line of an address as it is compared: upper case, without suite, floor or unit."""
    plain = line.str.to_uppercase().str.replace_all(r"[.,]", " ").str.replace(_SUITE, "")
    plain = plain.str.replace_all(r"\s+", " ").str.strip_chars(" ")
    return pl.when(plain != "").then(plain)
