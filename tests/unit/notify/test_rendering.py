"""Texts and pages made of templates."""

from __future__ import annotations

from typing import Any

from libs.shared.schema.notification_templates import NotificationTemplate
from services.notify.rendering import page, render_template, text_of

ENVIRONMENT = {"record": {"t": "*x* <b>"}, "links": {"record": "https://a.example/x_y"}}


def rendered(body: str, form: str, **more: Any) -> Any:
    return render_template(NotificationTemplate(name="a", body=body, format=form, **more), ENVIRONMENT)  # type: ignore[arg-type]


def test_markdown_has_a_text_and_a_page() -> None:
    found = rendered("# {{ record.t }}\n\n**b** [open]({{ links.record }})", "markdown", subject="S {{ record.t }}\nx")
    assert (found.subject, found.text.split("\n")[0]) == ("S *x* <b> x", "# *x* <b>")
    assert "<h1>*x* &lt;b&gt;</h1>" in found.html and 'href="https://a.example/x_y"' in found.html


def test_html_is_sanitized() -> None:
    body = (
        "<p style='color:red;position:fixed' onclick='x()'>{{ record.t }} <a href='javascript:x'>l</a></p>"
        "<script>x()</script><style>p {}</style><form action='/'><input></form><ul><li>1</li><li>2</li></ul>"
    )
    found = rendered(body, "html")
    assert found.html.startswith('<p style="color:red">*x* &lt;b&gt;')
    assert not [bad for bad in ("script", "onclick", "position", "javascript", "<form", "<style") if bad in found.html]
    assert found.text.replace("\n\n", "\n").split("\n") == ["*x* <b> l", "- 1", "- 2"]


def test_pages_have_their_styles_inlined_and_know_dark_mode() -> None:
    whole = page("<p>Hi</p>", "foot")
    assert 'class="card" style="' in whole and "prefers-color-scheme: dark" in whole and "foot" in whole


def test_links_of_a_page_stand_in_its_text() -> None:
    assert text_of('<a href="https://a.example">Open</a> <a href="https://b.example">https://b.example</a>') == (
        "Open (https://a.example) https://b.example"
    )


def test_the_nearest_variant_of_a_locale_is_taken() -> None:
    template = NotificationTemplate.model_validate(
        {"name": "a", "subject": "s", "body": "b", "locale_variants": {"de": {"body": "d"}, "pt-BR": {"body": "p"}}}
    )
    found = [template.variant(locale) for locale in ("de-AT", "pt-BR", "pt", None)]
    assert found == [("s", "d"), ("s", "p"), ("s", "b"), ("s", "b")]
