"""The settings of an app: what the metadata service answers to admins."""

from __future__ import annotations

from dataclasses import dataclass, field

from libs.shared.contracts.app_bodies import RestoreBody
from libs.shared.contracts.messages import Request, Response, Writes
from libs.shared.contracts.records import Pairs
from libs.shared.parameters import PAGES, taking


@dataclass(frozen=True, slots=True)
class GetSettings(Request[Response]):
    """The settings of the app, with their version as ETag; `version=n` in `query` reads old ones."""

    service, name = "metadata", "settings.get"
    parameters = taking("version")
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ReplaceSettings(Request[Response]):
    """All settings of the app anew; what is left out gets its default."""

    service, name = "metadata", "settings.replace"
    writes = Writes.APP
    body: bytes = b""
    if_match: str = ""


@dataclass(frozen=True, slots=True)
class PatchSettings(Request[Response]):
    """The settings of the app with the sent ones merged in, at every depth; null is the default."""

    service, name = "metadata", "settings.patch"
    writes = Writes.APP
    body: bytes = b""
    if_match: str = ""


@dataclass(frozen=True, slots=True)
class ListSettingsVersions(Request[Response]):
    """The versions of the settings, newest first: when, by whom, and what each has changed."""

    service, name = "metadata", "settings.versions"
    parameters = taking(*PAGES)
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RestoreSettings(Request[Response]):
    """The settings as they were at the `version` in `body`."""

    service, name = "metadata", "settings.restore"
    writes = Writes.APP
    body_model = RestoreBody
    body: bytes = b""
    if_match: str = ""
