"""deploy/nats on real servers: each service has exactly its rights; a cluster of three works as one."""

from __future__ import annotations

import ast
import asyncio
import importlib
import pkgutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.aio.client import Client

from libs.shared import contracts
from libs.shared.bus.nats.jetstream import JetStream, Outgoing
from libs.shared.bus.nats.protocol import Message
from libs.shared.bus.outbox.fenced_publisher import FencedPublisher
from libs.shared.contracts.activity import DescribeActivity, ListRecordSteps
from libs.shared.contracts.apps import FindApps
from libs.shared.contracts.causality import FindCommits, FindDeliveries, FindInstances, FindNotifications
from libs.shared.contracts.comments import AddComment
from libs.shared.contracts.commits import FetchCommit, LocateRange, ReadEntityLog, ReadLog
from libs.shared.contracts.definitions import GetDefinition
from libs.shared.contracts.delegations import FindDelegates
from libs.shared.contracts.effect_previews import PreviewEffects
from libs.shared.contracts.effects import AddRecord, FetchRecords, MoveState, PageRecords, RemoveRecord, SetFields
from libs.shared.contracts.identity import ClosePasswords, FindNamed, FindPeople, ListRoles, SeedAdmin
from libs.shared.contracts.messages import Announcement, Request
from libs.shared.contracts.operations import (
    SERVICES,
    CheckReadiness,
    DiscardDeadLetter,
    GetReplay,
    ListDeadLetters,
    ListProjections,
    ReadSignals,
    ReplayDeadLetter,
    StartReplay,
    of,
)
from libs.shared.contracts.records import AuthorizeRecords
from libs.shared.contracts.schemas import GetDefinitionsAsOf, GetSchema, ListNames
from libs.shared.contracts.streams import COMMITS, SIGNALS, STREAMS, TELEMETRY, StreamSpec, signal_subject
from libs.shared.contracts.webhooks import AskSynchronousWebhooks
from libs.shared.contracts.workflow_reads import GetWorkflowKpis
from libs.shared.testing.polling import eventually
from tests.architecture import tree
from tests.deploy.nats_servers import PASSWORD, cluster, connected, single

APP = "0190b6c0-0000-7000-8000-000000000000"
WITH_SIGNALS = ("gateway", "metadata", "workflow", "webhook", "notify", "events")
EVERYWHERE = (
    CheckReadiness, ListDeadLetters, ReplayDeadLetter, DiscardDeadLetter, ListProjections, StartReplay, GetReplay,
    ReadSignals,
)  # fmt: skip
LIVES_OFF = {
    "workflow": (COMMITS, SIGNALS),
    "webhook": (COMMITS, SIGNALS),
    "notify": (COMMITS, SIGNALS),
    "events": STREAMS,
}

BY_ALL: tuple[type[Request[Any]], ...] = (FindApps, GetSchema, ListNames, GetDefinitionsAsOf)
FROM_THE_LOG: tuple[type[Request[Any]], ...] = (
    FetchCommit,
    ReadLog,
    *(of(service, ReadSignals) for service in SERVICES),
)
PREVIEWS = tuple(of(name, PreviewEffects) for name in ("webhook", "workflow", "notify"))
ASKS: dict[str, tuple[type[Request[Any]], ...]] = {
    "metadata": (SeedAdmin, ListRoles, FindPeople, ClosePasswords),
    "data": (AskSynchronousWebhooks, FindNamed, GetWorkflowKpis, *PREVIEWS),
    "workflow": (
        *FROM_THE_LOG,
        AddComment,
        AddRecord,
        AuthorizeRecords,
        FetchRecords,
        FindPeople,
        GetDefinition,
        MoveState,
        PageRecords,
        RemoveRecord,
        SetFields,
    ),
    "webhook": (*FROM_THE_LOG, LocateRange, ReadEntityLog),
    "notify": (*FROM_THE_LOG, FetchRecords, FindDelegates, FindPeople),
    "events": (
        *FROM_THE_LOG,
        DescribeActivity,
        FindCommits,
        FindDeliveries,
        FindInstances,
        FindNotifications,
        FindPeople,
        ListRecordSteps,
    ),
}
"""What each service asks others. Who asks something new adds it here and in accounts.conf."""


