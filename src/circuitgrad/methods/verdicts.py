"""The words in which a check answers, and what each result carries."""

from __future__ import annotations

from math import isfinite, nan
from typing import NamedTuple

OK = "ok"
WRONG = "wrong"
INACCURATE = "inaccurate"
KINK = "kink"
NONFINITE = "nonfinite"

VERDICTS = (OK, INACCURATE, KINK, NONFINITE, WRONG)
"""All of them, the gravest last."""

FAILURES = frozenset({WRONG, NONFINITE})
"""The verdicts with which a check does not pass."""


class Comparison(NamedTuple):
    """An analytic derivative (or an expected value) beside the number that it is held against.

    Attributes:
        analytic: what is on trial.
        numeric: what it is compared with.
        tolerance: how far apart they may be.
        verdict: one of the module's words.
        left: at a kink, the slope on the left.
        right: at a kink, the slope on the right.
        operand: for a gate, the operand whose partial derivative this is; empty otherwise.
    """

    analytic: float
    numeric: float
    tolerance: float
    verdict: str
    left: float | None = None
    right: float | None = None
    operand: str = ""

    @property
    def abs_error(self) -> float:
        """The distance between the two; 0 for equal infinities."""
        return 0.0 if self.analytic == self.numeric else abs(self.analytic - self.numeric)

    @property
    def rel_error(self) -> float:
        """The distance in units of the larger of the two; NaN where one is not finite."""
        if self.abs_error == 0:
            return 0.0
        larger = max(abs(self.analytic), abs(self.numeric))
        return self.abs_error / larger if isfinite(self.abs_error) and larger else nan

    @property
    def failed(self) -> bool:
        """Whether the check does not pass with this."""
        return self.verdict in FAILURES


def worst(comparisons: list[Comparison]) -> Comparison:
    """Return the comparison with the gravest verdict, and among equals the one with the largest relative error."""
    return max(comparisons, key=lambda one: (VERDICTS.index(one.verdict), one.rel_error))
