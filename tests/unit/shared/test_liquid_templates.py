"""Templates of users: what they may do, and what they may cost."""

from __future__ import annotations

import pytest

from libs.shared.liquid_templates import TemplateError, compiled, unknown_roots

RECORD = {
    "name": "<b>&",
    "lines": [{"sku": "x"}, {"sku": "<"}],
    "part": {"a": 1},
    "done": True,
    "none": None,
    "long": "s" * 100_000,
}


@pytest.mark.parametrize(
    ("source", "form", "text"),
    [
        ("Hi {{ record.name }}", "text", "Hi <b>&"),
        ("Hi {{ record.name }}", "html", "Hi &lt;b&gt;&amp;"),
        ("{{ record.name | append: '*' }}", "markdown", r"\<b\>\&\*"),
        ("{% for l in record.lines %}{{ l.sku | upcase }};{% endfor %}", "html", "X;&lt;;"),
        ("{{ record.part }} {{ record.done }} {{ record.none }}.", "text", '{"a":1} true .'),
        ("{% if record.done %}yes{% else %}no{% endif %}", "text", "yes"),
    ],
)
def test_values_are_escaped_for_the_form_of_the_text(source: str, form: str, text: str) -> None:
    assert compiled(source, form).render({"record": RECORD}).text == text


def test_markdown_in_values_is_shown_as_it_is() -> None:
    rendered = compiled("{{ record.x }}", "markdown").render({"record": {"x": "[a](http://b)\n    # c"}})
    assert rendered.text == "\\[a\\]\\(http\\:\\/\\/b\\)\\\n\\# c"


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in (1..3000) %}{{ i }}{% endfor %}",
        "{% for i in (1..1900) %}{% for j in (1..1900) %}x{% endfor %}{% endfor %}",
        "{{ (1..900000000) | join: ',' }}",
        "{{ (1..900000000) | reverse }}",
        "{% assign n = 3 %}{% for i in (1..2000) %}{% assign n = n | times: n %}{% endfor %}{{ n }}",
        "{{ record.long | replace: 's', record.long }}",
        "{% assign a = 'ab' %}{% for i in (1..40) %}{% assign a = a | append: a %}{% endfor %}",
        "{% if a %}" * 40 + "{% endif %}" * 40,
        "{% include 'x' %}",
        "{% render 'x' %}",
        "{{ record.name | safe }}",
        "{% if record %}",
        "{{ record.name | nope }}",
    ],
)
def test_what_costs_too_much_or_is_no_template_is_refused(source: str) -> None:
    with pytest.raises(TemplateError):
        compiled(source, "text").render({"record": RECORD})


def test_variables_without_a_value_are_noted() -> None:
    rendered = compiled("{{ record.nope }}{{ old.name }}{{ record.none }}", "text").render({"record": RECORD})
    assert (rendered.text, rendered.unknown) == ("", ("record.nope", "old.name"))
    source = (
        "{{ recrod.a }}{% assign q = old.x %}{{ q }}{% for l in record.lines %}{{ l.y }}{{ forloop.index }}{% endfor %}"
    )
    assert unknown_roots(source, "text", ["record", "old"]) == ["recrod"]
