"""The trust region reflective method for least squares with bounds, SciPy's.

Branch, Coleman and Li, "A subspace, interior, and conjugate gradient method for large-scale bound-constrained
minimization problems", 1999.
"""

from __future__ import annotations

from circuitgrad.methods.optimize.with_scipy import least_squares

ALGORITHM = least_squares("trf", "trust region reflective for least squares with bounds, SciPy's")
