"""What asyncpg keeps private and connections rely on: this fails when an upgrade changes it."""

from __future__ import annotations

import inspect

import asyncpg
from asyncpg.protocol.protocol import BaseProtocol, ConnectionSettings

from libs.shared.ids import uuid7
from libs.shared.postgres.asyncpg_internals import SharedTypesConnection


def test_types_are_introspected_by_one_coroutine_of_ids_and_timeout() -> None:
    original = asyncpg.Connection._introspect_types  # type: ignore[attr-defined]
    assert inspect.iscoroutinefunction(original)
    assert len(inspect.signature(original).parameters) == 3
    assert len(inspect.signature(SharedTypesConnection._introspect_types).parameters) == 3


def test_statements_ask_for_types_by_the_method_that_is_overridden() -> None:
    assert "_introspect_types(" in inspect.getsource(asyncpg.Connection._get_statement)  # type: ignore[attr-defined]


def test_codecs_are_added_to_the_settings_of_a_connections_protocol() -> None:
    assert "_protocol" in asyncpg.Connection.__slots__
    assert callable(BaseProtocol.get_settings)
    assert callable(ConnectionSettings.add_python_codec)
    assert "add_python_codec(" in inspect.getsource(asyncpg.Connection.set_type_codec)


def test_the_uuids_that_asyncpg_reads_are_uuids_written_in_c() -> None:
    assert type(uuid7()).__module__ == "asyncpg.pgproto.pgproto"
