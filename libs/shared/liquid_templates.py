"""Liquid templates that users write: parsed, checked, and rendered within limits.

rendered = compiled("Hello {{ record.name }}", "text").render({"record": {"name": "Ann"}})
rendered.text, rendered.unknown

Values are escaped for the form of the text, so that no value is read as HTML or Markdown. A variable without a value is
empty.
"""

from __future__ import annotations

import functools
import html
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TextIO

from liquid import BoundTemplate, Environment, Undefined
from liquid.builtin.output import Output, OutputNode
from liquid.context import RenderContext
from liquid.exceptions import LiquidError, ResourceLimitError
from liquid.output import LimitedStringIO

from libs.shared import exact

Form = Literal["text", "markdown", "html"]

MAX_ITERATIONS = 2_000
"""Iterations of all loops of a template, nested ones multiplied."""
MAX_NAMESPACE_BYTES = 1_000_000
"""Bytes of the values that a template assigns."""
MAX_OUTPUT_BYTES = 1_000_000
MAX_NESTING = 20
"""Levels of blocks within blocks."""
TIMEOUT_S = 1.0
"""Seconds that one rendering may take."""
MAX_CACHED = 512
"""Parsed templates that a process keeps."""
TAGS = ("assign", "break", "case", "comment", "content", "continue", "for", "if", "unless", "illegal", "output")
NO_FILTERS = ("escape", "escape_once", "escapejs", "newline_to_br", "safe")
"""Filters about escaping, which is not for templates to decide."""
MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~&=:\"'^$@/])")
"""What may mean something in Markdown."""


class TemplateError(Exception):
    """A template that can't be parsed, or can't be rendered within the limits."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A rendered text, and the variables that had no value."""

    text: str
    unknown: tuple[str, ...] = ()


def as_text(value: Any) -> str:
    """A value as text; None is empty, objects and lists are JSON."""
    if value is None or isinstance(value, Undefined):
        return ""
    return value if isinstance(value, str) else exact.dumps(value).decode()


def escape_markdown(text: str) -> str:
    """Text that Markdown shows as it is; its line breaks stay."""
    lines = (MARKDOWN.sub(r"\\\1", line.strip()) for line in text.strip().splitlines())
    return "\\\n".join(lines)


ESCAPES: Mapping[str, Callable[[str], str]] = {"text": str, "markdown": escape_markdown, "html": html.escape}


class _LimitedContext(RenderContext):
    """A context that watches the time, and notes the variables that have no value."""

    __slots__ = ("deadline", "unknown")

    def __init__(self, template: BoundTemplate, **options: Any) -> None:
        super().__init__(template, **options)
        self.deadline = time.monotonic() + TIMEOUT_S
        self.unknown: dict[str, None] = {}

    def watch_time(self) -> None:
        if time.monotonic() > self.deadline:
            raise ResourceLimitError(f"takes longer than {TIMEOUT_S:g} s", token=None)

    def get(self, path: list[object], **options: Any) -> object:
        self.watch_time()
        found = super().get(path, **options)
        if isinstance(found, Undefined):
            self.unknown[".".join(map(str, path))] = None
        return found

    def assign(self, key: str, val: Any) -> None:
        self.watch_time()
        super().assign(key, val)


class _Template(BoundTemplate):
    context_class = _LimitedContext


class _EscapingOutput(OutputNode):
    """Writes a value as text, escaped for the form of the template: the only way of a value into the output."""

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        assert isinstance(context.env, _Liquid)
        return buffer.write(context.env.escape(as_text(self.expression.evaluate(context))))


class _EscapingOutputTag(Output):
    node_class = _EscapingOutput


class _Liquid(Environment):
    """The tags and filters that are safe, for one form of texts."""

    block_nesting_limit = MAX_NESTING
    context_depth_limit = MAX_NESTING
    loop_iteration_limit = MAX_ITERATIONS
    local_namespace_limit = MAX_NAMESPACE_BYTES
    output_stream_limit = MAX_OUTPUT_BYTES
    template_class = _Template

    def __init__(self, form: Form) -> None:
        super().__init__()
        self.escape = ESCAPES[form]
        self.add_tag(_EscapingOutputTag)
        self.tags = {name: tag for name, tag in self.tags.items() if name in TAGS}
        self.filters = {name: _limited(name, each) for name, each in self.filters.items() if name not in NO_FILTERS}


def _limited(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that refuses to work on, or to make, more than fits into memory."""

    @functools.wraps(function)
    def filtered(value: Any, *arguments: Any, **options: Any) -> Any:
        if any(isinstance(each, range) and len(each) > MAX_ITERATIONS for each in (value, *arguments)):
            raise ResourceLimitError("the range is too long", token=None)
        if name in ("replace", "join") and len(as_text(value)) * len(as_text(arguments[-1:])) > MAX_OUTPUT_BYTES:
            raise ResourceLimitError("the text becomes too long", token=None)
        made = function(value, *arguments, **options)
        if isinstance(made, str | list) and len(made) > MAX_OUTPUT_BYTES:
            raise ResourceLimitError("the text becomes too long", token=None)
        return made

    return filtered


LIQUIDS: Mapping[str, _Liquid] = {"text": _Liquid("text"), "markdown": _Liquid("markdown"), "html": _Liquid("html")}


class LiquidTemplate:
    """A parsed template."""

    def __init__(self, source: str, form: Form) -> None:
        """Raises TemplateError."""
        try:
            self._template = LIQUIDS[form].from_string(source)
            self._variables = [
                tuple(map(str, each.segments)) for some in self._template.analyze().globals.values() for each in some
            ]
        except (LiquidError, RecursionError) as error:
            raise TemplateError(_message(error)) from None

    def variables(self) -> Iterator[tuple[str, ...]]:
        """The names of each variable that a template reads, from its root."""
        yield from self._variables

    def render(self, environment: Mapping[str, Any]) -> Rendered:
        """The text with these variables. Raises TemplateError."""
        context = _LimitedContext(self._template, globals=dict(environment))
        buffer = LimitedStringIO(limit=MAX_OUTPUT_BYTES)
        try:
            self._template.render_with_context(context, buffer)
        except Exception as error:
            # A filter raises what Python raises for a value that it can't work on.
            raise TemplateError(_message(error)) from None
        return Rendered(buffer.getvalue().replace("\0", ""), tuple(context.unknown))


@functools.lru_cache(MAX_CACHED)
def compiled(source: str, form: Form) -> LiquidTemplate:
    """The parsed template. Raises TemplateError."""
    return LiquidTemplate(source, form)


def unknown_roots(source: str, form: Form, known: Iterable[str]) -> list[str]:
    """The first names of variables that no environment has. Raises TemplateError."""
    names = set(known)
    return list(dict.fromkeys(path[0] for path in compiled(source, form).variables() if path[0] not in names))


def _message(error: BaseException) -> str:
    """What is wrong, with the line where it is known."""
    text = (
        str(error.message) if isinstance(error, LiquidError) and error.message else str(error) or type(error).__name__
    )
    context = error.context() if isinstance(error, LiquidError) else None
    return f"line {context[0]}, column {context[1]}: {text}" if context else text
