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

if TYPE_CHECKING:
    from circuitgrad.circuit import Circuit, Input
    from circuitgrad.errors import CircuitError
    from circuitgrad.language import from_expression, load, loads
    from circuitgrad.units import Gate, Unit

__version__ = "0.1.0"

__all__ = ["Circuit", "CircuitError", "Gate", "Input", "Unit", "from_expression", "load", "loads"]

_HOMES = {
    "Circuit": "circuit",
    "CircuitError": "errors",
    "Gate": "units",
    "Input": "circuit",
    "Unit": "units",
    "from_expression": "language",
    "load": "language",
    "loads": "language",
    # What a notebook asks circuits for: they stand above the layer that draws, and find it here.
    "circuit_svg": "report.notebook",
    "tape_html": "report.notebook",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for: a public name, or a gate's class such as `MultiplyGate`."""
    from importlib import import_module

    if name in _HOMES:
        return getattr(import_module(f"circuitgrad.{_HOMES[name]}"), name)
    if name.endswith("Gate"):
        from circuitgrad.units import gate_classes

        if (found := gate_classes().get(name)) is not None:
            return found
    raise AttributeError(f"module 'circuitgrad' has no attribute {name!r}")


def __dir__() -> list[str]:
    from circuitgrad.units import gate_classes

    return sorted([*__all__, "__version__", *gate_classes()])
