"""What holds for all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# One thread for linear algebra, before NumPy is imported: a test run's workers have the processors, and the matrices
# are small. On a busy machine SciPy's calls otherwise wait for one another, ten times as long as they work.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A busy machine is no failure.
settings.register_profile("circuitgrad", deadline=None)
settings.load_profile("circuitgrad")
