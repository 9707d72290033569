"""What an analyst has to know of an extract before it is scored: a few sentences, then steps with commands."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from icp_engine.display import cut, listed, shell_line
from icp_engine.extract.reach import no_tier_in_reach
from icp_engine.extract.searched import SearchedField
from icp_engine.extract.validate import Validation
from icp_engine.scorecard.model import TOTAL

_FEW = 3  # names that a sentence lists
_MANY_UNMATCHED = 0.1  # of the rows that say something; fewer are the odd ones that every file has


@dataclass(frozen=True, slots=True)
class Step:
    """Something to see to, and a command that can be pasted, where one helps; words in capitals are to be filled in."""

    text: str
    command: str | None = None


def verdict(found: Validation) -> tuple[str, ...]:
    """Return what comes first: whether a run would stop, what it would reject, and whether tier 1 is in reach."""
    profile, rows = found.profile, found.profile.rows
    sentences = []
    if profile.duplicate_ids:
        some = ", ".join(profile.duplicate_examples)
        stand = "stands" if profile.duplicate_ids == 1 else "stand"
        sentences.append(
            f"A run would stop: {profile.duplicate_ids:,} clinic_id {stand} more than once, such as {some}."
        )
    reasons = [
        (profile.blank_ids, "blank clinic_id"),
        (profile.totals, "totals"),
        (profile.headers, "the header again"),
    ]
    if rejected := sum(count for count, _ in reasons):
        why = ", ".join(f"{reason} {count:,}" for count, reason in reasons if count)
        sentences.append(f"{rejected:,} of {rows:,} rows ({rejected / rows:.1%}) would be rejected: {why}.")
    return (*sentences, _reach(found))


def _reach(found: Validation) -> str:
    card, described = found.card, found.description
    if beyond := no_tier_in_reach(card, described.reachable, described.out_of_reach):
        return beyond
    tier = card.tiers[0]
    allowed = f"the fields that are there allow {described.reachable:g} of {card.maximum:g} points."
    if TOTAL not in tier.at_least:
        return allowed.capitalize()
    where = "within" if described.reachable >= tier.at_least[TOTAL] else "out of"
    return f"{tier.label}, which begins at {tier.at_least[TOTAL]:g}, is {where} reach: {allowed}"


def next_steps(found: Validation, words: Sequence[str]) -> tuple[Step, ...]:
    """Return what to do next, in the order of doing it; the last step is to score.

    Args:
        found: what was found.
        words: the extract and its options as they were given, to repeat in commands.
    """
    steps = [*_ids(found, words), *_columns(found, words), *_values(found)]
    again = ["--duplicates", "first"] if "--duplicates first" in (found.profile.advice or "") else []
    matched = any("--map" in match.how for matches in found.extract.matches.values() for match in matches)
    if matched and "--mapping" not in words:
        keep = shell_line("icp-engine", "validate", *words, "--write-mapping", "ours.toml")
        steps.append(Step("Keep which column is which field, for --mapping ours.toml next time.", keep))
    score = "Score the extract" + (" when that is seen to." if steps else ".")
    return (*steps, Step(score, shell_line("icp-engine", "run", *words, *again)))


def _ids(found: Validation, words: Sequence[str]) -> Iterator[Step]:
    profile = found.profile
    if profile.duplicate_ids:
        yield Step(f"Ids that stand more than once: {profile.advice}.")
    if profile.blank_ids:
        rows = "1 row has" if profile.blank_ids == 1 else f"{profile.blank_ids:,} rows have"
        yield Step(f"{rows} no clinic_id: fill it in, or let the run reject them.")
    for suspicion in profile.suspicions:
        some = ", ".join(cut(example, 60) for example in suspicion.examples[:_FEW])
        strict = shell_line("icp-engine", "run", *words, "--strict")
        yield Step(f"{suspicion.count:,} {suspicion.kind}, such as {some}: look at them; --strict stops there.", strict)


def _columns(found: Validation, words: Sequence[str]) -> Iterator[Step]:
    """Yield questions about columns that may be fields, then the fields that are nowhere, dearest first."""
    fields, worth = found.description.fields, found.worth
    asked = {name: field.near[0] for name, field in fields.items() if field.near}
    field_of = {column: name for name, column in reversed(asked.items())}  # a column is one field only
    if field_of:
        pairs = {name: column for name, column in asked.items() if field_of[column] == name}
        questions = [f"is {column} the field {name}{_points(worth.get(name))}?" for name, column in pairs.items()]
        maps = [word for name, column in pairs.items() for word in ("--map", f"{name}={column}")]
        text = f"Columns that nothing reads are spelled nearly like fields: {' '.join(questions)} If so:"
        yield Step(text, shell_line("icp-engine", "validate", *words, *maps))
    gone = [name for name, field in fields.items() if field.read and not field.given and name not in asked]
    gone = sorted((name for name in gone if worth.get(name)), key=lambda name: -worth[name])
    if gone:
        named = listed([f"{name}{_points(worth[name])}" for name in gone[: _FEW + 2]])
        text = f"No clinic has a value for {named}: where columns of other names hold them, name these."
        yield Step(text, shell_line("icp-engine", "validate", *words, "--map", f"{gone[0]}=COLUMN"))


def _points(worth: float | None) -> str:
    return f" (up to {worth:g} points)" if worth else ""


def _values(found: Validation) -> Iterator[Step]:
    for name, field in found.description.fields.items():
        if field.invalid:
            some = ", ".join(cut(repr(value), 24) for value in field.examples[:_FEW])
            lost = _points(found.worth.get(name))
            values = "1 invalid value" if field.invalid == 1 else f"{field.invalid:,} invalid values"
            yield Step(f"{name}: {values} such as {some} counted as missing{lost}; correct that at the source.")
    yield from (_unmatched(found, field) for field in found.searched if _is_unmatched(found, field))


def _is_unmatched(found: Validation, field: SearchedField) -> bool:
    return field.unmatched > _MANY_UNMATCHED * field.rows and found.worth.get(field.field, 0) > 0


def _unmatched(found: Validation, field: SearchedField) -> Step:
    texts = [f"{cut(value.text, 40)!r} ({value.rows:,})" for value in field.commonest if not value.bands][:_FEW]
    some = f", the commonest {', '.join(texts)}" if texts else ""
    return Step(
        f"{field.field}: {field.unmatched:,} of {field.rows:,} rows match no phrase{some}"
        f"{_points(found.worth.get(field.field))}: write them in words that the scorecard knows, or add phrases to one "
        "of your own.",
        shell_line("icp-engine", "scorecard", "show", found.asked_card),
    )
