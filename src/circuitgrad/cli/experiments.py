"""The options that say what an optimisation does: one for every setting of an experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from circuitgrad.circuit.optimization import GOALS, METHODS, Optimization
from circuitgrad.cli import options
from circuitgrad.errors import CircuitError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.circuit.optimization import Setting

    Command = TypeVar("Command", bound=Callable[..., Any])


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def _kind(setting: Setting) -> Any:
    if setting.words is not None:
        return click.Choice(setting.words)
    if setting.kind is int:
        return click.IntRange(int(setting.low)) if setting.low > float("-inf") else int
    if setting.below == float("inf"):
        return options.Number(setting.low, min_open=setting.open)
    return options.Number(setting.low, setting.below, min_open=setting.open, max_open=True)


def _option(name: str, setting: Setting) -> Callable[[Command], Command]:
    words = f"{_sentence(setting.about)}  [default: {setting.default}]"
    if setting.kind is bool:
        return click.option(f"{_flag(name)}/--no-{name.replace('_', '-')}", name, default=None, help=words)
    metavar = None if setting.words else {int: "N", float: "X"}[setting.kind]
    return click.option(_flag(name), name, type=_kind(setting), metavar=metavar, help=words)


def experiment(command: Command) -> Command:
    """Add the options: the goals, then the settings; `told` returns their values."""
    for name, setting in reversed(Optimization.settings().items()):
        command = _option(name, setting)(command)
    for goal in reversed(GOALS):
        command = click.option(_flag(goal), goal, is_flag=True, help=_sentence(GOALS[goal]))(command)
    return command


def told(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the options say, as fields of an `Optimization`.

    Raises:
        CircuitError: they name two goals.
    """
    goals = [goal for goal in GOALS if given[goal]]
    if len(goals) > 1:
        raise CircuitError.of(f"{_flag(goals[0])} and {_flag(goals[1])} exclude one another")
    said = {name: given[name] for name in Optimization.settings() if given[name] is not None}
    return {**({"goal": goals[0]} if goals else {}), **said}


def chosen_experiment(circuit: Circuit, given: Mapping[str, Any], outputs: tuple[str, ...]) -> Optimization:
    """Return what to do: what the options say, and otherwise the file.

    Args:
        circuit: the circuit.
        given: the values of the options of `experiment`.
        outputs: what `--output` names.

    Raises:
        CircuitError: the options exclude one another.
    """
    from circuitgrad.methods.optimize.settings import combined

    output = {"output": outputs[0]} if outputs else {}
    return combined(circuit.optimize, {**told(given), **output})


class OptimizeCommand(click.Command):
    """A command whose help lists the methods."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of methods."""
        from circuitgrad.methods.optimize.settings import algorithm

        with formatter.section("Methods"):
            formatter.write_dl([(name, algorithm(name).about) for name in METHODS])
