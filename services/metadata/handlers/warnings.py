"""What is legal but doubtful in a change of definitions: `warnings: [{path, message}]` beside the answer's data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from libs.shared import exact
from libs.shared.contracts.messages import Response
from services.metadata.checking.expressions.problems import Told
from services.metadata.editing.change import Change

T = TypeVar("T")


def warned(work: Callable[[Change], Awaitable[T]]) -> Callable[[Change], Awaitable[tuple[T, list[Told]]]]:
    """`work` with the list of its change's warnings, which is full when the change is made."""

    async def work_and_warn(change: Change) -> tuple[T, list[Told]]:
        return await work(change), change.warnings

    return work_and_warn


def with_warnings(answer: Response, warnings: Sequence[Told]) -> Response:
    """The answer, an object, with the warnings beside its data; as it is where there are none."""
    if not warnings:
        return answer
    told = b',"warnings":' + exact.dumps(list(warnings)) + b"}"
    kept = answer.kept[:-1] + told if answer.kept is not None else None
    return replace(answer, body=answer.body[:-1] + told, kept=kept)
