"""The verdicts of a check, and the comparisons that carry them."""

from __future__ import annotations

import sys
from math import inf, isfinite, nan
from typing import TYPE_CHECKING, Any, NamedTuple

from circuitgrad.gates.doubles import MACHINE_EPSILON
from circuitgrad.methods.digits import DIGITS_OF_DOUBLE, right_digits

if TYPE_CHECKING:
    from collections.abc import Callable

    from circuitgrad.methods.check.exact_slopes import ExactSlope

OK = "ok"
UNUSED = "unused"
"""The verdict of a gate that only feeds branches which are not taken."""
WRONG = "wrong"
INACCURATE = "inaccurate"
KINK = "kink"
NONFINITE = "nonfinite"
UNDECIDED = "undecided"
"""The verdict where the reference itself has no digit: the check could not be made."""

VERDICTS = (UNUSED, OK, INACCURATE, KINK, UNDECIDED, NONFINITE, WRONG)
"""All verdicts, the gravest last; what is `ok` at one point and unused at another is `ok`."""

SMALLEST_DOUBLE = 5e-324
"""The smallest positive double, which bounds the error of an underflow to 0."""

LARGEST_DOUBLE = sys.float_info.max

FAILURES = frozenset({WRONG, NONFINITE, UNDECIDED})
"""The verdicts with which a check fails."""

LARGEST_DOUBT = 0.1
"""A reference that is uncertain by more than this, relatively, has not one right digit."""


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
        falls_short: whether it has fewer right digits than are asked for.
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
    falls_short: bool = False

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

        NaN where one of the two is not finite, the tolerance does not tell them from 0, or the reference has no digits.
        """
        near_zero = self.abs_error > 0 and (self.rel_tolerance or 0.0) >= 1
        if near_zero or self.verdict == UNDECIDED or not (isfinite(self.analytic) and isfinite(self.numeric)):
            return nan
        return right_digits(self.rel_error)

    @property
    def rel_tolerance(self) -> float | None:
        """The tolerance in units of the larger of the two; None where that is not finite, or 0."""
        larger = max(abs(self.analytic), abs(self.numeric))
        return self.tolerance / larger if 0 < larger < inf else None

    @property
    def failed(self) -> bool:
        """Whether the check fails with this verdict, or for its digits."""
        return self.falls_short or self.verdict in FAILURES

    def held_to(self, digits: int, atol: float) -> Comparison:
        """Return the comparison, which is inaccurate and falls short where fewer digits than these are right.

        Args:
            digits: the number of right decimal digits that is asked for.
            atol: the error that is allowed in any case.

        >>> near, tiny = Comparison(1.5, 1.5001, 1e-3, OK), Comparison(1e-17, 0.0, 0.0, OK)
        >>> near.held_to(6, 0.0).failed, tiny.held_to(3, 0.0).failed, tiny.held_to(3, 1e-12).failed
        (True, True, False)
        """
        lacking = not (self.rel_error <= 10.0**-digits or self.abs_error <= atol)
        if self.verdict not in (OK, INACCURATE) or not lacking:
            return self
        return self._replace(verdict=INACCURATE, falls_short=True)


class Tolerance(NamedTuple):
    """The allowed distance between a derivative and the exact one.

    Attributes:
        rtol: the relative tolerance of the backward pass in doubles.
        rules: the relative tolerance of the rules without rounding.
        atol: the absolute tolerance of both.
    """

    rtol: float
    rules: float
    atol: float = 0.0


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
        verdict = UNDECIDED if isfinite(analytic) else NONFINITE
        return Comparison(analytic, float(exact.slope), 0.0, verdict, rule=float(rule), reason=reason)
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
    allowed_rule = float(tolerance.rules * max(abs(rule), abs(exact.slope))) + doubt + slack + tolerance.atol
    if not abs(rule - exact.slope) <= allowed_rule:
        return comparison._replace(tolerance=allowed_rule, verdict=WRONG)
    verdict = OK if abs(analytic - slope) <= allowed else INACCURATE if faithful else WRONG
    return comparison._replace(tolerance=allowed, verdict=verdict)


def judge_value(value: float, exact: Any, rtol: float, atol: float = 0.0) -> Comparison:
    """Compare a wire's value with its value in multiprecision, NaN where that is not known.

    >>> [judge_value(2.0, exact, 1e-9).verdict for exact in (2.0, 1.0, nan)]
    ['ok', 'inaccurate', 'undecided']
    """
    reference = float(exact)
    if isfinite(value) and reference != reference:
        return unsettled(value)
    if not (isfinite(value) and isfinite(reference)):
        same = value == reference or (value != value and reference != reference)
        return Comparison(value, reference, 0.0, OK if same else NONFINITE)
    allowed = rtol * max(abs(value), abs(reference)) + atol
    return Comparison(value, reference, allowed, OK if abs(value - reference) <= allowed else INACCURATE)


def unsettled(number: float) -> Comparison:
    """Return the comparison of a number that multiprecision does not settle.

    >>> unsettled(2.0).verdict, unsettled(inf).verdict
    ('undecided', 'nonfinite')
    """
    if not isfinite(number):
        return Comparison(number, nan, 0.0, NONFINITE)
    return Comparison(number, nan, 0.0, UNDECIDED, reason="2,000 digits do not settle it")


def settle(
    analytic: float,
    numeric: float,
    uncertainty: float,
    rtol: float,
    atol: float,
    is_zero: Callable[[], bool] = lambda: False,
) -> Comparison:
    """Compare a derivative with a numeric one and its uncertainty.

    Args:
        analytic: the derivative.
        numeric: the numeric derivative.
        uncertainty: the bound on the numeric one's error.
        rtol: the relative tolerance.
        atol: the absolute tolerance.
        is_zero: tells whether the derivative is 0 without rounding, too; asked where it is 0 and the numeric one has no
            digit. Then 0 is the reference.

    >>> [settle(2.0, 2.0001, doubt, 1e-6, 0.0).verdict for doubt in (1e-6, 1e-3, 0.5)]
    ['wrong', 'ok', 'undecided']
    """
    if not (isfinite(analytic) and isfinite(numeric) and isfinite(uncertainty)):
        return Comparison(analytic, numeric, 0.0, NONFINITE)
    larger = max(abs(analytic), abs(numeric))
    allowed = rtol * larger + atol + uncertainty
    if not abs(analytic - numeric) <= allowed:
        return Comparison(analytic, numeric, allowed, WRONG)
    if uncertainty <= max(atol, LARGEST_DOUBT * larger):
        return Comparison(analytic, numeric, allowed, OK)
    if analytic == 0 and is_zero():
        return Comparison(analytic, 0.0, atol, OK)
    return Comparison(analytic, numeric, allowed, UNDECIDED, reason=f"the reference is uncertain by {uncertainty:.2g}")


def literal_slack(size: float) -> float:
    """Return the error of a derivative of this size that literal numbers in rules, which are doubles, may cause."""
    slack = 4 * MACHINE_EPSILON * size
    return slack if isfinite(slack) else 0.0


def worst(comparisons: list[Comparison]) -> Comparison:
    """Return the gravest of several comparisons."""
    return max(comparisons, key=gravity)


def gravity(comparison: Comparison) -> tuple[bool, int, float]:
    """Return the sort key of a comparison: whether it fails, its verdict, then the number of wrong digits."""
    digits = comparison.digits
    lost = -digits if isfinite(digits) else -DIGITS_OF_DOUBLE
    return comparison.failed, VERDICTS.index(comparison.verdict), lost
