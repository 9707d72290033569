"""How a text is read before it is compared, in patterns that Python and Polars understand alike."""

import re
import unicodedata

APOSTROPHES = "\u00b4\u02b9\u02bb\u02bc\u02bd\u02c8\u2018\u2019\u201b\u2032\uff07"  # typed for one, or looking like one
SIGNS = "\u2120\u2122"  # service and trade marks, which NFKC would turn into letters
ZERO_WIDTH = r"[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]+"
DASHES = r"[\u058a\u2010-\u2015\u2043\u2212\u2e3a\u2e3b]"
SPACES = r"[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+"
# Texts that say that there is none, whatever their case.
ABSENT_WORDS = (
    *("na", "n/a", "#n/a", "null", "none", "nan", "-", "--", ".", "unknown", "<unavail>"),
    *("<na>", "(null)", "(blank)", "--none--", "n.a."),  # of pandas, Oracle, pivot tables and Salesforce
    *("?", "---", "\\n"),  # the last of Hive, Athena, Snowflake and MySQL: \N
    *("#ref!", "#value!", "#name?", "#div/0!", "#null!", "#num!"),  # errors of Excel
)
LONE_DASHES = tuple(dash * count for dash in "\u2010\u2011\u2012\u2013\u2014\u2015\u2212" for count in (1, 2))
WIDTHLESS = "".join(re.findall(ZERO_WIDTH, "".join(map(chr, range(0x10000)))))
ABSENT_SIGNS = (*LONE_DASHES, *WIDTHLESS)  # texts that say as much without a word

_ONE_TO_ONE = str.maketrans(dict.fromkeys(APOSTROPHES, "'") | dict.fromkeys(SIGNS))


def cleaned(text: str) -> str:
    """Return a text with plain spaces, hyphens and apostrophes, in NFKC, without marks of no width, trimmed."""
    text = unicodedata.normalize("NFKC", text.translate(_ONE_TO_ONE))
    text = re.sub(DASHES, "-", re.sub(ZERO_WIDTH, "", text))
    return re.sub(SPACES, " ", text).strip(" ")
