"""Feed the reader with what atheris invents, for as long as one likes: `python tests/fuzz_reader.py [CORPUS]`.

This is no part of the test run. It needs `pip install atheris`, and stops at the first text that makes the reader do
anything but return a circuit or raise a CircuitError. A folder of circuits is a good corpus to begin with.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

MOST_WIRES = 10_000


def read(data: bytes) -> None:
    """Read a text as a circuit, and run it when it is one."""
    import circuitgrad

    try:
        circuit = circuitgrad.loads(data.decode("utf-8", "replace"), max_wires=MOST_WIRES)
    except circuitgrad.CircuitError as error:
        str(error)
        return
    circuit.backward(circuit.outputs[0])


def main() -> None:
    """Hand the reader over to atheris."""
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["circuitgrad"]):
        import circuitgrad.language  # noqa: F401
    atheris.Setup(sys.argv, read)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
