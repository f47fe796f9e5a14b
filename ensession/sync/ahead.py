"""Reading one item ahead, in a thread: while one batch is being written, the next one is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
_END = object()


def read_ahead(items: Iterable[T]) -> Iterator[T]:
    """Yield items in order, with the next one being made meanwhile; what making one raises is raised here."""
    iterator = iter(items)
    with ThreadPoolExecutor(1, thread_name_prefix="ensession reader") as pool:

        def take() -> Future[object]:
            return pool.submit(next, iterator, _END)

        waiting = take()
        while (item := waiting.result()) is not _END:
            waiting = take()
            yield item  # type: ignore[misc]
