"""The one adapter of ldap3: connections, binds and searches. Blocking: for threads only.

Referrals are not followed: they could lead the password of the service account anywhere.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import ldap3
from ldap3.core.exceptions import LDAPException
from ldap3.utils.conv import escape_filter_chars

from libs.shared.contracts.auth_providers import LdapConfig
from services.gateway.identity.sso.ldap.addresses import DirectoryServer, ServerAway, resolved

TIMEOUT_S = 3
"""Seconds for the connection, and for each answer: a login has ten in all."""
MAX_GROUPS = 2_000
MAX_VALUES = 1_000
INVALID_CREDENTIALS = 49
NESTED = "(member:1.2.840.113556.1.4.1941:={dn})"
"""Active Directory's rule that follows groups within groups."""
DEFAULT_GROUP_FILTER = "(member={dn})"
ACTIVE_DIRECTORY = "1.2.840.113556.1.4.800"
"""In supportedCapabilities of Active Directory's root entry."""
DISABLED = 0x2
"""In userAccountControl of Active Directory's entries."""


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """A user's entry: attributes as texts, by their names in lower case."""

    dn: str
    values: Mapping[str, list[str]]


class Directory:
    """A directory by its configuration; `password` is that of the service account."""

    def __init__(self, config: LdapConfig, password: str, loopback: bool, private: bool) -> None:
        self._config = config
        self._password = password
        self._loopback, self._private = loopback, private

    @contextlib.contextmanager
    def opened(self) -> Iterator[ldap3.Connection]:
        """A connection of the service account, at the first server that answers. Raises ServerAway."""
        problem = ServerAway("no server is named")
        for url in self._config.urls:
            try:
                connection = self._service_connection(url)
            except ServerAway as error:
                problem = error
                continue
            try:
                yield connection
            except (LDAPException, OSError) as error:
                raise ServerAway(f"no valid answer ({type(error).__name__})") from None
            finally:
                _close(connection)
            return
        raise problem

    def find(self, connection: ldap3.Connection, username: str, wanted: Sequence[str]) -> DirectoryEntry | None:
        """The one entry of a name; None if there is none, or more than one."""
        text = self._config.user_filter.replace("{username}", escape_filter_chars(username))
        entries = self._search(connection, self._config.base_dn, text, wanted, 2)
        return entries[0] if len(entries) == 1 else None

    def is_there(self, connection: ldap3.Connection, dn: str) -> bool:
        """Whether the entry of a DN still is there, and not disabled."""
        connection.search(dn, "(objectClass=*)", ldap3.BASE, attributes=["userAccountControl"], time_limit=2)
        found = [_entry(each) for each in connection.response or () if each.get("type") == "searchResEntry"]
        if connection.result["description"] not in ("success", "noSuchObject"):
            raise ServerAway(f"the search was answered with {connection.result['description']}")
        return bool(found) and not is_disabled(found[0])

    def proves(self, connection: ldap3.Connection, entry: DirectoryEntry, password: str) -> bool:
        """Whether the password is that of the entry. An empty one would be no proof: directories accept it."""
        if not password:
            return False
        server = connection.server
        asking = _connection(server, entry.dn, password, self._config.start_tls)
        try:
            return bool(asking.bind())
        finally:
            _close(asking)

    def groups(self, connection: ldap3.Connection, entry: DirectoryEntry, username: str) -> list[str]:
        """The groups of a user, each by its CN and by its DN."""
        pattern = self._config.group_filter
        if pattern == DEFAULT_GROUP_FILTER and _is_active_directory(connection):
            pattern = NESTED
        text = pattern.replace("{dn}", escape_filter_chars(entry.dn))
        text = text.replace("{username}", escape_filter_chars(username))
        base = self._config.group_base_dn or self._config.base_dn
        found = self._search(connection, base, text, ["cn"], MAX_GROUPS)
        return [name for group in found for name in (*group.values.get("cn", ()), group.dn)]

    def _search(
        self, connection: ldap3.Connection, base: str, text: str, wanted: Sequence[str], limit: int
    ) -> list[DirectoryEntry]:
        connection.search(base, text, ldap3.SUBTREE, attributes=list(wanted) or ["1.1"], size_limit=limit, time_limit=2)
        if connection.result["description"] not in ("success", "sizeLimitExceeded", "noSuchObject"):
            raise ServerAway(f"the search was answered with {connection.result['description']}")
        # Referrals are entries of another type, and are left where they are.
        return [_entry(each) for each in connection.response or () if each.get("type") == "searchResEntry"]

    def _service_connection(self, url: str) -> ldap3.Connection:
        server = self._server(resolved(url, self._loopback, self._private, self._config.start_tls))
        connection = _connection(server, self._config.bind_dn, self._password, self._config.start_tls)
        try:
            if connection.bind():
                return connection
            why = connection.result["description"]
        except (LDAPException, OSError) as error:
            _close(connection)
            raise ServerAway(f"no valid answer ({type(error).__name__})") from None
        _close(connection)
        raise ServerAway(f"the service account is refused ({why})")

    def _server(self, found: DirectoryServer) -> ldap3.Server:
        tls = ldap3.Tls(
            validate=ssl.CERT_REQUIRED,
            version=ssl.PROTOCOL_TLS_CLIENT,
            ca_certs_data=self._config.ca_certificate,
            valid_names=[found.host],
            sni=found.host,
        )
        return ldap3.Server(
            found.address, found.port, use_ssl=found.is_tls, tls=tls, get_info=ldap3.NONE, connect_timeout=TIMEOUT_S
        )


