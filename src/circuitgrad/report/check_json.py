"""The results of `check` as JSON documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from circuitgrad.methods.check.verdicts import UNUSED
from circuitgrad.report.number_text import for_json
from circuitgrad.report.results import outputs_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from circuitgrad.methods.check.result import Check
    from circuitgrad.methods.check.verdicts import Comparison


def check_json(check: Check, file: str, *, only_failed: bool = False) -> dict[str, Any]:
    """Return the document of `check` for one circuit.

    Args:
        check: the check.
        file: where the circuit was read.
        only_failed: leave out comparisons that are in order.
    """

    def chosen(
        comparisons: Mapping[str, Comparison], document_of: Callable[[Comparison], dict[str, Any]]
    ) -> dict[str, Any]:
        return {
            name: document_of(comparison)
            for name, comparison in comparisons.items()
            if comparison.failed or not only_failed
        }

    single = len(check.outputs) == 1
    inputs = {output: chosen(comparisons, _comparison) for output, comparisons in check.inputs.items()}
    if check.order == 2:
        inputs = {output: _nested(documents) for output, documents in inputs.items()}
    singular, plural = ("inputs", "jacobian") if check.order == 1 else ("hessian", "hessians")
    document: dict[str, Any] = {
        "circuit": check.circuit.name,
        "output": outputs_json(check.outputs),
        "method": check.method,
        "passed": check.passed,
        **({singular: inputs[check.outputs[0]]} if single else {plural: inputs}),
        "gates": chosen(check.gates, _comparison),
        "expect": chosen(check.expect, _expectation),
        "sums": chosen(check.wires, _comparison),
        "values": chosen(check.values, _comparison),
        **_untried_json(check, only_failed=only_failed),
        "file": file,
        **({"why": check.why} if check.why else {}),
        "rtol": check.rtol,
        "atol": check.atol,
        **({"digits": check.digits} if check.digits is not None else {}),
    }
    if len(check.points) > 1:
        document["points"] = [
            {
                "name": point.point.name,
                "passed": point.passed,
                "values": {name: for_json(value) for name, value in point.point.values.items()},
            }
            for point in check.points
        ]
    return document


def _untried_json(check: Check, *, only_failed: bool) -> dict[str, Any]:
    """Return the trials of definitions and the branches not taken, where there are any."""
    definitions = {
        trial.name: {
            **(_comparison(trial.comparison) if trial.comparison.failed else {"verdict": trial.comparison.verdict}),
            "points": trial.points,
            "unreached": list(trial.unreached),
        }
        for trial in sorted(check.trials, key=lambda trial: trial.comparison.failed)  # of one name, the gravest
        if trial.comparison.failed or not only_failed
    }
    branches = [branch._asdict() for branch in check.never_taken if not only_failed]
    document = {"definitions": definitions, "not_taken": branches}
    return {key: value for key, value in document.items() if value}


def error_json(file: str, message: str) -> dict[str, Any]:
    """Return the document for a file that cannot be read."""
    return {"circuit": None, "file": file, "passed": False, "error": message}


def _nested(pairs: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return documents per pair `a, b` of inputs by the first input, then the second."""
    nested: dict[str, dict[str, Any]] = {}
    for pair, document in pairs.items():
        first, _, second = pair.partition(", ")
        nested.setdefault(first, {})[second] = document
    return nested


def _expectation(comparison: Comparison) -> dict[str, Any]:
    return {
        "value": for_json(comparison.analytic),
        "expected": for_json(comparison.numeric),
        "tolerance": for_json(comparison.tolerance),
        "verdict": comparison.verdict,
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    if comparison.verdict == UNUSED:
        return {"verdict": UNUSED}
    document: dict[str, Any] = {
        "analytic": for_json(comparison.analytic),
        "numeric": for_json(comparison.numeric),
        "abs_error": for_json(comparison.abs_error),
        "rel_error": for_json(comparison.rel_error),
        "digits": for_json(comparison.digits),
        "tolerance": for_json(comparison.tolerance),
        "verdict": comparison.verdict,
    }
    optional = {
        "operand": comparison.operand or None,
        "rule": comparison.rule,
        "left": comparison.left,
        "right": comparison.right,
        "ties": list(comparison.ties) or None,
        "reason": comparison.reason or None,
        "point": comparison.point or None,
        "failed": True if comparison.falls_short else None,
    }
    for key, value in optional.items():
        if value is not None:
            document[key] = for_json(value) if isinstance(value, float) else value
    return document
