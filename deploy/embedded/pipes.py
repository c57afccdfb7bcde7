"""The output of a process, read from a pipe and split into lines of bounded length."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Iterator

from deploy.embedded.process import TAIL_LINES

MAX_LINE_BYTES = 8_192
CUT = " [cut]"


class Lines:
    """Splits bytes into lines. A line is truncated at 8 KiB, and the rest of it is dropped."""

    def __init__(self) -> None:
        self._open = b""
        self._dropping = False

    def feed(self, data: bytes) -> Iterator[str]:
        """Add `data`; yield the lines that it completes."""
        *ended, rest = data.split(b"\n")
        for part in ended:
            yield from self._add(part)
            if not self._dropping:
                yield self._open.decode(errors="replace")
            self._open, self._dropping = b"", False
        yield from self._add(rest)

    def rest(self) -> Iterator[str]:
        """What follows the last line break, at the end of all data."""
        if self._open:
            yield self._open.decode(errors="replace")
            self._open = b""

    def _add(self, part: bytes) -> Iterator[str]:
        if self._dropping:
            return
        self._open += part
        if len(self._open) > MAX_LINE_BYTES:
            yield self._open[:MAX_LINE_BYTES].decode(errors="replace") + CUT
            self._open, self._dropping = b"", True


class ProcessOutput(asyncio.Protocol):
    """A pipe: a process writes to `write_end`, every line goes to `take`, and the last lines are kept."""

    def __init__(self, take: Callable[[str], None], write_end: int) -> None:
        self.write_end = write_end
        self.last_lines: deque[str] = deque(maxlen=TAIL_LINES)
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._take = take
        self._lines = Lines()

    @classmethod
    async def open(cls, take: Callable[[str], None]) -> ProcessOutput:
        """Create the pipe and start reading; `finished` is set when every writer has closed."""
        read_end, write_end = os.pipe()
        output = cls(take, write_end)
        reader = os.fdopen(read_end, "rb", buffering=0)
        await asyncio.get_running_loop().connect_read_pipe(lambda: output, reader)
        return output

    def close_write_end(self) -> None:
        """Close our copy after the fork, so that only the child holds it."""
        os.close(self.write_end)

    def data_received(self, data: bytes) -> None:
        """Called by the event loop with new data."""
        self._pass_on(self._lines.feed(data))

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop when every writer has closed."""
        self._pass_on(self._lines.rest())
        self.finished.set_result(None)

    def _pass_on(self, lines: Iterator[str]) -> None:
        for line in lines:
            self.last_lines.append(line)
            self._take(line)
