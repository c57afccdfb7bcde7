"""Where webhooks may connect to."""

from __future__ import annotations

import socket

import aiohttp
import pytest

from libs.shared.address_guard import AddressRefused, is_allowed, socket_factory

PUBLIC = ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"]
LOOPBACK = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"]
PRIVATE = [
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1",
    "2002:a00:1::", "2002:c0a8:101::1",
]  # fmt: skip
NEVER = [
    "169.254.169.254", "fe80::1", "fe80::1%eth0", "224.0.0.1", "ff02::1", "0.0.0.0", "::", "255.255.255.255",
    "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "::ffff:192.0.0.192",
    "240.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "::7f00:1",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_always_allowed(address: str) -> None:
    assert is_allowed(address, loopback=False, private=False)


@pytest.mark.parametrize("address", LOOPBACK)
def test_loopback_is_allowed_only_when_said(address: str) -> None:
    assert not is_allowed(address, loopback=False, private=False)
    assert is_allowed(address, loopback=True, private=False)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_networks_are_allowed_only_when_said(address: str) -> None:
    assert not is_allowed(address, loopback=True, private=False)
    assert is_allowed(address, loopback=True, private=True)


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_never_allowed(address: str) -> None:
    assert not is_allowed(address, loopback=True, private=True)


def test_an_allowed_address_gets_its_socket() -> None:
    info = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", 80))
    with socket_factory(loopback=True, private=False, caller="tests")(info) as made:
        assert (made.family, made.type) == (socket.AF_INET, socket.SOCK_STREAM)


@pytest.mark.parametrize("url", ["http://localhost:9/", "http://127.0.0.1:9/", "http://[::ffff:127.0.0.1]:9/"])
async def test_a_client_with_the_guard_makes_no_connection(url: str) -> None:
    connector = aiohttp.TCPConnector(socket_factory=socket_factory(loopback=False, private=False, caller="tests"))
    async with aiohttp.ClientSession(connector=connector) as session:
        with pytest.raises(aiohttp.ClientConnectorError) as refusal:
            await session.get(url)
    assert isinstance(refusal.value.os_error, AddressRefused)
