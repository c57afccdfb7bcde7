"""The migrate job on a real server: idempotent, complete, strict about history, minimal rights."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from deploy.embedded.postgres import FAREWELLS, Postgres
from deploy.embedded.supervised import end
from deploy.migrate.job import ROOT, migrate
from libs.shared import clock, exact
from libs.shared.contracts.operations import SERVICES
from libs.shared.postgres.migrations import ChangedMigration, apply, load
from services.workflow.history.codec import state_to_dict
from services.workflow.history.projecting import tasks_of
from services.workflow.history.store import FIND, entries_of, read
from services.workflow.machine.deciding import decide
from services.workflow.machine.folding import fold
from services.workflow.machine.inputs import Decide, Decider, Fire, RetryFailed
from services.workflow.machine.state import InstanceState
from tests.support.app_database import sibling

PASSWORDS = {service: f"{service}-secret" for service in SERVICES}
CATALOGUE = """
SELECT n.nspname || '.' || c.relname || ' ' || c.relkind::text AS what, pg_get_userbyid(c.relowner) AS owner,
       coalesce(c.relacl::text, '') AS rights, coalesce((
           SELECT json_agg(json_build_array(a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                                            a.attidentity, pg_get_expr(d.adbin, d.adrelid)) ORDER BY a.attnum)
           FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)::text, '') AS columns,
       coalesce(pg_get_indexdef(i.indexrelid), '') AS index, coalesce((
           SELECT json_agg(pg_get_constraintdef(k.oid) ORDER BY k.conname) FROM pg_constraint k
           WHERE k.conrelid = c.oid)::text, '') AS constraints
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indexrelid = c.oid
WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
UNION ALL
SELECT 'function ' || p.oid::regprocedure, pg_get_userbyid(p.proowner), coalesce(p.proacl::text, ''), p.prosrc, '', ''
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
UNION ALL
SELECT 'schema ' || nspname, pg_get_userbyid(nspowner), coalesce(nspacl::text, ''), '', '', '' FROM pg_namespace
WHERE nspname NOT LIKE 'pg\\_%'
ORDER BY 1
"""
LEDGER = "SELECT service, name, checksum, applied_at FROM public.migrations ORDER BY service, name"
FOREIGN = """
SELECT s.name AS service, c.oid::regclass::text AS relation, p.name AS right
FROM unnest($1::text[]) AS s(name), pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
     unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS p(name)
WHERE c.relkind IN ('r', 'p') AND n.nspname = ANY($1) AND n.nspname <> s.name
  AND has_schema_privilege('rocket_' || s.name, n.oid, 'USAGE')
  AND has_table_privilege('rocket_' || s.name, c.oid, p.name)
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A migrated server with an app cloned from the template (`cloned`) and one built from nothing (`built`)."""

    url: str

    async def migrate(self) -> None:
        """Run the job."""
        await migrate(self.url, PASSWORDS)

    @contextlib.asynccontextmanager
    async def connected(self, database: str, service: str = "") -> AsyncIterator[asyncpg.Connection]:
        """A connection as the administrator, or as a service."""
        user, password = (f"rocket_{service}", PASSWORDS[service]) if service else (None, None)
        connection = await asyncpg.connect(sibling(self.url, database), user=user, password=password)
        try:
            yield connection
        finally:
            await connection.close()

    async def rows(self, database: str, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """The administrator's answer."""
        async with self.connected(database) as connection:
            return [tuple(row) for row in await connection.fetch(query, *values)]

    async def add_app(self, name: str, template: str) -> None:
        """What the metadata service does for a new app, from any template."""
        async with self.connected("rocket") as connection:
            await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
            await connection.execute(
                "INSERT INTO metadata.apps (id, name, display_name, database, driver, status) "
                "VALUES (gen_random_uuid(), $1, $1, $1, 'postgres', 'active')",
                name,
            )


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    postgres = Postgres(tmp_path_factory.mktemp("migrations"), "secret", {"fsync": "off"})
    process = await postgres.launch()
    try:
        found = Server(postgres.url)
        await found.migrate()
        await found.add_app("cloned", "rocket_template")
        await found.add_app("built", "template0")
        await found.migrate()
        yield found
    finally:
        await end(process, FAREWELLS)


async def test_a_second_run_changes_nothing(server: Server) -> None:
    before = [await server.rows(name, query) for name in ("rocket", "cloned") for query in (CATALOGUE, LEDGER)]
    assert all(before)
    await server.migrate()
    assert [await server.rows(n, query) for n in ("rocket", "cloned") for query in (CATALOGUE, LEDGER)] == before


