"""docs/benchmarks.md, from the results."""
from bench.results import Results
from bench.settings import Plan


def render(results: Results, plan: Plan) -> str:
    return ""
