"""One thread for linear algebra: the workers of a test run have the processors, and the matrices are small."""

from __future__ import annotations

import os

# Before NumPy is imported. On a busy machine SciPy's calls otherwise wait for one another, ten times as long as they
# work.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
