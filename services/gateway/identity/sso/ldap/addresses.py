"""Where a directory may be: the address that is connected to is checked, not the name. Blocking: for threads only."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from libs.shared.address_guard import is_allowed

PORTS = {"ldap": 389, "ldaps": 636}


class ServerAway(Exception):
    """A server gave no usable answer. The text names no secret."""


@dataclass(frozen=True, slots=True)
class DirectoryServer:
    """A server of a directory, by the address that its name stood for when it was looked up."""

    host: str
    address: str
    port: int
    is_tls: bool


def resolved(url: str, loopback: bool, private: bool, start_tls: bool) -> DirectoryServer:
    """The server of a URL. Raises ServerAway for unknown names, and for addresses that must not be called."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    try:
        address = str(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0])
    except (OSError, UnicodeError):
        raise ServerAway("the name of the server is not known") from None
    if not is_allowed(address, loopback, private):
        raise ServerAway(f"the address {address} must not be called by logins")
    if parts.scheme == "ldap" and not start_tls and not ip_address(address.partition("%")[0]).is_loopback:
        raise ServerAway("passwords would travel in plain text")
    return DirectoryServer(host, address, port, parts.scheme == "ldaps")
