"""Which wrong derivatives the default tolerances of known gradient checkers let pass, and which circuitgrad's do.

Run `python benchmarks/tolerances.py`; it prints a Markdown table. In each of some circuits one partial derivative of
one gate is multiplied by 1 + e, for e from 1e-1 down to 1e-12; a cell is the smallest e that the checker catches, given
that it catches the larger ones, too. Every checker works with its own defaults, in double precision, and is required to
accept the circuits as they are, without an error.

PyTorch, JAX and OpenMDAO are run where they are installed (`pip install torch jax openmdao`); their rules are restated
below as well, stand in where they are not, and are required to agree with the libraries where they are. CmdStan, which
compiles its models, is restated only. PyTorch, JAX and CmdStan differentiate the whole circuit, OpenMDAO every gate (a
component) alone; circuitgrad does both.

OpenMDAO's forward difference, whose error is half the step times the curvature, calls right derivatives wrong where the
curvature is twice the slope or more: the inputs are chosen so that this does not happen. (It does at the inputs of
circuits/gaussian_likelihood.yaml, where sigma is 0.7.)
"""

from __future__ import annotations

import math
import os
import sys
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import circuitgrad
from circuitgrad.methods.check.check import check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

ERRORS = [float(f"1e-{digits}") for digits in range(1, 13)]


@dataclass(frozen=True)
class Gate:
    """A gate with derivatives by hand, in formulas that circuitgrad and Python read alike.

    Attributes:
        name: the name of its wire.
        value: its value.
        partials: per operand, in their order, the partial derivative.
    """

    name: str
    value: str
    partials: Mapping[str, str]


@dataclass(frozen=True)
class Example:
    """A circuit to put an error into; its output is its last gate.

    Attributes:
        name: what the table calls it.
        inputs: the inputs and their values.
        gates: the gates, in the order of evaluation.
        wrong: the gate and the operand whose partial derivative is to be wrong.
    """

    name: str
    inputs: Mapping[str, float]
    gates: Sequence[Gate]
    wrong: tuple[str, str]

    def bent(self, error: float) -> Example:
        """Return the circuit with the relative error in the one partial derivative."""
        name, operand = self.wrong
        gates = [
            replace(gate, partials={**gate.partials, operand: f"({gate.partials[operand]})*(1 + {error!r})"})
            if gate.name == name
            else gate
            for gate in self.gates
        ]
        return replace(self, gates=gates)


EXAMPLES = [
    Example("product, `x*y`", {"x": 2.0, "y": 3.0}, [Gate("out", "x*y", {"x": "y", "y": "x"})], ("out", "x")),
    # circuits/neuron.yaml
    Example(
        "neuron, `sigmoid(a*x + b*y + c)`",
        {"a": 1.0, "b": 2.0, "c": -3.0, "x": -1.0, "y": 3.0},
        [
            Gate("ax", "a*x", {"a": "x", "x": "a"}),
            Gate("by", "b*y", {"b": "y", "y": "b"}),
            Gate("axpby", "ax + by", {"ax": "1", "by": "1"}),
            Gate("t", "axpby + c", {"axpby": "1", "c": "1"}),
            Gate("s", "1/(1 + exp(-t))", {"t": "exp(-t)/(1 + exp(-t))**2"}),
        ],
        ("s", "t"),
    ),
    Example(
        "sum of squares, `x**2 + y**2 + z**2`",
        {"x": 3.0, "y": -2.0, "z": 1.0},
        [
            Gate("xx", "x**2", {"x": "2*x"}),
            Gate("yy", "y**2", {"y": "2*y"}),
            Gate("zz", "z**2", {"z": "2*z"}),
            Gate("total", "xx + yy + zz", {"xx": "1", "yy": "1", "zz": "1"}),
        ],
        ("xx", "x"),
    ),
    # circuits/gaussian_likelihood.yaml; the last number is log(tau)/2
    Example(
        "Gaussian likelihood, `z**2/2 + log(sigma) + log(tau)/2`",
        {"x": 3.5, "mu": 0.5, "sigma": 2.0},
        [
            Gate("z", "(x - mu)/sigma", {"x": "1/sigma", "mu": "-1/sigma", "sigma": "-(x - mu)/sigma**2"}),
            Gate("nll", "z**2/2 + log(sigma) + 0.9189385332046727", {"z": "z", "sigma": "1/sigma"}),
        ],
        ("z", "sigma"),
    ),
    Example(
        "log of a sum of exponentials, `log(exp(x) + exp(y))`",
        {"x": 0.5, "y": -1.0},
        [
            Gate("ex", "exp(x)", {"x": "exp(x)"}),
            Gate("ey", "exp(y)", {"y": "exp(y)"}),
            Gate("total", "ex + ey", {"ex": "1", "ey": "1"}),
            Gate("out", "log(total)", {"total": "1/total"}),
        ],
        ("ex", "x"),
    ),
    Example(
        "small gradient, `1e-5*sin(x)`", {"x": 0.5}, [Gate("out", "1e-5*sin(x)", {"x": "1e-5*cos(x)"})], ("out", "x")
    ),
]


