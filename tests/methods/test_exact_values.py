"""The values of wires in multiprecision."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from mpmath import mp, mpf

import circuitgrad
from circuitgrad.methods.exact_values import converged, digits_of_wires, exact_values
from random_circuits import SMOOTH, Plan, plans


@given(plans(gates=tuple(SMOOTH), most=6))
def test_they_are_near_what_doubles_give(plan: Plan) -> None:
    assume(all(abs(value) < 1e100 for value in plan.values))
    circuit = plan.circuit()
    values = circuit.forward()
    digits = digits_of_wires(circuit, values)
    for name, exact in exact_values(circuit, list(circuit)).items():
        if digits[name] >= 12:
            assert values[name] == pytest.approx(float(exact), rel=1e-11, abs=1e-300)


@pytest.mark.parametrize(
    ("text", "inputs", "exact"),
    [
        # Rump's polynomial: Loh and Walster, "Rump's example revisited", Reliable Computing 8, 2002.
        (
            "333.75*y**6 + x**2*(11*x**2*y**2 - y**6 - 121*y**4 - 2) + 5.5*y**8 + x/(2*y)",
            {"x": 77617, "y": 33096},
            "-54767/66192",
        ),
        ("9*x**4 - y**4 + 2*y**2", {"x": 10864, "y": 18817}, "1"),  # 3x**2 - y**2 = -1, Pell's equation
        ("(x + 1) - x", {"x": 1e300}, "1"),
    ],
)
def test_cancellation_costs_nothing(text: str, inputs: dict[str, float], exact: str) -> None:
    (value,) = exact_values(circuitgrad.from_expression(text, **inputs), ["out"]).values()
    numerator, _, denominator = exact.partition("/")
    with mp.workdps(60):
        assert abs(value - mpf(numerator) / mpf(denominator or 1)) < mpf("1e-25")


def test_the_search_for_digits_ends() -> None:
    asked: list[int] = []

    def noise(digits: int) -> list[object]:
        asked.append(digits)
        return [mpf(digits)]

    assert not converged(noise).settled
    assert max(asked) < 2500
