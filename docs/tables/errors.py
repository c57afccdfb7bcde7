"""The table of error codes, from libs/shared/errors.py."""

from __future__ import annotations

import re

from libs.shared.errors import STATUS, TRANSIENT

TABLE = re.compile(r"<!-- errors -->\n.*?<!-- end -->", re.DOTALL)

MEANINGS = {
    "INVALID_REQUEST": "The request is no valid HTTP.",
    "INVALID_PAYLOAD": "The body is no JSON object, or a parameter or filter value can't be read. Of a malformed body "
    "the message says line and column. Two equal keys in one object are refused too.",
    "UNKNOWN_FIELD": "A filter, sort, include or parameter names something unknown; the message names the nearest one.",
    "UNAUTHORIZED": "The token or key is missing or invalid; `details[0].rule` says why.",
    "TOTP_REQUIRED": "The login needs the code of the second factor.",
    "PROVIDER_REFUSED": "The login at a provider failed: its answer is not acceptable, or it was cancelled there.",
    "FORBIDDEN": "The caller may not do this.",
    "USER_NOT_PROVISIONED": "The login at a provider succeeded, and nobody here may be let in by it.",
    "NOT_FOUND": "The record, definition or route does not exist, or the caller may not know that it does.",
    "UNKNOWN_ENTITY": "The app has no such entity.",
    "APP_NOT_FOUND": "There is no such app.",
    "METHOD_NOT_ALLOWED": "The path exists with other methods; `Allow` lists them.",
    "CONFLICT": "The request contradicts what is stored, or what is going on.",
    "PRECONDITION_FAILED": "`If-Match` does not hold; `ETag` is the current version.",
    "PAYLOAD_TOO_LARGE": "The body, or the response that was asked for, is too large.",
    "FILE_TOO_LARGE": "The file exceeds `max_file_bytes`.",
    "URI_TOO_LONG": "The URL exceeds `max_url_bytes`.",
    "RANGE_NOT_SATISFIABLE": "The file has no such part; `Content-Range` says its size.",
    "VALIDATION_FAILED": "The request is understood and refused; `details` name fields and rules.",
    "IDEMPOTENCY_KEY_REUSED": "The key was used for another body or query.",
    "INVALID_STATE": "The state does not allow this, for example a decision about a step that is no longer waiting.",
    "PRECONDITION_REQUIRED": "The entity says `require_if_match`, and `If-Match` is missing.",
    "RATE_LIMITED": "A limit of requests, logins or live streams is exceeded; `Retry-After` says for how long.",
    "HEADERS_TOO_LARGE": "The headers exceed `max_headers` or `max_header_bytes`.",
    "INTERNAL_ERROR": "A fault on our side; quote `X-Trace-ID` when you report it.",
    "SERVICE_UNAVAILABLE": "A part that is needed is away; the message names it.",
    "PROVIDER_UNAVAILABLE": "The provider of the login does not answer; other ways to log in are open.",
    "TIMEOUT": "No response in time. A write may have happened or not.",
}
"""What each code means, for the table."""


def written(page: str) -> str:
    """The page with the table of codes rewritten. Raises KeyError for a code without a meaning."""
    head = ["| status | code | meaning | repeat later |", "|---|---|---|---|"]
    rows = [
        f"| {status} | {code} | {MEANINGS[code]} | {'yes' if code in TRANSIENT else ''} |"
        for code, status in STATUS.items()
    ]
    return TABLE.sub(lambda _: "\n".join(["<!-- errors -->", "", *head, *rows, "", "<!-- end -->"]), page)
