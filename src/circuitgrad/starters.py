"""Starting files: circuits to run at once and to change, as texts with comments."""

from __future__ import annotations

from itertools import islice, pairwise
from math import isfinite
from textwrap import fill
from typing import TYPE_CHECKING

from circuitgrad.errors import CircuitError, did_you_mean, quote, visible
from circuitgrad.expression import CONSTANTS, Expression, ExpressionError, Loop, Member, Name, is_name, normalise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from circuitgrad.errors import Source
    from circuitgrad.expression import Step
    from circuitgrad.rows import Table

MOST_ROWS = 1000
MOST_WEIGHTS = 1_000_000
MOST_LAYERS = 100
WIDTH = 100

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
    file: str, formula: str, data: Source, *, target: str | None = None, start: Mapping[str, float] | None = None
) -> str:
    r"""Return a circuit that fits a formula to the rows of a CSV text: the mean of the squared residuals.

    Args:
        file: the file's name, for the comments: in one line, as a shell takes it.
        formula: the formula; its names that are no columns of the data are the parameters.
        data: the CSV text, with a header of the columns' names.
        target: the column to fit; the last one that the formula does not use when left out.
        start: values to start parameters from; 1 when left out.

    Raises:
        CircuitError: the formula or the data are wrong, or do not belong together.

    >>> from circuitgrad import loads
    >>> from circuitgrad.errors import Source
    >>> circuit = loads(fit("fit.yaml", "a*x + b", Source("d.csv", "x,y\n1,3\n2,5\n")))
    >>> circuit.forward()["loss"], [name for name, leaf in circuit.inputs.items() if not leaf.fixed]
    (2.5, ['a', 'b'])
    """
    columns = read_columns(data)
    named = {name.name: name for name in reversed(list(_names(formula, Expression(formula).steps)))}
    names = list(reversed(named))
    used = [name for name in columns if name in named]
    if not used:
        raise CircuitError.of("the formula uses no column of the data", hint=f"the columns are {', '.join(columns)}")
    target = _target(columns, used, target)
    parameters = [name for name in names if name not in columns and name not in CONSTANTS]
    if not parameters:
        raise CircuitError.of("the formula has no parameters: all its names are columns or constants")
    for name in parameters:
        wrong = _name_fault(name)
        if wrong:
            raise ExpressionError(formula, wrong, named[name].at, len(name), "choose another name")
    starts = _starts(start or {}, parameters)
    taken = [name for name in ("residual", "loss", "model") if name in (*used, target, *parameters)]
    if taken:
        raise CircuitError.of(f"the name {quote(taken[0])} is needed for the fit itself", hint="choose another")
    _try_out(formula, [*used, *parameters])
    rows = len(columns[target])
    index = _free("i", [*used, target, *parameters])
    call = ", ".join([*(f"{name}[{index}]" for name in used), *parameters])
    wide = max(map(len, parameters))
    formula = " ".join(formula.split())
    about = f"{formula}, fitted to data"
    lines = [
        _filled(f"{formula}, fitted to {rows} rows of {visible(data.name)}. Try", "# "),
        "#",
        f"#   circuitgrad backward {file}",
        f"#   circuitgrad optimize {file} --minimize --steps 1000 --step-size 0.001",
        "#",
        "# If the loss does not fall, divide the step size by 10, as often as it takes; parameters of very",
        "# different sizes need very small steps, or better values to start from.",
        "",
        f"about: {_quoted(about if len(about) < WIDTH - 10 else 'A formula fitted to data')}",
        "define:",
        *_definition([*used, *parameters], formula),
        "inputs:",
        *(f"  {name}:{' ' * (wide - len(name))} {_number(starts.get(name, 1.0))}" for name in parameters),
        *(_column(name, columns[name]) for name in [*used, target]),
        "gates:",
        _filled(f"residual[{index}=0:{rows}]: {target}[{index}] - model({call})", "  ", "    "),
        f"  loss: sum(residual[{index}]**2 for {index} in range({rows}))/{rows}",
        "output: loss",
        "",
    ]
    return "\n".join(lines)


