"""Serving the Admin UI: which file answers an address, and what the builder and the gateway have in common."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.embedded import admin_build
from services.gateway.http import admin_ui
from services.gateway.routing.router import Router


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    for name in ("index.html", "assets/a.js", "assets/a.js.br", "rocket.svg"):
        (dist / name).write_text(name, encoding="utf-8")
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    return dist


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("", "index.html"),
        ("demo/records/deal", "index.html"),
        ("rocket.svg", "rocket.svg"),
        ("assets/a.js", "assets/a.js"),
        ("assets/a.js.br", None),
        ("assets/gone.js", None),
        ("../secret.txt", "index.html"),
        ("/etc/passwd", "index.html"),
        ("assets/../../secret.txt", None),
        ("a\0b", "index.html"),
        ("assets/\0", None),
        ("a" * 5_000, "index.html"),
        ("assets/" + "a" * 400, None),
    ],
)
def test_only_files_of_the_folder_are_served(folder: Path, path: str, answer: str | None) -> None:
    found = admin_ui.found(folder, path)
    assert (None if found is None else str(found.relative_to(folder))) == answer


def test_nothing_is_found_before_it_is_built(tmp_path: Path) -> None:
    assert admin_ui.found(tmp_path / "dist", "demo") is None


def test_the_builder_reports_where_the_gateway_looks() -> None:
    assert admin_build.STATUS_FILE == admin_ui.STATUS_FILE


def test_the_checksum_follows_names_and_contents(tmp_path: Path) -> None:
    for name in admin_build.SOURCES:
        (tmp_path / name).mkdir() if "." not in name else (tmp_path / name).write_text("x", encoding="utf-8")
    before = admin_build.checksum(tmp_path)
    (tmp_path / "src" / "new.ts").write_text("", encoding="utf-8")
    after = admin_build.checksum(tmp_path)
    (tmp_path / "src" / "new.ts").write_text("y", encoding="utf-8")
    assert len({before, after, admin_build.checksum(tmp_path)}) == 3


def test_the_rest_of_a_path_is_one_variable() -> None:
    table: Router[str] = Router()
    table.add("GET", "/admin", "home")
    table.add("GET", "/admin/{path:**}", "file")
    assert table.find("GET", "/admin") == ("home", {})
    assert table.find("GET", "/admin/") == ("file", {"path": ""})
    assert table.find("GET", "/admin/a/b%2Fc") == ("file", {"path": "a/b/c"})
    assert table.find("POST", "/admin/a") is None
