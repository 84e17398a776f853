"""exp, log, sin, cos, tanh, erf and erfc of several doubles at once, as functions in LLVM's language.

Others are C's, one by one. Errors stay under two units in the last place over the whole range of doubles, those of erfc
under three, and special values are those of C17, annex F. What one formula cannot do is done in a branch: it is taken
where one of the numbers needs it, and no number's result depends on what stands beside it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.engines.native.libm import approximations
from circuitgrad.engines.native.llvm.instructions import Instructions
from circuitgrad.engines.native.llvm.notation import bits, structure, vector
from circuitgrad.engines.native.llvm.vector_writer import VectorWriter

if TYPE_CHECKING:
    from collections.abc import Callable

    Body = Callable[[VectorWriter, str], str | tuple[str, ...]]
    """What writes the results for an argument."""

FARTHEST_ANGLE = 1e6
"""Beyond this, sin and cos are C's."""
LARGEST_OF_EXP, LARGEST_OF_TANH, LARGEST_OF_ERF = 708.0, 350.0, 26.5
"""Up to this, e to the plus or minus x, to the -2*x and to the -x*x are normal numbers."""
LANE_BY_LANE = "_apart"
"""How the name ends of a function that calls C's for every lane."""


class VectorFunction(NamedTuple):
    """A function on vectors.

    Attributes:
        results: what it computes of x, as formulas; the first is a primitive of x.
        is_near: writes whether the formula serves for an argument.
        near: writes the results by the formula.
        far: writes them for other arguments.
    """

    results: tuple[str, ...]
    is_near: Callable[[VectorWriter, str], str]
    near: Body
    far: Body


def name_of(function: str) -> str:
    """Return what a function on vectors is called."""
    return f"cg_{function}"


def _within(limit: float) -> Callable[[VectorWriter, str], str]:
    """Return what tells whether an argument is at most so far from 0."""
    return lambda w, x: w.doubles("fcmp ole", w.absolute(x), limit)


def _is_normal(w: VectorWriter, x: str) -> str:
    """Write whether x is positive, finite, and has all its digits."""
    least = bits(approximations.NORMAL)
    return w.integers("icmp ult", w.integers("sub", w.as_integers(x), least), bits(float("inf")) - least)


def _calls(*functions: str) -> Body:
    """Return what calls other functions on vectors."""
    return lambda w, x: tuple(w.call(name_of(function), x) for function in functions)


def _tanh_and_exp(w: VectorWriter, x: str) -> tuple[str, ...]:
    return w.call(name_of("tanh"), x), w.call(name_of("exp"), w.doubles("fmul", -2.0, w.absolute(x)))


FUNCTIONS = {
    "exp": VectorFunction(("exp(x)",), _within(LARGEST_OF_EXP), approximations.exp, approximations.exp_anywhere),
    "log": VectorFunction(("log(x)",), _is_normal, approximations.log, approximations.log_anywhere),
    "sin": VectorFunction(("sin(x)",), _within(FARTHEST_ANGLE), approximations.sin, _calls(f"sin{LANE_BY_LANE}")),
    "cos": VectorFunction(("cos(x)",), _within(FARTHEST_ANGLE), approximations.cos, _calls(f"cos{LANE_BY_LANE}")),
    "tanh": VectorFunction(("tanh(x)",), _within(LARGEST_OF_TANH), approximations.tanh, approximations.sign),
    "erf": VectorFunction(("erf(x)",), _within(LARGEST_OF_ERF), approximations.erf, approximations.sign),
    "erfc": VectorFunction(("erfc(x)",), _within(LARGEST_OF_ERF), approximations.erfc, approximations.erfc_anywhere),
    "sin_cos": VectorFunction(
        ("sin(x)", "cos(x)"), _within(FARTHEST_ANGLE), approximations.sin_cos, _calls("sin", "cos")
    ),
    "tanh_exp": VectorFunction(
        ("tanh(x)", "exp(-2*abs(x))"), _within(LARGEST_OF_TANH), approximations.tanh_exp, _tanh_and_exp
    ),
}
"""The functions, by name; a pair of results that share most of the work is one of them, too."""
VECTORS = tuple(name for name, function in FUNCTIONS.items() if len(function.results) == 1)
PAIRS = {name: function.results for name, function in FUNCTIONS.items() if name not in VECTORS}


