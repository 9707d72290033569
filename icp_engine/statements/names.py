"""What columns are called inside a statement, where capitals make no difference."""

import re
from collections.abc import Hashable


class Names:
    """Gives each column of a statement a name of its own: what it is, and of what."""

    def __init__(self) -> None:
        """Start with no name taken."""
        self._names: dict[tuple[str, str, Hashable], str] = {}

    def of(self, kind: str, name: str, which: Hashable = None) -> str:
        """Return the name of a column, the same one whenever it is asked for; `which` tells several of a name apart."""
        key = kind, name, which
        if key not in self._names:
            plain = "_".join(part for part in (kind, re.sub("[^a-z0-9_]", "_", name.lower())) if part)
            taken, number, free = set(self._names.values()), 1, plain
            while free in taken:
                number += 1
                free = f"{plain}_{number}"
            self._names[key] = free
        return self._names[key]
