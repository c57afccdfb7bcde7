"""The stack of deploy/compose.yaml under a project name of its own."""

from __future__ import annotations

import secrets
import socket
from pathlib import Path

from tests.deploy.compose.docker import Docker, Skip, compose_command, run
from tests.deploy.overlays import filled
from tests.support.checkout import ROOT

DEPLOY = ROOT / "deploy"


class Stack:
    """Compose commands; settings and secrets are made up in `folder`, the checkout's own .env is not read."""

    def __init__(self, docker: Docker, folder: Path) -> None:
        command = compose_command()
        if command is None:
            raise Skip("there is neither docker-compose nor docker compose")
        self.docker = docker
        self.project = f"rocket-test-{secrets.token_hex(4)}"
        self.image = f"{self.project}:latest"
        self.url = f"http://127.0.0.1:{_free_port()}"
        self.password = secrets.token_hex(16)
        self._env = folder / "env"
        self._env.write_text(self._settings())
        self._compose = [*command, "--env-file", str(self._env), "--file", str(DEPLOY / "compose.yaml")]

    def compose(self, *arguments: str, timeout: float = 600) -> str:
        """What compose prints. Raises AssertionError when it fails."""
        code, output = self.try_compose(*arguments, timeout=timeout)
        assert code == 0, f"compose {' '.join(arguments)} ends with {code}: {output[-3000:]}"
        return output

    def try_compose(self, *arguments: str, timeout: float = 600, env: Path | None = None) -> tuple[int, str]:
        """Exit code and output; `env` in place of the file of settings."""
        command = [str(env) if env and part == str(self._env) else part for part in self._compose]
        done = run([*command, "--project-name", self.project, *arguments], self.docker.environment, timeout)
        return done.returncode, done.stdout

    def without(self, variable: str) -> tuple[int, str]:
        """What `compose config` says when a variable is missing."""
        env = self._env.with_name("env-incomplete")
        lines = self._env.read_text().splitlines()
        env.write_text("\n".join(line for line in lines if not line.startswith(f"{variable}=")))
        return self.try_compose("config", env=env)

    def container(self, service: str) -> str:
        """The id of a service's only container."""
        return self.compose("ps", "--quiet", service).strip()

    def inspect(self, service: str, what: str) -> str:
        """One fact about a service's container, as a Go template says."""
        return self.docker("inspect", "--format", what, self.container(service))

    def logs(self) -> str:
        """The end of what everything has said."""
        return self.try_compose("logs", "--no-color", "--tail", "60")[1]

    def remove(self) -> None:
        """Take everything down, volumes and our image too."""
        self.try_compose("down", "--volumes", "--remove-orphans", "--timeout", "3")
        run(["docker", "image", "rm", self.image], self.docker.environment)

    def _settings(self) -> str:
        chosen = {
            "ROCKET_IMAGE": self.image,
            "ROCKET_PORT": self.url.rpartition(":")[2],
            "ROCKET_NATS_PORT": str(_free_port()),
            "ROCKET_PLATFORM_ADMIN_PASSWORD": self.password,
            "COMPOSE_PROJECT_NAME": self.project,
        }
        required, optional = (DEPLOY / ".env.example").read_text(encoding="utf-8").split("# As you like\n")
        lines = [filled(line, secrets.token_hex(24)).strip() for line in required.splitlines()] + optional.splitlines()
        kept = [line for line in lines if line.partition("=")[0] not in chosen]
        return "\n".join([*kept, *(f"{name}={value}" for name, value in chosen.items()), ""])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
