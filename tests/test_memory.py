"""A large circuit fits into little memory, while it is read, too."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("resource", reason="only POSIX can cap a process's memory")
STATUS = Path("/proc/self/statm")
pytestmark = pytest.mark.skipif(not STATUS.exists(), reason="only Linux tells how much memory is in use")

GATES = 100_000
BYTES_A_GATE = 900
"""What reading a circuit and both passes of the gate objects may take at their peak; they take 650 (CPython 3.11)."""
SCRIPT = """
import resource, sys
import circuitgrad
circuitgrad.load("circuits/neuron.yaml").backward()  # all imports are done
with open("/proc/self/statm") as file:
    used = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + int(sys.argv[2]), resource.RLIM_INFINITY))
circuit = circuitgrad.load(sys.argv[1])
print(len(circuit.rules), circuit.forward()[circuit.outputs[0]], circuit.backward()["w0"])
"""

EXPLICIT = {f"w{i + 1}": {"add": [f"w{i}", "x"]} for i in range(GATES)}
FORMULAS = {f"w{i + 1}": f"w{i}*x + 1" for i in range(GATES // 2)}


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["yaml", "json"])
@pytest.mark.parametrize("gates", [EXPLICIT, FORMULAS], ids=["gates", "formulas"])
def test_a_large_circuit_fits(tmp_path: Path, gates: dict[str, object], suffix: str) -> None:
    document = {"inputs": {"x": 0.5, "w0": 1.0}, "gates": gates}
    text = json.dumps(document)
    if suffix == "yaml":
        lines = [f"  {name}: {json.dumps(value)}".replace('"', "") for name, value in gates.items()]
        text = "\n".join(["inputs: {x: 0.5, w0: 1.0}", "gates:", *lines, ""])
    file = tmp_path / f"large.{suffix}"
    file.write_text(text, encoding="utf-8")
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(file), str(BYTES_A_GATE * GATES)],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-300:]
    # Sums: 1 + GATES*x. Formulas: the limit of w*x + 1 is 2, where the first one counts no longer.
    value, slope = (1 + GATES * 0.5, 1.0) if gates is EXPLICIT else (2.0, 0.5 ** (GATES // 2))
    assert result.stdout.split() == [str(GATES), repr(value), repr(slope)]
