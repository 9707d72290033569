"""Score the worked examples inside a scorecard and compare: `scorecard check` and the tests both do this."""

import polars as pl

from icp_engine.columns import KEY
from icp_engine.errors import Problem
from icp_engine.scorecard.model import Example, Scorecard
from icp_engine.scorecard.toml.check import expectable
from icp_engine.scoring.score import score

_TOLERANCE = 1e-9


def failing_examples(card: Scorecard) -> list[Problem]:
    """Return one problem per expectation of a worked example that does not come out."""
    return [problem for example in card.examples for problem in _compare(example, card)]


def _compare(example: Example, card: Scorecard) -> list[Problem]:
    clinic = {KEY: "example", **example.given}
    frame = pl.LazyFrame({name: [value] for name, value in clinic.items()}, strict=False)
    found = score(frame, card, reason_codes=True).collect().row(0, named=True)
    columns = expectable(card)
    return [
        Problem(card.source, example.line, f"example '{example.name}': expected {key} {wanted!r}, found {came!r}")
        for key, wanted in example.expect.items()
        if not _same(came := found[columns[key]], wanted)
    ]


def _same(found: object, wanted: object) -> bool:
    if isinstance(found, float) and isinstance(wanted, int | float) and not isinstance(wanted, bool):
        return abs(found - wanted) < _TOLERANCE
    return found == wanted
