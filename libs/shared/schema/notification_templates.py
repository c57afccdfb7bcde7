"""Notification templates: the texts of notifications, in Liquid, with a variant for each locale."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from libs.shared.liquid_templates import Form, TemplateError, unknown_roots
from libs.shared.schema.strict import Strict, is_stored
from libs.shared.schema.validation_errors import error_at, suggestion

ROOTS = (
    "record", "old", "changes", "action", "entity", "user", "app", "workflow", "event", "comment", "links",
)  # fmt: skip
"""The variables that a text can read; those that an occasion does not have are empty."""
MAX_CHARACTERS = 100_000
LOCALE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")
MAX_LOCALES = 50


class LocaleVariant(Strict):
    """The texts for people of one locale."""

    subject: str = Field("", max_length=1_000)
    body: str = Field(max_length=MAX_CHARACTERS)


class NotificationTemplate(Strict):
    """A template as an operator describes it. Natural key: name."""

    name: str = Field(min_length=1, max_length=200)
    subject: str = Field("", max_length=1_000)
    body: str = Field(max_length=MAX_CHARACTERS)
    format: Literal["text", "markdown", "html"] = "text"
    locale_variants: dict[str, LocaleVariant] = Field(default_factory=dict, max_length=MAX_LOCALES)

    @field_validator("locale_variants")
    @classmethod
    def _locales(cls, variants: dict[str, LocaleVariant]) -> dict[str, LocaleVariant]:
        for locale in variants:
            if not LOCALE.match(locale):
                raise error_at(locale, "must be a locale such as de or pt-BR")
        return variants

    @model_validator(mode="after")
    def _parsed(self, info: ValidationInfo) -> NotificationTemplate:
        for path, source, form in self.texts() if not is_stored(info) else ():
            if wrong := _problem(source, form):
                raise error_at(path, wrong)
        return self

    def texts(self) -> Iterator[tuple[str, str, Form]]:
        """Path, source and form of every text."""
        yield "subject", self.subject, "text"
        yield "body", self.body, self.format
        for locale, variant in self.locale_variants.items():
            yield f"locale_variants.{locale}.subject", variant.subject, "text"
            yield f"locale_variants.{locale}.body", variant.body, self.format

    def variant(self, locale: str | None) -> tuple[str, str]:
        """Subject and body for a locale: of itself, of its language, or of no locale in particular."""
        for name in (locale, (locale or "").partition("-")[0]):
            if name and (found := self.locale_variants.get(name)):
                return found.subject or self.subject, found.body
        return self.subject, self.body


def _problem(source: str, form: Form) -> str | None:
    """Why a text is no template that can ever be filled."""
    try:
        unknown = unknown_roots(source, form, ROOTS)
    except TemplateError as error:
        return str(error)
    if not unknown:
        return None
    return f"{unknown[0]} is no variable; there are {', '.join(ROOTS)}{suggestion(unknown[0], ROOTS)}"
