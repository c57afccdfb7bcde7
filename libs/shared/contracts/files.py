"""Files: what the data service knows of them. Their bytes go from the gateway to storage and never over NATS."""

from __future__ import annotations

from dataclasses import dataclass

from libs.shared.contracts.messages import Answer, Ask


@dataclass(frozen=True, slots=True)
class FileInfo:
    """A file's description; `size` in bytes."""

    id: str
    filename: str
    mime_type: str
    size: int


@dataclass(frozen=True, slots=True)
class RegisterFile(Ask[FileInfo]):
    """A file has been stored under `id`."""

    service, name, reply = "data", "files.register", FileInfo
    id: str
    filename: str
    mime_type: str
    size: int


@dataclass(frozen=True, slots=True)
class FindFile(Ask[FileInfo]):
    """The description of a file."""

    service, name, reply = "data", "files.find", FileInfo
    id: str


@dataclass(frozen=True, slots=True)
class ListFiles(Ask[Answer]):
    """The newest 1,000 files."""

    service, name = "data", "files.list"


@dataclass(frozen=True, slots=True)
class RemoveFile(Ask[FileInfo]):
    """A file is to be forgotten; answers what it was, so that its bytes can go."""

    service, name, reply = "data", "files.remove", FileInfo
    id: str
