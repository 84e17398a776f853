"""`circuitgrad explain`: tables, Markdown with LaTeX, JSON, options, messages."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from program import CIRCUITS, INPUTS, NEURON, document, done, invoke, write

if TYPE_CHECKING:
    from pathlib import Path

FILES = sorted(file for file in CIRCUITS.glob("*.yaml") if file.stem != "activations")
ALONE = "{inputs: {x: 3, y: 2, z: 1}, gates: {p: x*y, q: sin(z), r: p + x}, output: r}"


def test_the_document() -> None:
    found = document("explain", NEURON)
    assert list(found) == ["circuit", "output", "value", "gradient", "paths", "gates"]
    assert (found["circuit"], found["output"], found["value"]) == ("neuron", "s", 0.8807970779778823)
    backward = document("backward", NEURON)["grads"]
    assert (
        found["gradient"] == {name: backward[name] for name in INPUTS} == dict.fromkeys(INPUTS, 0) | found["gradient"]
    )
    assert found["paths"]["a"] == {
        "count": 1,
        "gradient": -0.10499358540350662,
        "size": 0.10499358540350662,
        "shown": [
            {
                "wires": ["a", "ax", "axpby", "axpbypc", "s"],
                "locals": [-1.0, 1.0, 1.0, 0.10499358540350662],
                "product": -0.10499358540350662,
            }
        ],
        "rest": {"count": 0, "sum": 0.0},
    }
    assert found["gates"][0] == {
        "gate": "sigmoid",
        "wire": "s",
        "operand": "axpbypc",
        "formula": "s*(1 - s)",
        "upstream": 1.0,
        "local": 0.10499358540350662,
        "contribution": 0.10499358540350662,
    }
    assert [one["operand"] for one in found["gates"]] == ["axpbypc", "axpby", "c", "ax", "by", "b", "y", "a", "x"]


def number(value: float | str) -> float:
    return float(value)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_document_says_what_backward_says(file: Path) -> None:
    """From the document alone: the contributions add up to the gradients, and so do the paths."""
    found: Any = document("explain", str(file), "--all", "--paths", "1000")
    grads = {name: number(one) for name, one in document("backward", str(file), "--all")["grads"].items()}
    added = {found["output"]: 1.0}
    for edge in found["gates"]:
        assert number(edge["upstream"]) == added[edge["wire"]]
        added[edge["operand"]] = added.get(edge["operand"], 0.0) + number(edge["contribution"])
    assert {name: added.get(name, 0.0) for name in found["gradient"]} == {
        name: grads[name] for name in found["gradient"]
    }
    for name, paths in found["paths"].items():
        assert paths["count"] == len(paths["shown"]) + paths["rest"]["count"]
        total = math.fsum(path["product"] for path in paths["shown"]) + paths["rest"]["sum"]
        assert total == pytest.approx(grads[name], rel=1e-9, abs=1e-12 * paths["size"])
        for path in paths["shown"]:
            assert math.prod(path["locals"]) == pytest.approx(path["product"], rel=1e-12)
            assert (path["wires"][0], path["wires"][-1]) == (name, found["output"])
            assert len(path["wires"]) == len(path["locals"]) + 1


def test_the_tables_of_several_paths(tmp_path: Path) -> None:
    file = write(tmp_path, ALONE)
    printed = done("explain", file)
    assert [line.split() for line in printed.splitlines() if line][3:] == [
        ["x", "→", "p", "→", "r", "y", "×", "1"],
        ["=", "2", "×", "1", "2"],
        ["x", "→", "r", "1", "1"],
        ["dr/dx", "over", "2", "paths", "sum", "3"],
        ["y", "→", "p", "→", "r", "x", "×", "1"],
        ["=", "3", "×", "1", "3"],
        ["z:", "no", "path", "to", "r", "0"],
        ["the", "backward", "pass,", "gate", "by", "gate"],
        ["gate", "operand", "derivative", "upstream", "×", "local", "=", "adds"],
        ["─" * len(printed.splitlines()[-7])],
        ["r", "=", "p", "+", "x", "p", "1", "1", "1", "1"],
        ["x", "1", "1", "1", "1"],
        ["p", "=", "x*y", "x", "y", "1", "2", "2"],
        ["x", "sum", "of", "2", "3"],
        ["y", "x", "1", "3", "3"],
    ]
    few = done("explain", file, "--paths", "1", "--wrt", "x", "-q")
    assert re.search(r"… 1 more +1\ndr/dx over 2 paths +sum +3\n", few)
    assert "by gate" not in few
    assert "z" not in few


def test_wires_of_expanded_expressions(tmp_path: Path) -> None:
    file = write(tmp_path, "{inputs: {x: 0.5}, gates: {q: 2*(x + 1) - 3, s: q*q}}")
    assert "x → q → s" in done("explain", file)
    assert "x → q.1 → q.2 → q → s" in done("explain", file, "--all")
    assert document("explain", file)["paths"]["x"]["shown"][0]["wires"] == ["x", "q.1", "q.2", "q", "s"]


def test_long_paths_are_cut_in_the_middle(tmp_path: Path) -> None:
    gates = ", ".join(f"g{i}: {{sin: {f'g{i - 1}' if i else 'x'}}}" for i in range(20))
    file = write(tmp_path, f"{{inputs: {{x: 0.5}}, gates: {{{gates}}}}}")
    printed = done("explain", file)
    assert "x → g0 → g1 → g2 → g3 → … → g15 → g16 → g17 → g18 → g19" in printed
    assert "g9 " in printed.partition("by gate")[2]
    whole = " ".join(done("explain", file, "--all").split())
    assert " → ".join(["x", *(f"g{i}" for i in range(9))]) in whole
    assert r" \times \cdots \times " in done("explain", file, "--format", "markdown")


def test_a_thousand_gates_with_more_paths_than_atoms(tmp_path: Path) -> None:
    gates = "\n".join(f"  g{i}: {{add: [g{i - 1}, g{i - 1}]}}" for i in range(1, 1100))
    file = write(tmp_path, f"inputs: {{x: 1e-300}}\ngates:\n  g0: 2*x\n{gates}")
    printed = done("explain", file)
    assert "dg1099/dx over 6.79e+330 paths" in printed
    assert "more lines; --all shows them" in printed.replace("\n", " ")
    found = document("explain", file)["paths"]["x"]
    assert (found["count"], found["rest"]["count"]) == ("6.79e+330", "6.79e+330")
    assert document("explain", file, "--output", "g800")["paths"]["x"]["count"] == 2**800


def test_many_inputs(tmp_path: Path) -> None:
    file = write(
        tmp_path, "{inputs: {'x[0:50]': {uniform: [-1, 1], seed: 1}}, gates: {s: 'sum(x[i]**2 for i in range(50))'}}"
    )
    printed = done("explain", file)
    assert "paths of 20 of 50 inputs, those with the largest derivatives" in printed
    assert sum(line.startswith("x[") for line in printed.splitlines()) == 20
    grads = {name: abs(one) for name, one in document("backward", file)["grads"].items() if name != "s"}
    found = document("explain", file)["paths"]
    shown = {name for name in found if found[name]["shown"]}
    assert min(grads[name] for name in shown) >= max(grads[name] for name in grads if name not in shown)
    assert all(found[name]["shown"] or found[name]["rest"]["sum"] == found[name]["gradient"] for name in found)
    assert all(one["shown"] for one in document("explain", file, "--all")["paths"].values())
    assert list(document("explain", file, "--wrt", "x[7],x[3]")["paths"]) == ["x[3]", "x[7]"]
    assert len(document("explain", file, "--wrt", "x")["paths"]) == 50


def test_the_page(tmp_path: Path) -> None:
    printed = done("explain", write(tmp_path, ALONE), "--format", "markdown", "--paths", "1")
    blocks = re.findall(r"\$\$\n(.*?)\n\$\$", printed, flags=re.DOTALL)
    assert blocks == [
        r"""\begin{aligned}
