"""The Kubernetes overlays: complete, locked down, all references resolve."""

from __future__ import annotations

import re
from typing import Any

import pytest

from libs.shared.contracts.operations import SERVICES
from tests.deploy.overlays import DEPLOY, OVERLAYS, NoKubectl, render
from tests.deploy.schemas.kubernetes import kubernetes_problems

Objects = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module", params=OVERLAYS)
def overlay(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def objects(overlay: str) -> Objects:
    try:
        return {(item["kind"], item["metadata"]["name"]): item for item in render(overlay)}
    except NoKubectl as reason:
        pytest.skip(str(reason))


def of_kind(objects: Objects, kind: str) -> dict[str, dict[str, Any]]:
    return {name: item for (found, name), item in objects.items() if found == kind}


def pods(objects: Objects) -> dict[str, dict[str, Any]]:
    """The pod specs of everything that runs."""
    return {
        f"{kind}/{name}": item["spec"]["template"]["spec"]
        for (kind, name), item in objects.items()
        if kind in ("Deployment", "StatefulSet", "Job")
    }


def test_the_overlays_fit_the_schema(objects: Objects) -> None:
    assert kubernetes_problems(objects.values()) == []


def test_the_schema_is_checked(objects: Objects) -> None:
    broken = {**objects["Deployment", "data"], "spec": {"replicaz": 1}}
    assert kubernetes_problems([broken])


def test_every_service_is_deployed(objects: Objects, overlay: str) -> None:
    assert set(of_kind(objects, "Deployment")) == set(SERVICES)
    assert set(of_kind(objects, "PodDisruptionBudget")) == {*SERVICES, "nats"}
    replicas = {name: item["spec"]["replicas"] for name, item in of_kind(objects, "Deployment").items()}
    servers = objects["StatefulSet", "nats"]["spec"]["replicas"]
    copies = settings(objects)["ROCKET_STREAM_REPLICAS"]
    if overlay == "small":
        assert set(replicas.values()) == {1} and servers == 1 and copies == "1"
    else:
        assert set(replicas.values()) == {2, 3} and servers == 3 and copies == "3"
        assert settings(objects)["ROCKET_STORAGE_URL"].startswith("s3://")


def test_no_container_runs_privileged(objects: Objects) -> None:
    for name, pod in pods(objects).items():
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["automountServiceAccountToken"] is False, name
        for container in (*pod.get("initContainers", ()), *pod["containers"]):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["requests"] and container["resources"]["limits"]["memory"]


def test_services_are_probed_and_named(objects: Objects) -> None:
    for name in SERVICES:
        (container,) = objects["Deployment", name]["spec"]["template"]["spec"]["containers"]
        assert container["args"] == [f"services.{name}"]
        assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
        # the gateway's /readyz speaks for all services
        ready = "/readyz?self" if name == "gateway" else "/readyz"
        assert container["readinessProbe"]["httpGet"]["path"] == ready
        environment = {entry["name"]: entry for entry in container["env"]}
        assert environment["ROCKET_REPLICA"]["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"
        assert environment["ROCKET_DATABASE_URL"]["value"].startswith(f"postgresql://rocket_{name}:$(")
        assert environment["ROCKET_NATS_URL"]["value"].startswith(f"nats://{name}:$(")
    assert settings(objects)["ROCKET_ENV"] == "production"


def test_every_reference_resolves(objects: Objects) -> None:
    """To a key of the secrets' example or of the settings; $(NAME) to what stands before it."""
    example = (DEPLOY / "k8s/secrets.env.example").read_text(encoding="utf-8")
    keys = set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))
    used = set()
    for name, pod in pods(objects).items():
        for container in (*pod.get("initContainers", ()), *pod["containers"]):
            known = set(settings(objects)) if container.get("envFrom") else set()
            for entry in container["env"]:
                for reference in re.findall(r"\$\(([A-Z_0-9]+)\)", entry.get("value", "")):
                    assert reference in known, f"{name}: $({reference}) is not known before {entry['name']}"
                known.add(entry["name"])
                if secret := entry.get("valueFrom", {}).get("secretKeyRef"):
                    assert ("Secret", secret["name"]) in objects
                    assert secret["key"] in keys
                    used.add(secret["key"])
    assert keys - used <= {"NATS_PASSWORD_CLUSTER"}


def test_a_pod_is_given_only_its_own_secrets(objects: Objects) -> None:
    for name in SERVICES:
        text = str(objects["Deployment", name])
        assert not [other for other in SERVICES if other != name and f"PASSWORD_{other.upper()}'" in text]
        assert "DATABASE_ADMIN_URL" not in text


def test_network_policies_deny_by_default(objects: Objects) -> None:
    policies = of_kind(objects, "NetworkPolicy")
    deny = policies["default-deny"]["spec"]
    assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for name, policy in policies.items():
        spec = policy["spec"]
        for rule in (*spec.get("ingress", ()), *spec.get("egress", ())):
            assert rule.get("from") or rule.get("to"), f"{name} is open to everybody"


def settings(objects: Objects) -> dict[str, str]:
    """The ConfigMap that all services share."""
    (found,) = [item for name, item in of_kind(objects, "ConfigMap").items() if name.startswith("rocket-settings")]
    data: dict[str, str] = found["data"]
    return data
