"""What to say to a clinic: the sentences of its scorecard, each with the points that it comes from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from textwrap import wrap
from typing import Any, Literal

from icp_engine.scorecard.model import Scorecard
from icp_engine.scorecard.outcomes import MISSING, CharacteristicOutcomes, Outcome, outcome_table
from icp_engine.scorecard.rounding import in_points
from icp_engine.scorecard.spoken import filled
from icp_engine.scoring.explanation import Entry

Kind = Literal["say", "warn", "ask"]
_LEADS: dict[Kind, str] = {"say": "Say", "warn": "Take care", "ask": "Ask"}
_ORDER = tuple(_LEADS)
_INDENT, _WIDTH = 13, 110  # characters of a terminal


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence for a call.

    Attributes:
        kind: `say` to open with, `warn` for what to leave alone, `ask` for what is not known.
        text: the sentence, its value filled in.
        comes_from: reasons and their points; of a question what is not known, and the points that it could bring.
    """

    kind: Kind
    text: str
    comes_from: tuple[tuple[str, float], ...]

    @property
    def points(self) -> float:
        """All of its points."""
        return round(sum(points for _, points in self.comes_from), 2)


def talk_of(card: Scorecard, entries: Sequence[Entry], name: str | None) -> tuple[Sentence, ...]:
    """Return what to say to a clinic, what to leave alone, and what to ask, each by its points, most first.

    A sentence that wants a value which is not known is left out; one that comes from several entries stands once.

    Args:
        card: the scorecard.
        entries: the clinic's bibliography.
        name: what the clinic is called, if anything.
    """
    outcomes = _outcomes(card)
    found: dict[tuple[Kind, str], dict[str, float]] = {}
    for entry in entries:
        for part, outcome in outcomes.get(entry.code, ()):
            for kind, text, reason, points in _sentences(part, outcome, entry):
                words = filled(text, _value(part, entry), name)
                if words is not None:
                    reasons = found.setdefault((kind, words), {})
                    reasons[reason] = round(reasons.get(reason, 0.0) + points, 2)
    sentences = [Sentence(kind, text, tuple(reasons.items())) for (kind, text), reasons in found.items()]
    return tuple(sorted(sentences, key=lambda sentence: (_ORDER.index(sentence.kind), -sentence.points)))


def talk_text(sentences: Sequence[Sentence]) -> str:
    """Return sentences as text, each with where it comes from below it; an empty text where there are none."""
    lines = []
    for sentence in sentences:
        limit = "up to " if sentence.kind == "ask" else ""
        reasons = ", ".join(f"{reason} ({limit}{points:+g})" for reason, points in sentence.comes_from)
        lead = f"  {_LEADS[sentence.kind] + ':':<{_INDENT - 2}}"
        lines += [*_wrapped(sentence.text, lead), *_wrapped(reasons, " " * _INDENT)]
    return "\n".join(["What to say", *lines]) if lines else ""


def _wrapped(text: str, lead: str) -> list[str]:
    return wrap(text, _WIDTH, initial_indent=lead, subsequent_indent=" " * _INDENT, break_on_hyphens=False)


@lru_cache(maxsize=16)
def _outcomes(card: Scorecard) -> dict[str, tuple[tuple[CharacteristicOutcomes, Outcome], ...]]:
    """Return characteristic and outcome by reason code; of a category of which nothing is known all of them."""
    found: dict[str, tuple[tuple[CharacteristicOutcomes, Outcome], ...]] = {}
    for category in outcome_table(card).categories:
        for part in category.parts:
            for outcome in part.outcomes:
                whole = outcome.number == part.nothing_known
                found[outcome.code] = tuple((each, each.outcomes[0]) for each in category.parts if whole) or (
                    (part, outcome),
                )
    return found


def _sentences(part: CharacteristicOutcomes, outcome: Outcome, entry: Entry) -> Iterator[tuple[Kind, str, str, float]]:
    rule = part.rule
    if outcome.missing:
        if rule.missing and rule.missing.ask and outcome.band == MISSING:
            yield "ask", rule.missing.ask, rule.label, max(0.0, in_points(part.most) - entry.points)
        return
    band = next(band for band in rule.bands if band.name == outcome.band)
    reason = str(entry.reason)
    if band.say:
        yield "say", band.say, reason, entry.points
    if band.warn:
        yield "warn", band.warn, reason, entry.points


def _value(part: CharacteristicOutcomes, entry: Entry) -> Any:
    """Return the value of the field that a characteristic is about; None where it is not known."""
    if entry.missing:
        return None
    if isinstance(entry.value, dict):
        return entry.value.get(part.rule.field)
    return entry.value
