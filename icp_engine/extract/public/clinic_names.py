"""What a clinic is called by its name and state, and when two spellings or two addresses are the same."""

import polars as pl

_LEGAL = ("p l l c", "l l l p", "l l c", "l l p", "d d s", "d m d", "p s c", "l p", "p a", "p c", "m d", "d o")
_JOINED = {"".join(f"<{letter}>" for letter in word.split()): f"({word.replace(' ', '')})" for word in _LEGAL}
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
    marked = pl.concat_str(pl.lit("-"), slugs, pl.lit("-")).str.replace_all("-", "--")
    marked = marked.str.replace_all(r"-([a-z])-", "<$1>")
    joined = marked.str.replace_many(_JOINED, leftmost=True).str.replace_all("><", "", literal=True)
    plain = joined.str.replace_all(r"[<>()-]+", "-").str.strip_chars("-")
    return pl.when(plain != "").then(plain)


def street(line: pl.Expr) -> pl.Expr:
    """Return the first line of an address as it is compared: upper case, without suite, floor or unit."""
    plain = line.str.to_uppercase().str.replace_all(r"[.,]", " ").str.replace(_SUITE, "")
    plain = plain.str.replace_all(r"\s+", " ").str.strip_chars(" ")
    return pl.when(plain != "").then(plain)
