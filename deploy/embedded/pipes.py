"""What a process prints: read from a pipe, cut into lines of bounded length."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Iterator

from deploy.embedded.process import TAIL_LINES

LONGEST_LINE = 8_192
CUT = " [cut]"


class Lines:
    """Cuts bytes into lines. A longer line than 8 KiB is cut there; the rest of it is dropped, never kept."""

    def __init__(self) -> None:
        self._open = b""
        self._dropping = False

    def feed(self, data: bytes) -> Iterator[str]:
        """The lines that `data` completes."""
        *ended, rest = data.split(b"\n")
        for part in ended:
            yield from self._add(part)
            if not self._dropping:
                yield self._open.decode(errors="replace")
            self._open, self._dropping = b"", False
        yield from self._add(rest)

    def rest(self) -> Iterator[str]:
        """What stood after the last line break, at the end of all data."""
        if self._open:
            yield self._open.decode(errors="replace")
            self._open = b""

    def _add(self, part: bytes) -> Iterator[str]:
        if self._dropping:
            return
        self._open += part
        if len(self._open) > LONGEST_LINE:
            yield self._open[:LONGEST_LINE].decode(errors="replace") + CUT
            self._open, self._dropping = b"", True


class Output(asyncio.Protocol):
    """A pipe: a process writes to `write_end`, every line goes to `take`, the last ones are kept."""

    def __init__(self, take: Callable[[str], None], write_end: int) -> None:
        self.write_end = write_end
        self.last_lines: deque[str] = deque(maxlen=TAIL_LINES)
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._take = take
        self._lines = Lines()

    @classmethod
    async def open(cls, take: Callable[[str], None]) -> Output:
        """Makes the pipe and begins to read; `finished` when every writer has closed."""
        read_end, write_end = os.pipe()
        output = cls(take, write_end)
        reader = os.fdopen(read_end, "rb", buffering=0)
        await asyncio.get_running_loop().connect_read_pipe(lambda: output, reader)
        return output

    def close_write_end(self) -> None:
        """For after the fork: from then on only the child holds it."""
        os.close(self.write_end)

    def data_received(self, data: bytes) -> None:
        """Called by the loop with what was written."""
        self._pass_on(self._lines.feed(data))

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop when every writer has closed."""
        self._pass_on(self._lines.rest())
        self.finished.set_result(None)

    def _pass_on(self, lines: Iterator[str]) -> None:
        for line in lines:
            self.last_lines.append(line)
            self._take(line)
