"""Secrets in definitions: stored encrypted, shown as `***`, kept where `***` is sent back. Pure."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any

from libs.shared.encryption import Encryptor
from libs.shared.errors import invalid_field
from libs.shared.schema.kinds import DefinitionKind
from libs.shared.schema.notification_channels import HIDDEN

Path = tuple[str, ...]
Encrypt = Callable[[str], str]


def encrypting(platform_secret: str, app_id: str) -> Encrypt:
    """A function that encrypts the secrets of an app's definitions."""
    encryptor = Encryptor([platform_secret])

    def encrypt(secret: str) -> str:
        return base64.b64encode(encryptor.encrypt(secret.encode(), owner_of(app_id))).decode()

    return encrypt


def owner_of(app_id: str) -> str:
    """Whom a ciphertext is bound to."""
    return f"definitions/{app_id}"


def sealed(
    kind: DefinitionKind, sent: dict[str, Any], old: Mapping[str, Any] | None, encrypt: Encrypt
) -> dict[str, Any]:
    """What was sent, with its secrets encrypted; `***` stands for the secret of `old`. Raises VALIDATION_FAILED."""
    if not kind.secrets:
        return sent
    document = deepcopy(sent)
    for path, parent, key in _places(kind, document):
        if parent[key] == HIDDEN:
            before = _value(old, path)
            if not before:
                raise invalid_field(".".join(path), f"{'.'.join(path)}: there is no secret to keep; send it")
            parent[key] = before
        elif parent[key]:
            parent[key] = encrypt(parent[key])
    return document


def with_kept(kind: DefinitionKind, document: dict[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """A document that came without secrets, with those of `old`: exported documents have none."""
    if not kind.secrets or document.get("type") != old.get("type"):
        return document
    kept = deepcopy(document)
    for path, parent, key in _places(kind, deepcopy(dict(old))):
        target = _value(kept, path[:-1])
        if isinstance(target, dict) and not target.get(key) and parent[key]:
            target[key] = parent[key]
    return kept


def hidden(kind: DefinitionKind, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """A stored document as answers show it."""
    return _replaced(kind, document, HIDDEN) if kind.secrets else document


def without(kind: DefinitionKind, document: dict[str, Any]) -> dict[str, Any]:
    """A stored document as exports have it."""
    if not kind.secrets:
        return document
    bare = deepcopy(document)
    for _, parent, key in list(_places(kind, bare)):
        del parent[key]
    return bare


def _replaced(kind: DefinitionKind, document: Mapping[str, Any], shown: str) -> dict[str, Any]:
    replaced = deepcopy(dict(document))
    for _, parent, key in _places(kind, replaced):
        parent[key] = shown if parent[key] else ""
    return replaced


def _places(kind: DefinitionKind, document: dict[str, Any]) -> Iterator[tuple[Path, dict[str, Any], str]]:
    """The path of each secret that is a text, with the object that it stands in, and its key there."""
    for path in kind.secrets:
        parent = _value(document, path[:-1])
        if isinstance(parent, dict):
            for key in list(parent) if path[-1] == "*" else [path[-1]]:
                if isinstance(parent.get(key), str):
                    yield (*path[:-1], key), parent, key


def _value(document: Any, path: Path) -> Any:
    for name in path:
        document = document.get(name) if isinstance(document, Mapping) else None
    return document
