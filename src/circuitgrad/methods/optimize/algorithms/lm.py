"""Levenberg's and Marquardt's method for least squares, SciPy's: MINPACK's LMDER.

Moré, "The Levenberg-Marquardt algorithm: implementation and theory", 1978.
"""

from __future__ import annotations

from circuitgrad.methods.optimize.with_scipy import least_squares

ALGORITHM = least_squares("lm", "Levenberg-Marquardt for least squares, SciPy's")