async def test_a_clone_equals_all_migrations(server: Server) -> None:
    cloned, built = await server.rows("cloned", CATALOGUE), await server.rows("built", CATALOGUE)
    assert len(cloned) > 50
    assert cloned == built
    names = [row[:3] for row in await server.rows("cloned", LEDGER)]
    assert names == [row[:3] for row in await server.rows("built", LEDGER)]


async def test_only_the_migrate_job_can_use_the_template(server: Server) -> None:
    with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError, match="not currently accepting connections"):
        await server.rows("rocket_template", "SELECT 1")


async def test_changed_migrations_are_refused(server: Server) -> None:
    forge = "UPDATE public.migrations SET checksum = reverse(checksum) WHERE service = 'data'"
    async with server.connected("built") as connection:
        await connection.execute(forge)
        try:
            with pytest.raises(ChangedMigration, match=r"data: .*0001_bus\.sql was changed after it was applied"):
                await server.migrate()
        finally:
            await connection.execute(forge)
    await server.migrate()


@pytest.mark.parametrize("database", ["rocket", "cloned"])
async def test_services_cannot_access_each_others_tables(server: Server, database: str) -> None:
    found = await server.rows(database, FOREIGN, list(SERVICES))
    keys = [(service, "gateway.context_keys", "SELECT") for service in SERVICES if service != "gateway"]
    shared = [("data", "metadata.schema_version", "SELECT")] if database == "cloned" else keys
    assert sorted(found) == sorted(shared)


@pytest.mark.parametrize(
    ("service", "database", "statement"),
    [
        ("data", "cloned", "SELECT * FROM metadata.definitions"),
        ("data", "cloned", "UPDATE metadata.schema_version SET version = 9"),
        ("events", "cloned", "INSERT INTO data.effects (effect_key) VALUES ('x')"),
        ("metadata", "cloned", "SELECT * FROM data.commits"),
        ("webhook", "cloned", "SELECT * FROM data.commits"),
        ("workflow", "cloned", "SELECT * FROM records.thing"),
        ("notify", "cloned", "SELECT * FROM gateway.users"),
        ("data", "rocket", "SELECT * FROM gateway.users"),
        ("data", "cloned", "UPDATE public.migrations SET checksum = ''"),
        ("events", "cloned", "CREATE TABLE public.mine (n int)"),
        ("data", "cloned", "CREATE TABLE records.mine (n int)"),
        ("data", "cloned", "ALTER TABLE records.thing ADD COLUMN m int"),
        ("data", "cloned", "DROP TABLE records.thing"),
        ("data", "cloned", "TRUNCATE records.thing"),
        ("data", "cloned", "CREATE INDEX ON records.thing (n)"),
        ("data", "cloned", "UPDATE data.commits SET image = NULL"),
        ("data", "cloned", "DELETE FROM data.commits"),
        ("data", "cloned", "TRUNCATE data.commits"),
        ("data", "cloned", "UPDATE data.commits_0 SET image = NULL"),
        ("data", "cloned", "DROP TABLE data.commits_0"),
        ("data", "cloned", "ALTER TABLE data.commits OWNER TO rocket_data"),
        ("data", "cloned", "GRANT rocket_log TO rocket_data"),
        ("data", "cloned", "SET ROLE rocket_log"),
        ("metadata", "cloned", "SELECT data.prepare_partitions(0)"),
        ("metadata", "cloned", "SELECT data.repair_entry(1, 1, '{}', NULL)"),
        ("data", "cloned", "ALTER FUNCTION data.repair_entry COST 1"),
        ("data", "cloned", "ALTER FUNCTION data.is_entry COST 1"),
        ("data", "cloned", "ALTER FUNCTION data.follows COST 1"),
        ("metadata", "rocket", "INSERT INTO gateway.context_keys (id, public) VALUES ('mine', 'x')"),
        ("data", "rocket", "UPDATE gateway.context_keys SET public = 'x'"),
        ("data", "rocket", "CREATE DATABASE mine"),
        ("gateway", "rocket", "CREATE ROLE mine"),
    ],
)
async def test_forbidden_statements_of_each_service(
    server: Server, service: str, database: str, statement: str
) -> None:
    async with server.connected("cloned", "metadata") as owner:
        await owner.execute("CREATE TABLE IF NOT EXISTS records.thing (n int)")
    async with server.connected(database, service) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


