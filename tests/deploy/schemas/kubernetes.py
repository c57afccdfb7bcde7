"""What kustomize makes of deploy/k8s, against the API of Kubernetes; unknown fields are mistakes too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]

KUBERNETES = "1.37"


def kubernetes_problems(objects: Iterable[dict[str, Any]]) -> list[str]:
    """What the schemas say against these objects: `kind/name: path: message`."""
    problems = []
    for item in objects:
        try:
            kubernetes_validate.validate(item, KUBERNETES, strict=True)
        except kubernetes_validate.ValidationError as error:
            path = "/".join(map(str, error.path))
            problems.append(f"{item['kind']}/{item['metadata']['name']}: {path}: {error.message}")
        except kubernetes_validate.SchemaNotFoundError as error:
            problems.append(f"{item['kind']}/{item['metadata']['name']}: {error}")
    return problems
