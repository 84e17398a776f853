"""An import budget: what the small commands load, so that they start in the time that click and PyYAML take."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NEURON = "circuits/neuron.yaml"

PROBE = """
import json, sys
from circuitgrad.cli import run
try:
    run(sys.argv[1:])
except SystemExit as stop:
    print(json.dumps([stop.code, sorted(sys.modules)]), file=sys.stderr)
"""

HEAVY = {"numpy", "scipy", "mpmath", "llvmlite", "difflib", "importlib.metadata", "markdown_it", "pygments", "ctypes"}

HELP = {"circuitgrad", "circuitgrad.cli", "circuitgrad.cli.main", "circuitgrad.errors"}

FORWARD = HELP | {
    "circuitgrad.arithmetic",
    "circuitgrad.circuit",
    "circuitgrad.cli.forward",
    "circuitgrad.cli.options",
    "circuitgrad.cli.passes",
    "circuitgrad.dialects",
    "circuitgrad.expression",
    "circuitgrad.gates",
    "circuitgrad.language",
    "circuitgrad.language.assembly",
    "circuitgrad.language.document",
    "circuitgrad.language.json_text",
    "circuitgrad.language.nodes",
    "circuitgrad.language.yaml_text",
    "circuitgrad.methods",
    "circuitgrad.methods.nonfinite",
    "circuitgrad.methods.verdicts",
    "circuitgrad.report",
    "circuitgrad.report.numbers",
    "circuitgrad.report.results",
    "circuitgrad.report.tables",
    "circuitgrad.report.text",
    "circuitgrad.report.wires",
    "circuitgrad.rules",
    "circuitgrad.units",
}


def modules_after(*arguments: str, **environment: str) -> set[str]:
    """Return the names of all modules that are loaded when a command has ended well."""
    result = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments],
        capture_output=True,
        encoding="utf-8",
        cwd=ROOT,
        check=False,
        env={"PATH": "", "PYTHONUTF8": "1", **environment},
    )
    code, modules = json.loads(result.stderr.splitlines()[-1])
    assert code in (0, None), result.stderr
    return set(modules)


def ours(modules: set[str]) -> set[str]:
    return {name for name in modules if name.split(".")[0] == "circuitgrad"}


def test_help_loads_none_of_the_commands() -> None:
    modules = modules_after("--help")
    assert ours(modules) <= HELP
    assert not modules & (HEAVY | {"yaml", "rich"})


@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown"])
def test_forward_in_a_pipe_loads_what_it_needs(form: str) -> None:
    modules = modules_after("forward", NEURON, "--format", form)
    assert ours(modules) <= FORWARD
    assert not modules & (HEAVY | {"rich"})


def test_a_coloured_table_loads_no_part_of_rich_that_it_does_not_use() -> None:
    modules = modules_after("forward", NEURON, FORCE_COLOR="1")
    assert ours(modules) <= FORWARD
    assert not modules & (HEAVY - {"ctypes"})
    assert not modules & {"rich.markdown", "rich.syntax", "rich.traceback", "rich.progress", "rich.live", "rich.pretty"}
