"""Each service is a NATS micro service whose listings nats-py can read."""

from __future__ import annotations

from typing import Any

import nats
import orjson
import pytest
from nats.aio.client import Client
from nats.micro.service import ServiceInfo, ServicePing, ServiceStats

from deploy.embedded.stack import Stack
from libs.shared.bus.nats.connection import MAX_PAYLOAD_BYTES, connect
from libs.shared.contracts.operations import SERVICES, CheckReadiness, of
from libs.shared.errors import RocketError
from libs.shared.testing.polling import eventually

LONG = 10.0
"""Seconds for an answer; nats-py's own half second is little for a service on a busy machine."""


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_lists_its_endpoints(stack: Stack, service: str) -> None:
    client = await nats.connect(stack.nats_url)
    gateway = await nats.connect(stack.nats_url_of("gateway"), inbox_prefix="_INBOX.gateway")
    try:
        ping, info = [await _listed(client, verb, service) for verb in ("PING", "INFO")]
        subject = of(service, CheckReadiness).address()
        assert ServicePing.from_dict(ping).name == ServiceInfo.from_dict(info).name == service
        [endpoint] = [e for e in ServiceInfo.from_dict(info).endpoints if e.subject == subject]
        assert endpoint.queue_group == service

        async def counted() -> bool:
            # The first answer is one replica's; another may have been asked.
            await gateway.request(subject, b"{}", timeout=LONG)
            stats = ServiceStats.from_dict(await _listed(client, "STATS", service))
            [figures] = [e for e in stats.endpoints if e.subject == subject]
            return figures.num_requests > 0 and figures.processing_time > 0

        await eventually(counted)
    finally:
        await gateway.close()
        await client.close()


async def _listed(client: Client, verb: str, service: str) -> Any:
    return orjson.loads((await client.request(f"$SRV.{verb}.{service}", timeout=LONG)).data)


async def test_an_oversized_message_keeps_the_connection_open(stack: Stack) -> None:
    async with connect(stack.nats_url_of("gateway"), "rocket-gateway") as connection:
        await connection.established()
        with pytest.raises(RocketError) as refused:
            await connection.publish("rocket.test.x", b"x" * MAX_PAYLOAD_BYTES, {"a": "b"})
        assert refused.value.code == "PAYLOAD_TOO_LARGE"
        await connection.publish("rocket.test.x", b"x" * MAX_PAYLOAD_BYTES)
        await connection.flush()
        assert connection.connected


async def test_a_round_trip_confirms_subscriptions(stack: Stack) -> None:
    speaking = connect(stack.nats_url_of("data"), "rocket-data")
    listening = connect(stack.nats_url_of("gateway"), "rocket-gateway")
    async with speaking as speaker, listening as listener:
        await speaker.established()
        await listener.established()
        heard: list[bytes] = []
        for number in range(300):
            subject = listener.new_inbox()
            listener.subscribe(subject, lambda message: heard.append(message.data))
            await listener.flush()
            await speaker.publish(subject, b"%d" % number)
        await eventually(lambda: len(heard) == 300)