def text_of_id(name: str, values: Sequence[bytes]) -> str:
    """The text of an attribute that identifies somebody; binary ones in hexadecimal digits."""
    raw = values[0] if values else b""
    if name.lower() == "objectguid" and len(raw) == 16:
        return str(UUID(bytes_le=raw))
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.hex()


def is_disabled(entry: DirectoryEntry) -> bool:
    """Whether Active Directory says that the account is disabled."""
    (flags, *_) = entry.values.get("useraccountcontrol") or ["0"]
    return flags.isdigit() and bool(int(flags) & DISABLED)


def _connection(server: ldap3.Server, dn: str, password: str, start_tls: bool) -> ldap3.Connection:
    """An open connection, encrypted before anything secret is sent. Raises ServerAway."""
    connection = ldap3.Connection(
        server, dn, password, authentication=ldap3.SIMPLE, auto_referrals=False, check_names=False, read_only=True,
        receive_timeout=TIMEOUT_S, auto_range=False,
    )  # fmt: skip
    try:
        connection.open(read_server_info=False)
        if start_tls and not server.ssl and not connection.start_tls(read_server_info=False):
            raise ServerAway("it does not start TLS")
    except (LDAPException, OSError) as error:
        _close(connection)
        text = str(error).lower()
        why = "its TLS certificate is not accepted" if "certificate" in text else "no connection"
        raise ServerAway(why) from None
    return connection


def _close(connection: ldap3.Connection) -> None:
    with contextlib.suppress(LDAPException, OSError):
        connection.unbind()


def _is_active_directory(connection: ldap3.Connection) -> bool:
    connection.search("", "(objectClass=*)", ldap3.BASE, attributes=["supportedCapabilities"], time_limit=2)
    found = [_entry(each) for each in connection.response or () if each.get("type") == "searchResEntry"]
    return bool(found) and ACTIVE_DIRECTORY in found[0].values.get("supportedcapabilities", ())


def _entry(answer: Mapping[str, Any]) -> DirectoryEntry:
    values = {
        name.lower(): [text_of_id(name, [raw]) for raw in raws[:MAX_VALUES]]
        for name, raws in answer["raw_attributes"].items()
    }
    return DirectoryEntry(str(answer["dn"]), values)
