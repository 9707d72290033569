"""What bands compared, in SQL: the view `clinic_evidence`, and the bibliography of all clinics and of some."""

import re
from collections.abc import Iterator, Mapping

from icp_engine.columns import KEY
from icp_engine.database import Database, quoted, sql_text
from icp_engine.scorecard.model import Scorecard
from icp_engine.scorecard.outcomes import outcome_table
from icp_engine.scoring.compiler import BANDS

EVIDENCE, BIBLIOGRAPHY, OF_SOME = "clinic_evidence", "clinic_bibliography", "{}_of"
_UNION = "\n    union all\n"
_STEP = re.compile(r"^(\w+) as (?:not materialized )?\(\n(.*?)^\)", re.MULTILINE | re.DOTALL)

# Text as bands compare it: lower-cased, with two letters that DuckDB lowers otherwise (a sigma at the end of a word is
# another one), and all white space of Unicode trimmed.
_SPACE = r"[\s\v\x{85}\p{Z}]"
_CASED = r"\p{Lu}\p{Ll}\p{Lt}\x{2160}-\x{217f}ªºⒶ-ⓩ🄰-🅉🅐-🅩🅰-🆉"
_MARKS = r"'.:·\x{2018}\x{2019}\x{2024}\x{2027}\x{387}\x{55f}\x{5f4}\x{fe13}\x{fe52}\x{fe55}\x{ff07}\x{ff0e}\x{ff1a}"
_IGNORED = rf"\p{{Mn}}\p{{Me}}\p{{Cf}}\p{{Lm}}\p{{Sk}}{_MARKS}"  # may stand between the letters of a word
_FINAL_SIGMA = rf"([{_CASED}][{_IGNORED}]*)Σ([{_IGNORED}]*(?:$|[^{_CASED}{_IGNORED}]))".replace("'", "''")
_MACROS = (
    "create macro ratio_of(top, bottom) as "
    "case when top > 0 and bottom > 0 and isfinite(top / bottom) then top / bottom end",
    # DuckDB 1.x rounds to decimals by other steps. Above 1e300 the hundredfold is no number, and there are no decimals.
    "create macro in_hundredths(value) as case when value < 1e300 then round_even(value * 100, 0) / 100 else value end",
    "create macro text_lowered(value) as "
    rf"lower(regexp_replace(replace(value, 'İ', 'i̇'), '{_FINAL_SIGMA}', '\1ς\2', 'g'))",
    f"create macro text_as_compared(value) as text_lowered(regexp_replace(value, '^{_SPACE}+|{_SPACE}+$', '', 'g'))",
)
_ITEMS = (
    "create macro items_as_compared(items) as "
    f"[item_named(regexp_replace(text_lowered(item), '{_SPACE}', '', 'g')) for item in items]"
)
# What belongs to one scorecard: tables, views and macros, those of the steps of a bibliography among them.
_OF_CARD = re.compile(
    r"\b(item_named|items_as_compared|clinic_evidence|scorecard_(?:categories|characteristics|bands)"
    r"|(?!ratio_of)\w+_of(?=\())\b"
)
_COMPARED = {"text": "text_as_compared({})", "list": "items_as_compared({})"}
# Rows that a list of ids picks are found before anything is made of their values.
_CHOSEN = f'select * from main.clinics where "{KEY}" in (select unnest(clinic_ids))'


def add_bibliography(db: Database, card: Scorecard, names: Mapping[str, str], end: str = "") -> None:
    """Add the views `clinic_evidence` and `clinic_bibliography`, and the table macro `bibliography_of(clinic_ids)`.

    Args:
        db: with the table of clinics and the tables of the scorecard.
        card: the scorecard.
        names: what the columns of the table of clinics are called in SQL, by their own names.
        end: what the names of views, macros and tables of the scorecard end with: nothing for the main one.
    """

    def ours(query: str) -> str:
        return _OF_CARD.sub(rf"\1{end}", query)

    for macro in (_item_named(card.aliases), *(() if end else _MACROS), _ITEMS):
        db.run(ours(macro))
    db.view(EVIDENCE + end, ours(_evidence(card, names, "clinics")))
    db.view(BIBLIOGRAPHY + end, ours(sql_text(BIBLIOGRAPHY)))
    for name, query in _steps_of_some(_evidence(card, names, f"({_CHOSEN})")):
        db.run(ours(f"create macro {name}(clinic_ids) as table {query}"))


def _item_named(aliases: Mapping[str, str]) -> str:
    """Return the macro that gives an item of a list its own name, where it goes by another one."""
    names = "".join(f" when {_literal(alias)} then {_literal(item)}" for alias, item in aliases.items())
    return f"create macro item_named(item) as {f'case item{names} else item end' if names else 'item'}"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _steps_of_some(evidence: str) -> Iterator[tuple[str, str]]:
    """Yield the steps of the bibliography as macros of their own: DuckDB 1.4.1 loses the steps inside of a macro."""
    yield OF_SOME.format(EVIDENCE), evidence
    before = [EVIDENCE]
    for name, query in _STEP.findall(sql_text(BIBLIOGRAPHY)):
        inputs = re.compile(rf"\b(from|join) ({'|'.join(before)})\b")
        of_some = OF_SOME.format(r"\2")
        of_ids = inputs.sub(rf"\1 {of_some}(clinic_ids) as \2", query)
        # The small part first: with entries before caps DuckDB 1.4 on two cores waits for itself for ever.
        yield OF_SOME.format(name), _UNION.join(reversed(of_ids.split(_UNION)))
        before.append(name)


def _evidence(card: Scorecard, names: Mapping[str, str], clinics: str) -> str:
    """Return the query of `clinic_evidence`: bands by position, values and numbers by their place in the scorecard."""
    table = outcome_table(card)
    bands = [quoted(names[BANDS + part.rule.column]) for part in table.parts]
    shown = [_shown(name, card, names) for name in table.fields]
    numbers = [_number(name, card, names) for name in table.fields]
    return (
        f"select {quoted(names[KEY])} as {KEY}, {_list(bands, 'utinyint')} as bands, "
        f"{_list(shown, 'json')} as shown, {_list(numbers, 'double')} as numbers from {clinics}"
    )


def _list(items: list[str], kind: str) -> str:
    return f"[{', '.join(items)}]::{kind}[]"


def _shown(name: str, card: Scorecard, names: Mapping[str, str]) -> str:
    """Return the value of a field as it was compared, as JSON; ratios to 2 decimals."""
    if name in card.derived:
        return f"to_json(in_hundredths({_number(name, card, names)}))"
    return f"to_json({_COMPARED.get(card.fields[name].type, '{}').format(quoted(names[name]))})"


def _number(name: str, card: Scorecard, names: Mapping[str, str]) -> str:
    """Return the value of a number or a ratio as a number, missing for anything else."""
    if name in card.derived:
        top, bottom = (quoted(names[part]) for part in card.derived[name])
        return f"ratio_of({top}::double, {bottom}::double)"
    return f"{quoted(names[name])}::double" if card.fields[name].type in ("integer", "number") else "null"
