"""The input and output of a load generator."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Load:
    """`requests` are sent in a cycle for `seconds`; with 0 seconds each is sent exactly once."""

    port: int
    connections: int
    seconds: float
    requests: Sequence[bytes]
    host: str = "127.0.0.1"

    def write(self, path: Path) -> None:
        """As JSON; latin-1 carries any bytes through a string."""
        document = {**asdict(self), "requests": [request.decode("latin-1") for request in self.requests]}
        path.write_text(json.dumps(document), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Load:
        """Read what `write` wrote."""
        document = json.loads(path.read_text(encoding="utf-8"))
        return cls(**{**document, "requests": [text.encode("latin-1") for text in document["requests"]]})


@dataclass(frozen=True)
class Outcome:
    """Responses and seconds; `failures` counts errors by name."""

    requests: int
    seconds: float
    failures: Mapping[str, int] = field(default_factory=dict)
    median_ms: float = 0.0
    p99_ms: float = 0.0
    bytes_per_answer: float = 0.0
    generator_cpu_seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds if self.seconds else 0.0


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value below which `share` of the ordered values lie; 0 for none."""
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