def evaluated(formula: str, maths: Any, operands: Mapping[str, Any]) -> Any:
    """Return what a formula comes to with the functions of `math`, or of a library with the same names."""
    functions = {name: getattr(maths, name) for name in ("cos", "exp", "log", "sin")}
    return eval(formula, functions, dict(operands))  # the formulas are those above


def composed(example: Example, rule: Callable[[Gate], Callable[..., Any]]) -> Callable[..., Any]:
    """Return the circuit as a function of its inputs, given how to make a function of a gate."""
    rules = [(gate, rule(gate)) for gate in example.gates]

    def output(*inputs: Any) -> Any:
        wires = dict(zip(example.inputs, inputs, strict=True))
        for gate, function in rules:
            wires[gate.name] = function(*(wires[operand] for operand in gate.partials))
        return wires[example.gates[-1].name]

    return output


def value_function(gate: Gate, maths: Any = math) -> Callable[..., Any]:
    """Return a gate's value as a function of its operands."""
    return lambda *operands: evaluated(gate.value, maths, dict(zip(gate.partials, operands, strict=True)))


def partials_function(gate: Gate, maths: Any = math) -> Callable[..., list[Any]]:
    """Return a gate's partial derivatives as a function of its operands."""

    def partials(*operands: Any) -> list[Any]:
        named = dict(zip(gate.partials, operands, strict=True))
        return [evaluated(formula, maths, named) for formula in gate.partials.values()]

    return partials


# The checkers: each tells whether it finds a circuit's derivatives wrong.


def circuitgrad_check(example: Example) -> bool:
    """Run `check` with its defaults on the circuit, every gate of which is defined with its derivatives."""
    lines = [f"inputs: {{{', '.join(f'{name}: {value!r}' for name, value in example.inputs.items())}}}", "define:"]
    for gate in example.gates:
        partials = ", ".join(f"{operand}: '{formula}'" for operand, formula in gate.partials.items())
        operands = ", ".join(gate.partials)
        lines.append(f"  {gate.name}_rule: {{operands: [{operands}], value: '{gate.value}', partials: {{{partials}}}}}")
    lines.append("gates:")
    lines += [f"  {gate.name}: {{{gate.name}_rule: [{', '.join(gate.partials)}]}}" for gate in example.gates]
    lines.append(f"output: {example.gates[-1].name}")
    return not check(circuitgrad.loads("\n".join(lines))).passed


def torch_gradcheck(example: Example) -> bool:
    """Run PyTorch's `torch.autograd.gradcheck`, every gate being an autograd function."""
    torch: Any = import_module("torch")

    def rule(gate: Gate) -> Callable[..., Any]:
        class Function(torch.autograd.Function):  # type: ignore[misc]
            @staticmethod
            def forward(ctx: Any, *operands: Any) -> Any:
                ctx.save_for_backward(*operands)
                return value_function(gate, torch)(*operands)

            @staticmethod
            def backward(ctx: Any, grad: Any) -> Any:
                return tuple(grad * one for one in partials_function(gate, torch)(*ctx.saved_tensors))

        return Function.apply  # type: ignore[no-any-return]

    inputs = tuple(torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in example.inputs.values())
    return not torch.autograd.gradcheck(composed(example, rule), inputs, raise_exception=False)


