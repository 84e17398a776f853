"""Whether a check accuses a circuit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.methods.check.verdicts import NONFINITE, WRONG

if TYPE_CHECKING:
    from circuitgrad.methods.check.result import Check


def accused(result: Check) -> bool:
    """Tell whether something is called wrong; what a method cannot decide is no accusation, but fails as well."""
    if result.method == "mp":
        return not result.passed
    groups = [*result.inputs.values(), result.values, result.gates, result.wires]
    return any(comparison.verdict in (WRONG, NONFINITE) for group in groups for comparison in group.values())
