"""The whole program through click's own runner, for tests of commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.testing import CliRunner

from circuitgrad.cli import run

if TYPE_CHECKING:
    from click.testing import Result

CIRCUITS = Path(__file__).parents[1] / "circuits"
NEURON = str(CIRCUITS / "neuron.yaml")
WIRES = ["a", "b", "c", "x", "y", "ax", "by", "axpby", "axpbypc", "s"]
INPUTS = WIRES[:5]


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def program(arguments: tuple[str, ...]) -> None:
    """The whole program, as a command that the runner can call."""
    run(arguments)


def invoke(*arguments: str, stdin: str | None = None) -> Result:
    environment = dict.fromkeys(["COLUMNS", "FORCE_COLOR", "NO_COLOR"])
    return CliRunner(env=environment).invoke(program, arguments, input=stdin)


def done(*arguments: str, stdin: str | None = None) -> str:
    result = invoke(*arguments, stdin=stdin)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    return result.stdout


def document(*arguments: str, stdin: str | None = None) -> Any:
    return json.loads(done(*arguments, "--format", "json", stdin=stdin))


def write(folder: Path, text: str, name: str = "circuit.yaml") -> str:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return str(file)
