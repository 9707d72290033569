"""A map of the states as tiles: one square each, about where it lies, which a phone and a printer show as well."""

from collections.abc import Mapping
from dataclasses import dataclass

_GRID = """
AK .  .  .  .  .  .  .  .  .  ME
.  .  .  .  .  .  .  .  .  VT NH
WA ID MT ND MN IL WI MI NY RI MA
OR NV WY SD IA IN OH PA NJ CT .
CA UT CO NE MO KY WV VA MD DE .
.  AZ NM KS AR TN NC SC DC .  .
.  .  .  OK LA MS AL GA .  .  .
HI .  .  TX .  .  .  .  FL .  PR
"""
_WIDTH, _HEIGHT, _STEP_X, _STEP_Y = 28, 24, 30, 26
_PLACES = {
    code: (column * _STEP_X, row * _STEP_Y)
    for row, line in enumerate(_GRID.strip().splitlines())
    for column, code in enumerate(line.split())
    if code != "."
}
BOX = f"0 0 {11 * _STEP_X - 2} {8 * _STEP_Y - 2}"


@dataclass(frozen=True, slots=True)
class Tile:
    """A state on the map; `clinics` is 0 where there are none."""

    code: str
    x: int
    y: int
    clinics: int


def tiles(counts: Mapping[str, int]) -> tuple[Tile, ...]:
    """Return the states with their clinics; territories that have no square are left to the words beside the map."""
    return tuple(Tile(code, x, y, counts.get(code, 0)) for code, (x, y) in _PLACES.items())
