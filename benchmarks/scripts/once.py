"""Prints, as JSON, what a peer answers: `once.py PEER CIRCUIT`. All that it needs, from Python's start on, is timed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from circuits import described
from peers import peers

name, spec = sys.argv[1:]
prepare = peers()[name].point
assert prepare is not None
print(json.dumps(prepare(described(spec)).answer()))
