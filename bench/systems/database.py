"""What Postgres alone can do: pgbench sends the same statements, in a copy of the app's database.

pgbench is generator and client in one and is not counted; there is neither HTTP nor Python. Its variables
can't be read from a list, so records have numbered ids here, and the server makes the ids of the log.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from random import Random

from bench.load.outcome import Outcome
from bench.load.running import cpu_of_generators
from bench.operations import TABLES, Operation, change, row
from bench.processes import Parts
from bench.statements import Slot, Template, Templates, compile_all
from bench.systems import tables
from bench.systems.rocket import Rocket
from bench.systems.system import Drive

ID_PREFIX = "00000000-0000-7000-8000-"
RENUMBER = """
UPDATE records."{table}" SET id = ('{prefix}' || lpad(numbered.n::text, 12, '0'))::uuid
FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM records."{table}") numbered
WHERE numbered.id = records."{table}".id
"""
PLACEHOLDER = re.compile(r"\$(\d+)")
EXPRESSIONS: Mapping[str, str] = {
    "id": f"('{ID_PREFIX}' || lpad(:number, 12, '0'))",
    "category": "('c' || :category)",
    "commit": "uuidv7()",
    "trace": "gen_random_uuid()",
}
"""Slots whose values differ per request, as SQL over pgbench's variables."""


class Database:
    """pgbench against the Postgres of the stack."""

    name = "database"

    def __init__(self, url: str, templates: Templates, count: int, drive: Drive, rocket: Rocket) -> None:
        self._url = url
        self._templates = templates
        self._count = count
        self._drive = drive
        self._rocket = rocket

    def parts(self) -> Parts:
        return {"postgres": self._rocket.parts()["postgres"]}

    async def prepare(self) -> None:
        await tables.vacuum(self._url)

    async def drive(self, operation: Operation, seconds: float, randomness: Random) -> Outcome:
        """Run pgbench, which takes whole seconds only."""
        script, variables = written(operation, self._templates[operation], self._count, self._drive.categories)
        path = self._drive.folder / f"{operation}.pgbench"
        path.write_text(script, encoding="utf-8")
        before = cpu_of_generators()
        output = await tables.client(
            *("pgbench", self._url, "--no-vacuum", "--protocol", "prepared", "--client", str(self._drive.connections)),
            # on a busy machine a transaction may take longer than a second
            *("--time", str(max(2, round(seconds))), "--random-seed", str(randomness.randrange(1 << 31))),
            *(f"--define={name}={value}" for name, value in variables.items()),
            *("--file", str(path)),
        )
        return read(output, cpu_of_generators() - before)


@contextlib.asynccontextmanager
async def running(folder: Path, drive: Drive, rocket: Rocket) -> AsyncIterator[Database]:
    """A copy of the database, with numbered ids."""
    url = await tables.clone(rocket.database_url, "bench_database", folder)
    async with tables.connected(url) as connection:
        for table in TABLES:
            await connection.execute(RENUMBER.format(table=table, prefix=ID_PREFIX))
        await connection.execute("VACUUM (FULL, ANALYZE)")
        count = await connection.fetchval(f'SELECT count(*) FROM records."{TABLES[0]}"')
        templates = await compile_all(connection)
    yield Database(url, templates, count, drive, rocket)


def written(operation: Operation, template: Template, count: int, categories: int) -> tuple[str, Mapping[str, str]]:
    """A pgbench script that runs the statement, and the values of the variables that it does not draw itself."""
    constants = {name: _literal(value) for name, value in {**row(0), **change(0)}.items()}
    variables: dict[str, str] = {}

    def expression(match: re.Match[str]) -> str:
        value = template.values[int(match[1]) - 1]
        if operation == "create" and value == Slot("id"):
            return "uuidv7()"
        if isinstance(value, Slot) and value.name in EXPRESSIONS:
            return EXPRESSIONS[value.name]
        name = value.name if isinstance(value, Slot) else f"constant_{match[1]}"
        if value is None:
            return "NULL"
        variables[name] = constants[name] if isinstance(value, Slot) else str(value)
        return f":{name}"

    sql = PLACEHOLDER.sub(expression, template.sql)
    draws = [f"\\set number random(1, {count})", f"\\set category random(0, {categories - 1})"]
    return "\n".join([*draws, f"{sql};", ""]), variables


def read(output: str, cpu_seconds: float) -> Outcome:
    """The outcome printed by pgbench. Raises ValueError if there is none."""
    count = _number(r"number of transactions actually processed: (\d+)", output)
    rate = _number(r"tps = ([\d.]+)", output)
    failed = _number(r"number of failed transactions: (\d+)", output)
    return Outcome(
        requests=int(count),
        seconds=count / rate if rate else 0.0,
        failures={"failed transaction": int(failed)} if failed else {},
        median_ms=_number(r"latency average = ([\d.]+) ms", output),
        generator_cpu_seconds=cpu_seconds,
    )


def _number(pattern: str, output: str) -> float:
    match = re.search(pattern, output)
    if match is None:
        raise ValueError(f"pgbench told no {pattern}: {output[-500:]}")
    return float(match[1])


def _literal(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
