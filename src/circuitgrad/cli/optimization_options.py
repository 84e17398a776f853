"""The options of an optimisation: its goals, and an option for every setting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from circuitgrad.circuit.optimization import GOALS, METHODS, Optimization
from circuitgrad.cli.option_values import FiniteNumber
from circuitgrad.errors import CircuitError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.circuit.optimization import Setting
    from circuitgrad.cli.options import Decorator


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def _kind(setting: Setting) -> Any:
    if setting.words is not None:
        return click.Choice(setting.words)
    if setting.kind is str:
        return str
    if setting.kind is int:
        return click.IntRange(int(setting.low)) if setting.low > float("-inf") else int
    if setting.below == float("inf"):
        return FiniteNumber(setting.low, min_open=setting.open)
    return FiniteNumber(setting.low, setting.below, min_open=setting.open, max_open=True)


def _option(name: str, setting: Setting) -> Decorator:
    words = f"{_sentence(setting.about)}  [default: {setting.default}]"
    if setting.kind is bool:
        return click.option(f"{_flag(name)}/--no-{name.replace('_', '-')}", name, default=None, help=words)
    metavar = None if setting.words else {int: "N", float: "X", str: "FORMULA"}[setting.kind]
    return click.option(_flag(name), name, type=_kind(setting), metavar=metavar, help=words)


def optimization_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options: the goals, then the settings; see `given_settings` for their values."""
    for name, setting in reversed(Optimization.settings().items()):
        command = _option(name, setting)(command)
    for goal in reversed(GOALS):
        command = click.option(_flag(goal), goal, is_flag=True, help=_sentence(GOALS[goal]))(command)
    return command


def given_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that options give, as fields of an `Optimization`.

    Raises:
        CircuitError: the options name two goals.
    """
    goals = [goal for goal in GOALS if values[goal]]
    if len(goals) > 1:
        raise CircuitError.of(f"{_flag(goals[0])} and {_flag(goals[1])} exclude one another")
    settings = {name: values[name] for name in Optimization.settings() if values[name] is not None}
    return {**({"goal": goals[0]} if goals else {}), **settings}


def chosen_optimization(circuit: Circuit, values: Mapping[str, Any], outputs: tuple[str, ...]) -> Optimization:
    """Return the settings of the options, and those of the circuit's file where there are none.

    Args:
        circuit: the circuit.
        values: the values of `optimization_options`.
        outputs: the names of `--output`.

    Raises:
        CircuitError: the options exclude each other.
    """
    from circuitgrad.methods.optimize.settings import combined

    output = {"output": outputs[0]} if outputs else {}
    return combined(circuit.optimize, {**given_settings(values), **output})


class OptimizeCommand(click.Command):
    """A command whose help lists the methods."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of methods."""
        from circuitgrad.methods.optimize.settings import algorithm

        with formatter.section("Methods"):
            formatter.write_dl([(name, algorithm(name).about) for name in METHODS])
