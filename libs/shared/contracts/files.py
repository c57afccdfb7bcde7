"""Files: what the data service knows of them. Their bytes go from the gateway to storage and never over NATS.

A file is loose while its bytes may lie in storage without a description: from before it is uploaded until
it is registered, and from its removal until its bytes are gone.
"""

from __future__ import annotations

from dataclasses import dataclass

from libs.shared.contracts.messages import Request, Response


@dataclass(frozen=True, slots=True)
class FileInfo:
    """A file's description; `size` in bytes, `created_at` in seconds since the epoch."""

    id: str
    filename: str
    mime_type: str
    size: int
    created_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Files:
    """Ids of files. `next_in` are the seconds until a further one is old enough; None if there is none."""

    ids: list[str]
    next_in: float | None = None


@dataclass(frozen=True, slots=True)
class AnnounceFile(Request[Files]):
    """A file is about to be stored under `id`: it is loose until it is registered."""

    service, name, reply = "data", "files.announce", Files
    id: str


@dataclass(frozen=True, slots=True)
class RegisterFile(Request[FileInfo]):
    """A file has been stored under `id`. Refused with CONFLICT if it has been given up meanwhile."""

    service, name, reply = "data", "files.register", FileInfo
    id: str
    filename: str
    mime_type: str
    size: int


@dataclass(frozen=True, slots=True)
class FindFile(Request[FileInfo]):
    """The description of a file."""

    service, name, reply = "data", "files.find", FileInfo
    id: str


@dataclass(frozen=True, slots=True)
class ListFiles(Request[Response]):
    """The newest 1,000 files."""

    service, name = "data", "files.list"


@dataclass(frozen=True, slots=True)
class RemoveFile(Request[FileInfo]):
    """A file is no more, and loose until its bytes are gone; answers what it was.

    Refused with CONFLICT while records hold it, unless with `force`, which takes it out of them in one commit.
    """

    service, name, reply = "data", "files.remove", FileInfo
    id: str
    force: bool = False


@dataclass(frozen=True, slots=True)
class ListLooseFiles(Request[Files]):
    """Files that have been loose for `older_than` seconds, at most 1,000; their registration is refused from now on."""

    service, name, reply = "data", "files.list_loose", Files
    older_than: float


@dataclass(frozen=True, slots=True)
class ForgetFiles(Request[Files]):
    """The bytes of these loose files are gone; answers those that were known."""

    service, name, reply = "data", "files.forget", Files
    ids: list[str]
