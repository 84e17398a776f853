"""`circuitgrad optimize`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from circuitgrad.cli import options, saving
from circuitgrad.errors import Problem, quote

if TYPE_CHECKING:
    from circuitgrad.methods.optimize import Outcome


@click.command("optimize", short_help="Move the inputs so that the output rises, or falls.")
@options.file
@click.option(
    "--steps", metavar="N", type=click.IntRange(0), default=100, show_default=True, help="How many steps or tries."
)
@click.option(
    "--step-size",
    metavar="S",
    type=options.Number(0, min_open=True),
    default=0.01,
    show_default=True,
    help="The factor of the gradient, or the half-width of the box of tries.",
)
@click.option("--minimize", is_flag=True, help="Lower the output instead of raising it.")
@click.option(
    "--method",
    type=click.Choice(["gradient", "numeric", "random"]),
    default="gradient",
    show_default=True,
    help="gradient: steps along the gradient; numeric: along the numerical gradient; random: random local search.",
)
@click.option("--seed", metavar="N", type=int, default=0, show_default=True, help="What random numbers start from.")
@saving.saving
@options.assignments
@options.reading
@options.output
@options.form
@options.precision
@options.everything
@options.quiet
@options.debug
def command(
    file: str,
    steps: int,
    step_size: float,
    minimize: bool,
    method: str,
    seed: int,
    assignments: dict[str, float],
    outputs: tuple[str, ...],
    form: str,
    precision: int | None,
    everything: bool,
    quiet: bool,
) -> None:
    """Move the inputs so that the output rises, and show every wire before and after.

    Inputs marked fixed stay, and min and max are respected.

    FILE is a circuit in YAML or JSON; - reads standard input.
    """
    from circuitgrad.methods.optimize import optimize
    from circuitgrad.report.results import optimize_json, optimize_table

    saver = saving.begin(file, form)
    circuit, chosen = options.load_circuit(file, assignments, outputs, quiet=quiet, data=saver.data)
    outcome = optimize(
        circuit,
        chosen[0] if len(chosen) == 1 else None,
        method=method,
        steps=steps,
        step_size=step_size,
        minimize=minimize,
        seed=seed,
    )
    options.warn(outcome.culprit, quiet=quiet)
    if outcome.worse:
        text = f"{quote(outcome.output)} has gone the wrong way: the steps are too long"
        options.warn(Problem(text, hint="try a smaller --step-size"), quiet=quiet)
    with saver.saved(circuit, {name: outcome.after[name] for name in circuit.inputs}, quiet=quiet):
        if form == "json":
            options.emit_json(optimize_json(outcome, expanded=everything))
        elif not saver.prints:
            heading = f"{options.title(circuit)}\n{summary(outcome)}"
            table = optimize_table(outcome, expanded=everything)
            options.emit_table(heading, table, form, precision, everything=everything, quiet=quiet)


def summary(outcome: Outcome) -> str:
    """Return the line above the table: what was done, and why it ended."""
    direction = "minimize" if outcome.minimize else "maximize"
    noun = {"random": ("try", "tries")}.get(outcome.method, ("step", "steps"))[outcome.steps != 1]
    line = (
        f"{direction} {outcome.output}: {outcome.steps} {noun} of size {outcome.step_size:g}, method {outcome.method}"
    )
    return f"{line}; stopped before a step to infinity or NaN" if outcome.stopped == "nonfinite" else line
