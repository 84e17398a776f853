"""The package's folder listing is its list of layers: a module imports from its own folder and from layers above.

All imports count: those at the top of a module, those inside of functions, those for type checkers, and those by a name
that is put together when the program runs. The package's front, `__init__` and `__main__`, stands outside.
"""

from __future__ import annotations

import ast
import pkgutil
import re
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import circuitgrad
from circuitgrad.circuit.optimization import METHODS
from circuitgrad.methods.optimize import algorithms

SOURCE = Path(__file__).parent.parent / "src" / "circuitgrad"
LAYERS = [
    "version",
    "errors",
    "replacing",
    "files",
    "formulas",
    "gates",
    "circuit",
    "language",
    "data",
    "engines",
    "methods",
    "report",
    "cli",
]
FRONT = {"circuitgrad", "circuitgrad.__main__"}
BY_NAME = {
    "circuitgrad.cli.main": "circuitgrad.cli",
    "circuitgrad.methods.optimize.settings": "circuitgrad.methods.optimize.algorithms",
}
"""The modules that import others by name, and the folder where these are."""


def module_name(file: Path) -> str:
    """Return the dotted name of a module's file."""
    parts = ("circuitgrad", *file.relative_to(SOURCE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(file): file for file in sorted(SOURCE.rglob("*.py"))}
MODULES = sorted(FILES.keys() - FRONT)


def imports(text: str, known: frozenset[str]) -> set[str]:
    """Return the modules that a module's text imports, wherever in it the import stands."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                names.add(inner if inner in known else str(node.module))
    return {name for name in names if name.split(".")[0] == "circuitgrad"}


@cache
def graph() -> dict[str, set[str]]:
    """Return, per module, the modules that it imports."""
    known = frozenset(FILES)
    found = {name: imports(file.read_text(encoding="utf-8"), known) for name, file in FILES.items()}
    for name, prefix in BY_NAME.items():
        found[name] |= {module for module in MODULES if module.startswith(f"{prefix}.")} - {name}
    return found


def layer(module: str) -> str:
    return module.split(".")[1]


def test_every_module_has_a_layer() -> None:
    assert {layer(module) for module in MODULES} == set(LAYERS)
    assert len(MODULES) > 100


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_from_layers_above(module: str) -> None:
    own = LAYERS.index(layer(module))
    below = {name for name in graph()[module] if name in FRONT or LAYERS.index(layer(name)) > own}
    assert not below


def test_no_module_imports_itself_in_a_circle() -> None:
    try:
        order = [*TopologicalSorter({name: found - {name} for name, found in graph().items()}).static_order()]
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))
    assert set(order) >= set(MODULES)


def test_nothing_else_imports_by_name() -> None:
    by_name = re.compile(r"\bimport_module\(|__import__\(")
    assert {name for name in MODULES if by_name.search(FILES[name].read_text(encoding="utf-8"))} == set(BY_NAME)


def test_imports_are_found_wherever_they_stand() -> None:
    text = (
        "import circuitgrad.cli\nif TYPE_CHECKING:\n    from circuitgrad.report.terminal import fold\n"
        "def f():\n    from circuitgrad.circuit import units\n    import json\n"
    )
    known = frozenset({"circuitgrad.circuit.units", "circuitgrad.report.terminal"})
    assert imports(text, known) == {"circuitgrad.cli", "circuitgrad.report.terminal", "circuitgrad.circuit.units"}


def test_the_folder_of_algorithms_is_the_list_of_methods() -> None:
    assert sorted(module.name for module in pkgutil.iter_modules(algorithms.__path__)) == sorted(METHODS)


def test_folders_have_no_code_of_their_own() -> None:
    """A package's `__init__` is a docstring: whoever imports from it would import all that it imports."""
    for name, file in FILES.items():
        if file.name == "__init__.py" and name not in {"circuitgrad", "circuitgrad.cli"}:
            assert len(ast.parse(file.read_text(encoding="utf-8")).body) == 1, name


def test_the_version_is_the_package_s() -> None:
    assert circuitgrad.__version__
