"""No value and no pattern of a user meets code whose time grows faster than the text.

Python's `re` backtracks. So it is imported only in the modules below, whose patterns are constants of ours and read a
text in linear time: a part of a pattern begins with what the part before it can't hold, or a limit keeps texts short.
Patterns of users are google-re2's (libs/shared/expressions/functions/patterns.py) and LIKE's (libs/shared/like.py).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.architecture.tree import PACKAGES, files, imported, name, parse

CONSTANT_PATTERNS = {
    "deploy/migrate/job.py",
    "libs/shared/bodies.py",
    "libs/shared/contracts/app_bodies.py",
    "libs/shared/contracts/auth_providers.py",
    "libs/shared/contracts/bodies.py",
    "libs/shared/contracts/cloudevents.py",
    "libs/shared/contracts/context.py",
    "libs/shared/contracts/notification_bodies.py",
    "libs/shared/emails.py",
    "libs/shared/etags.py",
    "libs/shared/liquid_templates.py",
    "libs/shared/expressions/sql/constants.py",
    "libs/shared/expressions/syntax/measuring.py",
    "libs/shared/expressions/syntax/strings.py",
    "libs/shared/expressions/values/moments.py",
    "libs/shared/parameters.py",
    "libs/shared/permissions/sql.py",
    "libs/shared/runtime/dead_letters.py",
    "libs/shared/runtime/settings.py",
    "libs/shared/schema/fields.py",
    "libs/shared/schema/json_values.py",
    "libs/shared/schema/slugs.py",
    "libs/shared/schema/values.py",
    "libs/shared/schema/webhooks.py",
    "libs/shared/schema/messages.py",
    "libs/shared/schema/notification_templates.py",
    "libs/shared/schema/numbering.py",
    "libs/shared/schema/workflows/durations.py",
    "services/data/imports/cells.py",
    "services/data/imports/mapping.py",
    "services/data/imports/refused_rows.py",
    "services/data/query/aggregates.py",
    "services/data/query/parameters.py",
    "services/data/query/visibility.py",
    "libs/shared/expressions/templates.py",
    "services/data/writes/requests/responses.py",
    "services/events/subscribers/callout.py",
    "services/gateway/files/naming.py",
    "services/gateway/files/ranges.py",
    "services/gateway/files/types.py",
    "services/gateway/http/cors.py",
    "services/gateway/http/api_documents.py",
    "services/gateway/http/authentication.py",
    "services/gateway/http/live.py",
    "services/gateway/imports/json_rows.py",
    "services/gateway/imports/sheet_rows.py",
    "services/gateway/imports/workbooks.py",
    "services/gateway/routing/route.py",
    "services/gateway/routing/router.py",
    "services/gateway/http/idempotency_key.py",
    "services/gateway/identity/totp.py",
    "services/gateway/limits/addresses.py",
    "services/gateway/limits/shapes.py",
    "services/gateway/openapi/document.py",
    "services/metadata/checking/expressions/location.py",
    "services/metadata/editing/audit.py",
    "services/metadata/planning/indexes.py",
    "services/metadata/planning/view_names.py",
    "services/notify/rendering.py",
    "services/notify/templates.py",
    "services/webhook/header_templates.py",
    "services/gateway/identity/sso/logins.py",
    "services/gateway/identity/sso/saml/descriptions.py",
}
"""A module is added only after its patterns, and the longest text they can meet, were checked as the docstring says."""
OPERATORS_PATTERNS = {"services/gateway/files/types.py"}
"""By `fnmatch`: patterns of app.yaml over media types of 129 characters at most."""
NORMALIZING = {
    "libs/shared/schema/slugs.py",  # one character at a time
    "libs/shared/emails.py",  # 320 characters at most
}
"""By `unicodedata.normalize`, which sorts accents in a row in quadratic time: with a limit on what it is given."""
FINDING = {"compile", "search", "match", "fullmatch", "findall", "finditer", "split", "sub", "subn"}

PATHS = files(*PACKAGES)


def test_only_named_modules_use_patterns_that_backtrack() -> None:
    assert {name(path) for path in PATHS if "re" in imported(parse(path))} == CONSTANT_PATTERNS


def test_their_patterns_are_constants() -> None:
    """A pattern is a literal, or made of constants in capitals; what is known of a user is never part of one."""
    made = {
        f"{name(path)}:{call.lineno}"
        for path in PATHS
        for call in _calls(parse(path), "re", FINDING)
        if not _is_constant(call.args[0])
    }
    assert {place.partition(":")[0] for place in made} == {
        "services/gateway/http/api_documents.py",  # tags of our own page
        "services/gateway/routing/router.py",  # forms of paths in our own routing table
        "services/gateway/files/types.py",  # SIGNATURES
    }


def test_only_named_modules_match_names_by_wildcards() -> None:
    assert {name(path) for path in PATHS if {"fnmatch", "glob"} & imported(parse(path))} == OPERATORS_PATTERNS


def test_only_named_modules_normalize_text() -> None:
    assert {name(path) for path in PATHS if any(_calls(parse(path), "unicodedata", {"normalize"}))} == NORMALIZING


@pytest.mark.parametrize("source", ["re.compile(text)", "re.sub(f'a{text}', '', x)", "re.match('a' + text, x)"])
def test_patterns_built_from_values_are_detected(source: str) -> None:
    [call] = _calls(ast.parse(source), "re", FINDING)
    assert not _is_constant(call.args[0])


def _calls(tree: ast.AST, module: str, functions: set[str]) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=called)):
                if owner == module and called in functions:
                    yield node


def _is_constant(node: ast.expr) -> bool:
    match node:
        case ast.Constant():
            return True
        case ast.Name(id=word):
            return re.fullmatch("_?[A-Z][A-Z_]*", word) is not None
        case ast.JoinedStr(values=values):
            return all(map(_is_constant, values))
        case ast.FormattedValue(value=value):
            return _is_constant(value)
    return False
