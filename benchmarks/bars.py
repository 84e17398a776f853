"""How fast circuitgrad is meant to be, each time as a ratio of two contestants in one run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import startup
from harness.rounds import Outcome, Ratio
from reading import EVENTS
from works import HELD, NATIVE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.rounds import Result


PROCESS = "first-answer"


class Bar(NamedTuple):
    """A ratio that is to be reached.

    Attributes:
        text: what is divided by what.
        work: the work.
        over: the contestant whose time is divided.
        under: the contestant whose time it is divided by; None for the bytes of a unit.
        limit: what the ratio is to be.
        is_least: whether it is to be at least that, instead of at most.
    """

    text: str
    work: str
    over: str
    under: str | None
    limit: float
    is_least: bool = False

    @property
    def wanted(self) -> str:
        """What is to be reached, in words."""
        if self.under is None:
            return f"at most {self.limit:g} bytes a gate"
        return f"at least {self.limit:g}" if self.is_least else f"at most {self.limit:g}"

    def reached(self, results: Mapping[str, Result]) -> Ratio | str:
        """Return the ratio that was reached, or why there is none.

        Where whole processes are timed, one that was ended at the limit counts as having taken that long.
        """
        result = results.get(self.work)
        if result is None:
            return "not run"
        over, under = (result.outcomes.get(label or "", Outcome(failed="not run")) for label in (self.over, self.under))
        if self.work == PROCESS and over.seconds and under.late:
            return Ratio(*[over.median / under.late] * 3)
        sides = [label for label in (self.over, self.under) if label is not None]
        for label in sides:
            outcome = result.outcomes.get(label, Outcome(failed="not run"))
            if not outcome.seconds:
                return f"{label}: {outcome.failed}"
        if self.under is None:
            return Ratio(*[result.outcomes[self.over].memory / HELD] * 3)
        return result.ratio(self.over, self.under) or "not run"

    def is_held(self, ratio: Ratio) -> bool:
        """Tell whether a ratio is as it is to be.

        >>> Bar("", "", "", "", 2).is_held(Ratio(1, 1.5, 2.5)), Bar("", "", "", "", 2, True).is_held(Ratio(1, 1.5, 2))
        (True, False)
        """
        return ratio.middle >= self.limit if self.is_least else ratio.middle <= self.limit


BUFFER, STEPS_ALONE = "CasADi, buffer", f"{NATIVE}, steps alone"

BARS = [
    Bar("`forward` on the neuron, whole process / importing click, PyYAML, rich", "start-up", "forward",
        startup.IMPORTS, 1.15),
    Bar("CasADi's ordinary call / `native`: the neuron, a call from Python", "pass-neuron", "CasADi", NATIVE, 25, True),
    Bar("CasADi, steady / `native`: 1,000 gates, wide", "pass-wide-1000", BUFFER, NATIVE, 4, True),
    Bar("CasADi, steady / `native`: 1,000 gates, deep", "pass-deep-1000", BUFFER, NATIVE, 4, True),
    Bar("`native` / straight-line C: 1,000 gates, wide", "pass-wide-1000", NATIVE, "C", 1.3),
    Bar("`native` / straight-line C: 1,000 gates, deep", "pass-deep-1000", NATIVE, "C", 1.3),
    Bar("CasADi / `native`: 10,000 gates, wide", "pass-wide-10000", BUFFER, NATIVE, 4.5, True),
    Bar("CasADi / `native`: 100,000 gates, wide", "pass-wide-100000", BUFFER, NATIVE, 4.5, True),
    Bar("CasADi / `native`: 100,000 gates, deep", "pass-deep-100000", BUFFER, NATIVE, 1.6, True),
    Bar("CasADi / `native`: 1,000,000 gates, wide", "pass-wide-1000000", BUFFER, NATIVE, 2.8, True),
    Bar("`native` / fused vectorised C: 1,000,000 rows of the neuron", "rows-neuron-1000000", NATIVE, "C, vectorised",
        1.3),
    Bar("CasADi's map / `native`: 1,000,000 rows of the neuron", "rows-neuron-1000000", "CasADi", NATIVE, 25, True),
    Bar("CasADi's map / `native`: 100,000 rows of 1,000 gates", "rows-wide-1000-100000", "CasADi", NATIVE, 35, True),
    Bar("`native`, compiled steps / C loop: 10,000 gradient steps of the neuron", "steps-neuron", STEPS_ALONE, "C", 2),
    Bar("CasADi's fold / `native`, compiled steps: 10,000 gradient steps of the neuron", "steps-neuron", "CasADi",
        STEPS_ALONE, 4, True),
    Bar("`native` / JAX: compile and first answer, 1,000 gates, whole process", "first-answer", NATIVE, "JAX", 0.05),
    Bar("reading 200,000 gates of YAML / PyYAML's C event stream, gates", "load-gates", "circuitgrad.load", EVENTS, 2),
    Bar("`forward --data` on a CSV of 1,000,000 rows of the neuron, whole process / polars", "forward-data",
        "circuitgrad forward --data", "polars", 2),
    Bar("memory of a loaded circuit and its tape, 100,000 gates", "memory", "circuitgrad, loaded, native", None, 600),
]  # fmt: skip
