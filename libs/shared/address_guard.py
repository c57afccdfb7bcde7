"""Keeps requests to addresses that users name out of the internal network. The address that is connected to is checked.

A check of the URL, or a resolver, would let IP literals and rebinding names through; this one
runs where the socket is created.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

NAT64 = IPv6Network("64:ff9b::/96")
METADATA = frozenset(
    map(ip_address, ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "192.0.0.192", "168.63.129.16"))
)
"""Addresses of cloud metadata services, which hold credentials; not all of them are link-local."""

AddressInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]]


class AddressRefused(OSError):
    """The address belongs to a network that must not be called."""


def unwrap(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one stands for (mapped, NAT64, 6to4), else itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour or address


def is_allowed(text: str, loopback: bool, private: bool) -> bool:
    """Whether an address (as the resolver writes it) may be called.

    Link-local, multicast, unspecified, reserved and metadata ones never are.
    """
    address = unwrap(ip_address(text.partition("%")[0]))
    if address.is_loopback:
        return loopback
    if address in METADATA:
        return False
    if address.is_link_local or address.is_multicast or address.is_unspecified or address.is_reserved:
        return False
    return address.is_global or private


def socket_factory(loopback: bool, private: bool, caller: str) -> Callable[[AddressInfo], socket.socket]:
    """A socket factory for aiohttp's connector, for requests of `caller`. It raises AddressRefused."""

    def make(info: AddressInfo) -> socket.socket:
        family, kind, protocol, _, address = info
        if not is_allowed(str(address[0]), loopback, private):
            raise AddressRefused(f"the address {address[0]} must not be called by {caller}")
        return socket.socket(family, kind, protocol)

    return make
