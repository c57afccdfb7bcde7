"""Fixtures for tests against a running system. One stack serves all end-to-end tests; each makes its own app."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, settings

from deploy.embedded import ports
from deploy.embedded.stack import Stack
from tests.support.client import Client
from tests.support.folders import fast_root
from tests.support.receivers import HttpReceiver, Mailbox, http_receiver, mailbox
from tests.support.service_logs import pytest_runtest_makereport, pytest_runtest_protocol  # noqa: F401  hooks
from tests.support.stacks import calling, running

# How long an example takes says how busy the machine is, and nothing of what is tested.
settings.register_profile("rocket", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("rocket")


def pytest_configure() -> None:
    """Have pytest make its folders in memory if there is room, unless it was told where; give it ports of its own."""
    if root := fast_root():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(root))
    # A port is chosen some time before its server listens there: two workers must not choose the same meanwhile.
    worker, workers = (os.environ.get(f"PYTEST_XDIST_WORKER{part}", "") for part in ("", "_COUNT"))
    if worker:
        ports.PORT_RANGE = ports.PORT_RANGE[int(worker.removeprefix("gw")) :: int(workers)]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of few tests first: they have the long ones, and one that begins last would be waited for alone."""
    sizes = Counter(item.path for item in items)
    items.sort(key=lambda item: sizes[item.path])


@pytest.fixture(scope="session")
async def mails() -> AsyncIterator[Mailbox]:
    """The SMTP server that the shared stack sends to."""
    async with mailbox() as box:
        yield box


@pytest.fixture(scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory, mails: Mailbox) -> AsyncIterator[Stack]:
    """A system with two gateways and two data services."""
    folder = tmp_path_factory.mktemp("stack")
    variables = {
        "ROCKET_SMTP_HOST": "127.0.0.1",
        "ROCKET_SMTP_PORT": str(mails.port),
        "ROCKET_SMTP_TLS": "none",
        "ROCKET_WEBHOOK_RETRY_SECONDS": "0.2",
        "ROCKET_WEBHOOK_CIRCUIT_SECONDS": "1",
        "ROCKET_WEBHOOK_TIMEOUT": "3",
    }
    async with running(folder, replicas={"gateway": 2, "data": 2}, variables=variables) as running_stack:
        yield running_stack


@pytest.fixture(scope="session")
async def client(stack: Stack) -> AsyncIterator[Client]:
    """An anonymous client."""
    async with calling(stack) as caller:
        yield caller


@pytest.fixture
async def admin(client: Client) -> Client:
    """The admin of a fresh app."""
    return await client.new_app()


@pytest.fixture(scope="module")
async def common_admin(client: Client) -> Client:
    """The admin of one app for those tests of a module that change nothing of what others look at."""
    return await client.new_app()


@pytest.fixture
async def receiver() -> AsyncIterator[HttpReceiver]:
    """A fresh HTTP server that takes webhooks."""
    async with http_receiver() as server:
        yield server
