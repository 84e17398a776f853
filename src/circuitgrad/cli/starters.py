"""Starting files: circuits to run at once and to change, as texts with comments."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from itertools import pairwise
from math import isfinite
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

from circuitgrad.errors import CircuitError, did_you_mean, quote, visible
from circuitgrad.formulas.names import normalise
from circuitgrad.formulas.reader import ExpressionError, read_formula
from circuitgrad.formulas.steps import CONSTANTS, Loop, Member, Name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from circuitgrad.formulas.steps import Step

MOST_WEIGHTS = 1_000_000
MOST_LAYERS = 100
WIDTH = 100

_PLAIN = re.compile(r"[A-Za-z_./][A-Za-z0-9_./-]*\.[A-Za-z]+")
"""Paths that YAML reads as texts without quotes."""

NEURON = """\
# A neuron with two inputs: s = sigmoid(a*x + b*y + c). Try
#
#   circuitgrad backward {file}                 the value and the gradient of every wire
#   circuitgrad check {file}                    the gradient against a numeric one
#   circuitgrad optimize {file} --steps 100     moves a, b and c so that s rises

about: A neuron with two inputs
inputs:                              # the leaves and the values that they start from
  a: 1.0
  b: 2.0
  c: {{value: -3.0, min: -5, max: 5}}  # min, max: optimize stays between them
  x: {{value: -1.0, fixed: true}}      # fixed: optimize leaves it alone
  y: {{value: 3.0, fixed: true}}
gates:                               # the wires, in any order
  ax: {{mul: [a, x]}}                  # a gate and its operands,
  by: {{mul: [b, y]}}
  q: ax + by + c                     # or a formula
  s: {{sigmoid: q}}
output: s                            # what is differentiated
expect: {{s: 0.8807970779778823}}      # what check verifies: 1/(1 + exp(-2))
"""

SVM = """\
# A support vector machine on six points of the plane, as in chapter 2 of Karpathy's "Hacker's guide
# to Neural Networks". Its cost is to fall, hence --minimize. Try
#
#   circuitgrad backward {file}
#   circuitgrad optimize {file} --minimize --steps 400 --step-size 0.05
#
# Afterwards every margin is positive: each point is on its side of the line a*x + b*y + c = 0.

about: A support vector machine on six points
inputs:
  a: 1.0
  b: -2.0
  c: -1.0
  strength: {{value: 0.1, fixed: true}}      # of the pull of a and b towards 0
  x[0:6]: {{value: [1.2, -0.3, 3.0, -0.1, -1.0, 2.1], fixed: true}}
  y[0:6]: {{value: [0.7, -0.5, 0.1, -1.0, 1.1, -3.0], fixed: true}}
  label[0:6]: {{value: [1, -1, 1, -1, -1, 1], fixed: true}}
gates:
  margin[i=0:6]: label[i]*(a*x[i] + b*y[i] + c)
  hinge: sum(max(0, 1 - margin[i]) for i in range(6))/6    # what margins below 1 cost
  cost: hinge + strength*(a**2 + b**2)