def gradcheck_restated(example: Example) -> bool:
    """Compare every input's derivative: eps=1e-6, atol=1e-5, rtol=1e-3."""
    return _differ(gradient(example), differences(example, 1e-6), atol=1e-5, rtol=1e-3)


def jax_check_grads(example: Example) -> bool:
    """Run JAX's `jax.test_util.check_grads` to the first order, every gate being a function with a JVP by hand."""
    jax: Any = import_module("jax")
    jax.config.update("jax_enable_x64", True)

    def rule(gate: Gate) -> Callable[..., Any]:
        function: Any = jax.custom_jvp(value_function(gate, jax.numpy))

        def jvp(operands: Any, tangents: Any) -> Any:
            partials = partials_function(gate, jax.numpy)(*operands)
            return function(*operands), sum(one * tangent for one, tangent in zip(partials, tangents, strict=True))

        function.defjvp(jvp)
        return function  # type: ignore[no-any-return]

    inputs = tuple(jax.numpy.float64(x) for x in example.inputs.values())
    try:
        import_module("jax.test_util").check_grads(composed(example, rule), inputs, order=1)
    except AssertionError:
        return True
    return False


NORMALS = [1.764052345967664, 0.4001572083672233, 0.9787379841057392, 2.240893199201458, 1.8675579901499675]
NORMALS += [-0.977277879876411]
"""The first numbers of numpy.random.RandomState(0).randn."""


def check_grads_restated(example: Example) -> bool:
    """Compare the derivative in one random direction, the same in every run, forward and in reverse.

    The step is 1e-4; atol and rtol are 1e-5 for doubles.
    """
    *direction, weight = NORMALS[: len(example.inputs) + 1]
    function = composed(example, value_function)
    ahead, behind = (
        function(*(x + sign * 1e-4 * d for x, d in zip(example.inputs.values(), direction, strict=True)))
        for sign in (1, -1)
    )
    numeric = (ahead - behind) / 2e-4
    analytic = sum(grad * d for grad, d in zip(gradient(example), direction, strict=True))
    return _differ([analytic, analytic * weight], [numeric, numeric * weight], atol=1e-5, rtol=1e-5)


def diagnose_restated(example: Example) -> bool:
    """Compare every parameter's derivative: epsilon=1e-6, error=1e-6, absolutely, the parameters being unconstrained.

    The difference, of stan/model/finite_diff_grad.hpp, is central.
    """
    return _differ(gradient(example), differences(example, 1e-6), atol=1e-6, rtol=0.0)


def openmdao_data(example: Example) -> dict[str, Any]:
    """Return the data of OpenMDAO's `check_partials`, every gate being an explicit component."""
    om: Any = import_module("openmdao.api")
    numpy: Any = import_module("numpy")

    def component(gate: Gate) -> Any:
        class Component(om.ExplicitComponent):  # type: ignore[misc]
            def setup(self) -> None:
                for operand in gate.partials:
                    self.add_input(operand)
                self.add_output(gate.name)
                self.declare_partials("*", "*")

            def compute(self, inputs: Any, outputs: Any) -> None:
                outputs[gate.name] = value_function(gate, numpy)(*(inputs[operand] for operand in gate.partials))

            def compute_partials(self, inputs: Any, partials: Any) -> None:
                found = partials_function(gate, numpy)(*(inputs[operand] for operand in gate.partials))
                for operand, one in zip(gate.partials, found, strict=True):
                    partials[gate.name, operand] = one

        return Component()

    problem = om.Problem(reports=None)
    sources = problem.model.add_subsystem("sources", om.IndepVarComp(), promotes=["*"])
    for name, value in example.inputs.items():
        sources.add_output(name, val=value)
    for gate in example.gates:
        problem.model.add_subsystem(f"{gate.name}_component", component(gate), promotes=["*"])
    problem.setup()
    problem.run_model()
    return problem.check_partials(out_stream=None)  # type: ignore[no-any-return]


