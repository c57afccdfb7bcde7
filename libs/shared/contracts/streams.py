"""The event streams: a public interface. CloudEvents 1.0 in NATS binary mode (headers `ce-*`).

COMMITS    every change of a record, `commits.<app id>.<entity>.<action>.<pp>`, or `<pp>q` if no definition waits for it
SIGNALS    what services have done, `signals.<app id>.<service>.<what>`
TELEMETRY  spans, in batches, `telemetry.<app id>`; bounded, may lose
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from libs.shared.ids import partition_of

PARTITIONS = 16
"""Commits are split by hash of the record into this many ordered partitions; part of the subject."""

SHARDS = 2
"""Durables that a consumer splits the partitions over, and so the most replicas that share its work.

Not one per partition: the server writes a state file per busy durable ten times a second.
"""

QUIET = "q"
"""Ends the subject of a commit that no definition waits for: only who wants to hear of every commit asks for these."""

HEARD_EVERY_COMMITS = 64
"""One in so many quiet commits is published as a normal one, so that consumers that skip quiet commits can move their
positions."""

POSITION = "Rocket-Position"
"""Header of a log event: `<position>.<n>`, where its relay resumes."""

SCHEMA = "Rocket-Schema"
"""Header of a commit: the schema version it was written under, so that nobody has to decode it to find out."""

EFFECTS = "Rocket-Effects"
"""Header of a commit with effects: how many, so that those who carry them out decode it."""

REFERENCE = "Rocket-Reference"
"""Header of a commit whose images were too large to publish; `FetchCommit` answers it whole."""


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """A JetStream stream as it is made. `max_age` in seconds, `max_bytes` in bytes; 0 is no limit."""

    name: str
    subjects: tuple[str, ...]
    max_age: float
    max_bytes: int
    atomic: bool
    partitions: int = 1

    @property
    def shards(self) -> int:
        """How many durables a consumer of this stream has."""
        return min(self.partitions, SHARDS)

    def shard(self, shard: int) -> range:
        """The partitions of one share: every SHARES-th."""
        return range(shard, self.partitions, self.shards)

    def filters(self, shard: int, quiet: bool) -> list[str]:
        """The subject filters of one share, with the `quiet` ones of its events or without."""
        if self.partitions == 1:
            return [self.subjects[0]]
        endings = ("", QUIET) if quiet else ("",)
        return [f"{self.subjects[0][:-1]}*.*.*.{p:02d}{ending}" for p in self.shard(shard) for ending in endings]

    def has(self, shard: int, subject: str) -> bool:
        """Whether an event of this subject belongs to a share, quiet or not."""
        return int(subject.rpartition(".")[2].removesuffix(QUIET)) % self.shards == shard


DAY_S = 86_400.0
INBOX_DAYS = 45
"""Days that consumers remember the events that they have handled: more than any stream keeps them."""
COMMITS = StreamSpec("COMMITS", ("commits.>",), 30 * DAY_S, 0, atomic=True, partitions=PARTITIONS)
SIGNALS = StreamSpec("SIGNALS", ("signals.>",), 30 * DAY_S, 0, atomic=True)
TELEMETRY = StreamSpec("TELEMETRY", ("telemetry.>",), DAY_S, 256 * 1024 * 1024, atomic=False)
STREAMS = (COMMITS, SIGNALS, TELEMETRY)


def commit_subject(app_id: str, entity: str, action: str, record_id: str, quiet: bool = False) -> str:
    """Where a commit is published: ordered per record, since a record has one partition for ever."""
    partition = partition_of(entity + "/" + record_id, PARTITIONS)
    return f"commits.{app_id}.{entity}.{action}.{partition:02d}{QUIET if quiet else ''}"


def commits_of(app_id: str) -> str:
    """Matches all commits of an app, and nothing else."""
    return f"commits.{app_id}.>"


def within(app_id: str, subject_filter: str) -> str:
    """What a filter for commits of all apps matches of one app's."""
    return f"commits.{app_id}.{subject_filter.removeprefix('commits.*.')}"


def commits_of_entity(app_id: str, entity: str) -> str:
    """Matches the commits of one entity of an app."""
    return f"commits.{app_id}.{entity}.>"


def signals_of(app_id: str) -> str:
    """Matches all signals of an app."""
    return f"signals.{app_id}.>"


def commit_type(action: str) -> str:
    """The CloudEvents type of a commit."""
    return f"rocket.commit.{action}"


def signal_type(service: str, what: str) -> str:
    """The CloudEvents type of a signal."""
    return f"rocket.signal.{service}.{what}"


SPANS = "rocket.telemetry.spans"
"""The CloudEvents type of a batch of spans."""


def signal_subject(app_id: str, service: str, what: str) -> str:
    """Where a signal is published."""
    return f"signals.{app_id}.{service}.{what}"


def telemetry_subject(app_id: str) -> str:
    """Where an app's spans are published."""
    return f"telemetry.{app_id}"


@dataclass(frozen=True, slots=True)
class CommitEvent:
    """One changed record, as every consumer sees it.

    `before` and `after` are full records by field name (None on create, on hard delete); `changed`
    holds `{field: {"old", "new"}}` for exactly the fields that differ. `effects` are what transitions of
    this write decided to have done after it: documents by their `type`, templates filled.
    """

    position: int
    n: int
    commit_id: str
    app_id: str
    entity: str
    record_id: str
    version: int
    action: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    changed: dict[str, dict[str, Any]]
    actor: dict[str, Any]
    origin: dict[str, Any]
    trace_id: str
    cause: str
    cause_depth: int
    schema_version: int
    at: str
    effects: Sequence[dict[str, Any]] = ()

    @property
    def key(self) -> str:
        """Unique among all commits of the app, for ever; what effects are remembered by."""
        return f"{self.position}.{self.n}"

    @property
    def record_key(self) -> str:
        """What events must be handled in order for: one record."""
        return f"{self.entity}/{self.record_id}"


@dataclass(frozen=True, slots=True)
class SignalEvent:
    """Something a service has done: `what` in the past tense, `data` as the classes in `contracts.signals` define."""

    position: int
    app_id: str
    service: str
    what: str
    subject_key: str
    trace_id: str
    data: dict[str, Any]
    at: str

    @property
    def key(self) -> str:
        """Unique among the signals of this app and service."""
        return f"{self.service}/{self.position}"

    @property
    def record_key(self) -> str:
        """What signals must be handled in order for."""
        return f"{self.service}/{self.subject_key}"


@dataclass(frozen=True, slots=True)
class SpanEvent:
    """One span or business event, as a batch on TELEMETRY holds it; ids of spans are shown as UUIDs."""

    trace_id: str
    span_id: str | None
    parent_span_id: str | None
    event_type: str
    source: str
    component: str
    action: str
    entity: str | None
    record_id: str | None
    user_id: str | None
    duration_ms: float | None
    status: str
    metadata: dict[str, Any]
    created_at: str
