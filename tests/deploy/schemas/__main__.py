"""One line per file that is checked; exits with 1 when one does not fit its schema."""

from __future__ import annotations

import sys

from tests.deploy.overlays import OVERLAYS, NoKubectl, render
from tests.deploy.schemas.compose import VERSIONS, compose_problems
from tests.deploy.schemas.kubernetes import KUBERNETES, kubernetes_problems


def main() -> int:
    """Check everything, then tell."""
    problems = 0
    for version in VERSIONS:
        problems += _tell(f"deploy/compose.yaml, docker compose {version}", compose_problems(version))
    for overlay in OVERLAYS:
        name = f"deploy/k8s/overlays/{overlay}, Kubernetes {KUBERNETES}"
        try:
            objects = render(overlay)
        except NoKubectl as reason:
            print(f"SKIP {name}: {reason}")
            continue
        problems += _tell(f"{name}: {len(objects)} objects", kubernetes_problems(objects))
    return 1 if problems else 0


def _tell(name: str, problems: list[str]) -> int:
    print(f"{'FAIL' if problems else 'ok  '} {name}")
    for problem in problems:
        print(f"     {problem}")
    return len(problems)


if __name__ == "__main__":
    sys.exit(main())
