"""A store that is reached by a symbolic link: its log lies beside the file, and the link stays a link."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ensession.config import Config
from ensession.store import Store, copy_store, repair_store
from tests.store.kit import ENVIRONMENT, draft


@pytest.fixture
def link(tmp_path: Path) -> Path:
    """Return a link in one folder to a file in another one that is not there yet."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "home").mkdir()
    made = tmp_path / "home" / "a.ens"
    made.symlink_to(tmp_path / "disk" / "real.ens")
    return made


def record(store: Store, n_cells: int = 3) -> None:
    run, head = store.log.begin_run(ENVIRONMENT).id, None
    for number in range(n_cells):
        head = store.log.record(draft(run, head, names=[f"n{number}"])).id


def count(path: Path) -> int:
    with Store.open_read_only(path, Config()) as store:
        return store.history.count()


def test_a_store_is_made_where_the_link_points(link: Path, config: Config) -> None:
    with Store.create_or_open(link, config) as store:
        record(store)
        assert store.path == link.parent.parent / "disk" / "real.ens"
    assert link.is_symlink()
    assert count(link) == count(link.readlink()) == 3


def test_a_repair_finds_the_log_of_a_kernel_that_was_killed(link: Path, config: Config, tmp_path: Path) -> None:
    left = tmp_path / "disk" / "left.ens"
    with Store.create_or_open(link, config) as store:
        record(store)
        for suffix in ("", "-wal"):  # as a kill leaves them
            shutil.copy(f"{store.path}{suffix}", f"{left}{suffix}")
    other = tmp_path / "home" / "left.ens"
    other.symlink_to(left)
    assert repair_store(other, tmp_path / "out.ens", config).n_executions == 3


def test_a_copy_takes_the_place_of_the_file_and_not_of_the_link(link: Path, config: Config, tmp_path: Path) -> None:
    source = tmp_path / "source.ens"
    with Store.create_or_open(source, config) as store:
        record(store)
    Store.create_or_open(link, config).close()
    copy_store(source, link, config)
    assert link.is_symlink()
    assert count(link.readlink()) == 3


def test_a_file_that_is_deleted_in_use_is_written_anew(link: Path, config: Config) -> None:
    with Store.create_or_open(link, config) as store:
        record(store)
        store.path.unlink()
        assert store.keep_in_place() == store.path
        record(store)
    assert link.is_symlink()
    assert count(link) == 6