def _target(columns: Mapping[str, object], used: Sequence[str], wanted: str | None) -> str:
    """Return the column to fit."""
    if wanted is None:
        left = [name for name in columns if name not in used]
        if not left:
            raise CircuitError.of("the formula uses every column: none is left to be fitted")
        return left[-1]
    name = normalise(wanted.strip())
    if name not in columns:
        raise CircuitError.of(f"no column is called {quote(name)}", hint=did_you_mean(name, columns))
    if name in used:
        raise CircuitError.of(f"the target {quote(name)} stands in the formula itself")
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
    from circuitgrad.language import formula_circuit

    formula_circuit(formula, dict.fromkeys(names, 1.0), _free("out", names))


def _free(name: str, names: Sequence[str]) -> str:
    """Return a name that is none of `names`: this one, or it with a number."""
    return next(one for one in (name, *(f"{name}{number}" for number in range(len(names)))) if one not in names)


def _name_fault(name: str) -> str | None:
    """Return why a name cannot stand in the file, which has its names without quotes; None when it can."""
    from circuitgrad.language.names import name_fault

    wrong = name_fault(name)
    return wrong[0] if wrong else None


def read_columns(data: Source) -> dict[str, list[float]]:
    r"""Return the columns of a CSV text with a header, by name.

    Raises:
        CircuitError: a name is none, rows differ in length, a cell is not a finite number, or there are no rows, or
            too many; with the places.

    >>> from circuitgrad.errors import Source
    >>> read_columns(Source("d.csv", "x, y\n1,2\n3,4\n"))
    {'x': [1.0, 3.0], 'y': [2.0, 4.0]}
    """
    from circuitgrad.rows import Table

    table = Table(data)
    names = _column_names(table)
    rows = list(islice(table.rows, MOST_ROWS + 1))
    if len(rows) > MOST_ROWS:
        table.problems.stop()
        count = len(rows) + sum(1 for _ in table.rows)
        hint = "a circuit file holds the rows itself: take a sample"
        raise CircuitError.of(f"{count:,} rows; a starting file takes up to {MOST_ROWS:,}", hint=hint)
    _, columns = table.numbers(rows, range(len(names)), "cannot be fitted")
    return {name: list(column) for name, column in zip(names, columns, strict=True)}


def _column_names(table: Table) -> list[str]:
    """Return the names in the header of a table, and note there what is wrong with them."""
    names: list[str] = []
    for position, cell in enumerate(table.header.cells):
        name = normalise(cell.strip())
        wrong = _name_fault(name)
        if wrong:
            message = wrong if is_name(name) else f"{quote(cell)} is not the name of a column"
            hint = "commas separate the columns" if table.is_apart else "rename it in the header"
            table.refuse(table.header, position, message, hint)
        elif name in names:
            table.refuse(table.header, position, f"a second column called {quote(name)}")
        names.append(name)
    if table.is_apart:
        table.problems.stop()
    return names


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


def _definition(operands: Sequence[str], formula: str) -> list[str]:
    """Return the lines that define the model: one where it fits, a block where it does not."""
    line = f"  model({', '.join(operands)}): {_quoted(formula)}"
    if len(line) <= WIDTH:
        return [line]
    listed = _filled(f"{', '.join(operands)}]", "      ")
    return ["  model:", "    operands: [", listed, "    value:", _filled(_quoted(formula), "      ")]


def _filled(text: str, first: str, others: str | None = None) -> str:
    """Return a text in lines that fit a page, where it has blanks."""
    indent = first if others is None else others
    return fill(text, WIDTH, initial_indent=first, subsequent_indent=indent, break_long_words=False,
                break_on_hyphens=False)  # fmt: skip


def _column(name: str, values: Sequence[float]) -> str:
    """Return a column as a family of fixed inputs, in lines that fit a page."""
    listed = _filled(f"{', '.join(map(_number, values))}]", "      ")
    return f"  {name}[0:{len(values)}]:\n    fixed: true\n    value: [\n{listed}"


def _number(value: float) -> str:
    """Return a number as YAML reads it to the last bit: a mantissa with a point before an exponent."""
    text = repr(value).removesuffix(".0")
    return text.replace("e", ".0e", 1) if "e" in text and "." not in text else text


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
