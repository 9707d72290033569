"""What a clinic is called by its name and state, and when two spellings or two addresses are the same."""

from string import ascii_lowercase

import polars as pl

from icp_engine.extract.normalized_names import normalized_name

CUT = 30  # characters of a name in the list of exclusions
_LEGAL = ("p l l c", "l l l p", "l l c", "l l p", "d d s", "d m d", "p s c", "l p", "p a", "p c", "m d", "d o")
_JOINED = {"".join(f"<{letter}>" for letter in word.split()): f"({word.replace(' ', '')})" for word in _LEGAL}
_MARKED = {f"-{letter}-": f"<{letter}>" for letter in ascii_lowercase}
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
    return slugs.map_batches(_same_names, return_dtype=pl.String, is_elementwise=True)


def _same_names(slugs: pl.Series) -> pl.Series:
    """Join initials where there are any, in a quarter of names: the others cost nothing more."""
    places = slugs.str.contains(_INITIALS).arg_true()
    if len(places):
        marked = ("-" + slugs.gather(places) + "-").str.replace_all("-", "--", literal=True)
        joined = marked.str.replace_many(_MARKED).str.replace_many(_JOINED, leftmost=True)
        plain = joined.str.replace_all("><", "", literal=True).str.replace_all(r"[<>()-]+", "-")
        slugs = slugs.scatter(places, plain)
    slugs = slugs.str.strip_chars("-")
    return slugs.set(slugs == "", None)


def with_name_keys(rows: pl.LazyFrame, column: str, key: str = "name_key") -> pl.LazyFrame:
    """Add the normalised name of a column, and that of its first 30 characters, under `key` and `key` + `_cut`."""
    name = pl.col(column)
    longer = pl.when(name.str.len_chars() > CUT).then(name.str.slice(0, CUT))
    keyed = rows.with_columns(normalized_name(name).alias(key))  # in two steps: it is the dearest part
    return keyed.with_columns(pl.coalesce(normalized_name(longer), key).alias(f"{key}_cut"))


def street(line: pl.Expr) -> pl.Expr:
    """Return the first line of an address as it is compared: upper case, without suite, floor or unit."""
    plain = line.str.to_uppercase().str.replace_all(r"[.,]", " ").str.replace(_SUITE, "")
    plain = plain.str.replace_all(r"\s+", " ").str.strip_chars(" ")
    return pl.when(plain != "").then(plain)
