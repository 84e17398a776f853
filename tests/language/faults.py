"""What tests of faulty files share."""

from __future__ import annotations

import pytest

from circuitgrad import CircuitError, loads


def fault(text: str) -> CircuitError:
    """Return the error that a text is refused with."""
    with pytest.raises(CircuitError) as caught:
        loads(text, "n.yaml")
    return caught.value


def pointed(error: CircuitError) -> list[str]:
    """The texts that the carets stand under."""
    places = [problem.place for problem in error.problems]
    return [place.text[place.column - 1 :][: place.width] if place else "" for place in places]


def messages(error: CircuitError) -> list[str]:
    """The messages alone."""
    return [problem.message for problem in error.problems]