@pytest.fixture(scope="module")
async def address(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with single(tmp_path_factory.mktemp("nats")) as server:
        yield server


async def refusals(address: str, user: str, *, publish: tuple[str, ...] = (), hear: tuple[str, ...] = ()) -> set[str]:
    """The subjects that the server does not let this user publish to, or subscribe to."""
    said: list[str] = []

    async def note(error: Exception) -> None:
        said.append(str(error))

    async def ignore(_: Any) -> None:
        return

    client: Client = await nats.connect(
        f"nats://{user}:{PASSWORD}@{address}",
        error_cb=note,
        closed_cb=None,
        allow_reconnect=False,
        connect_timeout=10,
    )
    try:
        for subject in hear:
            await client.subscribe(subject, cb=ignore)
        for subject in publish:
            await client.publish(subject, b"")
        # errors come in the order of what caused them, and all before the answer to this
        await client.flush()
        await asyncio.sleep(0.05)
    finally:
        await client.close()
    text = " ".join(said).lower()
    return {subject for subject in (*publish, *hear) if f'"{subject.lower()}"' in text}


def questions() -> Iterator[type[Request[Any]]]:
    """Every question there is."""
    yield from (kind for kind in _messages(Request) if hasattr(kind, "service"))
    for service in SERVICES:
        yield from (of(service, kind) for kind in EVERYWHERE)


def announcements() -> Iterator[type[Announcement]]:
    yield from (kind for kind in _messages(Announcement) if hasattr(kind, "name"))


def _messages(base: type[Any]) -> Iterator[type[Any]]:
    for module in pkgutil.iter_modules(contracts.__path__, f"{contracts.__name__}."):
        importlib.import_module(module.name)
    for kind in base.__subclasses__():
        yield kind
        yield from kind.__subclasses__()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_subscribes_to_its_own_requests_only(address: str, service: str) -> None:
    subjects = {kind.address(): kind.service for kind in questions()}
    assert len(subjects) > 40
    own = tuple(subject for subject, owner in subjects.items() if owner == service)
    others = tuple(subject for subject, owner in subjects.items() if owner != service)
    assert await refusals(address, service, hear=own) == set()
    assert await refusals(address, service, hear=others) == set(others)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_may_send_its_requests_and_announcements(address: str, service: str) -> None:
    every = {kind.address() for kind in questions()}
    asked = every if service == "gateway" else {kind.address() for kind in (*BY_ALL, *ASKS[service])}
    told = tuple({kind.address() for kind in announcements()})
    parcels = ("rocket.parcels.0123456789abcdef.fedcba",)
    said = (*asked, *told, *parcels, f"telemetry.{APP}")
    assert await refusals(address, service, publish=said) == set()
    assert await refusals(address, service, publish=tuple(every - asked)) == every - asked
    assert await refusals(address, service, hear=(*told, "rocket.parcels.0123456789abcdef.*")) == set()


def test_requests_without_a_caller_are_permitted() -> None:
    """All but what they ask in the name of a caller, for whom the gateway has vouched."""
    asked: set[type[Request[Any]]] = {kind for kinds in ASKS.values() for kind in kinds} | set(BY_ALL)
    in_a_name = {
        AuthorizeRecords,
        ClosePasswords,
        DescribeActivity,
        GetDefinition,
        GetWorkflowKpis,
        ListRoles,
        SeedAdmin,
        *PREVIEWS,
    }
    assert {kind for kind in asked if not kind.by_services} == in_a_name


@pytest.mark.parametrize("service", ASKS)
def test_permissions_list_what_each_service_requests(service: str) -> None:
    """Every question that its code makes: `ListRoles()`. Else accounts.conf could refuse it unseen."""
    by_name = {kind.__name__: kind for kind in _messages(Request) if hasattr(kind, "service")}
    trees = [tree.parse(path) for path in tree.files(f"services/{service}")]
    calls = [node.func for each in trees for node in ast.walk(each) if isinstance(node, ast.Call)]
    made = {by_name[name] for call in calls if (name := ast.unparse(call).rpartition(".")[2]) in by_name}
    assert {kind for kind in made if kind.service not in {"", service}} <= {*BY_ALL, *ASKS[service]}


@pytest.mark.parametrize("service", SERVICES)
async def test_forging_deleting_and_eavesdropping_are_denied(address: str, service: str) -> None:
    commit, signals = f"commits.{APP}.ticket.create.00", {s: signal_subject(APP, s, "done") for s in SERVICES}
    forged = [subject for owner, subject in signals.items() if owner != service or service not in WITH_SIGNALS]
    if service != "data":
        forged.append(commit)
    for stream in STREAMS:
        forged += [f"$JS.API.STREAM.{what}.{stream.name}" for what in ("DELETE", "PURGE", "MSG.DELETE", "SNAPSHOT")]
        if service != "events":
            forged.append(f"$JS.API.CONSUMER.DELETE.{stream.name}.workflow_00")
    forged.append("$JS.API.STREAM.CREATE.MINE")
    assert await refusals(address, service, publish=tuple(forged)) == set(forged)
    spied = ("commits.>", "signals.>", "telemetry.>", "rocket.>", "$JS.API.>", ">")
    assert await refusals(address, service, hear=spied) == set(spied)


async def test_data_keeps_the_commit_log(address: str) -> None:
    async with connected(address, "data") as connection:
        assert await _relay(JetStream(connection), COMMITS, f"commits.{APP}.ticket.create.00") == 3


@pytest.mark.parametrize("service", WITH_SIGNALS)
async def test_a_service_publishes_its_signals(address: str, service: str) -> None:
    async with connected(address, service) as connection:
        await _relay(JetStream(connection), SIGNALS, signal_subject(APP, service, "done"))


@pytest.mark.parametrize(("service", "stream"), [(s, stream) for s, streams in LIVES_OFF.items() for stream in streams])
async def test_a_service_consumes_its_stream(address: str, service: str, stream: StreamSpec) -> None:
    async with connected(address, "events") as connection:
        await JetStream(connection).ensure_stream(TELEMETRY)
        await connection.publish(f"telemetry.{APP}", b"[]")
    async with connected(address, "data") as connection:
        await _relay(JetStream(connection), COMMITS, f"commits.{APP}.ticket.update.01")
    async with connected(address, "workflow") as connection:
        await _relay(JetStream(connection), SIGNALS, signal_subject(APP, "workflow", "begun"))
    async with connected(address, service) as connection:
        jetstream, durable = JetStream(connection), f"{service}_00"
        await jetstream.ensure_stream(stream)
        await jetstream.ensure_durable(stream.name, durable, [stream.subjects[0]], 30, 10)
        await jetstream.reset_consumer(stream.name, durable)
        inbox, pulled = connection.new_inbox(), asyncio.Queue[Message]()
        connection.subscribe(inbox, pulled.put_nowait)
        await connection.publish(f"$JS.API.CONSUMER.MSG.NEXT.{stream.name}.{durable}", b"1", reply=inbox)
        connection.send((await asyncio.wait_for(pulled.get(), 5)).reply_to)

        async def acknowledged() -> bool:
            return bool((await jetstream.consumer_info(stream.name, durable))["ack_floor"]["stream_seq"])

        await eventually(acknowledged)


@pytest.mark.parametrize(
    ("service", "stream"),
    [*((service, COMMITS) for service in LIVES_OFF), ("webhook", SIGNALS), ("events", SIGNALS)],
)
async def test_a_service_reads_the_start_of_a_stream(address: str, service: str, stream: StreamSpec) -> None:
    async with connected(address, service) as connection:
        jetstream = JetStream(connection)
        await jetstream.ensure_stream(stream)
        assert (await jetstream.stream_info(stream.name))["created"]
        assert await jetstream.next_position(stream.name, 1, f"{stream.subjects[0][:-1]}nowhere.>") is None


async def test_an_operator_has_read_only_access(address: str) -> None:
    seen = ("$SRV.PING", "$SRV.INFO", "$SRV.STATS.data", "$JS.API.INFO", "$JS.API.STREAM.LIST")
    assert await refusals(address, "operator", publish=seen) == set()
    done = ("rocket.data.ready", f"commits.{APP}.x", "$JS.API.STREAM.UPDATE.COMMITS", "$JS.API.STREAM.DELETE.COMMITS")
    assert await refusals(address, "operator", publish=done) == set(done)


async def test_unknown_users_are_refused(address: str) -> None:
    for user, password in (("data", "wrong"), ("cluster", PASSWORD), ("", "")):
        login = f"{user}:{password}@" if user else ""
        with pytest.raises(nats.errors.Error):
            client = await nats.connect(f"nats://{login}{address}", allow_reconnect=False, connect_timeout=10)
            # If it takes the server long to find out, it sends a PING first, which nats-py takes for a welcome.
            async with client:
                await client.flush(10)


async def test_a_cluster_survives_the_loss_of_any_server(tmp_path: Path) -> None:
    subject = f"commits.{APP}.ticket.create.00"
    async with cluster(tmp_path) as servers:
        (first, _), (second, _), (_, doomed) = servers
        async with connected(first, "data") as connection:
            jetstream = JetStream(connection, replicas=3)

            async def made() -> bool:
                await jetstream.ensure_stream(COMMITS)
                return True

            await eventually(made, within=30, every=0.2)
            await eventually(lambda: _relay(jetstream, COMMITS, subject), within=20, every=0.2)
        doomed.kill()
        await doomed.wait()
        async with connected(second, "data") as connection:
            jetstream = JetStream(connection, replicas=3)

            async def published() -> int:
                return await _relay(jetstream, COMMITS, subject)

            assert await eventually(published, within=30, every=0.2) >= 6


async def _relay(jetstream: JetStream, stream: StreamSpec, subject: str) -> int:
    """What a relay does: resume behind the last message, publish one, publish a batch; the last sequence."""
    await jetstream.ensure_stream(stream)
    last, position = await jetstream.last_position(stream.name, subject)
    messages = [Outgoing((position[0] + n, 1), subject, b"{}", {}) for n in (1, 2, 3)]
    publisher = FencedPublisher(jetstream, stream.name)
    last = await publisher.publish(messages[:1], last, subject)
    return await publisher.publish(messages[1:], last, subject)
