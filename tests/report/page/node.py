"""JavaScript run by Node."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

NODE = shutil.which("node") or shutil.which("nodejs")
MISSING = "Node is not installed"

READ = """
const given = JSON.parse(require("fs").readFileSync(0, "utf8"), (_, value) =>
  typeof value === "string" && /^-?(inf|nan|0\\.0)$/.test(value) ? Number(value.replace("inf", "Infinity")) : value);
const answer = (results) => console.log(JSON.stringify(results, (_, value) =>
  typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))
    ? `number ${Object.is(value, -0) ? "-0.0" : String(value).replace("Infinity", "inf")}`
    : ArrayBuffer.isView(value) ? [...value] : value));
"""


def as_json(value: float) -> float | str:
    """Return a number for JSON; a text where JSON has no number."""
    return value if math.isfinite(value) and not (value == 0 and math.copysign(1, value) < 0) else repr(value)


def run(script: str, given: Any) -> Any:
    """Return what a script answers; it finds what it is given as `given`, and answers with `answer(...)`."""
    assert NODE is not None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "script.js"
        file.write_text(f"'use strict';\n{READ}\n{script}", encoding="utf-8")
        command = [NODE, str(file)]
        result = subprocess.run(command, input=json.dumps(given), capture_output=True, encoding="utf-8", check=False)
    assert result.returncode == 0, result.stderr[-2000:]
    return _numbers(json.loads(result.stdout))


def _numbers(answer: Any) -> Any:
    if isinstance(answer, list):
        return [_numbers(item) for item in answer]
    if isinstance(answer, dict):
        return {key: _numbers(item) for key, item in answer.items()}
    if isinstance(answer, str) and answer.startswith("number "):
        return float(answer.removeprefix("number "))
    return answer
