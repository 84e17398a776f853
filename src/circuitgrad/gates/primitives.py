"""The primitives: the functions in which the gate table is written, and which every number system has to provide.

A primitive is declared here once. Each number system (doubles, multiprecision, complexes, machine code) and each
language in which formulas are printed (JavaScript, LaTeX, MathML) has a table of its own; the tests hold the keys of
every table against this declaration, so that a forgotten entry is a failing test with the primitive's name.
"""

from __future__ import annotations

PRIMITIVES = {
    "abs": 1,
    "acos": 1,
    "acosh": 1,
    "asin": 1,
    "asinh": 1,
    "atan": 1,
    "atan2": 2,
    "atanh": 1,
    "cbrt": 1,
    "cos": 1,
    "cosh": 1,
    "div": 2,
    "erf": 1,
    "erfc": 1,
    "exp": 1,
    "expm1": 1,
    "floor": 1,
    "hypot": 2,
    "log": 1,
    "log10": 1,
    "log1p": 1,
    "log2": 1,
    "mod": 2,
    "pow": 2,
    "sin": 1,
    "sinh": 1,
    "sqrt": 1,
    "tan": 1,
    "tanh": 1,
}
"""Every primitive, with the number of its operands."""
