"""docs/benchmarks/README.md: ratios first, then figures, then the method. Pure: results in, text out."""

from __future__ import annotations

from collections.abc import Sequence

from bench.markdown import megabytes, number, section, table
from bench.operations import MEANING, PAGE
from bench.processes import Memory
from bench.results import OURS, Results
from bench.settings import Plan
from bench.statistics import CONFIDENCE, Ratio

WHAT = {
    "rocket": "this system: gateway, NATS, data service, Postgres, and everything derived from the log",
    "limit": "the limit in Python: one bare aiohttp process, uvloop, asyncpg, the same SQL in the same Postgres "
    "(row and log entry, JSON made by Postgres) over as many connections as the data service has by default; no "
    "authentication, no validation, no NATS",
    "pocketbase": "the peer: PocketBase, one Go process over SQLite, with its defaults (a commit does not wait for "
    "the disk; Postgres's does)",
    "permitted": "the same stack and requests, with a caller under 50 read policies, 20 of them "
    "conditional, with field rules and masks",
    "database": "pgbench with the same SQL in the same Postgres: no HTTP, no Python, so what the database alone can do",
    "former": "another checkout of Rocket, with a Postgres and a NATS of its own",
    "untraced": "the same stack and requests in an app whose instrumentation is off: what spans cost",
    "strangers": "the same stack and requests, each with a token that is not remembered, so that it has to be verified",
}

INDEX_WORDS = {
    "each": "each have an index everywhere, none is over both",
    "both": "each have an index everywhere, and there is one over both (which Rocket's API can't ask for yet)",
}


