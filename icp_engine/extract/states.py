"""States and territories of the United States: two letters of the USPS, or a name in full."""

from collections.abc import Iterator

import polars as pl

from icp_engine.text import DASHES, ZERO_WIDTH

_NAMES = """
AL Alabama; AK Alaska; AZ Arizona; AR Arkansas; CA California; CO Colorado; CT Connecticut; DE Delaware;
DC District of Columbia; DC Washington DC; DC Washington D C; FL Florida; GA Georgia; HI Hawaii; ID Idaho; IL Illinois;
IN Indiana; IA Iowa; KS Kansas; KY Kentucky; LA Louisiana; ME Maine; MD Maryland; MA Massachusetts; MI Michigan;
MN Minnesota; MS Mississippi; MO Missouri; MT Montana; NE Nebraska; NV Nevada; NH New Hampshire; NJ New Jersey;
NM New Mexico; NY New York; NC North Carolina; ND North Dakota; OH Ohio; OK Oklahoma; OR Oregon; PA Pennsylvania;
RI Rhode Island; SC South Carolina; SD South Dakota; TN Tennessee; TX Texas; UT Utah; VT Vermont; VA Virginia;
WA Washington; WA Washington State; NY New York State; WV West Virginia; WI Wisconsin; WY Wyoming;
AS American Samoa; GU Guam; MP Northern Mariana Islands; MP Commonwealth of the Northern Mariana Islands;
PR Puerto Rico; VI Virgin Islands; VI US Virgin Islands; VI United States Virgin Islands;
VI Virgin Islands of the US; FM Federated States of Micronesia; FM Micronesia; MH Marshall Islands; PW Palau;
AA Armed Forces Americas; AE Armed Forces Europe; AP Armed Forces Pacific
"""
_PAIRS = [(part.strip()[:2], part.strip()[3:]) for part in _NAMES.replace("\n", " ").split(";")]
NAMES = [name for _, name in _PAIRS]
CODES = sorted({code for code, _ in _PAIRS})
NAME_OF = dict(reversed(_PAIRS))  # the first name of each
BETWEEN_PARTS = ",_/:-"  # and white space; within brackets of a pattern the hyphen is last
NO_PART = r"[.()]"


def _forms() -> Iterator[tuple[str, str]]:
    """Yield how a state is written, in plain capitals, with its code: `US-TX` and `TX - Texas` too."""
    for code, name in [*_PAIRS, *((code, code) for code in CODES)]:
        form = name.upper()
        yield form, code
        for country in ("US", "USA"):
            yield f"{country} {form}", code
            yield f"{form} {country}", code
        if form != code:
            yield f"{code} {form}", code
            yield f"{form} {code}", code


STATES = dict(_forms())


def code_of_state(text: str) -> str | None:
    """Return the code of a state that a person names, by its two letters or its name; None where there is none."""
    return STATES.get(text.strip().upper())


def state_codes(text: pl.Expr) -> pl.Expr:
    """Return the two letters of a state, missing where a text is none."""
    return text.map_batches(_codes, return_dtype=pl.String, is_elementwise=True)


def _codes(text: pl.Series) -> pl.Series:
    others = (~text.is_in(CODES)).arg_true()
    if len(others) == 0:
        return text
    plain = text.gather(others).str.normalize("NFKC").str.to_uppercase()
    plain = plain.str.replace_all(ZERO_WIDTH, "").str.replace_all(NO_PART, "").str.replace_all(DASHES, "-")
    plain = plain.str.replace_all(rf"[\s{BETWEEN_PARTS}]+", " ").str.strip_chars(" ")
    return text.scatter(others, plain.replace_strict(STATES, default=None, return_dtype=pl.String))