def returned_type(function: str, lanes: int) -> str:
    """Return the type of what a function on vectors returns.

    >>> returned_type("exp", 8), returned_type("sin_cos", 8)
    ('<8 x double>', '{<8 x double>, <8 x double>}')
    """
    return structure(vector("double", lanes), len(FUNCTIONS[function].results))


def declaration(function: str, lanes: int) -> str:
    """Return the line that declares a function on vectors."""
    return f"declare {returned_type(function, lanes)} @{name_of(function)}({vector('double', lanes)})"


def used(text: str) -> set[str]:
    """Return the functions on vectors that a text calls.

    >>> used("%y = call <8 x double> @cg_exp(<8 x double> %x)")
    {'exp'}
    """
    return FUNCTIONS.keys() & set(re.findall(rf"call .*@{name_of('(.*?)')}[(]", text))


def module(function: str, lanes: int) -> str:
    """Return the module that defines a function on vectors.

    >>> [line for line in module("exp", 8).splitlines() if line.startswith("define")]
    ['define <8 x double> @cg_exp(<8 x double> %x) noinline nounwind {']
    """
    real, body = vector("double", lanes), _body(function, lanes)
    lines = [
        f"declare {real} @llvm.fma.v{lanes}f64({real}, {real}, {real})",
        f"declare {real} @llvm.fabs.v{lanes}f64({real})",
        f"declare i1 @llvm.vector.reduce.and.v{lanes}i1({vector('i1', lanes)})",
        *(declaration(name, lanes) for name in sorted(used(body))),
    ]
    if f"@{name_of(function)}{LANE_BY_LANE}(" in body:
        lines += [f"declare double @{function}(double)", lane_by_lane(function, lanes, 1, LANE_BY_LANE)]
    head = f"define {returned_type(function, lanes)} @{name_of(function)}({real} %x) noinline nounwind {{"
    return "\n".join([*lines, head, body, "}", ""])


def _body(function: str, lanes: int) -> str:
    """Return what is done in a function on vectors: near and far, where there is a number that needs it."""
    w = VectorWriter(lanes)
    _, is_near, near, far = FUNCTIONS[function]
    near_results, flag = _several(near(w, "%x")), is_near(w, "%x")
    all_near = w.do(f"call i1 @llvm.vector.reduce.and.v{lanes}i1({w.flag} {flag})")
    w.put(f"br i1 {all_near}, label %near, label %far")
    w.label("far")
    far_results = _several(far(w, "%x"))
    w.give_back([w.choose(flag, *pair) for pair in zip(near_results, far_results, strict=True)])
    w.label("near")
    w.give_back(near_results)
    return "\n".join(w.lines)


def _several(results: str | tuple[str, ...]) -> tuple[str, ...]:
    return (results,) if isinstance(results, str) else results


def lane_by_lane(function: str, lanes: int, arity: int = 1, suffix: str = "") -> str:
    """Return the text of a function on vectors that calls C's for every lane."""
    real, w = vector("double", lanes), Instructions()
    results = []
    for lane in range(lanes):
        operands = ", ".join(f"double {w.element(f'%x{i}', lane, lanes)}" for i in range(arity))
        results.append(w.do(f"call double @{function}({operands})"))
    w.put(f"ret {real} {w.gathered(results)}")
    parameters = ", ".join(f"{real} %x{i}" for i in range(arity))
    head = f"define {real} @{name_of(function)}{suffix}({parameters}) noinline nounwind {{"
    return "\n".join([head, *w.lines, "}", ""])