ENTRY = """
INSERT INTO data.commits
    (position, n, commit_id, entity, record_id, version, action, context, trace_id, schema_version, at)
VALUES ($1, 1, gen_random_uuid(), 1, 'a', 1, 'create', '{}', gen_random_uuid(), 1, now())
"""


async def test_data_adds_to_the_log_and_changes_nothing_in_it(server: Server) -> None:
    async with server.connected("cloned", "data") as data:
        await data.execute("SELECT data.prepare_partitions(10000000)")
        for position in (1, 20_000_001):
            await data.execute(ENTRY, position)
        assert await data.fetchval("SELECT array_agg(position) FROM data.commits") == [1, 20_000_001]
        for partition in ("commits", "commits_0", "commits_2"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await data.execute(f"DELETE FROM data.{partition}")
    async with server.connected("cloned") as admin:
        await admin.execute("TRUNCATE data.commits; DROP TABLE data.commits_1, data.commits_2")


async def test_later_migrations_may_change_the_log_and_protect_it_again(server: Server) -> None:
    forgotten = "DELETE FROM public.migrations WHERE service = 'data' AND name LIKE '%0004_moments%'"
    before = await server.rows("built", CATALOGUE)
    async with server.connected("built") as admin:
        await admin.execute("DROP INDEX data.commits_at")
        await admin.execute(forgotten)
    await server.migrate()
    assert await server.rows("built", CATALOGUE) == before


async def test_data_can_use_tables_that_metadata_creates(server: Server) -> None:
    async with server.connected("cloned", "metadata") as owner, server.connected("cloned", "data") as data:
        await owner.execute("CREATE TABLE records.other (n int)")
        await data.execute("INSERT INTO records.other VALUES (1), (2)")
        await data.execute("UPDATE records.other SET n = 3 WHERE n = 1")
        await data.execute("DELETE FROM records.other WHERE n = 2")
        assert await data.fetchval("SELECT array_agg(n) FROM records.other") == [3]
        await owner.execute("ALTER TABLE records.other ADD COLUMN m int")
        assert await data.fetchval("SELECT m FROM records.other") is None


@pytest.mark.parametrize(
    ("older", "since_always"),
    [
        ("SELECT", True),
        ("INSERT INTO notify.seen (consumer, key) VALUES ('notify', '1.1')", False),
        ("INSERT INTO notify.notifications (id, channel, recipient, subject, body, status, metadata, trace_id, "
         "effect_key) VALUES (gen_random_uuid(), 'in_app', 'a@b', 's', 'b', 'sent', '{\"rule_id\": \"r\"}', 't', 'k')",
         False),
    ],
    ids=["new", "has seen commits", "has told somebody"],
)  # fmt: skip
async def test_recipient_notes_are_expected_after_their_migration(
    server: Server, older: str, since_always: bool
) -> None:
    shared, own = load(ROOT / "libs/shared/bus/sql/app", "notify"), load(ROOT / "services/notify/sql/app", "notify")
    async with server.connected("rocket") as connection:
        await connection.execute("DROP DATABASE IF EXISTS older")
        await connection.execute("CREATE DATABASE older TEMPLATE template0")
    async with server.connected("older") as connection:
        await connection.execute("CREATE SCHEMA notify AUTHORIZATION rocket_notify")
        await apply(connection, [*shared, *own[:2]])
        await connection.execute(older)
        await apply(connection, own)
    query = "SELECT since = 'epoch', since <= now() AND since > now() - interval '1 hour' FROM notify.notes_kept"
    assert await server.rows("older", query) == [(since_always, not since_always)]


OLD_DEFINITION = {
    "name": "old", "trigger": {"type": "state_change", "entity": "leave", "field": "status", "to": "sent"},
    "context": {"id": "record.id"},
    "steps": [
        {"id": "ask", "type": "approval", "assignee": {"type": "role", "role": "boss"}, "timeout": "1h",
         "on_approve": {"goto": "act"}},
        {"id": "act", "type": "action", "actions": [
            {"type": "set_field", "entity": "leave", "record_id": "context.id", "field": "a", "value": 1},
            {"type": "set_field", "entity": "leave", "record_id": "context.id", "field": "b", "value": 2}]},
    ],
}  # fmt: skip
OLD_INSTANCE = """
INSERT INTO workflow.instances (id, workflow_id, workflow_name, definition, status, current_step, current_step_deadline,
    context, history, created_at, updated_at, entity, record_id, commit_key, actor, trace_id, cause_depth, step_number,
    action_index, attempts, waiting, assignee_role, due_at, decider)
VALUES ($1, gen_random_uuid(), 'old', $2::jsonb, $3, $4, $5, '{"id": "r", "n": 1.50}', $6::jsonb, now(), now(), 'leave',
    'r', '1.1', '{"id": "u", "email": "u@x", "roles": []}', 't', 0, $7, $8, 0, $9, $10, $5, $11::jsonb)
"""
APPROVED = [{"step": "ask", "status": "approved", "by": "b", "at": "2026-11-22T12:00:00Z"}]
FAILED = [*APPROVED, {"step": "act", "status": "failed", "reason": "no", "at": "2026-11-22T12:00:01Z"}]


async def test_instances_of_the_former_engine_go_on(server: Server) -> None:
    shared = load(ROOT / "libs/shared/bus/sql/app", "workflow")
    own = load(ROOT / "services/workflow/sql/app", "workflow")
    later = datetime.now(UTC) + timedelta(hours=1)
    boss = {"id": "b", "email": "b@x", "roles": ["boss"]}
    rows: list[tuple[Any, ...]] = [
        ("running", "ask", later, [], 1, 0, True, "boss", None),
        ("running", "act", None, APPROVED, 2, 1, False, None, boss),
        ("failed", "act", None, FAILED, 2, 0, False, None, boss),
        ("completed", None, None, APPROVED, 2, 2, False, None, boss),
    ]
    ids = [str(uuid.uuid4()) for _ in rows]
    async with server.connected("rocket") as connection:
        await connection.execute("DROP DATABASE IF EXISTS older")
        await connection.execute("CREATE DATABASE older TEMPLATE template0")
    async with server.connected("older") as connection:
        await connection.execute("CREATE SCHEMA workflow AUTHORIZATION rocket_workflow")
        await apply(connection, [*shared, *own[:4]])
        for instance_id, (status, step, due, history, visit, action, waiting, role, decider) in zip(
            ids, rows, strict=True
        ):
            state = json.dumps(history), visit, action, waiting, role, json.dumps(decider) if decider else None
            await connection.execute(OLD_INSTANCE, instance_id, json.dumps(OLD_DEFINITION), status, step, due, *state)
        await apply(connection, own)
        found = [read(row) for each in ids for row in await connection.fetch(FIND, each)]
        for instance_id, instance in zip(ids, found, strict=True):
            entries = await entries_of(connection, uuid.UUID(instance_id))
            assert timeless(fold(entries)) == timeless(instance.state), instance.state
        wanted = [set(tasks_of(instance.state, later)) for instance in found]
        stored = [await connection.fetch(
            "SELECT kind, key FROM workflow.tasks WHERE instance_id = $1", each) for each in ids]  # fmt: skip
        assert [{tuple(row) for row in each} for each in stored] == [set(map(tuple, each)) for each in wanted]
        waiting_rows = await connection.fetch("SELECT step, roles, admins FROM workflow.approvals")
        assert [tuple(row) for row in waiting_rows] == [("ask", ["boss"], True)]
        told = "SELECT shown FROM workflow.history WHERE shown IS NOT NULL AND instance_id = $1 ORDER BY seq"
        shown = await connection.fetch(told, ids[2])
        assert [json.loads(row["shown"]) for row in shown] == FAILED
    waiting, acting, failed, completed = found
    now = datetime.now(UTC)
    decided = decide(waiting.plan, waiting.state, Decide(True, Decider("b", "b@x", ("boss",))), now, ids[0])
    assert decided.state.pending.keys() == {f"{ids[0]}/2/0"}
    # What the former engine was about to do is done under the key that it had.
    gone_on = decide(acting.plan, acting.state, Fire("pause"), now, ids[1])
    assert gone_on.state.pending.keys() == {f"{ids[1]}/2/1"} and gone_on.state.person["id"] == "b"
    retried = decide(failed.plan, failed.state, RetryFailed(Decider("a")), now, ids[2])
    assert retried.state.pending.keys() == {f"{ids[2]}/2/0/1"}
    assert completed.state.status == "completed" and not completed.state.frames


def timeless(state: InstanceState) -> Any:
    """A state without the form of its times, which PostgreSQL writes otherwise."""
    document = exact.loads(exact.dumps(state_to_dict(state)))
    for timer in document["timers"].values():
        timer["at"] = clock.parse(timer["at"])
    return document
