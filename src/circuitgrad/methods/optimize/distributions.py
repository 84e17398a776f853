"""Tails and quantiles of Student's t and chi-square: by SciPy where it is installed, by mpmath elsewhere."""

from __future__ import annotations

from math import inf, isfinite, isnan, nan
from typing import Any


def _special() -> Any:
    """Return `scipy.special`, or None."""
    try:
        from scipy import special
    except ImportError:
        return None
    return special


def student_p(t: float, freedom: int) -> float:
    """Return the probability that Student's t is at least as far from 0 as a value.

    >>> round(student_p(2.22813885196, 10), 9)
    0.05
    """
    if isnan(t) or freedom <= 0:
        return nan
    if not isfinite(t):
        return 0.0
    if special := _special():
        return float(2 * special.stdtr(freedom, -abs(t)))
    from mpmath import betainc

    return float(betainc(freedom / 2, 0.5, 0, freedom / (freedom + t * t), regularized=True))


def student_quantile(confidence: float, freedom: int) -> float:
    """Return the distance from 0 within which Student's t is with a probability.

    >>> round(student_quantile(0.95, 10), 9)
    2.228138852
    """
    if freedom <= 0:
        return nan
    if special := _special():
        # The lower tail keeps its digits where the upper one is near 1.
        return float(-special.stdtrit(freedom, (1 - confidence) / 2))
    from mpmath import betainc

    tail = 1 - confidence
    low, high = 0.0, 1.0
    while _tail(betainc, high, freedom) > tail:
        low, high = high, 2 * high
    while (middle := (low + high) / 2) not in (low, high):
        low, high = (middle, high) if _tail(betainc, middle, freedom) > tail else (low, middle)
    return high


def _tail(betainc: Any, t: float, freedom: int) -> float:
    return float(betainc(freedom / 2, 0.5, 0, freedom / (freedom + t * t), regularized=True))


def chi_square_p(chi_square: float, freedom: int) -> float:
    """Return the probability that chi-square is at least a value.

    >>> round(chi_square_p(3.940299136, 10), 9)
    0.95
    """
    if freedom <= 0 or isnan(chi_square):
        return nan
    if chi_square == inf:
        return 0.0
    if special := _special():
        return float(special.chdtrc(freedom, chi_square))
    from mpmath import gammainc

    return float(gammainc(freedom / 2, chi_square / 2, regularized=True))
