"""Starting files that stand beside this module as circuit files."""

from __future__ import annotations

from importlib.resources import files


def example_text(kind: str, file: str) -> str:
    """Return the text of an example under a name of its own.

    Args:
        kind: the example: `neuron`, the guide's neuron, with comments that explain the format, or `svm`, a support
            vector machine on the guide's six points.
        file: the new file's name, for the comments: in one line, as a shell takes it.

    >>> from circuitgrad import loads
    >>> loads(example_text("neuron", "mine.yaml")).forward()["s"]
    0.8807970779778823
    """
    name = f"{kind}.yaml"
    return files(__package__).joinpath(name).read_text(encoding="utf-8").replace(name, file)
