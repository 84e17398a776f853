"""Numbers at which gates are special."""

from __future__ import annotations

import math

SPECIAL = [
    -math.inf,
    -1e300,
    -700.0,
    -2.0,
    -1.0,
    -0.5,
    -5e-324,
    -0.0,
    0.0,
    0.5,
    1.0,
    2.0,
    700.0,
    1e300,
    math.inf,
    math.nan,
]
