"""The verdicts of a check, and the comparisons that carry them."""

from __future__ import annotations

import sys
from math import inf, isfinite, log10, nan
from typing import TYPE_CHECKING, Any, NamedTuple

from circuitgrad.gates.doubles import MACHINE_EPSILON

if TYPE_CHECKING:
    from circuitgrad.methods.check.exact_slopes import ExactSlope

OK = "ok"
UNUSED = "unused"
"""The verdict of a gate that only feeds branches which are not taken."""
WRONG = "wrong"
INACCURATE = "inaccurate"
KINK = "kink"
NONFINITE = "nonfinite"

VERDICTS = (UNUSED, OK, INACCURATE, KINK, NONFINITE, WRONG)
"""All verdicts, the gravest last; what is `ok` at one point and unused at another is `ok`."""

DIGITS_OF_DOUBLE = 17.0
"""The most decimal digits that a double needs: two equal numbers agree to all of them."""

SMALLEST_DOUBLE = 5e-324
"""The smallest positive double, which bounds the error of an underflow to 0."""

LARGEST_DOUBLE = sys.float_info.max

FAILURES = frozenset({WRONG, NONFINITE})
"""The verdicts with which a check fails."""


class Comparison(NamedTuple):
    """An analytic derivative and the numeric one, or a value and the expected one.

    Attributes:
        analytic: the number that is checked.
        numeric: the reference that it is compared with.
        tolerance: the largest allowed distance.
        verdict: one of the module's words.
        left: at a kink, the slope on the left.
        right: at a kink, the slope on the right.
        operand: for a gate, the operand whose partial derivative this is; empty otherwise.
        rule: the derivative by the rules without rounding, where that is known.
        ties: the gates at a tie or corner that affect it.
        reason: a further fault, in words.
        point: the name of the point, where there are several; empty otherwise.
    """

    analytic: float
    numeric: float
    tolerance: float
    verdict: str
    left: float | None = None
    right: float | None = None
    operand: str = ""
    rule: float | None = None
    ties: tuple[str, ...] = ()
    reason: str = ""
    point: str = ""

    @property
    def abs_error(self) -> float:
        """The distance between the two; 0 for equal infinities."""
        return 0.0 if self.analytic == self.numeric else abs(self.analytic - self.numeric)

    @property
    def rel_error(self) -> float:
        """The relative error, in units of the larger of the two; NaN where one of them is not finite."""
        if self.abs_error == 0:
            return 0.0
        larger = max(abs(self.analytic), abs(self.numeric))
        return self.abs_error / larger if isfinite(self.abs_error) and larger else nan

    @property
    def digits(self) -> float:
        """The number of right decimal digits, 0 to 17.

        NaN where one of the two is not finite, or the tolerance does not tell them from 0.
        """
        near_zero = self.abs_error > 0 and (self.rel_tolerance or 0.0) >= 1
        if near_zero or not (isfinite(self.analytic) and isfinite(self.numeric)):
            return nan
        error = self.rel_error
        return min(DIGITS_OF_DOUBLE, max(0.0, -log10(error))) if error else DIGITS_OF_DOUBLE

    @property
    def rel_tolerance(self) -> float | None:
        """The tolerance in units of the larger of the two; None where that is not finite, or 0."""
        larger = max(abs(self.analytic), abs(self.numeric))
        return self.tolerance / larger if 0 < larger < inf else None

    @property
    def failed(self) -> bool:
        """Whether the check fails with this verdict."""
        return self.verdict in FAILURES


class Tolerance(NamedTuple):
    """The allowed distance between a derivative and the exact one.

    Attributes:
        rtol: the relative tolerance of the backward pass in doubles.
        rules: the relative tolerance of the rules without rounding.
        atol: the absolute tolerance of the backward pass in doubles.
        rules_atol: the absolute tolerance of the rules.
    """

    rtol: float
    rules: float
    atol: float = 0.0
    rules_atol: float = 0.0

    def scaled(self, unit: float) -> Tolerance:
        """Return the tolerance with the absolute ones in another unit."""
        return self._replace(atol=self.atol * unit, rules_atol=self.rules_atol * unit)


