"""How many bytes a gate takes in a circuit that has been loaded, and after its passes; YAML and JSON of 200,000 gates.

Run `python benchmarks/memory.py [GATES]`. The bar is 600 bytes a gate for what a process grows by when it loads a
circuit and makes the tape of the engine native. What Python's own objects take is printed beside it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from reading import text

if TYPE_CHECKING:
    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.engines.wanted import Program

FORMS = ("gates", "formulas")
SUFFIXES = ("yaml", "json")


def resident() -> int:
    """Return how many bytes of memory the process has in use, as Linux counts them."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * 4096


def grown(path: str, *, traced: bool) -> list[float]:
    """Return by how many bytes a gate the process has grown: loading a circuit, its tape, `backward` of the objects."""
    import circuitgrad

    small = circuitgrad.load(Path(__file__).parent.parent / "circuits" / "neuron.yaml")
    small.backward()
    taped(small)
    if traced:
        tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0] if traced else resident()
    sizes = []

    def note() -> None:
        now = tracemalloc.get_traced_memory()[0] if traced else resident()
        sizes.append((now - before) / len(circuit.rules))

    circuit = circuitgrad.load(path)
    note()
    tape = taped(circuit)
    note()
    del tape
    circuit.backward()
    note()
    return sizes


def taped(circuit: Circuit) -> Program:
    """Return a tape after its passes."""
    from circuitgrad.engines.programs import program
    from circuitgrad.engines.wanted import Wanted

    names = list(circuit.inputs)[:1]
    run = program(circuit, names, Wanted(circuit.outputs, circuit.outputs, tuple(names)), "native", 2)
    run(1.0)
    return run


def main(gates: int) -> None:
    """Print a table; every circuit is loaded in a process of its own."""
    print(f"{'bytes a gate':20}{'loaded':>10}{'and tape':>10}{'backward':>10}   Python's objects alone")
    with tempfile.TemporaryDirectory() as folder:
        for form in FORMS:
            written = text(gates, form)
            for suffix in SUFFIXES:
                file = Path(folder) / f"{form}.{suffix}"
                data = written if suffix == "yaml" else json.dumps(yaml.load(written, yaml.CSafeLoader))
                file.write_text(data, encoding="utf-8")
                found = [
                    json.loads(subprocess.check_output([sys.executable, __file__, str(file), how]))
                    for how in ("resident", "traced")
                ]
                process, objects = ("".join(f"{size:10.0f}" for size in sizes) for sizes in found)
                print(f"{form + ', ' + suffix:20}{process}   {objects}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        print(json.dumps(grown(sys.argv[1], traced=sys.argv[2] == "traced")))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
