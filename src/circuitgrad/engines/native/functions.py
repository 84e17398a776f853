"""exp, log, sin, cos, tanh, erf and erfc of several doubles at once, as functions in LLVM's language.

Others are C's, one by one. Errors stay under two units in the last place over the whole range of doubles, those of erfc
under three, and special values are those of C17, annex F. What one formula cannot do is done in a branch: it is taken
where one of the numbers needs it, and no number's result depends on what stands beside it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.engines.native import approximations as formulas
from circuitgrad.engines.native.writing import Writer, bits, structure

if TYPE_CHECKING:
    from collections.abc import Callable

    Body = Callable[[Writer, str], str | tuple[str, ...]]
    """What writes the results for an argument."""

LANES = 8
"""So many doubles are computed at once."""
FAR = 1e6
"""Beyond this, sin and cos are C's."""
EXP_MOST, TANH_MOST, ERF_MOST = 708.0, 350.0, 26.5
"""Up to this, e to the plus or minus x, to the -2*x and to the -x*x are normal numbers."""
APART = "_apart"
"""How the name ends of a function that calls C's for every place."""


class Function(NamedTuple):
    """A function on vectors.

    Attributes:
        results: what it computes of x, as formulas; the first is a primitive of x.
        is_near: writes whether the formula serves for an argument.
        near: writes the results by the formula.
        far: writes them for other arguments.
    """

    results: tuple[str, ...]
    is_near: Callable[[Writer, str], str]
    near: Body
    far: Body


def name_of(function: str) -> str:
    """Return what a function on vectors is called."""
    return f"cg_{function}"


def _within(limit: float) -> Callable[[Writer, str], str]:
    """Return what tells whether an argument is at most so far from 0."""
    return lambda w, x: w.do("fcmp ole", w.absolute(x), limit)


def _is_normal(w: Writer, x: str) -> str:
    """Write whether x is positive, finite, and has all its digits."""
    least = bits(formulas.NORMAL)
    return w.do_whole("icmp ult", w.do_whole("sub", w.as_whole(x), least), bits(float("inf")) - least)


def _calls(*functions: str) -> Body:
    """Return what calls other functions on vectors."""
    return lambda w, x: tuple(w.call(name_of(function), x) for function in functions)


def _tanh_and_exp(w: Writer, x: str) -> tuple[str, ...]:
    return w.call(name_of("tanh"), x), w.call(name_of("exp"), w.do("fmul", -2.0, w.absolute(x)))


FUNCTIONS = {
    "exp": Function(("exp(x)",), _within(EXP_MOST), formulas.exp, formulas.exp_anywhere),
    "log": Function(("log(x)",), _is_normal, formulas.log, formulas.log_anywhere),
    "sin": Function(("sin(x)",), _within(FAR), formulas.sin, _calls(f"sin{APART}")),
    "cos": Function(("cos(x)",), _within(FAR), formulas.cos, _calls(f"cos{APART}")),
    "tanh": Function(("tanh(x)",), _within(TANH_MOST), formulas.tanh, formulas.sign),
    "erf": Function(("erf(x)",), _within(ERF_MOST), formulas.erf, formulas.sign),
    "erfc": Function(("erfc(x)",), _within(ERF_MOST), formulas.erfc, formulas.erfc_anywhere),
    "sin_cos": Function(("sin(x)", "cos(x)"), _within(FAR), formulas.sin_cos, _calls("sin", "cos")),
    "tanh_exp": Function(("tanh(x)", "exp(-2*abs(x))"), _within(TANH_MOST), formulas.tanh_exp, _tanh_and_exp),
}
"""The functions, by name; a pair of results that share most of the work is one of them, too."""
VECTORS = tuple(name for name, function in FUNCTIONS.items() if len(function.results) == 1)
PAIRS = {name: function.results for name, function in FUNCTIONS.items() if name not in VECTORS}


def kind(function: str, lanes: int) -> str:
    """Return the type of what a function on vectors returns.

    >>> kind("exp", 8), kind("sin_cos", 8)
    ('<8 x double>', '{<8 x double>, <8 x double>}')
    """
    return structure(f"<{lanes} x double>", len(FUNCTIONS[function].results))


def declaration(function: str, lanes: int) -> str:
    """Return the line that declares a function on vectors."""
    return f"declare {kind(function, lanes)} @{name_of(function)}(<{lanes} x double>)"


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
    real, body = f"<{lanes} x double>", _body(function, lanes)
    lines = [
        f"declare {real} @llvm.fma.v{lanes}f64({real}, {real}, {real})",
        f"declare {real} @llvm.fabs.v{lanes}f64({real})",
        f"declare i1 @llvm.vector.reduce.and.v{lanes}i1(<{lanes} x i1>)",
        *(declaration(one, lanes) for one in sorted(used(body))),
    ]
    if f"@{name_of(function)}{APART}(" in body:
        lines += [f"declare double @{function}(double)", apart(function, lanes, 1, APART)]
    lines += [f"define {kind(function, lanes)} @{name_of(function)}({real} %x) noinline nounwind {{", body, "}", ""]
    return "\n".join(lines)


def _body(function: str, lanes: int) -> str:
    """Return what is done in a function on vectors: near and far, where there is a number that needs it."""
    w = Writer(lanes)
    _, is_near, near, far = FUNCTIONS[function]
    found, flag = _several(near(w, "%x")), is_near(w, "%x")
    all_near = w.line(f"call i1 @llvm.vector.reduce.and.v{lanes}i1({w.flag} {flag})")
    w.put(f"  br i1 {all_near}, label %near, label %far")
    w.put("far:")
    others = _several(far(w, "%x"))
    w.give_back([w.choose(flag, *pair) for pair in zip(found, others, strict=True)])
    w.put("near:")
    w.give_back(found)
    return "\n".join(w.lines)


def _several(results: str | tuple[str, ...]) -> tuple[str, ...]:
    return (results,) if isinstance(results, str) else results


def apart(function: str, lanes: int, arity: int = 1, suffix: str = "") -> str:
    """Return the text of a function on vectors that calls C's for every place."""
    real = f"<{lanes} x double>"
    parameters = ", ".join(f"{real} %x{i}" for i in range(arity))
    lines = [f"define {real} @{name_of(function)}{suffix}({parameters}) noinline nounwind {{"]
    found = "undef"
    for lane in range(lanes):
        lines += [f"  %a{lane}_{i} = extractelement {real} %x{i}, i32 {lane}" for i in range(arity)]
        operands = ", ".join(f"double %a{lane}_{i}" for i in range(arity))
        lines.append(f"  %y{lane} = call double @{function}({operands})")
        lines.append(f"  %v{lane} = insertelement {real} {found}, double %y{lane}, i32 {lane}")
        found = f"%v{lane}"
    return "\n".join([*lines, f"  ret {real} {found}", "}", ""])
