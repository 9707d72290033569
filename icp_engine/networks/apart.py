"""Networks that decisions part: ties are followed once more, strongest first, but none that joins what stays apart."""

from collections.abc import Iterable

import polars as pl


def keep_apart(edges: pl.DataFrame, pairs: Iterable[tuple[int, int]], kinds: Iterable[str]) -> pl.DataFrame:
    """Return the clinics that then hang together: `clinic`, and `root`, the smallest of them.

    A tie of many clinics joins those that it may: who leaves comes last, so that the others stay together. Ties are
    gone through one by one here, since each depends on those before; only networks that a decision parts come here.

    Args:
        edges: clinic, kind and value of the networks concerned.
        pairs: clinic that stays, and clinic that leaves.
        kinds: of ties, the strongest first.
    """
    pairs = list(pairs)
    sets = Sets(pairs)
    strength = {kind: place for place, kind in enumerate(kinds)}
    leaving = pl.Series([leaves for _, leaves in pairs], dtype=pl.Int64)
    values = (
        edges.sort(pl.col("clinic").is_in(leaving.implode()), "clinic")
        .group_by(pl.col("kind").replace_strict(strength).alias("strength"), "value", maintain_order=True)
        .agg("clinic")
        .sort("strength", "value")
    )
    for clinics in values["clinic"].to_list():
        heads: list[int] = []
        for clinic in clinics:
            if not any(sets.join(head, clinic) for head in heads):
                heads.append(clinic)
    clinics = edges["clinic"].unique().sort()
    roots = pl.DataFrame({"clinic": clinics, "set": [sets.find(clinic) for clinic in clinics]})
    return roots.select("clinic", pl.col("clinic").min().over("set").alias("root"))


class Sets:
    """Clinics (their numbers) that hang together, and which sets may not become one."""

    def __init__(self, pairs: Iterable[tuple[int, int]] = ()) -> None:
        """Start with every clinic by itself, and the pairs that stay apart."""
        self._above: dict[int, int] = {}
        self._apart: dict[int, set[int]] = {}
        for stays, leaves in pairs:
            self._apart.setdefault(stays, set()).add(leaves)
            self._apart.setdefault(leaves, set()).add(stays)

    def find(self, clinic: int) -> int:
        """Return the clinic that stands for the set of one."""
        top = clinic
        while (above := self._above.get(top, top)) != top:
            top = above
        while (above := self._above.get(clinic, clinic)) != top:
            self._above[clinic], clinic = top, above
        return top

    def join(self, left: int, right: int) -> bool:
        """Make two sets one, unless a decision keeps them apart; return whether they are one."""
        left, right = self.find(left), self.find(right)
        if left == right:
            return True
        apart = self._apart.get(right, set())
        if left in apart:
            return False
        self._above[right] = left
        for other in apart:
            self._apart[other] = (self._apart[other] - {right}) | {left}
        if apart:
            self._apart[left] = self._apart.get(left, set()) | apart
        return True
