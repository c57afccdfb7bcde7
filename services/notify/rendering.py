"""The subject, text and HTML of notifications, by templates and by inline texts. Pure.

HTML is sanitized, and its styles are inlined, as mail programs need it. Mails look at home in light and dark.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html.parser import HTMLParser
from typing import Any

import css_inline
import nh3
from markdown_it import MarkdownIt

from libs.shared.liquid_templates import compiled
from libs.shared.schema.notification_templates import NotificationTemplate
from services.notify.templates import MAX_BODY_CHARACTERS, one_line

TAGS = nh3.ALLOWED_TAGS - {"map", "area", "bdi", "bdo", "rp", "rt", "rtc", "ruby"}
STYLES = {
    "color", "background-color", "font-size", "font-weight", "font-style", "text-align", "text-decoration", "padding",
    "margin", "border", "border-radius", "width", "max-width",
}  # fmt: skip
"""What the styles of a template may say."""
PAGE = """<!doctype html>
<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">
<style>
body {{ margin: 0; padding: 24px 12px; background: #f3f4f6; color: #1f2937;
  font: 16px/1.5 -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }}
.card {{ max-width: 600px; margin: 0 auto; padding: 24px; background: #ffffff; border-radius: 8px; }}
.card h1 {{ margin: 0 0 12px; font-size: 24px; line-height: 1.3; }}
.card h2, .card h3 {{ margin: 20px 0 8px; font-size: 18px; line-height: 1.3; }}
.card img {{ max-width: 100%; height: auto; }}
.card table {{ border-collapse: collapse; }}
.card td, .card th {{ border: 1px solid #d1d5db; padding: 4px 8px; text-align: left; }}
.card pre {{ white-space: pre-wrap; overflow-wrap: anywhere; }}
.card p, .card li, .card td {{ overflow-wrap: anywhere; }}
.card hr {{ border: 0; border-top: 1px solid #d1d5db; }}
.card blockquote {{ margin: 0; padding-left: 12px; border-left: 3px solid #d1d5db; }}
a {{ color: #1d4ed8; }}
.foot {{ max-width: 600px; margin: 12px auto 0; padding: 0 24px; font-size: 13px; color: #4b5563; }}
@media (prefers-color-scheme: dark) {{
  body {{ background: #111827 !important; color: #e5e7eb !important; }}
  .card {{ background: #1f2937 !important; color: #e5e7eb !important; }}
  .card td, .card th, .card hr, .card blockquote {{ border-color: #4b5563 !important; }}
  a {{ color: #93c5fd !important; }}
  .foot {{ color: #9ca3af !important; }}
}}
</style></head>
<body><div class="card">{body}</div>{foot}</body></html>"""
MARKDOWN = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")
BLOCKS = frozenset(
    ("p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "table", "ul", "ol", "hr")
)
"""Elements that begin a line of a text."""
MAX_WORDS = 256
"""Rendered texts that a process keeps for the next receiver."""


@dataclass(frozen=True, slots=True)
class RenderedNotification:
    """What a person is told; `html` is a part of a page, and "" for plain text."""

    subject: str
    text: str
    html: str = ""
    unknown: Sequence[str] = ()


def render_template(
    template: NotificationTemplate, environment: Mapping[str, Any], locale: str | None = None
) -> RenderedNotification:
    """The rendered template, in the variant of a locale. Raises TemplateError."""
    subject, body = template.variant(locale)
    titled, form = compiled(subject, "text").render(environment), template.format
    plain = compiled(body, "text" if form == "markdown" else form).render(environment)
    found = {"text": "", "markdown": "", "html": plain.text}[form]
    if form == "markdown":
        found = MARKDOWN.render(compiled(body, "markdown").render(environment).text)
    part = sanitized(found)[:MAX_BODY_CHARACTERS] if found else ""
    text = text_of(part) if form == "html" else plain.text
    unknown = list(dict.fromkeys([*titled.unknown, *plain.unknown]))
    return RenderedNotification(one_line(titled.text), text[:MAX_BODY_CHARACTERS], part, unknown)


def sanitized(part: str) -> str:
    """HTML without scripts, forms, foreign styles and links that are none."""
    return nh3.clean(
        part,
        tags=TAGS,
        attributes={
            **{name: set(values) for name, values in nh3.ALLOWED_ATTRIBUTES.items()},
            "*": {"style", "lang", "title", "align"},
        },
        url_schemes={"http", "https", "mailto"},
        filter_style_properties=STYLES,
        link_rel="noopener noreferrer",
    )


@lru_cache(MAX_WORDS)
def page(part: str, foot: str = "") -> str:
    """A whole page of a part of one, with its styles inlined; `foot` is HTML below it."""
    whole = PAGE.format(body=part, foot=f'<div class="foot">{foot}</div>' if foot else "")
    return css_inline.inline(whole, keep_style_tags=True, keep_at_rules=True, load_remote_stylesheets=False)


def html_of(text: str) -> str:
    """Plain text as a part of a page."""
    paragraphs: list[list[str]] = [[]]
    for line in text.strip().splitlines():
        if line.strip():
            paragraphs[-1].append(html.escape(line))
        elif paragraphs[-1]:
            paragraphs.append([])
    return "".join(f"<p>{'<br>'.join(lines)}</p>" for lines in paragraphs)


class _TextOfHtml(HTMLParser):
    """Collects the text of HTML: a line for each block, links with their addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in BLOCKS:
            self.parts.append("\n\n" if tag == "p" else "\n")
        if tag == "li":
            self.parts.append("- ")
        if tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self.parts)))

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS and tag != "br":
            self.parts.append("\n")
        if tag == "a" and self._links:
            address, start = self._links.pop()
            if address and address != "".join(self.parts[start:]).strip():
                self.parts.append(f" ({address})")

    def handle_data(self, data: str) -> None:
        self.parts.append(re.sub(r"\s+", " ", data))


def text_of(part: str) -> str:
    """The text of sanitized HTML."""
    parser = _TextOfHtml()
    parser.feed(part)
    parser.close()
    lines = [line.strip() for line in "".join(parser.parts).splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
