"""The compose file: no default secrets, minimal secrets per service, locked-down containers."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest

from libs.shared.contracts.operations import SERVICES
from tests.deploy.overlays import filled
from tests.deploy.schemas import compose
from tests.deploy.schemas.compose import DEPLOY, VERSIONS, compose_file, compose_problems

TEXT = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
EXAMPLE = (DEPLOY / ".env.example").read_text(encoding="utf-8")
OURS = (*SERVICES, "migrate", "issuer")


@pytest.mark.parametrize("version", VERSIONS)
def test_the_compose_file_fits_the_schemas(version: str) -> None:
    assert compose_problems(version) == []


def test_the_older_schema_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compose, "compose_file", lambda: {"name": "rocket", "services": {}})
    assert compose_problems("1.29") and not compose_problems("2")


def test_no_secret_has_a_default() -> None:
    for variable, modifier in re.findall(r"\$\{([A-Z_]+)(:?[-?][^}]*)?\}", TEXT):
        if re.search("PASSWORD|SECRET", variable) and variable != "ROCKET_SMTP_PASSWORD":
            assert modifier in ("", f":?{variable} is missing, see .env.example")
    required = set(re.findall(r"\$\{([A-Z_]+):\?", TEXT))
    used_bare = set(re.findall(r"\$\{([A-Z_]+)\}", TEXT))
    assert used_bare <= required


def test_the_example_names_every_variable() -> None:
    named = set(re.findall(r"^#?([A-Z_]+)=", EXAMPLE, re.MULTILINE))
    used = set(re.findall(r"\$\{([A-Z_]+)", TEXT)) | set(re.findall(r"^ +([A-Z_]+):$", TEXT, re.M))
    images = {"ROCKET_IMAGE", "POSTGRES_IMAGE", "NATS_IMAGE"}
    assert named - {"COMPOSE_PROJECT_NAME"} == used - images


@pytest.mark.parametrize("name", [".env.example", "k8s/secrets.env.example"])
def test_the_example_commands_create_every_secret(name: str) -> None:
    example = (DEPLOY / name).read_text(encoding="utf-8")
    (recipe,) = re.findall(r"^#   (umask.*?done < )", example, re.DOTALL | re.MULTILINE)
    script = re.sub(r"^# ", "", recipe, flags=re.MULTILINE).removesuffix("done < ") + "done"
    made = subprocess.run(["sh", "-c", script], input=example, capture_output=True, text=True, check=True).stdout
    values = dict(re.findall(r"^([A-Z_]+)=(.*)$", made, re.MULTILINE))
    required = re.findall(r"^([A-Z_]+)=$", example.partition("# As you like\n")[0], re.MULTILINE)
    assert len(required) >= 17
    assert all(re.fullmatch("[0-9a-f]{48}", values[variable]) for variable in required)
    assert len({values[variable] for variable in required}) == len(required)
    for line in filled(example.partition("# As you like\n")[2]).splitlines():
        variable, _, value = line.partition("=")
        assert not value or not value.startswith("0") or not values.get(variable), "what one may like stays empty"


@pytest.mark.parametrize("name", OURS)
def test_our_containers_are_locked_down(name: str) -> None:
    service = compose_file()["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service and "user" not in service


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_its_own_role_and_user(name: str) -> None:
    service = compose_file()["services"][name]
    environment: dict[str, Any] = service["environment"]
    upper = name.upper()
    assert service["command"] == [f"services.{name}"]
    assert environment["ROCKET_ENV"] == "production"
    password = f"${{ROCKET_PASSWORD_{upper}}}"
    assert (
        environment["ROCKET_DATABASE_URL"]
        == f"postgresql://rocket_{name}:{password}@postgres:5432/rocket?sslmode=disable"
    )
    assert environment["ROCKET_NATS_URL"] == f"nats://{name}:${{NATS_PASSWORD_{upper}}}@nats:4222"
    keys = {"gateway": "SECRET", "data": "DATA", "metadata": "WEBHOOK", "webhook": "WEBHOOK", "notify": "WEBHOOK"}
    secret = f"${{ROCKET_{keys.get(name)}_KEY:?ROCKET_{keys.get(name)}_KEY is missing, see .env.example}}"
    assert environment.get("ROCKET_SECRET_KEY") == (secret if name in keys else None)
    assert len(re.findall(r"ROCKET_[A-Z]+_KEY:", str(environment))) == (name in keys)
    others = [other.upper() for other in SERVICES if other != name]
    assert not [other for other in others if f"PASSWORD_{other}}}" in str(environment)]
    assert "POSTGRES_PASSWORD" not in str(environment)


@pytest.mark.parametrize("name", ["postgres", "nats"])
def test_servers_have_no_rights_that_they_do_not_need(name: str) -> None:
    service = compose_file()["services"][name]
    assert service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"]
    needed = {"postgres": {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"}}
    assert set(service.get("cap_add", ())) == needed.get(name, set())
    assert service["image"].startswith(f"${{{name.upper()}_IMAGE:-"), "so that it can be pinned by digest"
