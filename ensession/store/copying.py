"""A consistent copy of a store while kernels write to it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from ensession.config import Config
from ensession.errors import NotFoundError, SchemaError, UsageError
from ensession.store.engine import Access, raw_connection, read_access, sync_file
from ensession.store.failures import translated
from ensession.store.header import read_header
from ensession.store.identity import real_path
from ensession.store.logs import one_at_a_time, put_aside


def copy_store(src: Path | str, dst: Path | str, config: Config) -> None:
    """Copy the store at ``src`` to ``dst``: complete or not at all, one file, without a log beside it.

    A store at ``dst`` is replaced, unless another process has it open.

    Raises
    ------
    NotFoundError, SchemaError
        ``src`` is no store.
    UsageError
        ``dst`` is something else than a store, or ``src`` itself.
    StoreBusyError
        ``dst`` is open in another process.
    StoreAccessError
    """
    source, target = real_path(src), Path(dst)
    replace_store(source, target, config, lambda temporary: snapshot(source, temporary, config.busy_timeout_s))


def replace_store(source: Path, target: Path, config: Config, make: Callable[[Path], None]) -> None:
    """Let a new store be made from ``source`` under another name, and give it the name ``target`` once it is complete.

    Raises
    ------
    NotFoundError, SchemaError, UsageError, StoreBusyError, StoreAccessError
        As for :func:`copy_store`.
    """
    source, target = real_path(source), real_path(target)
    read_header(source)
    with translated(target):
        if target.exists():
            _check_target(source, target, config)
        elif not target.parent.is_dir():
            raise NotFoundError(f"{target.parent}: there is no such folder; create it first")
    temporary = target.with_name(f".{target.name}.copy-{uuid.uuid4().hex[:8]}")
    try:
        make(temporary)
        with translated(target):
            with one_at_a_time(target.parent):
                if target.exists():
                    _take_over(target, config)
                else:
                    put_aside(target)
                temporary.replace(target)
            sync_file(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def snapshot(source: Path, target: Path, busy_timeout_s: float) -> None:
    """Write what ``source`` holds at one instant to the new file ``target``; bring it to the disk."""
    with translated(target):
        target.touch(mode=0o600, exist_ok=False)
        with (
            translated(source),
            closing(raw_connection(source, read_access(source), busy_timeout_s)) as old,
            closing(raw_connection(target, Access.READ_WRITE, busy_timeout_s)) as new,
        ):
            new.execute("PRAGMA synchronous = OFF")
            # One step: in a write-ahead log a reader keeps nobody from writing, and never has to start again.
            old.backup(new, pages=-1)
            new.execute("PRAGMA journal_mode = DELETE")
        sync_file(target)


def _check_target(source: Path, target: Path, config: Config) -> None:
    if source.samefile(target):
        raise UsageError(f"{target}: a store can't be copied to itself; give another path")
    try:
        read_header(target)
    except SchemaError as error:
        raise UsageError(f"{target}: this file exists and is not a store; give another path") from error
    _take_over(target, config)


def _take_over(target: Path, config: Config) -> None:
    """Fail while somebody has the store open; fold a dead writer's log into it, lest it meets the new file."""
    with closing(raw_connection(target, Access.READ_WRITE, config.busy_timeout_s)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
