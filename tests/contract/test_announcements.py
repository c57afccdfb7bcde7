"""Announcements reach their listeners unchanged."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from deploy.embedded.stack import Stack
from libs.shared.bus.nats.connection import connect
from libs.shared.contracts.apps import AppsChanged
from libs.shared.contracts.identity import IdentityChanged, SigningKeysChanged
from libs.shared.contracts.messages import Announcement
from libs.shared.contracts.operations import SERVICES, relay_hint
from libs.shared.contracts.schemas import SchemaChanged
from libs.shared.testing.polling import eventually

NOBODY = "00000000-0000-0000-0000-000000000000"
KINDS: list[type[Announcement]] = [
    AppsChanged, IdentityChanged, SigningKeysChanged, SchemaChanged, *(relay_hint(service) for service in SERVICES),
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
async def test_an_announcement_reaches_its_listeners_only(stack: Stack, kind: type[Announcement]) -> None:
    names = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    message = kind(**{name: 1 if name == "version" else NOBODY for name in names})
    heard: list[Any] = []
    others: list[Any] = []
    speaking = connect(stack.nats_url_of("metadata"), "rocket-metadata")
    listening = connect(stack.nats_url_of("gateway"), "rocket-gateway")
    async with speaking as speaker, listening as listener:
        await speaker.established()
        await listener.established()
        listener.on_announcement(kind, heard.append)
        listener.on_announcement(next(other for other in KINDS if other is not kind), others.append)
        await listener.flush()

        await speaker.announce(message)
        await eventually(lambda: message in heard)
    # The system announces what it does itself, and some of that comes long after the test that caused it.
    assert [told for told in (*heard, *others) if NOBODY in dataclasses.astuple(told)] == [message]
