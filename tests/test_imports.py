"""What a command imports: start-up is paid at every call."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NEURON = "circuits/neuron.yaml"
SCRIPT = """
import sys
sys.argv[0] = "circuitgrad"
from circuitgrad.cli import run
try:
    run()
finally:
    import json
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""

HELP = {
    "circuitgrad",
    "circuitgrad.cli",
    "circuitgrad.cli.main",
    "circuitgrad.cli.process",
    "circuitgrad.cli.streams",
    "circuitgrad.cli.usage",
    "circuitgrad.errors",
    "circuitgrad.version",
}
READING = HELP | {
    "circuitgrad.circuit",
    "circuitgrad.circuit.circuit",
    "circuitgrad.circuit.gradients",
    "circuitgrad.circuit.structure",
    "circuitgrad.circuit.notebook",
    "circuitgrad.circuit.optimization",
    "circuitgrad.circuit.rows_options",
    "circuitgrad.circuit.units",
    "circuitgrad.cli.option_values",
    "circuitgrad.cli.options",
    "circuitgrad.cli.printing",
    "circuitgrad.cli.progress",
    "circuitgrad.cli.reading",
    "circuitgrad.files",
    "circuitgrad.formulas",
    "circuitgrad.formulas.dialects",
    "circuitgrad.formulas.formula",
    "circuitgrad.formulas.names",
    "circuitgrad.formulas.numerals",
    "circuitgrad.formulas.reader",
    "circuitgrad.formulas.steps",
    "circuitgrad.gates",
    "circuitgrad.gates.arithmetic",
    "circuitgrad.gates.compiled",
    "circuitgrad.gates.doubles",
    "circuitgrad.gates.primitives",
    "circuitgrad.gates.rule",
    "circuitgrad.gates.table",
    "circuitgrad.language",
    "circuitgrad.language.document",
    "circuitgrad.language.expansion",
    "circuitgrad.language.families",
    "circuitgrad.language.fast",
    "circuitgrad.language.fast.runs",
    "circuitgrad.language.fast.templates",
    "circuitgrad.language.fields",
    "circuitgrad.language.format",
    "circuitgrad.language.load",
    "circuitgrad.language.members",
    "circuitgrad.language.names",
    "circuitgrad.language.nodes",
    "circuitgrad.language.optimize_block",
    "circuitgrad.language.ordering",
    "circuitgrad.language.scope",
    "circuitgrad.language.subscripts",
    "circuitgrad.language.wires",
    "circuitgrad.language.yaml_text",
    "circuitgrad.methods",
    "circuitgrad.methods.nonfinite",
    "circuitgrad.report",
    "circuitgrad.report.json_text",
    "circuitgrad.report.number_text",
    "circuitgrad.report.rendering",
    "circuitgrad.report.results",
    "circuitgrad.report.tables",
    "circuitgrad.report.terminal",
    "circuitgrad.report.terminal_table",
    "circuitgrad.report.wire_description",
    "circuitgrad.version",
}
ALLOWED = {
    "--help": HELP,
    "forward": READING | {"circuitgrad.cli.forward", "circuitgrad.cli.passes"},
    "backward": READING | {"circuitgrad.cli.backward", "circuitgrad.cli.passes"},
    "gates": READING | {"circuitgrad.cli.gates", "circuitgrad.report.gates"},
    "gates tanh": READING
    | {
        "circuitgrad.cli.gates",
        "circuitgrad.report.curve",
        "circuitgrad.report.gate_plot",
        "circuitgrad.report.gates",
        "circuitgrad.report.panels",
    },
}
DRAWN = {
    f"circuitgrad.report.drawing{part}"
    for part in (
        "",
        ".collapsing",
        ".dot",
        ".layout",
        ".measure",
        ".mermaid",
        ".model",
        ".nesting",
        ".png",
        ".svg",
        ".symbols",
        ".text",
    )
}
ALLOWED["draw"] = READING | DRAWN | {"circuitgrad.cli.draw"}
HEAVY = {
    "numpy",
    "mpmath",
    "difflib",
    "llvmlite",
    "scipy",
    "unittest",
    "asyncio",
    "ssl",
    "sqlite3",
    "csv",
    "http",
    "subprocess",
}
RICH = ["rich.table", "rich.console", "rich.text", "rich.box", "rich.cells"]
"""What tables are drawn with on a terminal; no other part of rich is imported, but what these import."""
PLAIN = [
    ["forward", NEURON],
    ["forward", NEURON, "--all"],
    ["forward", NEURON, "--format", "json"],
    ["backward", NEURON],
    ["hessian", NEURON],
]
"""What needs no rich where there are no colours and every cell fits: importing it takes as long as all the rest."""
CALLS = [
    ["--help"],
    ["forward", NEURON],
    ["forward", NEURON, "--format", "json"],
    ["forward", NEURON, "--format", "markdown"],
    ["backward", NEURON],
    ["backward", NEURON, "--format", "json"],
    ["draw", NEURON],
    ["draw", NEURON, "--format", "mmd"],
    ["gates"],
    ["gates", "tanh"],
]


def modules(*arguments: str, **variables: str) -> set[str]:
    """Return the modules that a call of the program has imported in the end, with other environment variables."""
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name not in ("COLUMNS", "FORCE_COLOR")} | variables,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    return set(json.loads(result.stderr.splitlines()[-1]))


def bare(*imports: str) -> set[str]:
    """Return the modules that Python and its site packages bring along with these imports."""
    code = f"import {', '.join(imports)}; import sys, json; print(json.dumps(sorted(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", timeout=60, check=True)
    return set(json.loads(result.stdout))


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_only_what_is_used_is_imported(call: list[str]) -> None:
    found = modules(*call)
    own = {name for name in found if name.split(".")[0] == "circuitgrad"}
    assert own <= ALLOWED.get(" ".join(call), ALLOWED.get(call[0], set()))
    assert "circuitgrad.cli.main" in own
    drawn = RICH if "--format" not in call and "--help" not in call else []
    spare = found - bare("click", "yaml", "json", *drawn)
    assert not {name.split(".")[0] for name in spare} & (HEAVY | {"rich"})


@pytest.mark.parametrize("call", PLAIN, ids=" ".join)
def test_a_plain_table_imports_no_rich(call: list[str]) -> None:
    assert not {name for name in modules(*call) if name.split(".")[0] == "rich"}


def test_colours_are_drawn_by_rich() -> None:
    assert "rich.table" in modules("forward", NEURON, FORCE_COLOR="1")


def test_a_small_file_compiles_no_expressions_for_large_ones() -> None:
    code = (
        "import re, circuitgrad\n"
        f"circuitgrad.load({NEURON!r})\n"
        "from circuitgrad.language.fast import runs, templates\n"
        "kept = {key[1] for key in re._cache}\n"
        "assert not kept & {runs._RUN, runs._LINE, runs._KEY, templates._WORD}"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60, check=True)


def test_help_reads_no_circuit() -> None:
    assert not {"yaml", "circuitgrad.gates.table"} & modules("--help")


def test_only_check_imports_multiprecision() -> None:
    assert "mpmath" in modules("check", NEURON)
    assert "mpmath" not in modules("optimize", NEURON)
