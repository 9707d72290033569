"""Sentences that people say to a clinic: what may stand in them, and how they are filled in."""

import re

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def placeholders(text: str) -> list[str]:
    """Return what stands in braces in a sentence, in order."""
    return _PLACEHOLDER.findall(text)


def filled(text: str, value: object, name: str | None) -> str | None:
    """Return a sentence with its value and the name of the clinic; None where it wants one that is not known."""
    known = {"value": _spelled(value), "name": name or None}
    wanted = placeholders(text)
    if any(known[each] is None for each in wanted):
        return None
    return _PLACEHOLDER.sub(lambda found: str(known[found[1]]), text)


def _spelled(value: object) -> str | None:
    """Return a value as it is said: two decimals at most, items of a list one after the other."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or None
    return str(value) if value else None
