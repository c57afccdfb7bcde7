"""What many operations share: refusals, headers, parameters, ways to say who one is."""

from __future__ import annotations

from typing import Any

from libs.shared.errors import STATUS

Schema = dict[str, Any]

ERROR: Schema = {
    "type": "object",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "additionalProperties": False,
            "properties": {
                "code": {"type": "string", "enum": sorted(STATUS)},
                "message": {"type": "string"},
                "details": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["message"],
                        "properties": {
                            "field": {"type": "string"},
                            "rule": {"type": "string"},
                            "message": {"type": "string"},
                        },
                    },
                },
            },
        }
    },
}
META: Schema = {
    "type": "object",
    "properties": {
        "page": {"type": "integer"},
        "per_page": {"type": "integer"},
        "total": {"type": "integer"},
    },
}
HEADERS: dict[str, Schema] = {
    "ETag": {"description": "The record's version, in quotes", "schema": {"type": "string"}},
    "X-Commit": {"description": "Position of the commit in the log", "schema": {"type": "string"}},
    "X-Trace-ID": {"description": "The request's trace", "schema": {"type": "string", "format": "uuid"}},
    "Idempotency-Replayed": {
        "description": "true: this is the answer of an earlier request",
        "schema": {"type": "string"},
    },
}
REFUSALS = {
    400: "The request can't be read, or names what there is not",
    401: "No valid access token",
    403: "Not for this caller",
    404: "There is no such thing",
    409: "At odds with what is stored, or with what is going on",
    412: "If-Match no longer holds; ETag says the version of today",
    413: "Too large",
    416: "The file has no such part",
    422: "Understood, and refused; details name the fields",
}
PARAMETERS: dict[str, Schema] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Sent again under the same key, the request has its effect once",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[!-~]([ -~]*[!-~])?$"},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "Only if this is still the version",
        "schema": {"type": "string", "pattern": r'^("[0-9]{1,18}"|\*)$'},
        "example": '"3"',
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "Only if this is no longer the version (else 304)",
        "schema": {"type": "string", "pattern": r'^("[0-9]{1,18}"|\*)$'},
    },
    "Page": {"name": "page", "in": "query", "schema": {"type": "integer", "minimum": 1, "default": 1}},
    "PerPage": {
        "name": "per_page",
        "in": "query",
        "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 25},
    },
}
BEARER: Schema = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
TICKET: Schema = {"type": "apiKey", "in": "query", "name": "ticket", "description": "Good once, for live streams"}


def ref(kind: str, name: str) -> Schema:
    """A reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


def json_body(schema: Schema) -> Schema:
    """Content that is JSON."""
    return {"application/json": {"schema": schema}}


def enveloped(schema: Schema, meta: bool = False) -> Schema:
    """`{"data": …}`, with `meta` for lists."""
    properties = {"data": schema, **({"meta": ref("schemas", "Meta")} if meta else {})}
    return {"type": "object", "required": list(properties), "properties": properties}


def answer(description: str, schema: Schema | None, *headers: str) -> Schema:
    """A successful answer."""
    named = {name: ref("headers", name) for name in (*headers, "X-Trace-ID")}
    content = {"content": json_body(schema)} if schema is not None else {}
    return {"description": description, "headers": named, **content}


def refusals(*statuses: int) -> dict[str, Schema]:
    """The answers to expect when a request is refused; the rest (429, 5xx) looks the same."""
    named = {str(status): ref("responses", f"Refused{status}") for status in statuses}
    return {**named, "default": ref("responses", "Refused")}


def shared() -> Schema:
    """The components that do not depend on the app."""
    content = json_body(ref("schemas", "Error"))
    responses = {f"Refused{status}": {"description": text, "content": content} for status, text in REFUSALS.items()}
    return {
        "schemas": {"Error": ERROR, "Meta": META},
        "headers": HEADERS,
        "parameters": PARAMETERS,
        "responses": {**responses, "Refused": {"description": "Refused, or not possible now", "content": content}},
        "securitySchemes": {"bearer": BEARER, "ticket": TICKET},
    }
