"""The operator's console: `gateway   | line`, for every process."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95)  # ANSI foreground colours that are readable on dark and light


class Console:
    """Prints `gateway   | line`, each name in a colour of its own on a terminal."""

    def __init__(self, stream: TextIO, width: int) -> None:
        self._stream = stream
        self._width = width
        self._coloured = stream.isatty()
        self._colours: dict[str, int] = {}

    def print(self, name: str, line: str) -> None:
        """Print one line of `name`."""
        label = f"{name:<{self._width}} |"
        if self._coloured:
            colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
            label = f"\x1b[{colour}m{label}\x1b[0m"
        self._stream.write(f"{label} {line}\n")
        self._stream.flush()

    def printer(self, name: str) -> Callable[[str], None]:
        """A function that prints its argument as a line of `name`."""
        return lambda line: self.print(name, line)
