"""What a kind of definition does beside being stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.metadata.store.definitions import Definition

if TYPE_CHECKING:
    from services.metadata.editing.change import Change


class Hooks:
    """Called in the transaction of a change. Nothing happens, usually."""

    beside: tuple[str, ...] = ()
    """What answers say beside the definition, further than when it was made and changed."""

    def completed(self, document: dict[str, Any]) -> dict[str, Any]:
        """A replacing document with what the sender could leave to us."""
        return document

    def key(self, row: Definition, document: dict[str, Any]) -> str | None:
        """What a definition is known by when its document follows the change of another one."""
        return row.key

    def kept(self, document: dict[str, Any], definition: Any) -> dict[str, Any]:
        """A sent document, which was read as `definition`, as it is kept: not what is said about the change only."""
        return document

    def secret(self, platform_secret: str, app_id: str, row: Definition) -> dict[str, str]:
        """What is shown once, to whoever creates the definition."""
        return {}

    async def created(self, change: Change, row: Definition, definition: Any) -> None:
        """After the definition was stored for the first time."""

    async def replaced(self, change: Change, old: Definition, row: Definition, definition: Any) -> None:
        """After the definition was stored anew."""

    async def check(self, change: Change, definition: Any, row_id: str | None) -> None:
        """Before it is stored, against others of its kind; `row_id` is its own, None for a new one."""

    async def deleted(self, change: Change, old: Definition) -> None:
        """After the definition was taken away."""
