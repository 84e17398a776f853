"""The words in which a check answers, and what each result carries."""

from __future__ import annotations

from math import inf, isfinite, log10, nan
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from circuitgrad.methods.check.exact import Exact

OK = "ok"
WRONG = "wrong"
INACCURATE = "inaccurate"
KINK = "kink"
NONFINITE = "nonfinite"

VERDICTS = (OK, INACCURATE, KINK, NONFINITE, WRONG)
"""All of them, the gravest last."""

MOST_DIGITS = 17.0
"""As many digits as any double may need: what two equal numbers have in common."""

SMALLEST = 5e-324
"""The smallest double: what underflows to 0 is no further off."""

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
        rule: what the rules give without rounding, where that is known.
        ties: the gates at a tie or corner that bear on it.
        reason: what else is wrong, in words.
        point: where it was found, of several points; empty otherwise.
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
        """The distance in units of the larger of the two; NaN where one is not finite."""
        if self.abs_error == 0:
            return 0.0
        larger = max(abs(self.analytic), abs(self.numeric))
        return self.abs_error / larger if isfinite(self.abs_error) and larger else nan

    @property
    def digits(self) -> float:
        """How many decimal digits are right: 0 to 17.

        NaN where one of the two is not finite, or both are 0 as far as the tolerance can tell.
        """
        near_zero = self.abs_error > 0 and (self.rel_tolerance or 0.0) >= 1
        if near_zero or not (isfinite(self.analytic) and isfinite(self.numeric)):
            return nan
        error = self.rel_error
        return min(MOST_DIGITS, max(0.0, -log10(error))) if error else MOST_DIGITS

    @property
    def rel_tolerance(self) -> float | None:
        """The tolerance in units of the larger of the two; None where that is not finite, or 0."""
        larger = max(abs(self.analytic), abs(self.numeric))
        return self.tolerance / larger if 0 < larger < inf else None

    @property
    def failed(self) -> bool:
        """Whether the check does not pass with this."""
        return self.verdict in FAILURES


class Tolerance(NamedTuple):
    """How far a derivative may be from the exact one.

    Attributes:
        rtol: relatively, for what doubles compute.
        rules: relatively, for what the rules give without rounding.
        atol: absolutely, for what doubles compute.
        rules_atol: absolutely, for the rules.
    """

    rtol: float
    rules: float
    atol: float = 0.0
    rules_atol: float = 0.0

    def scaled(self, unit: float) -> Tolerance:
        """Return the tolerance with the absolute ones in another unit."""
        return self._replace(atol=self.atol * unit, rules_atol=self.rules_atol * unit)


def judge(
    analytic: float, rule: Any, exact: Exact, tolerance: Tolerance, *, slack: float = 0.0, faithful: bool = True
) -> Comparison:
    """Compare a derivative with the exact slopes: first the rule that it follows, then the digits that it has kept.

    Args:
        analytic: the derivative in doubles.
        rule: what its rule gives in multiprecision.
        exact: the slopes of the value.
        tolerance: how far both may be off.
        slack: how far the rule may be off since the literal numbers in it are doubles.
        faithful: whether the double follows the rule, so that what is between the two is rounding.

    >>> from circuitgrad.methods.check.exact import Exact
    >>> exact = Exact(0.75, 0.75, 0.75, 0.0)
    >>> [judge(a, r, exact, Tolerance(1e-9, 1e-14)).verdict for a, r in ((0.75, 0.75), (0.7, 0.75), (0.7, 0.7))]
    ['ok', 'inaccurate', 'wrong']
    """
    if exact.kink and abs(exact.left - exact.right) <= SMALLEST:
        exact = exact._replace(kink=False)  # no double tells the sides apart
    slope = float(exact.slope)
    found = Comparison(analytic, slope, 0.0, NONFINITE, rule=float(rule))
    if exact.kink:
        found = found._replace(left=float(exact.left), right=float(exact.right))
    if not isfinite(analytic):
        return found
    if exact.kink:
        low, high = sorted(exact.beside)
        finite = [abs(side) for side in (low, high) if isfinite(side)]
        allowed = float(tolerance.rtol * max(finite, default=0.0) + tolerance.atol + exact.doubt) + SMALLEST

        def within(number: Any) -> bool:
            return bool(low - allowed <= number <= high + allowed)

        verdict = KINK if within(analytic) else INACCURATE if within(rule) and faithful else WRONG
        return found._replace(tolerance=allowed, verdict=verdict)
    if not isfinite(slope):
        # No double holds this slope, or there is none: a finite derivative cannot be right.
        return found
    doubt = float(exact.doubt) + SMALLEST
    allowed = tolerance.rtol * max(abs(analytic), abs(slope)) + tolerance.atol + doubt
    ruled = float(tolerance.rules * max(abs(rule), abs(exact.slope))) + doubt + slack + tolerance.rules_atol
    if not abs(rule - exact.slope) <= ruled:
        return found._replace(tolerance=ruled, verdict=WRONG)
    verdict = OK if abs(analytic - slope) <= allowed else INACCURATE if faithful else WRONG
    return found._replace(tolerance=allowed, verdict=verdict)


def settle(analytic: float, numeric: float, uncertainty: float, rtol: float, atol: float) -> Comparison:
    """Compare a derivative with a numeric one, which is uncertain by so much.

    >>> settle(2.0, 2.0001, 1e-3, 1e-6, 0.0).verdict
    'ok'
    """
    if not (isfinite(analytic) and isfinite(numeric) and isfinite(uncertainty)):
        return Comparison(analytic, numeric, 0.0, NONFINITE)
    allowed = rtol * max(abs(analytic), abs(numeric)) + atol + uncertainty
    return Comparison(analytic, numeric, allowed, OK if abs(analytic - numeric) <= allowed else WRONG)


def worst(comparisons: list[Comparison]) -> Comparison:
    """Return the gravest of several comparisons."""
    return max(comparisons, key=gravity)


def gravity(one: Comparison) -> tuple[int, float]:
    """Return how grave a comparison is: by its verdict, and among equals by the digits that are wrong."""
    return VERDICTS.index(one.verdict), -one.digits if isfinite(one.digits) else -MOST_DIGITS
