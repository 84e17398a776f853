"""Real-valued circuits written in YAML: values, gradients, a check of the gradients, and steps along them.

>>> import circuitgrad
>>> circuit = circuitgrad.load("circuits/neuron.yaml")
>>> circuit.forward()["s"]
0.8807970779778823
>>> circuit.backward()["a"]
-0.10499358540350662
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from circuitgrad.version import __version__ as __version__

if TYPE_CHECKING:
    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.circuit.structure import Input
    from circuitgrad.circuit.units import Gate, Unit
    from circuitgrad.errors import CircuitError
    from circuitgrad.language.load import from_expression, load, loads

__all__ = ["Circuit", "CircuitError", "Gate", "Input", "Unit", "from_expression", "load", "loads"]

_HOMES = {
    "Circuit": "circuit.circuit",
    "CircuitError": "errors",
    "Gate": "circuit.units",
    "Input": "circuit.structure",
    "Unit": "circuit.units",
    "from_expression": "language.load",
    "load": "language.load",
    "loads": "language.load",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for: a public name, or a gate's class such as `MultiplyGate`."""
    from importlib import import_module

    if name in _HOMES:
        if name != "CircuitError":
            import circuitgrad.report.notebook  # noqa: F401 - where there is a circuit, a notebook may show it
        return getattr(import_module(f"circuitgrad.{_HOMES[name]}"), name)
    if name.endswith("Gate"):
        from circuitgrad.circuit.units import gate_classes

        if (gate_class := gate_classes().get(name)) is not None:
            return gate_class
    raise AttributeError(f"module 'circuitgrad' has no attribute {name!r}")


def __dir__() -> list[str]:
    from circuitgrad.circuit.units import gate_classes

    return sorted([*__all__, "__version__", *gate_classes()])
