"""deploy/compose.yaml against the schemas of docker-compose 1.29 and docker compose 2."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft7Validator

from tests.support.checkout import ROOT

DEPLOY = ROOT / "deploy"
SCHEMAS = Path(__file__).parent
VERSIONS = ("1.29", "2")


def compose_file() -> dict[str, Any]:
    """The file as it stands: anchors resolved, variables not."""
    document: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return document


def compose_problems(version: str) -> list[str]:
    """What the schema of this version says against the file: `path: message`."""
    schema = json.loads((SCHEMAS / f"compose-{version}.json").read_text(encoding="utf-8"))
    errors = sorted(Draft7Validator(schema).iter_errors(compose_file()), key=lambda error: list(error.path))
    return [f"{'/'.join(map(str, error.path))}: {error.message}" for error in errors]
