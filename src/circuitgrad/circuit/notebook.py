"""How a circuit and a backward pass show themselves in a notebook: the report registers here what draws them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Display(Protocol):
    """Draws for notebooks."""

    def circuit_svg(self, circuit: Any, /) -> str | None:
        """Return the drawing of a circuit, or None where what draws is not installed."""

    def pass_html(
        self, circuit: Any, output: str, values: Mapping[str, float], gradients: Mapping[str, float], /
    ) -> str | None:
        """Return a backward pass as a table in HTML."""


class Blank:
    """Draws nothing: a notebook shows the representation in text instead."""

    def circuit_svg(self, _circuit: Any) -> None:
        """Return None."""

    def pass_html(
        self, _circuit: Any, _output: str, _values: Mapping[str, float], _gradients: Mapping[str, float]
    ) -> None:
        """Return None."""


_displays: list[Display] = [Blank()]


def register(display: Display) -> None:
    """Let `display` draw circuits and passes from now on."""
    _displays.append(display)


def display() -> Display:
    """Return what was registered last."""
    return _displays[-1]
