"""What the characters of a text become before phrases are searched in it, as far as the phrases can tell.

Databases read capitals and Unicode in ways of their own, so that a statement spells out what the engine does: for the
letters of its phrases, and no others, since what becomes none of these letters can be part of no phrase.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from icp_engine.extract.states import BETWEEN_PARTS, NO_PART
from icp_engine.text import APOSTROPHES, DASHES, SIGNS, SPACES, WIDTHLESS

SPACE = "".join(re.findall(SPACES, "".join(map(chr, range(0x3001)))))
"""All white space that the engine trims."""

_BLOCKS = (  # between them and beyond stand no capitals, and none that is another character in a form of its own
    (0, 0x3400), (0xA000, 0xAC00), (0xF900, 0x12000), (0x16000, 0x17000), (0x1D000, 0x20000), (0x2F800, 0x2FA20),
)  # fmt: skip
_ACCENTS = [chr(code) for code in range(0x0300, 0x0370)]
FINAL_SIGMA, _SIGMA = "\u03c2", "\u03c3"


@dataclass(frozen=True, slots=True)
class Spelling:
    """What characters become: each of `odd` the one in its place of `plain`, those beyond its end nothing.

    `several` are characters that become more than one.
    """

    odd: str
    plain: str
    several: tuple[tuple[str, str], ...]


def spelling_of_phrases(phrases: Iterable[str]) -> Spelling:
    """Return what characters become as texts are cleaned and put into lower case before phrases are searched.

    Marks of no width stay, since they keep a letter and an accent apart. A character that becomes several counts where
    a phrase has all of them.
    """
    return _spelling(_cleaned(), set(phrases))


def spelling_of_items(items: Iterable[str]) -> Spelling:
    """Return what characters become as items of lists are put into lower case."""
    return _spelling(_lowered(), set(items))


def spelling_of_names(names: Iterable[str]) -> Spelling:
    """Return what characters become as names of states are read: plain capitals, spaces, no full stops."""
    return _spelling(_raised(), set(names))


def has_sigma(phrases: Iterable[str]) -> bool:
    """Return whether a phrase has the letter that is another one at the end of a word."""
    return any(sign in phrase for phrase in phrases for sign in (_SIGMA, FINAL_SIGMA))


def accented(phrases: Iterable[str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return what to do where nothing puts letters and accents together.

    A pattern of letters of phrases with an accent that makes another letter of them, in no phrase, and the pairs that
    make a letter of a phrase, with that letter.
    """
    letters = sorted({letter for phrase in phrases for letter in unicodedata.normalize("NFD", phrase)})
    found, pairs = [], []
    for letter in letters:
        others = {accent: unicodedata.normalize("NFC", letter + accent) for accent in _ACCENTS}
        single = {accent: other for accent, other in others.items() if len(other) == 1}
        own = {accent: other for accent, other in single.items() if any(other in phrase for phrase in phrases)}
        pairs += [(letter + accent, other) for accent, other in own.items()]
        rest = "".join(accent for accent in single if accent not in own)
        found += [f"{letter}[{rest}]"] if rest else []
    return "|".join(found), tuple(pairs)


def _spelling(changed: dict[str, str], phrases: set[str]) -> Spelling:
    letters = {letter for phrase in phrases for letter in phrase + unicodedata.normalize("NFD", phrase)} | {" "}
    single = {sign: other for sign, other in changed.items() if len(other) == 1 and other in letters}
    gone = [sign for sign, other in changed.items() if not other]
    several = [
        (sign, other)
        for sign, other in changed.items()
        if len(other) > 1 and any(other in phrase for phrase in phrases)
    ]
    return Spelling("".join([*single, *gone]), "".join(single.values()), tuple(several))


@lru_cache(maxsize=1)
def _cleaned() -> dict[str, str]:
    def read(sign: str) -> str:
        low = unicodedata.normalize("NFKC", sign.lower()).lower()
        return " " if low in SPACE else re.sub(DASHES, "-", low)

    return _changed(read) | dict.fromkeys(APOSTROPHES, "'") | dict.fromkeys(SIGNS, "")


@lru_cache(maxsize=1)
def _lowered() -> dict[str, str]:
    return _changed(str.lower)


@lru_cache(maxsize=1)
def _raised() -> dict[str, str]:
    def read(sign: str) -> str:
        if sign in WIDTHLESS:
            return ""
        high = re.sub(DASHES, "-", unicodedata.normalize("NFKC", sign).upper())
        return " " if high in SPACE + BETWEEN_PARTS else re.sub(NO_PART, "", high)

    return _changed(read)


def _changed(read: Callable[[str], str]) -> dict[str, str]:
    """Return every character that is read as another, with what it is read as."""
    signs = (chr(code) for first, end in _BLOCKS for code in range(first, end))
    found = ((sign, read(sign)) for sign in signs)
    return {sign: other for sign, other in found if other != sign}