def openmdao_check_partials(example: Example) -> bool:
    """Tell whether `check_partials` marks a derivative with `>TOL`, which it does at a positive violation."""
    pairs = [pair for component in openmdao_data(example).values() for pair in component.values()]
    return any(pair["tol violation"].forward > 0 for pair in pairs)


def check_partials_restated(example: Example, atol: float = 0.0) -> bool:
    """Compare every gate's partial derivatives: a forward difference of step 1e-6, atol=0, rtol=1e-6."""
    return any(
        _differ(partials, list(forward_differences(gate, operands)), atol=atol, rtol=1e-6)
        for gate, operands, partials in gates_at(example)
    )


def openmdao_assert(example: Example) -> bool:
    """Run `assert_check_partials` on the data of `check_partials`."""
    try:
        import_module("openmdao.utils.assert_utils").assert_check_partials(openmdao_data(example))
    except ValueError:
        return True
    return False


def assert_restated(example: Example) -> bool:
    """Compare as `check_partials` does, with atol=1e-6, rtol=1e-6."""
    return check_partials_restated(example, atol=1e-6)


def _differ(analytic: Sequence[float], numeric: Sequence[float], *, atol: float, rtol: float) -> bool:
    """Tell whether a derivative is further from the numeric one than atol + rtol*|numeric|."""
    return any(abs(a - n) > atol + rtol * abs(n) for a, n in zip(analytic, numeric, strict=True))


def gates_at(example: Example) -> Iterator[tuple[Gate, list[float], list[float]]]:
    """Yield the gates with their operands' values and their partial derivatives."""
    wires = dict(example.inputs)
    for gate in example.gates:
        operands = [wires[operand] for operand in gate.partials]
        wires[gate.name] = value_function(gate)(*operands)
        yield gate, operands, partials_function(gate)(*operands)


def gradient(example: Example) -> list[float]:
    """Return the output's derivative in every input, by backpropagation."""
    wires = [*example.inputs, *(gate.name for gate in example.gates)]
    grads = {**dict.fromkeys(wires, 0.0), wires[-1]: 1.0}
    for gate, _, partials in reversed(list(gates_at(example))):
        for operand, one in zip(gate.partials, partials, strict=True):
            grads[operand] += grads[gate.name] * one
    return [grads[name] for name in example.inputs]


def differences(example: Example, step: float) -> list[float]:
    """Return the central difference of the output in every input."""
    function = composed(example, value_function)
    inputs = example.inputs
    around = (({**inputs, name: x + step}, {**inputs, name: x - step}) for name, x in inputs.items())
    return [(function(*ahead.values()) - function(*behind.values())) / (2 * step) for ahead, behind in around]


def forward_differences(gate: Gate, operands: Sequence[float], step: float = 1e-6) -> Iterator[float]:
    """Yield the forward difference of a gate's value in every operand."""
    function = value_function(gate)
    for position, x in enumerate(operands):
        ahead = [*operands[:position], x + step, *operands[position + 1 :]]
        yield (function(*ahead) - function(*operands)) / step


@dataclass(frozen=True)
class Checker:
    """A gradient checker.

    Attributes:
        name: what the table calls it.
        defaults: its rule, in words.
        package: the package that has it.
        source: where its rule and its defaults were read, and of which version.
        run: tells, by running it, whether it finds a circuit wrong; None where it is not run.
        restated: tells the same by its rule restated; None where it is always run.
    """

    name: str
    defaults: str
    package: str
    source: str
    run: Callable[[Example], bool] | None
    restated: Callable[[Example], bool] | None

    @property
    def version(self) -> str | None:
        """The version of its package, or None where it is not installed."""
        try:
            return version(self.package)
        except PackageNotFoundError:
            return None


