"""The address of a client: the one that is connected, or the one that a trusted proxy forwards for."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache

from aiohttp import web

FORWARDED = "X-Forwarded-For"
MAX_HOPS = 20
WITH_PORT = re.compile(r"\[([0-9a-fA-F:.]+)\](?::\d{1,5})?|([0-9.]+):\d{1,5}")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Proxies:
    """The trusted proxies. The header is ignored from any other address."""

    def __init__(self, networks: Sequence[str]) -> None:
        self._networks: list[Network] = [ipaddress.ip_network(network, strict=False) for network in networks]
        self._trusted = lru_cache(10_000)(self._is_trusted)

    def trusts(self, ip: str) -> bool:
        """Whether this is one of them."""
        return bool(self._networks) and self._trusted(ip)

    def client_of(self, request: web.Request) -> str:
        """The client's address; empty if it has disconnected.

        Each proxy appends the address that it was connected to, so the list is read from its end, as far as trusted
        proxies wrote it: the first address that is no trusted proxy is the client's.
        """
        remote = request.remote or ""
        if not self._networks or not self.trusts(remote):
            return remote
        client = remote
        hops = ",".join(request.headers.getall(FORWARDED, [])).split(",")
        for hop in reversed(hops[-MAX_HOPS:]):
            address = _address(hop)
            if address is None:
                return client
            client = address
            if not self.trusts(client):
                return client
        return client

    def _is_trusted(self, ip: str) -> bool:
        try:
            address = ipaddress.ip_address(ip)
        except ValueError:
            return False
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        return any((mapped or address) in network for network in self._networks)


def _address(text: str) -> str | None:
    """An address as proxies write it, perhaps with a port; None if it is none."""
    text = text.strip()
    if match := WITH_PORT.fullmatch(text):
        text = match[1] or match[2]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
