"""A module imports only from the layers above its own, also for types: no circles, no shortcuts."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "src" / "circuitgrad"
LAYERS = [
    "errors",
    "expression",
    "arithmetic",
    "multiprecision",
    "dialects",
    "gates",
    "rules",
    "units",
    "circuit",
    "language",
    "methods",
    "report",
    "cli",
]
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
FACES = {Path("__init__.py"), Path("__main__.py")}


def layer(path: Path) -> str:
    return path.parts[0].removesuffix(".py")


def imported_layers(tree: ast.AST) -> set[str]:
    """Return the layers that a module names anywhere, inside functions and under TYPE_CHECKING as well."""
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.update({node.module} if "." in node.module else {f"{node.module}.{a.name}" for a in node.names})
    parts = [module.split(".") for module in modules]
    return {names[1] for names in parts if names[0] == "circuitgrad" and names[1] in LAYERS}


def faults(path: Path, source: str) -> set[str]:
    below = LAYERS[LAYERS.index(layer(path)) + 1 :]
    return imported_layers(ast.parse(source)) & set(below)


@pytest.mark.parametrize("path", [path for path in MODULES if path not in FACES], ids=str)
def test_a_module_imports_only_from_above(path: Path) -> None:
    assert layer(path) in LAYERS
    assert not faults(path, (PACKAGE / path).read_text(encoding="utf-8"))


def test_errors_imports_nothing_of_ours() -> None:
    assert not imported_layers(ast.parse((PACKAGE / "errors.py").read_text(encoding="utf-8")))


def test_a_shortcut_would_be_noticed() -> None:
    assert faults(Path("gates.py"), "def late():\n    from circuitgrad.circuit import Circuit") == {"circuit"}
    assert faults(Path("gates.py"), "from circuitgrad import cli") == {"cli"}
    assert faults(Path("gates.py"), "from circuitgrad.errors import quote") == set()