def render(results: Results, plan: Plan) -> str:
    """The whole document."""
    parts = [
        "# Benchmarks",
        f"Written by `{results.about.get('command', 'make bench')}`, not by hand; "
        "every sample is in bench/results/latest.json on the machine that ran it.",
        _warning(plan),
        _ratios(results, plan),
        _figures(results, plan),
        _parts(results, plan),
        _footprint(results),
        _method(results, plan),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _warning(plan: Plan) -> str:
    return (
        ""
        if plan.is_published
        else "**A short or partial run: it shows that the harness works, not how fast Rocket is.**"
    )


def _ratios(results: Results, plan: Plan) -> str:
    others = [system for system in results.systems() if system != OURS]
    if OURS not in results.systems() or not others:
        return ""
    note = (
        f"Median of the paired rounds' ratios, with its {CONFIDENCE:.0%} bootstrap interval; "
        "if it straddles 1, the two are not distinguishable."
    )
    return section(
        "Ratios",
        note,
        "Requests per second (more than 1: Rocket is faster):",
        _ratio_table(results, plan, others, "rate"),
        "Processor time per request (less than 1: Rocket needs less):",
        _ratio_table(results, plan, others, "cpu_per_request"),
    )


def _ratio_table(results: Results, plan: Plan, others: Sequence[str], what: str) -> str:
    head = ["operation", *(f"{OURS} / {other}" for other in others)]
    rows = [[op, *(ratio_cell(results.ratio(OURS, other, op, what)) for other in others)] for op in plan.operations]
    return table(head, rows)


def ratio_cell(ratio: Ratio | None) -> str:
    """A ratio as a table cell."""
    if ratio is None:
        return "–"
    words = f"{ratio.value:.2f} ({ratio.low:.2f}–{ratio.high:.2f})"
    return words if ratio.verdict == "distinguishable" else f"{words}, {ratio.verdict}"


def _figures(results: Results, plan: Plan) -> str:
    head = ["operation", "system", "requests/s", "(lowest–highest)", "CPU µs/request"]
    head += ["of that afterwards", "median ms", "p99 ms", "bytes/answer", "rounds"]
    rows = [_figure_row(results, op, system) for op in plan.operations for system in results.systems()]
    note = (
        "Medians over the rounds. CPU is the processor time of all processes of the system; “afterwards” is what "
        "it still did when all requests were answered (relay, consumers). Bytes are with headers. "
        "pgbench reports a mean instead of a median."
    )
    return section("Figures", table(head, rows, left=2), note)


def _figure_row(results: Results, operation: str, system: str) -> list[str]:
    def middle(what: str) -> str:
        return number(results.median_of(system, operation, what))

    samples = results.valid(system, operation)
    rates = [sample.rate for sample in samples] or [0.0]
    return [
        *(operation, system, middle("rate"), f"{number(min(rates))}–{number(max(rates))}"),
        *(middle("cpu_per_request"), middle("cpu_after_per_request"), middle("median_ms"), middle("p99_ms")),
        *(middle("bytes_per_answer"), str(len(samples))),
    ]


def _parts(results: Results, plan: Plan) -> str:
    """The parts of Rocket's own processor time."""
    names = list(dict.fromkeys(part for s in results.samples if s.system == OURS for part in s.cpu))
    if not names:
        return ""
    rows = [[name, *(number(results.cpu_of_part(OURS, op, name)) for op in plan.operations)] for name in names]
    text = table(["CPU µs/request", *plan.operations], rows)
    return section("Where Rocket's processor time goes", text)


def _footprint(results: Results) -> str:
    starts = [[name, f"{s.seconds:.2f} s", f"{s.cpu_seconds:.2f} s"] for name, s in results.starts.items()]
    idle = [[name, f"{cores:.1%}"] for name, cores in results.idle.items()]
    return section(
        "Memory, start, rest",
        table(["part", "RSS at rest", "PSS at rest", "RSS after load", "PSS after load"], _memory_rows(results)),
        "RSS counts shared pages in each process, PSS shares them out. All systems with Postgres use the same server.",
        table(["start", "until ready", "CPU time"], starts),
        "A service's time runs from its process to its own /readyz; a whole start includes the servers and migration.",
        table(["doing nothing", "of one core"], idle),
    )


def _memory_rows(results: Results) -> list[list[str]]:
    rows = []
    for system in results.systems():
        at_rest, loaded = (results.memory.get(f"{system}, {when}", {}) for when in ("before", "after"))
        parts = {part: (at_rest[part], loaded.get(part, Memory())) for part in at_rest}
        rows += [_memory_row(f"{system}: {part}", *sizes) for part, sizes in parts.items()]
        if len(parts) > 1:
            total = _memory_row(f"**{system}**", sum(at_rest.values(), Memory()), sum(loaded.values(), Memory()))
            rows.append(total)
    return rows


def _memory_row(name: str, before: Memory, after: Memory) -> list[str]:
    return [name, *(megabytes(size) for size in (before.rss, before.pss, after.rss, after.pss))]


def _method(results: Results, plan: Plan) -> str:
    systems = [f"- **{name}**: {WHAT[name]}." for name in results.systems()]
    operations = [f"- **{name}**: {MEANING[name]}." for name in plan.operations]
    machine = table(["what", "this run"], [[name, value] for name, value in results.about.items()], left=2)
    return section(
        "How it was measured",
        _course(plan),
        "\n".join(systems),
        "\n".join(operations),
        _vacuum(results, plan),
        _voids(results),
        machine,
        "Generator and systems share the machine's cores, so figures depend on it; ratios do much less. What else "
        "the machine did shows in the load average, the stolen time, and the distance from lowest to highest.",
    )


def _course(plan: Plan) -> str:
    return " ".join(
        (
            f"{plan.rounds} rounds of {plan.seconds:g} s per measurement: each system and operation in each round, in",
            f"shuffled order, one at a time, with {plan.connections} keep-alive connections; a system gets no load",
            f"until the one before is idle again. Reads see a table of {plan.rows:,} rows that nobody writes; a filter",
            f"leaves one in {plan.categories}, a page has {PAGE}: so many lists there are, and Rocket reads those that",
            "are asked for at the same moment once. Writes go to a second table of the same shape. Filter and sort",
            f"column {INDEX_WORDS[plan.index]}. Rocket and PocketBase check an administrator's token with",
            "every request.",
        )
    )


def _vacuum(results: Results, plan: Plan) -> str:
    if not results.between:
        return ""
    costs = [f"{name} {spent / plan.rounds:.2f} s" for name, spent in results.between.items()]
    return (
        "Postgres's written table and log are vacuumed between the rounds, not by autovacuum at any time; "
        f"that, and new tokens, take this processor time per round, not in the figures: {', '.join(costs)}."
    )


def _voids(results: Results) -> str:
    lines = [f"- round {n}, {operation}: {why}" for (n, operation), why in results.voids().items()]
    if not lines:
        return "Every request of every round was answered with success."
    return "\n".join(["Void because requests failed; not counted for any system:", "", *lines])
