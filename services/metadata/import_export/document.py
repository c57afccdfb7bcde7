"""The document that exports write and imports read: its parts, checked before anything is changed. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from libs.shared import exact
from libs.shared.bodies import read_json
from libs.shared.contracts.views import ViewBody
from libs.shared.errors import Detail, RocketError, invalid_field, sentence
from libs.shared.schema.kinds import KINDS, DefinitionKind
from libs.shared.schema.validation_errors import refuse_unknown
from services.metadata.checking.documents import stored, unwrapped
from services.metadata.checking.parsing import parse
from services.metadata.checking.secrets import Encrypt, sealed
from services.metadata.import_export import views

FORMAT_VERSION = 1
PERMISSIONS = "permissions"
FRAME = ("version", "exported_at", "sample_data", "prune", "ui_configs", views.SECTION)
"""The keys of a document beside its sections of definitions."""
MAX_DEFINITIONS = 10_000
MAX_ROWS = 200_000
MAX_ERRORS = 20
"""Errors reported at once."""


@dataclass(frozen=True, slots=True)
class Item:
    """One definition of a document, sent at `path`."""

    kind: DefinitionKind
    path: str
    sent: dict[str, Any]
    definition: Any

    @property
    def kept(self) -> dict[str, Any]:
        """The document to store."""
        return stored(self.kind, self.sent, self.definition)


@dataclass(frozen=True, slots=True)
class Document:
    """A valid document: its definitions, each kind's in order, sample rows by entity or join table, shared views.

    `prune`: definitions that a section doesn't name are deleted; `sections` are those that the document holds.
    """

    items: Sequence[Item]
    samples: Mapping[str, Sequence[dict[str, Any]]]
    prune: bool = False
    sections: frozenset[str] = frozenset()
    views: Sequence[ViewBody] = ()

    @property
    def several(self) -> Set[tuple[str, bytes]]:
        """The identities that several permissions share; only their whole documents tell them apart."""
        counted = Counter(identity(item.kind, item.kept) for item in self.items if item.kind.name == PERMISSIONS)
        return {(PERMISSIONS, key) for key, count in counted.items() if count > 1}


def identity(kind: DefinitionKind, document: Mapping[str, Any]) -> bytes:
    """The key by which an import recognizes a definition."""
    return exact.canonical([document.get(key) for key in kind.identity])


def whole(document: Mapping[str, Any]) -> bytes:
    """All of a definition, to be compared."""
    return exact.canonical(document)


def read(body: bytes, encrypt: Encrypt, needs_version: bool = True) -> Document:
    """The document in a request's body, also in the wrapper `data` that an export's answer has; secrets are encrypted.

    Raises INVALID_PAYLOAD, and VALIDATION_FAILED with every definition that is not valid.
    """
    document = parts(body, needs_version)
    items: list[Item] = []
    problems: list[Detail] = []
    for kind in KINDS.values():
        for number, sent in enumerate(_list(document, kind.section)):
            path = f"{kind.section}[{number}]"
            try:
                items.append(_item(kind, path, sent, encrypt))
            except RocketError as problem:
                details = problem.details or [{"message": problem.message}]
                problems += [{**detail, "path": path} for detail in details]
    if problems:
        first = problems[0]
        what = sentence(str(first.get("field", "")), str(first["message"]))
        raise RocketError("VALIDATION_FAILED", f"{first['path']}: {what}", problems[:MAX_ERRORS])
    if len(items) > MAX_DEFINITIONS:
        raise invalid_field("entities", f"A document may hold at most {MAX_DEFINITIONS} definitions")
    prune = document.get("prune", False)
    if not isinstance(prune, bool):
        raise invalid_field("prune", "prune must be true or false")
    names = [views.SECTION, *(kind.section for kind in KINDS.values())]
    held = frozenset(name for name in names if document.get(name) is not None)
    shared = tuple(views.read(_list(document, views.SECTION)))
    return Document(items, _samples(document), prune, held, shared)


def _item(kind: DefinitionKind, path: str, sent: dict[str, Any], encrypt: Encrypt) -> Item:
    definition = sealed(kind, unwrapped(kind, sent), None, encrypt)
    return Item(kind, path, definition, parse(kind, definition, lenient=True))


def parts(body: bytes, needs_version: bool = True) -> dict[str, Any]:
    """The document itself. Raises INVALID_PAYLOAD, VALIDATION_FAILED for another version, or a missing one."""
    document = _unwrapped(read_json(body))
    if not isinstance(document, dict):
        raise RocketError("INVALID_PAYLOAD", "The body must be a JSON object")
    version = document.get("version", None if needs_version else FORMAT_VERSION)
    if version != FORMAT_VERSION or isinstance(version, bool):
        raise invalid_field("version", f"version must be {FORMAT_VERSION}")
    refuse_unknown(document, [*FRAME, *(kind.section for kind in KINDS.values())])
    return document


def _unwrapped(document: Any) -> Any:
    if isinstance(document, dict) and "version" not in document and isinstance(document.get("data"), dict):
        return document["data"]
    return document


def _list(document: Mapping[str, Any], part: str) -> list[dict[str, Any]]:
    found = document.get(part)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise invalid_field(part, f"{part} must be a list of objects")
    return found


def _samples(document: Mapping[str, Any]) -> Mapping[str, Sequence[dict[str, Any]]]:
    rough = document.get("sample_data")
    if rough is None:
        return {}
    if not isinstance(rough, dict):
        raise invalid_field("sample_data", "sample_data must be an object of lists")
    # No definition has a name that begins with _, so such parts belong to other tools.
    count = sum(len(_list(rough, name)) for name in rough if not name.startswith("_"))
    if count > MAX_ROWS:
        raise invalid_field("sample_data", f"sample_data may hold at most {MAX_ROWS} rows")
    return rough