\frac{\partial r}{\partial x}
&= \frac{\partial p}{\partial x} \frac{\partial r}{\partial p} \\
&\quad {}+ \cdots \\
&= y \times 1 \\
&\quad {}+ \cdots \\
&= 2 \times 1 \\
&\quad {}+ \cdots \\
&= 2 + \underbrace{1}_{\text{1 more}} \\
&= 3
\end{aligned}""",
        r"""\begin{aligned}
\frac{\partial r}{\partial y}
&= \frac{\partial p}{\partial y} \frac{\partial r}{\partial p} \\
&= x \times 1 \\
&= 3 \times 1 \\
&= 3
\end{aligned}""",
    ]
    assert "`z`: no path to `r`\n" in printed
    assert "| p = x\\*y" in printed


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_page_has_what_markdown_takes_for_itself(file: Path) -> None:
    printed = done("explain", str(file), "--format", "markdown", "-q")
    for block in re.findall(r"\$\$\n(.*?)\n\$\$", printed, flags=re.DOTALL):
        assert r"\cr" not in block  # which pandoc does not know
        assert not re.search(r"\\[^a-zA-Z]|[|*<>`$]", block.replace(" \\\\\n", "\n"))
        assert block.count("{") == block.count("}")


def test_infinite_derivatives(tmp_path: Path) -> None:
    file = write(tmp_path, "{inputs: {x: 0}, gates: {u: sqrt(x), y: 3*u - 2*u}}")
    result = invoke("explain", file)
    assert result.exit_code == 0
    assert "the gradient becomes inf at 'u'" in result.stderr
    assert "the products of the paths from x have no sum: a backward pass adds before" in result.stdout
    found = json.loads(invoke("explain", file, "--format", "json").stdout)
    assert [path["product"] for path in found["paths"]["x"]["shown"]] == ["inf", "-inf"]
    assert found["gradient"] == {"x": "inf"}
    zero = write(tmp_path, "{inputs: {x: 0}, gates: {u: sqrt(x), y: u - 2*u + u}}", "zero.yaml")
    found = document("explain", zero)
    assert found["gates"][-1]["local"] == "inf"
    assert (found["gates"][-1]["contribution"], found["gradient"]) == (0.0, {"x": 0.0})


def test_a_terminal_without_arrows() -> None:
    command = [sys.executable, "-m", "circuitgrad", "explain", NEURON, "--wrt", "a"]
    environment = {"PYTHONIOENCODING": "ascii", "COLUMNS": "80"}
    result = subprocess.run(command, capture_output=True, env={**os.environ, **environment}, check=True)
    assert b"a -> ax -> axpby -> axpbypc -> s" in result.stdout
    assert b"= -1 * 1 * 1 * 0.104994" in result.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--wrt", "q"), "error: --wrt: no input is called 'q'"),
        (("--output", "q"), "error: --output: no wire is called 'q'"),
        (("--output", "s", "--output", "ax"), "one output is wanted"),
        (("--paths", "0"), "Invalid value for '--paths'"),
        (("--format", "csv"), "Invalid value for '--format'"),
    ],
)
def test_what_is_refused(options: tuple[str, ...], message: str) -> None:
    result = invoke("explain", NEURON, *options)
    assert result.exit_code == 2
    assert message in result.stderr


def test_several_outputs(tmp_path: Path) -> None:
    file = write(tmp_path, "{inputs: {x: 1}, gates: {p: sin(x), q: cos(x)}, output: [p, q]}")
    result = invoke("explain", file)
    assert result.exit_code == 2
    assert "name one of them, as with --output NAME" in result.stderr
    assert document("explain", file, "--output", "q")["gradient"] == {"x": -math.sin(1)}


def test_a_circuit_without_inputs(tmp_path: Path) -> None:
    file = write(tmp_path, "{inputs: {}, gates: {y: 2 + 3}}")
    assert "y depends on no input" in done("explain", file)
    assert done("explain", file, "--format", "markdown") == "`y` depends on no input\n\n"
    assert document("explain", file)["gradient"] == {}


def test_other_values() -> None:
    assert document("explain", NEURON, "--set", "x=2", "--wrt", "a")["paths"]["a"]["shown"][0]["locals"][0] == 2.0
    assert "= -1 × 1 × 1 × 0.1 " in done("explain", NEURON, "--wrt", "a", "--precision", "1")
