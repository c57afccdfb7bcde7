"""The results of a run, as stored in bench/results/latest.json."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.load.outcome import Outcome
from bench.operations import Operation
from bench.processes import Memory
from bench.starting import Start
from bench.statistics import Ratio, median, ratio

OURS = "rocket"


@dataclass(frozen=True)
class Sample:
    """One measurement: a system, an operation, a round."""

    round: int
    system: str
    operation: Operation
    outcome: Outcome
    cpu: Mapping[str, float]
    """Processor seconds of each part of the system, until it was idle again."""
    cpu_after: float
    """The part of it after all requests were answered (relay, consumers)."""
    calm_after: float
    """The seconds it took."""

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.outcome.rate

    @property
    def cpu_after_per_request(self) -> float:
        """Processor microseconds per request after all were answered."""
        return self.cpu_after / max(1, self.outcome.requests) * 1e6

    @property
    def cpu_per_request(self) -> float:
        """Processor microseconds per request, over all processes of the system."""
        return sum(self.cpu.values()) / max(1, self.outcome.requests) * 1e6


@dataclass
class Results:
    """A run. `memory` and `starts` are per system and part."""

    about: dict[str, str] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    idle: dict[str, float] = field(default_factory=dict)
    """System → cores that it uses without requests."""
    between: dict[str, float] = field(default_factory=dict)
    """System → processor seconds between the rounds, mostly for vacuum."""
    memory: dict[str, dict[str, Memory]] = field(default_factory=dict)
    starts: dict[str, Start] = field(default_factory=dict)

    def voids(self) -> dict[tuple[int, str], str]:
        """(round, operation) → why it does not count: requests of a system failed."""
        found: dict[tuple[int, str], list[str]] = {}
        for sample in self.samples:
            for what, count in sample.outcome.failures.items():
                words = f"{sample.system}: {count} × {what}"
                found.setdefault((sample.round, sample.operation), []).append(words)
        return {key: ", ".join(words) for key, words in found.items()}

    def valid(self, system: str, operation: str) -> list[Sample]:
        """The samples that count, by round."""
        voids = self.voids()
        return [
            s
            for s in self.samples
            if s.system == system and s.operation == operation and (s.round, s.operation) not in voids
        ]

    def median_of(self, system: str, operation: str, what: str) -> float:
        """The median of a property of the valid samples."""
        return median([value_of(sample, what) for sample in self.valid(system, operation)])

    def cpu_of_part(self, system: str, operation: str, part: str) -> float:
        """The median of one part's processor microseconds per request."""
        samples = self.valid(system, operation)
        return median([s.cpu.get(part, 0.0) / max(1, s.outcome.requests) * 1e6 for s in samples])

    def ratio(self, ours: str, theirs: str, operation: str, what: str = "rate") -> Ratio | None:
        """The ratio of two systems in the valid rounds."""
        other = {sample.round: value_of(sample, what) for sample in self.valid(theirs, operation)}
        mine = self.valid(ours, operation)
        return ratio([(value_of(s, what), other[s.round]) for s in mine if s.round in other])

    def systems(self) -> Sequence[str]:
        """The measured systems, in the order of `idle`."""
        return list(self.idle)

    def write(self, path: Path) -> None:
        """Write the results as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        voids = [{"round": r, "operation": o, "why": why} for (r, o), why in self.voids().items()]
        document = {**asdict(self), "voids": voids, "ratios": self._all_ratios()}
        path.write_text(json.dumps(document, indent=1), encoding="utf-8")

    def _all_ratios(self) -> list[dict[str, Any]]:
        operations = dict.fromkeys(sample.operation for sample in self.samples)
        others = [system for system in self.systems() if system != OURS]
        wanted = [(op, other, what) for op in operations for other in others for what in ("rate", "cpu_per_request")]
        found = {key: self.ratio(OURS, key[1], key[0], key[2]) for key in wanted}
        return [
            {"operation": op, "ours": OURS, "theirs": other, "of": what, **asdict(ratio), "verdict": ratio.verdict}
            for (op, other, what), ratio in found.items()
            if ratio is not None
        ]


def value_of(sample: Sample, what: str) -> Any:
    """The value of a property of a sample or of its outcome, by name."""
    return getattr(sample, what) if hasattr(sample, what) else getattr(sample.outcome, what)
