"""Points as whole hundredths: how scorecards round, exactly and half to even."""

from fractions import Fraction

UNIT = 100  # hundredths in a point


def exact(number: float) -> Fraction:
    """Return a number of a scorecard as it is written there: 0.1 is a tenth."""
    return Fraction(repr(float(number)))


def hundredths(points: float | Fraction, decimals: int = 2) -> int:
    """Return points as whole hundredths, rounded half to even to a number of decimals."""
    whole = points if isinstance(points, Fraction) else exact(points)
    scale = int(10**decimals)
    return round(whole * scale) * (UNIT // scale)


def in_points(whole: int) -> float:
    """Return whole hundredths as points."""
    return whole / UNIT
