"""The answers of the metadata service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from libs.shared import exact
from libs.shared.contracts.messages import Response
from libs.shared.errors import not_found
from libs.shared.etags import etag
from libs.shared.schema.kinds import KINDS, DefinitionKind
from services.metadata.checking import secrets
from services.metadata.checking.expression_errors import DefinitionWarning
from services.metadata.model.definition import Definition


def kind_named(name: str) -> DefinitionKind:
    """The kind of this name. Raises NOT_FOUND."""
    kind = KINDS.get(name)
    if kind is None:
        raise not_found("Kind of definition")
    return kind


def to_dict(kind: DefinitionKind, row: Definition) -> dict[str, Any]:
    """A definition as GET returns it."""
    times = {"created_at": row.created_at, "updated_at": row.updated_at}
    if kind.columns is None:
        return {"id": row.id, **secrets.hidden(kind, row.document), **times}
    columns = {name: row.document[key] for name, key in kind.columns}
    return {"name": row.key, **columns, "definition": row.document, **times}


def acknowledged(kind: DefinitionKind, row: Definition) -> dict[str, Any]:
    """A definition as POST and PUT answer it."""
    return {"id": row.id, **secrets.hidden(kind, row.document)} if kind.columns is None else row.document


def data(value: Any, status: int = 200) -> Response:
    """An answer with its data."""
    return Response(status, exact.dumps({"data": value}))


def page(items: Sequence[Any], meta: Mapping[str, Any]) -> Response:
    """An answer with a page of data."""
    return Response(body=exact.dumps({"data": items, "meta": meta}))


def tagged(answer: Response, version: int) -> Response:
    """The answer with the definition's version as its ETag."""
    return replace(answer, headers={**answer.headers, **etag(version)})


def with_warnings(answer: Response, warnings: Sequence[DefinitionWarning]) -> Response:
    """The response with the warnings beside its data; unchanged without warnings."""
    if not warnings:
        return answer
    suffix = b',"warnings":' + exact.dumps(list(warnings)) + b"}"
    kept = answer.kept[:-1] + suffix if answer.kept is not None else None
    return replace(answer, body=answer.body[:-1] + suffix, kept=kept)
