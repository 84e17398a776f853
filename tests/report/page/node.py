"""JavaScript run by Node."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from typing import Any

NODE = shutil.which("node") or shutil.which("nodejs")
MISSING = "Node is not installed"

READ = """
const given = JSON.parse(require("fs").readFileSync(0, "utf8"), (_, value) =>
  typeof value === "string" && /^-?(inf|nan|0\\.0)$/.test(value) ? Number(value.replace("inf", "Infinity")) : value);
const answer = (found) => console.log(JSON.stringify(found, (_, value) =>
  typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))
    ? `number ${Object.is(value, -0) ? "-0.0" : String(value).replace("Infinity", "inf")}`
    : ArrayBuffer.isView(value) ? [...value] : value));
"""


def told(value: float) -> float | str:
    """Return a number as JSON has it: what JSON has no number for as a text."""
    return value if math.isfinite(value) and not (value == 0 and math.copysign(1, value) < 0) else repr(value)


def run(script: str, given: Any) -> Any:
    """Return what a script answers; it finds what it is given as `given`, and answers with `answer(...)`."""
    assert NODE is not None
    command = [NODE, "-e", f"'use strict';\n{READ}\n{script}"]
    result = subprocess.run(command, input=json.dumps(given), capture_output=True, encoding="utf-8", check=False)
    assert result.returncode == 0, result.stderr[-2000:]
    return _numbers(json.loads(result.stdout))


def _numbers(found: Any) -> Any:
    if isinstance(found, list):
        return [_numbers(one) for one in found]
    if isinstance(found, dict):
        return {key: _numbers(one) for key, one in found.items()}
    if isinstance(found, str) and found.startswith("number "):
        return float(found.removeprefix("number "))
    return found
