"""The neuron over the rows of a CSV by polars, written as a CSV: `polars_rows.py IN OUT`."""

from __future__ import annotations

import sys

import polars as pl

source, target = sys.argv[1:]
q = pl.col("a") * pl.col("x") + pl.col("b") * pl.col("y") + pl.col("c")
pl.scan_csv(source).select(s=1 / (1 + (-q).exp())).sink_csv(target)
