"""Formulas as LaTeX itself, MathJax (GitHub) and KaTeX set them; nothing in it is taken for Markdown."""

from __future__ import annotations

from circuitgrad.formulas.dialects import CONDITIONAL, Dialect, short_number
from circuitgrad.formulas.steps import ATOM, INFIX, POWER

GREEK = frozenset([
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi",
    "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
    "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega",
])  # fmt: skip
"""The names that LaTeX has a letter for."""


def latex_number(text: str) -> str:
    r"""Return a number as LaTeX.

    >>> print(latex_number("-2.5"), latex_number("1e-07"), latex_number("-inf"))
    -2.5 10^{-7} -\infty
    """
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    if digits in ("inf", "nan"):
        return sign + {"inf": r"\infty", "nan": r"\text{NaN}"}[digits]
    mantissa, _, exponent = digits.partition("e")
    if not exponent:
        return text
    power = f"10^{{{int(exponent)}}}"
    return sign + (power if mantissa == "1" else rf"{mantissa} \times {power}")


def latex_name(name: str) -> str:
    r"""Return a wire's name as LaTeX: words behind underscores, and subscripts of members, become subscripts.

    Nothing in it is taken for Markdown: there is no backslash before a punctuation mark.

    >>> print(latex_name("a"), latex_name("sigma_max"), latex_name("h[3].2"), latex_name("w[0,1]"))
    a \sigma_{\mathit{max}} h_{3}.2 w_{0,1}
    """
    return ".".join(_latex_part(part) for part in name.split("."))


def _latex_part(part: str) -> str:
    word, _, member = part.removesuffix("]").partition("[")
    first, *rest = [_latex_word(piece) for piece in word.split("_") if piece] or [r"\sqcup"]
    below = [*rest, *([member] if member else [])]
    return f"{first}_{{{','.join(below)}}}" if below else first


def _latex_word(word: str) -> str:
    if word in GREEK:
        return f"\\{word}"
    if word.isdecimal() or (len(word) == 1 and (word.isascii() or "\u0391" <= word <= "\u03c9")):  # Alpha to omega
        return word
    return rf"\mathit{{{word}}}" if word.isascii() else rf"\text{{{word}}}"


_FUNCTIONS = {
    "acos": r"\operatorname{acos}",
    "acosh": r"\operatorname{acosh}",
    "asin": r"\operatorname{asin}",
    "asinh": r"\operatorname{asinh}",
    "atan": r"\operatorname{atan}",
    "atan2": r"\operatorname{atan2}",
    "atanh": r"\operatorname{atanh}",
    "cos": r"\cos",
    "cosh": r"\cosh",
    "erf": r"\operatorname{erf}",
    "erfc": r"\operatorname{erfc}",
    "expm1": r"\operatorname{expm1}",
    "hypot": r"\operatorname{hypot}",
    "log": r"\log",
    "log10": r"\operatorname{log10}",
    "log1p": r"\operatorname{log1p}",
    "log2": r"\operatorname{log2}",
    "mod": r"\operatorname{mod}",
    "sin": r"\sin",
    "sinh": r"\sinh",
    "tan": r"\tan",
    "tanh": r"\tanh",
    "max": r"\max",
    "min": r"\min",
}
"""How functions are set: upright, by a command of their own where LaTeX has one."""


def _latex_function(gate: str) -> str:
    return rf"\operatorname{{{gate}}}".replace("_", "-")


def _latex_sign(sign: str) -> str:
    known = {"*": r"\cdot", "<": r"\lt", "<=": r"\le", ">": r"\gt", ">=": r"\ge", "==": "=", "!=": r"\ne"}
    return f" {known.get(sign, sign)} "


LATEX = Dialect(
    number=lambda value: latex_number(short_number(value)),
    name=lambda name: latex_number(name) if name in ("inf", "nan") else latex_name(name),
    infix={gate: (_latex_sign(sign), level) for sign, (gate, level) in INFIX.items()},
    words=(r" \land ", r" \lor ", r"\lnot "),
    templates={
        "div": (r"\frac{#1}{#2}", ATOM, CONDITIONAL),
        "reciprocal": (r"\frac{1}{#1}", ATOM, CONDITIONAL),
        "pow": ("{#1}^{#2}", POWER, ATOM),
        "square": ("{#1}^{2}", POWER, ATOM),
        "exp": ("e^{#1}", POWER, CONDITIONAL),
        "sqrt": (r"\sqrt{#1}", ATOM, CONDITIONAL),
        "cbrt": (r"\sqrt[3]{#1}", ATOM, CONDITIONAL),
        "abs": (r"\left\lvert #1 \right\rvert", ATOM, CONDITIONAL),
        "floor": (r"\left\lfloor #1 \right\rfloor", ATOM, CONDITIONAL),
        "where": (r"\begin{cases} #2 & \text{if } #1 \cr #3 & \text{otherwise} \end{cases}", ATOM, CONDITIONAL),
    },
    functions=_FUNCTIONS,
    function=_latex_function,
)
"""Mathematics, as LaTeX itself, MathJax (GitHub) and KaTeX set it; nothing in it is taken for Markdown."""
