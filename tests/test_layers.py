"""A module imports only from the layers above it.

Imports for type checkers count too: a type from a layer below is a dependency on it like any other. The package's
front, `__init__` and `__main__`, stands outside.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "circuitgrad"
LAYERS = [
    "errors",
    "experiment",
    "files",
    "numerals",
    "expression",
    "arithmetic",
    "multiprecision",
    "complexes",
    "dialects",
    "gates",
    "rules",
    "branches",
    "duals",
    "units",
    "circuit",
    "language",
    "arrow",
    "rows",
    "plain",
    "parquet",
    "blocks",
    "starters",
    "engines",
    "methods",
    "report",
    "cli",
]
MODULES = sorted(
    file for file in SOURCE.rglob("*.py") if file.relative_to(SOURCE).parts not in {("__init__.py",), ("__main__.py",)}
)


def layer(file: Path) -> str:
    return file.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported(text: str) -> set[str]:
    """Return the layers that a module's text imports, wherever in it the import stands."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            module = node.module or ""
            names.update([module] if module != "circuitgrad" else [f"circuitgrad.{alias.name}" for alias in node.names])
    parts = [name.split(".") for name in names]
    return {part[1] for part in parts if part[0] == "circuitgrad" and len(part) > 1 and not part[1].startswith("__")}


def test_every_module_has_a_layer() -> None:
    assert {layer(file) for file in MODULES} <= set(LAYERS)
    assert len(MODULES) > 20


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_a_module_imports_only_from_layers_above(file: Path) -> None:
    own = layer(file)
    allowed = set(LAYERS[: LAYERS.index(own)])
    if file.parent != SOURCE:
        allowed.add(own)
    assert imported(file.read_text(encoding="utf-8")) <= allowed


def test_imports_are_found_wherever_they_stand() -> None:
    text = (
        "import circuitgrad.cli\nif TYPE_CHECKING:\n    from circuitgrad.report.terminal import fold\n"
        "def f():\n    from circuitgrad import units\n    import json\n"
    )
    assert imported(text) == {"cli", "report", "units"}