CHECKERS = [
    Checker(
        "PyTorch `gradcheck`",
        "central difference of step 1e-6 in every input; within 1e-5 + 1e-3 relative",
        "torch",
        "torch/autograd/gradcheck.py, 2.13.0",
        torch_gradcheck,
        gradcheck_restated,
    ),
    Checker(
        "JAX `check_grads`",
        "central difference of step 1e-4 in one direction; within 1e-5 + 1e-5 relative (doubles)",
        "jax",
        "jax/_src/public_test_util.py, 0.10.2",
        jax_check_grads,
        check_grads_restated,
    ),
    Checker(
        "CmdStan `diagnose`",
        "central difference of step 1e-6 in every parameter; within 1e-6",
        "cmdstan",
        "stan/model/test_gradients.hpp, 2.35.0, and cmdstan/arguments/arg_test_grad_err.hpp, 2.36.0",
        None,
        diagnose_restated,
    ),
    Checker(
        "OpenMDAO `check_partials`",
        "forward difference of step 1e-6 of every component; within 1e-6 relative",
        "openmdao",
        "openmdao/core/problem.py, 3.45.1",
        openmdao_check_partials,
        check_partials_restated,
    ),
    Checker(
        "OpenMDAO `assert_check_partials`",
        "the same difference; within 1e-6 + 1e-6 relative",
        "openmdao",
        "openmdao/utils/assert_utils.py, 3.45.1",
        openmdao_assert,
        assert_restated,
    ),
    Checker(
        "circuitgrad `check`",
        "slopes to 60 digits in every input, and of every gate alone; its rule without rounding within 1e-14 relative",
        "circuitgrad",
        "",
        circuitgrad_check,
        None,
    ),
]


NOTE = """
A cell is the smallest relative error caught, of 1e-1, 1e-2, ..., 1e-12, as are all larger ones. Whether an error just
as large as a relative tolerance is caught depends on the last digits, and on the error of the difference itself.
circuitgrad reads the formulas and differences them at 60 digits; the others call a function of doubles. These are the
defaults: all of the others can be told to be stricter, as far as a difference of doubles allows.
"""


def caught(finds: Callable[[Example], bool], example: Example) -> list[float]:
    """Return the errors that a checker finds in a circuit, from the largest on up to the first that it misses.

    Raises:
        SystemExit: it finds the circuit wrong as it is.
    """
    if finds(example):
        sys.exit(f"false alarm of {finds.__name__}: {example.name}")
    return list(takewhile(lambda error: finds(example.bent(error)), ERRORS))


def column(checker: Checker) -> tuple[list[list[float]], str]:
    """Return the errors that a checker catches, circuit by circuit, and how this was found out.

    Raises:
        SystemExit: the library and its rule restated do not agree, or there is a false alarm.
    """
    runs = {
        "run": checker.run if checker.version is not None else None,
        "restated": checker.restated,
    }
    found = {how: [caught(finds, example) for example in EXAMPLES] for how, finds in runs.items() if finds is not None}
    if len(found) == 2:
        for example, run, restated in zip(EXAMPLES, found["run"], found["restated"], strict=True):
            if run != restated:
                sys.exit(f"{checker.name} {checker.version} and its rule disagree: {example.name}: {run}, {restated}")
        return found["run"], f"{checker.version}, run; its rule restated agrees in every cell"
    if "run" in found:
        return found["run"], f"{checker.version}, run"
    return found["restated"], f"not run; its rule restated from {checker.source}"


def main() -> None:
    """Print the table and what stands behind its columns."""
    # A library that would draw a report for every model, or look for an accelerator, takes its time for nothing.
    os.environ.update(OPENMDAO_REPORTS="0", JAX_PLATFORMS="cpu")
    columns, notes = zip(*map(column, CHECKERS), strict=True)
    print("| circuit | wrong |", *(f" {checker.name} |" for checker in CHECKERS), sep="")
    print("|---" * (len(CHECKERS) + 2), "|", sep="")
    for row, example in enumerate(EXAMPLES):
        gate, operand = example.wrong
        cells = (f"{errors[row][-1]:.0e}".replace("e-0", "e-") if errors[row] else "none" for errors in columns)
        print(f"| {example.name} | d {gate}/d {operand} |", *(f" {cell} |" for cell in cells), sep="")
    totals = (sum(map(len, errors)) for errors in columns)
    print(f"| caught, of {len(EXAMPLES) * len(ERRORS)} | |", *(f" {total} |" for total in totals), sep="")
    print(NOTE)
    for checker, note in zip(CHECKERS, notes, strict=True):
        print(f"- {checker.name} ({note}): {checker.defaults}.")


if __name__ == "__main__":
    main()