def judge(
    analytic: float, rule: Any, exact: ExactSlope, tolerance: Tolerance, *, slack: float = 0.0, faithful: bool = True
) -> Comparison:
    """Compare a derivative with the exact slopes: first its rule in multiprecision, then its digits in doubles.

    Args:
        analytic: the derivative in doubles.
        rule: the derivative by its rule in multiprecision.
        exact: the slopes of the value.
        tolerance: the tolerance of both.
        slack: the error that the literal numbers in the rule, which are doubles, may cause.
        faithful: whether the double follows the rule, so that any difference between them is rounding.

    >>> from circuitgrad.methods.check.exact_slopes import ExactSlope
    >>> exact = ExactSlope(0.75, 0.75, 0.75, 0.0)
    >>> [judge(a, r, exact, Tolerance(1e-9, 1e-14)).verdict for a, r in ((0.75, 0.75), (0.7, 0.75), (0.7, 0.7))]
    ['ok', 'inaccurate', 'wrong']
    """
    if not exact.resolved:
        reason = "no step is short enough to tell its slope"
        return Comparison(analytic, float(exact.slope), 0.0, NONFINITE, rule=float(rule), reason=reason)
    if exact.kink and abs(exact.left - exact.right) <= SMALLEST_DOUBLE:
        exact = exact._replace(kink=False)  # no double tells the sides apart
    slope = float(exact.slope)
    comparison = Comparison(analytic, slope, 0.0, NONFINITE, rule=float(rule))
    if exact.kink:
        comparison = comparison._replace(left=float(exact.left), right=float(exact.right))
    if not isfinite(analytic):
        return comparison
    if exact.kink:
        low, high = sorted(exact.beside)
        finite = [abs(side) for side in (low, high) if isfinite(side)]
        allowed = float(tolerance.rtol * max(finite, default=0.0) + tolerance.atol + exact.doubt) + SMALLEST_DOUBLE

        def within(number: Any) -> bool:
            return bool(low - allowed <= number <= high + allowed)

        verdict = KINK if within(analytic) else INACCURATE if within(rule) and faithful else WRONG
        return comparison._replace(tolerance=allowed, verdict=verdict)
    if not isfinite(slope):
        # No double holds this slope, or there is none: a finite derivative cannot be right.
        return comparison
    doubt = float(exact.doubt) + SMALLEST_DOUBLE
    allowed = tolerance.rtol * max(abs(analytic), abs(slope)) + tolerance.atol + doubt
    allowed_rule = float(tolerance.rules * max(abs(rule), abs(exact.slope))) + doubt + slack + tolerance.rules_atol
    if not abs(rule - exact.slope) <= allowed_rule:
        return comparison._replace(tolerance=allowed_rule, verdict=WRONG)
    verdict = OK if abs(analytic - slope) <= allowed else INACCURATE if faithful else WRONG
    return comparison._replace(tolerance=allowed, verdict=verdict)


def settle(analytic: float, numeric: float, uncertainty: float, rtol: float, atol: float) -> Comparison:
    """Compare a derivative with a numeric one and its uncertainty.

    >>> settle(2.0, 2.0001, 1e-3, 1e-6, 0.0).verdict
    'ok'
    """
    if not (isfinite(analytic) and isfinite(numeric) and isfinite(uncertainty)):
        return Comparison(analytic, numeric, 0.0, NONFINITE)
    allowed = rtol * max(abs(analytic), abs(numeric)) + atol + uncertainty
    return Comparison(analytic, numeric, allowed, OK if abs(analytic - numeric) <= allowed else WRONG)


def literal_slack(size: float) -> float:
    """Return the error of a derivative of this size that literal numbers in rules, which are doubles, may cause."""
    slack = 4 * MACHINE_EPSILON * size
    return slack if isfinite(slack) else 0.0


def worst(comparisons: list[Comparison]) -> Comparison:
    """Return the gravest of several comparisons."""
    return max(comparisons, key=gravity)


def gravity(comparison: Comparison) -> tuple[int, float]:
    """Return the sort key of a comparison: its verdict, then the number of wrong digits."""
    digits = comparison.digits
    return VERDICTS.index(comparison.verdict), -digits if isfinite(digits) else -DIGITS_OF_DOUBLE
