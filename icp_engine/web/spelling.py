"""How pages write names, places, numbers and moments, so that people read them without a second look."""

import re
from datetime import UTC, datetime
from functools import lru_cache

from icp_engine.extract.states import NAME_OF

# Written as registered whatever stands around them: legal forms, degrees, and words that are said letter by letter.
_AS_THEY_ARE = frozenset(
    word
    for words in (
        "LLC PLLC LP LLP LLLP PC PA PLC DBA MD DO DDS DMD DPM DC OD RN NP PT OT FACP FACS MPH LCSW LMFT FQHC VA US USA",
        "UCLA NYU HCA SNF ACO ENT OB GYN OBGYN II III IV VI VII VIII IX",
    )
    for word in words.split(" ")
)
_MIXED = {"PHD": "PhD", "PSYD": "PsyD", "PH.D.": "Ph.D.", "INC.": "Inc.", "INC": "Inc", "CORP": "Corp", "LTD": "Ltd"}
_SMALL = frozenset(["and", "of", "the", "for", "in", "at", "by", "to", "on", "de", "la", "del", "los", "las", "y"])
_WORD = re.compile(r"[^\W_]+(?:['’.][^\W_]+)*\.?|\W+|_+")
_INITIALS = re.compile(r"(?:\w\.)+\w?\.?")
_ORDINAL = re.compile(r"\d+(?:ST|ND|RD|TH)")
_NOT_DIALLED = re.compile(r"[^0-9+x]", re.IGNORECASE)
_FIELD_WORDS = {word: word.upper() for word in ("oig", "leie", "fqhc", "aco", "npi", "roi", "emr", "pecos", "id")}
_DIGITS, _FEWEST = 10, 7  # of a phone here, and of one anywhere


def name(text: str | None) -> str:
    """Return a name as lists and headings write it: one in capitals in title case, one in mixed case as it is."""
    line = " ".join((text or "").split())
    if not line:
        return "No name"
    return line if line != line.upper() or line == line.lower() else _in_title_case(line)


@lru_cache(maxsize=4096)  # a page says many names several times
def _in_title_case(line: str) -> str:
    words = ["", *_WORD.findall(line), ""]
    first = next((place for place, word in enumerate(words) if word[:1].isalnum()), 0)
    return "".join(
        _word(word, small=place != first and words[place - 1].endswith(" ") and words[place + 1].startswith(" "))
        for place, word in enumerate(words)
        if word
    )


def matched_name(text: str | None) -> str:
    """Return a name as it is compared, in small letters, as lists and headings write it; another one as `name` does."""
    return name(text.upper() if text and text == text.lower() else text)


def _word(word: str, *, small: bool) -> str:
    plain = word.rstrip(".,")
    if word in _MIXED or plain in _MIXED:
        return _MIXED.get(word) or _MIXED[plain] + word[len(plain) :]
    by_letters = word in _AS_THEY_ARE or plain in _AS_THEY_ARE or len(plain) == 1 or _INITIALS.fullmatch(word)
    if by_letters or (any(sign.isdigit() for sign in word) and not _ORDINAL.fullmatch(plain)):
        return word
    lower = word.lower()
    if (small and lower in _SMALL) or _ORDINAL.fullmatch(plain):
        return lower
    capital = lower[:1].upper() + lower[1:]
    if re.match(r"mc[^\W\d]{2}", lower):
        return f"Mc{lower[2].upper()}{lower[3:]}"
    return re.sub(r"(?<=[oOdD]['’])(\w)(?=\w{2})", lambda found: found[1].upper(), capital)


def place(state: str | None) -> str:
    """Return a state in full; what is no state of the list is written as it is, and a missing one as unknown."""
    return NAME_OF.get(state, state) if state else "State unknown"


def points(value: float) -> str:
    """Return points in a sentence: two decimals at most, no trailing zeros."""
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def signed(value: float) -> str:
    """Return points that are added or taken away."""
    return "0" if not value else ("+" if value > 0 else "\N{MINUS SIGN}") + points(abs(value))


def count(number: int, singular: str, plural: str | None = None) -> str:
    """Return a number with what it counts: `1 clinic`, `2,000 clinics`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def moment(text: str) -> str:
    """Return a time of the manifest as `26 November 2026, 04:29 UTC`."""
    when = datetime.fromisoformat(text)
    when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    return f"{when.day} {when:%B %Y, %H:%M} UTC"


def phone(text: str | None) -> tuple[str, str] | None:
    """Return a phone as people read it and as a link dials it; None where there is none or it cannot be dialled."""
    if not text or not text.strip():
        return None
    dialled = _NOT_DIALLED.sub("", text).lower()
    number, _, extension = dialled.partition("x")
    digits = number.removeprefix("+")
    digits = digits.removeprefix("1") if len(digits) == _DIGITS + 1 else digits
    if not digits.isdigit() or len(digits) != _DIGITS:
        return (text.strip(), number) if sum(sign.isdigit() for sign in number) >= _FEWEST else None
    shown = f"({digits[:3]}) {digits[3:6]}-{digits[6:]}"
    return (f"{shown} ext. {extension}", f"+1{digits};ext={extension}") if extension else (shown, f"+1{digits}")


def field(text: str) -> str:
    """Return a field's name as words: `site_count` is `site count`, `oig_leie_flag` is `OIG LEIE flag`."""
    return " ".join(_FIELD_WORDS.get(word, word) for word in text.split("_"))


def inside(text: str) -> str:
    """Return a label as it stands inside a sentence: with a small letter, unless it begins with an abbreviation."""
    return text if text[:2].isupper() else text[:1].lower() + text[1:]