output: cost
"""


def neuron(file: str) -> str:
    """Return the guide's neuron, with comments that explain the format.

    >>> from circuitgrad import loads
    >>> loads(neuron("neuron.yaml")).forward()["s"]
    0.8807970779778823
    """
    return NEURON.format(file=file)


def svm(file: str) -> str:
    """Return a support vector machine on the guide's six points.

    >>> from circuitgrad import loads
    >>> loads(svm("svm.yaml")).outputs
    ('cost',)
    """
    return SVM.format(file=file)


def mlp(file: str, sizes: Sequence[int]) -> str:
    """Return a multi-layer perceptron: tanh in the hidden layers, a linear output, half the mean squared error as loss.

    Args:
        file: the file's name, for the comments: in one line, as a shell takes it.
        sizes: how many inputs, how many neurons in each hidden layer, how many outputs.

    Raises:
        CircuitError: there are fewer than two sizes, one is not positive, or there would be too many layers or weights.

    >>> from circuitgrad import loads
    >>> loads(mlp("mlp.yaml", [2, 16, 1])).outputs
    ('loss',)
    """
    if len(sizes) < 2:
        raise CircuitError.of("an mlp has two sizes or more", hint="inputs, hidden layers, outputs: mlp 2 16 1")
    if min(sizes) < 1:
        raise CircuitError.of(f"{min(sizes)} is no size of a layer")
    if len(sizes) - 1 > MOST_LAYERS:
        raise CircuitError.of(f"an mlp with {len(sizes) - 1:,} layers", hint=f"up to {MOST_LAYERS} are sensible here")
    weights = sum(before * after for before, after in pairwise(sizes))
    if weights > MOST_WEIGHTS:
        raise CircuitError.of(f"an mlp with {weights:,} weights", hint=f"up to {MOST_WEIGHTS:,} are sensible here")
    inputs = [f"  x[0:{sizes[0]}]: {{value: 0.5, fixed: true}}"]
    gates, last = [], len(sizes) - 1
    before, name = "x", "h"
    for layer, (fan_in, fan_out) in enumerate(pairwise(sizes), 1):
        weights_of = f"  w{layer}[0:{fan_out}, 0:{fan_in}]: {{normal: {fan_in**-0.5:.4g}, seed: 1}}"
        inputs += [f"{weights_of:<48}  # layer {layer}: {fan_in} to {fan_out}", f"  b{layer}[0:{fan_out}]: 0"]
        name = "out" if layer == last else f"h{layer}"
        total = f"sum(w{layer}[j, i]*{before}[i] for i in range({fan_in})) + b{layer}[j]"
        gates.append(f"  {name}[j=0:{fan_out}]: {total if layer == last else f'tanh({total})'}")
        before = name
    inputs.append(f"  target[0:{sizes[-1]}]: {{value: 1, fixed: true}}")
    gates.append(f"  loss: sum((out[k] - target[k])**2 for k in range({sizes[-1]}))/{2 * sizes[-1]}")
    named = sizes if len(sizes) <= 8 else [*sizes[:6], "...", sizes[-1]]
    shape = "-".join(map(str, named))
    step_size = min(0.1, 0.5 / max(sizes))  # the curvature of the loss grows with the width of a layer
    lines = [
        f"# A multi-layer perceptron, {shape}, with random starting weights. Try",
        "#",
        f"#   circuitgrad backward {file}",
        f"#   circuitgrad optimize {file} --minimize --steps 50 --step-size {step_size:.1g}",
        f"#   circuitgrad forward {file} --set 'x[0]=-0.5'",
        "",
        f"about: A multi-layer perceptron, {shape}",
        "inputs:",
        *inputs,
        "gates:",
        *gates,
        "output: loss",
        "",
    ]
    return "\n".join(lines)


def fit(
    file: str,
    formula: str,
    data: str,
    folder: str = "",
    *,
    target: str | None = None,
    start: Mapping[str, float] | None = None,
) -> str:
    """Return a circuit that fits a formula to the rows of a data file, which it names, by least squares.

    Args:
        file: the circuit file's name, for the comments: in one line, as a shell takes it.
        formula: the formula; its names that are no columns of the data are the parameters.
        data: the data file, CSV or Parquet; it is read to its end, for what may be wrong with it.
        folder: where the circuit file goes; the current folder when left out.
        target: the column to fit; the last one that the formula does not use when left out.
        start: values to start parameters from; 1 when left out.

    Raises:
        CircuitError: the formula or the data are wrong, or do not belong together.

    >>> from circuitgrad import loads
    >>> circuit = loads(fit("fit.yaml", "vmax*s/(km + s)", "circuits/puromycin.csv", start={"vmax": 200}))
    >>> circuit.data, {name: leaf.value for name, leaf in circuit.inputs.items() if not leaf.fixed}
    ('circuits/puromycin.csv', {'vmax': 200.0, 'km': 1.0})
    """
    from circuitgrad.data.chunks import open_rows

    named: dict[str, Name] = {}
    for name in _names(formula, read_formula(formula)):
        named.setdefault(name.name, name)
    _refuse_passing(data)
    with open_rows(data, named) as found:
        used = list(dict.fromkeys(found.names))
        target = _target(used, list(map(normalise, found.ignored)), target)
        if wrong := _name_fault(target):
            hint = "rename it in the header, or choose another with --target"
            raise CircuitError.of(wrong, next(found.chunks).header, hint)
    parameters = [name for name in named if name not in used and name not in CONSTANTS]
    if not parameters:
        raise CircuitError.of("the formula has no parameters: all its names are columns or constants")
    for one in [*used, *parameters]:
        if wrong := _name_fault(one):
            raise ExpressionError(formula, wrong, named[one].at, len(one), "choose another name")
    starts = _starts(start or {}, parameters)
    taken = [one for one in ("residual", "model") if one in (*used, target, *parameters)]
    if taken:
        raise CircuitError.of(f"the name {quote(taken[0])} is needed for the fit itself", hint="choose another")
    _try_out(formula, [*used, *parameters])
    with open_rows(data, [*used, target]) as found:
        first = next(iter(next(found.chunks)))
        for _ in found.chunks:
            pass
    reference = _reference(data, folder)
    formula = " ".join(formula.split())
    about = f"{formula}, fitted to {target}"
    wide = max(map(len, (*parameters, *used, target))) + 1
    lines = [
        _filled(f"{formula}, fitted to {target} in the rows of {visible(reference)} by least squares. Try", "# "),
        "#",
        f"#   circuitgrad optimize {file}                     the estimates and their standard errors",
        f"#   circuitgrad optimize {file} --write             puts the estimates into this file",
        f"#   circuitgrad optimize {file} --set NAME=VALUE    starts a parameter elsewhere",
        "#",
        "# The parameters start from the values below. The fixed inputs are columns of the data: optimize",
        "# takes them row by row, other commands as they are here, in the first row.",
        "",
        f"about: {_quoted(about if len(about) < WIDTH - 10 else 'A formula fitted to data')}",
        f"data: {_spelled(reference)}",
        "inputs:",
        *(f"  {f'{one}:':<{wide}} {_number(starts.get(one, 1.0))}" for one in parameters),
        *(f"  {f'{one}:':<{wide}} {{value: {_number(first[one])}, fixed: true}}" for one in (*used, target)),
        "gates:",
        _filled(f"model: {_quoted(formula) if formula.startswith('- ') else formula}", "  ", "    "),
        f"  residual: {target} - model",
        "optimize: {least_squares: residual}",
        "",
    ]
    return "\n".join(lines)


def _refuse_passing(data: str) -> None:
    """Refuse data that are gone once they are read: those of standard input or of a pipe."""
    from circuitgrad.files import STANDARD_INPUT

    path = Path(data)
    if data == STANDARD_INPUT or (path.exists() and not path.is_file()):
        what = "standard input" if data == STANDARD_INPUT else quote(data)
        raise CircuitError.of(f"{what} is not a file that the circuit could name", hint="save the rows as a file")


def _reference(data: str, folder: str) -> str:
    """Return what a circuit file in a folder calls a data file: its relative path, with forward slashes."""
    path = Path(data)
    path = path.parent.resolve() / path.name  # the two dots of a path lead up from where a link to a folder leads
    with suppress(ValueError):  # on Windows, another drive has no relative path
        path = Path(os.path.relpath(path, Path(folder).resolve()))
    reference = path.as_posix()
    return "./-" if reference == "-" else reference


def _target(used: Sequence[str], others: Sequence[str], wanted: str | None) -> str:
    """Return the column to fit, one of those that the formula does not use."""
    if wanted is None:
        if not others:
            raise CircuitError.of("the formula uses every column: none is left to be fitted")
        return others[-1]
    name = normalise(wanted.strip())
    if name in used:
        raise CircuitError.of(f"the target {quote(name)} stands in the formula itself")
    if name not in others:
        raise CircuitError.of(f"no column is called {quote(name)}", hint=did_you_mean(name, others))
    return name


def _starts(start: Mapping[str, float], parameters: Sequence[str]) -> dict[str, float]:
    """Return the values to start parameters from, by their names as names are compared."""
    starts = {normalise(name): value for name, value in start.items()}
    for name, value in starts.items():
        if name not in parameters:
            raise CircuitError.of(f"no parameter is called {quote(name)}", hint=did_you_mean(name, parameters))
        if not isfinite(value):
            raise CircuitError.of(f"{quote(name)} cannot start from {value}")
    return starts


def _try_out(formula: str, names: Sequence[str]) -> None:
    """Expand the formula once, for what only that finds: gates that do not exist, wrong numbers of operands."""
    from circuitgrad.language.load import formula_circuit

    formula_circuit(formula, dict.fromkeys(names, 1.0), "model")


def _name_fault(name: str) -> str | None:
    """Return why a name cannot stand in the file, which has its names without quotes; None when it can."""
    from circuitgrad.language.names import name_fault

    wrong = name_fault(name)
    return wrong[0] if wrong else None


def _names(formula: str, steps: Sequence[Step]) -> Iterator[Name]:
    """Yield the names of wires in a formula, in the order of the text; indices of loops are none."""
    for step in steps:
        if isinstance(step, Name):
            yield step
        elif isinstance(step, Member):
            message = f"{quote(step.name)} in the formula is a member of a family"
            raise ExpressionError(formula, message, step.at, len(step.name), "columns are named without brackets")
        elif isinstance(step, Loop):
            indices = {clause.name for clause in step.clauses}
            yield from (name for name in _names(formula, step.body) if name.name not in indices)


def _filled(text: str, first: str, others: str | None = None) -> str:
    """Return a text in lines that fit a page, where it has blanks."""
    indent = first if others is None else others
    return fill(text, WIDTH, initial_indent=first, subsequent_indent=indent, break_long_words=False,
                break_on_hyphens=False)  # fmt: skip


def _number(value: float) -> str:
    """Return a number as YAML reads it to the last bit: a mantissa with a point before an exponent."""
    text = repr(value).removesuffix(".0")
    return text.replace("e", ".0e", 1) if "e" in text and "." not in text else text


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _spelled(path: str) -> str:
    r"""Return a path as YAML reads it: plain where it is as most are, in quotes otherwise.

    >>> print(_spelled("../rows.csv"), _spelled("it's.csv"), _spelled("a\nb"))
    ../rows.csv 'it''s.csv' "a\U0000000ab"
    """
    if _PLAIN.fullmatch(path):
        return path
    if path.isprintable():
        return _quoted(path)
    if path != path.encode("utf-8", "replace").decode():
        raise CircuitError.of(f"the path {quote(path)} is not UTF-8, as circuit files are", hint="rename the file")
    spelled = (one if one.isprintable() and one not in '"\\' else f"\\U{ord(one):08x}" for one in path)
    return f'"{"".join(spelled)}"'
