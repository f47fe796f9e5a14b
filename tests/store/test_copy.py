"""Copies: consistent, complete, one file."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from ensession.config import Config
from ensession.errors import NotAStoreError, NotFoundError, StoreBusyError, UsageError
from ensession.model import KernelRunId
from ensession.store import Store, check_store, copy_store
from tests.store.kit import ENVIRONMENT, draft, loaded, payload


def test_a_copy_is_the_same_and_alone(
    store: Store, run: KernelRunId, path: Path, config: Config, tmp_path: Path
) -> None:
    recorded = store.log.record(draft(run), {0: payload(b"abc")})
    folder = tmp_path / "copies"
    folder.mkdir()
    copy_store(path, folder / "b.ens", config)
    assert [item.name for item in folder.iterdir()] == ["b.ens"]
    assert stat.S_IMODE((folder / "b.ens").stat().st_mode) == 0o600
    assert check_store(folder / "b.ens", config) == []
    with Store.open_read_only(folder / "b.ens", config) as copy:
        assert copy.history.executions() == store.history.executions()
        assert loaded(copy, recorded.versions[0]) == (b"abc", [])
    with Store.open(folder / "b.ens", config) as copy:
        assert copy._database.rows("PRAGMA journal_mode")[0][0] == "wal"
        copy.log.record(draft(copy.log.begin_run(ENVIRONMENT).id, recorded.id))


def test_copies_while_a_kernel_writes(
    store: Store, run: KernelRunId, path: Path, config: Config, tmp_path: Path
) -> None:
    done = threading.Event()
    sizes = []

    def work() -> None:
        parent = None
        while not done.is_set():
            parent = store.log.record(draft(run, parent), {0: payload(b"abc", [bytes(10_000)])}).id

    writer = threading.Thread(target=work)
    writer.start()
    try:
        for _ in range(10):
            copy_store(path, tmp_path / "copy.ens", config)
            assert check_store(tmp_path / "copy.ens", config) == []
            with Store.open_read_only(tmp_path / "copy.ens", config) as copy:
                sizes.append(len(copy.history.executions()))
    finally:
        done.set()
        writer.join()
    assert sizes == sorted(sizes)
    assert sizes[-1] > sizes[0]


def test_a_store_at_the_target_is_replaced(
    store: Store, run: KernelRunId, path: Path, config: Config, tmp_path: Path
) -> None:
    target = tmp_path / "target.ens"
    Store.create_or_open(target, config).close()
    store.log.record(draft(run))
    copy_store(path, target, config)
    assert check_store(target, config) == []
    with Store.open(target, config) as copy:
        assert len(copy.history.executions()) == 1
        copy.log.record(draft(copy.log.begin_run(ENVIRONMENT).id))
        with pytest.raises(StoreBusyError):
            copy_store(path, target, config)
        assert len(copy.history.executions()) == 2


def test_something_else_at_the_target_is_left_alone(store: Store, path: Path, config: Config, tmp_path: Path) -> None:
    target = tmp_path / "thesis.txt"
    target.write_text("precious")
    with pytest.raises(UsageError, match="not a store"):
        copy_store(path, target, config)
    assert target.read_text() == "precious"
    with pytest.raises(UsageError, match="itself"):
        copy_store(path, path, config)
    with pytest.raises(NotFoundError):
        copy_store(path, tmp_path / "no" / "x.ens", config)
    with pytest.raises(NotFoundError):
        copy_store(tmp_path / "none.ens", tmp_path / "x.ens", config)
    with pytest.raises(NotAStoreError):
        copy_store(target, tmp_path / "x.ens", config)
    assert sorted(item.name for item in tmp_path.iterdir() if "copy" in item.name) == []
    assert store.history.executions() == []
