"""No room, no file, no folder: cells run on, one notice, recording resumes when it can, nothing recorded is lost."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.error import UsageError

from ensession.config import Config
from ensession.store import Store, check_store, copy_store, staying
from tests.limits import no_file_larger_than
from tests.notebook import Notebook
from tests.rights import rights_count
from tests.upkeep.kit import GOOD


class Told:
    """Stands for the shell as far as it warns."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def warn(self, message: str) -> None:
        self.said.append(message)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a file system of 24 MB."""
    place = tmp_path / "small"
    place.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting needs root")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)], check=False)
    if done.returncode != 0:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "in"
    place.mkdir()
    return place


def begin(path: Path) -> tuple[Notebook, Told]:
    notebook, told = Notebook(path).start("--all"), Told()
    notebook.session._recorder._notices._shell = told  # type: ignore[assignment]
    notebook.run("import os", "a = [1]", "big = os.urandom(3_000_000)")
    notebook.session.flush()
    assert notebook.session.store.settle(10)  # from here on the log has the room that these took in it
    return notebook, told


def comes_back(notebook: Notebook) -> Path:
    """End a session and hold what its store brings back against what was live; return the store."""
    notebook.session.flush()
    live, store = {name: notebook[name] for name in ("a", "big")}, notebook.session.store.path
    notebook.kill()
    assert check_store(store, Config()) == []
    again = Notebook(store)
    report = again.restore()
    assert {one.fate for one in report.variables} <= GOOD
    assert {name: again[name] for name in live} == live
    again.kill()
    return store


def fill(file: Path) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        while os.write(descriptor, b"x" * 4096):
            pass
    except OSError:
        pass
    finally:
        os.close(descriptor)


def test_a_full_disk(small_disk: Path) -> None:
    notebook, told = begin(small_disk / "a.ens")
    recorded = notebook.session.head
    fill(small_disk / "full")
    for number in range(6):
        notebook.run(f"a.append({number})\nbig = os.urandom(2_000_000)")
        fill(small_disk / "full")
    assert notebook["a"] == [1, *range(6)]
    # Of what is not recorded, and of values that are not stored: each once, however many cells there are.
    assert len(told.said) <= 2
    assert all("disk is full" in notice for notice in told.said)
    before = len(told.said)
    (small_disk / "full").unlink()
    notebook.run("a.append(9)")
    assert notebook.session.head > recorded
    assert [("records again" in notice) for notice in told.said[before:]] in ([], [True])
    notebook.run("c = len(big)")
    comes_back(notebook)
    with_loss = Notebook(small_disk / "a.ens")
    assert with_loss.restore(f"@{recorded}").target == recorded
    with_loss.kill()


def test_a_value_for_which_there_was_no_room_is_stored_when_there_is(small_disk: Path) -> None:
    notebook, _ = begin(small_disk / "a.ens")
    fill(small_disk / "full")
    notebook.run("big = os.urandom(6_000_000)")
    notebook.session.flush()
    version = notebook.session._recorder.tracker.known["big"].version
    assert notebook.session.store.history.version(version).payload is None
    (small_disk / "full").unlink()
    notebook.run("a.append(2)")
    assert notebook.session.store.history.version(version).payload is not None
    comes_back(notebook)


@pytest.mark.parametrize("how", ["deleted", "moved"])
def test_a_file_that_is_gone_is_written_anew(folder: Path, how: str) -> None:
    path = folder / "a.ens"
    notebook, told = begin(path)
    if how == "deleted":
        path.unlink()
    else:
        path.rename(folder / "b.ens")
    notebook.run("a.append(2)", "big = big[1:]")
    (notice,) = told.said
    assert "written anew" in notice
    assert comes_back(notebook) == path
    assert not list(folder.glob(".*"))


def test_another_file_in_its_place_is_left_alone(folder: Path) -> None:
    path = folder / "a.ens"
    notebook, told = begin(path)
    path.rename(folder / "b.ens")
    path.write_bytes(b"something else")
    notebook.run("a.append(2)", "big = big[1:]")
    (notice,) = told.said
    assert "another file" in notice
    assert comes_back(notebook) == folder / "a.rescued-1.ens"
    assert path.read_bytes() == b"something else"


def test_a_new_store_under_the_old_name_neither_takes_nor_loses_anything(folder: Path) -> None:
    """SQLite finds a log by its name: the new store must not take in the old one's, nor lose its own to it."""
    path, killed = folder / "a.ens", folder / "killed.ens"
    notebook, _ = begin(path)
    path.rename(folder / "b.ens")
    other = Notebook(path).start("--all")
    other.run("precious = 123")
    notebook.run("a.append(2)", "big = big[1:]")
    assert Path(f"{path}-wal").exists(), "the other kernel's log is in use"
    other.run("more = precious + 1")
    for ending in ("", "-wal", "-shm"):
        shutil.copy(f"{path}{ending}", f"{killed}{ending}")
    assert comes_back(notebook) == folder / "a.rescued-1.ens"
    other.run("last = 3")
    other.kill()
    for store, n_cells in ((path, 3), (killed, 2)):
        assert check_store(store, Config()) == []
        with Store.open_read_only(store, Config()) as found:
            codes = [one.code for one in found.history.executions()][-n_cells:]
        assert codes == ["precious = 123", "more = precious + 1", "last = 3"][:n_cells]
    assert not list(folder.glob("*.kept-*"))


def test_a_file_that_is_gone_is_written_anew_when_recording_stops(folder: Path) -> None:
    path = folder / "a.ens"
    notebook, told = begin(path)
    path.unlink()
    comes_back(notebook)
    (notice,) = told.said
    assert "written anew" in notice


def test_a_log_whose_store_is_gone_stays_out_of_a_new_one(folder: Path) -> None:
    path = folder / "a.ens"
    notebook, _ = begin(path)
    for ending in ("", "-wal", "-shm"):
        shutil.copy(f"{path}{ending}", f"{folder / 'killed.ens'}{ending}")
    notebook.kill()
    killed = folder / "killed.ens"
    killed.rename(folder / "elsewhere.ens")
    log = Path(f"{killed}-wal").read_bytes()
    assert log
    new = Notebook(killed).start()
    new.run("x = 1")
    new.kill()
    assert check_store(killed, Config()) == []
    (left,) = folder.glob("killed.ens-wal.left-*")
    assert left.read_bytes() == log


def test_autosync_goes_on_where_the_recording_does(folder: Path) -> None:
    path, copy = folder / "a.ens", folder.with_name("copy.ens")
    notebook, _ = begin(path)
    notebook.ens(f"autosync {copy} --every 1h")
    first = notebook.syncing._autosync
    assert first is not None
    path.rename(folder / "b.ens")
    path.write_bytes(b"something else")
    with pytest.raises(UsageError, match="another file is there now"):
        notebook.ens(f"sync {copy}")
    text = io.StringIO()
    with contextlib.redirect_stderr(text):
        notebook.run("a.append(2)")
    assert f"autosync to {copy} goes on with {folder / 'a.rescued-1.ens'}" in text.getvalue()
    second = notebook.syncing._autosync
    assert second is not None
    first.wait(60)
    notebook.run("a.append(3)")
    comes_back(notebook)
    second.wait(60)
    with Store.open_read_only(copy, Config()) as there:
        digests = {one.digest for one in there.history.executions()}
    with Store.open_read_only(folder / "a.rescued-1.ens", Config()) as rescued:
        assert {one.digest for one in rescued.history.executions()} == digests
    assert path.read_bytes() == b"something else"


@pytest.mark.parametrize("has_links", [True, False])
def test_two_kernels_write_a_deleted_file_anew(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, has_links: bool
) -> None:
    """The slower one goes beside the file that the quicker one wrote, and does not take its place."""
    path = folder / "a.ens"
    notebook, _ = begin(path)
    with Store.open(path, Config()) as slower:
        path.unlink()
        real, calls = staying.sync_file, []

        def meanwhile(place: Path) -> None:
            calls.append(place)
            if len(calls) == 1:
                notebook.run("precious = 123")
            real(place)

        monkeypatch.setattr(staying, "sync_file", meanwhile)
        if not has_links:
            monkeypatch.setattr(os, "link", _no_links)
        assert slower.keep_in_place() == folder / "a.rescued-1.ens"
        assert slower.history.heads()
    assert notebook.session.store.path == path
    assert "precious = 123" in [one.code for one in notebook.session.store.history.executions()]
    assert comes_back(notebook) == path
    assert not list(folder.glob(".*"))


def _no_links(*_: object) -> None:
    raise PermissionError(errno.EPERM, "Operation not permitted")


def test_a_folder_that_is_removed_and_comes_back(folder: Path) -> None:
    path = folder / "a.ens"
    notebook, told = begin(path)
    shutil.rmtree(folder)
    notebook.run("a.append(2)", "big = big[1:]", "a.append(3)")
    (notice,) = told.said
    assert "folder was removed" in notice
    folder.mkdir()
    notebook.run("a.append(4)")
    assert "written anew" in told.said[1]
    assert comes_back(notebook) == path


def test_a_limit_that_is_not_the_disks(folder: Path) -> None:
    """A quota: a write fails in another way than on a full disk, and only where much is written."""
    notebook, told = begin(folder / "a.ens")
    recorded = notebook.session.head
    with no_file_larger_than(4_000_000):
        for number in range(4):
            notebook.run(f"a.append({number})\nbig = os.urandom(6_000_000)")
        notebook.session.flush()
        notebook.run("a.append(4)")
    assert notebook["a"] == [1, *range(5)]
    assert 1 <= len(told.said) <= 2
    assert all("quota" in notice for notice in told.said)
    notebook.run("a.append(9)", "big = big[1:]")
    assert notebook.session.head > recorded
    comes_back(notebook)
    with_loss = Notebook(folder / "a.ens")
    assert with_loss.restore(f"@{recorded}").target == recorded
    with_loss.kill()


def test_rights_that_are_taken_away_under_a_kernel(folder: Path) -> None:
    """It goes on with what it has open; a fresh one is refused with the way out, and a copy can be made."""
    path = folder / "a.ens"
    with rights_count():
        notebook, told = begin(path)
        for ending in ("", "-wal", "-shm"):
            Path(f"{path}{ending}").chmod(0o400)
        folder.chmod(0o500)
        try:
            notebook.run("a.append(2)", "big = big[1:]")
            with pytest.raises(UsageError, match="it is read-only"):
                Notebook(path).start()
            copy_store(path, folder.with_name("copy.ens"), Config())
        finally:
            folder.chmod(0o700)
            for ending in ("", "-wal", "-shm"):
                Path(f"{path}{ending}").chmod(0o600)
        notebook.run("a.append(3)")
        assert told.said == []
        assert comes_back(notebook) == path
        with Store.open_read_only(folder.with_name("copy.ens"), Config()) as copied:
            assert [one.code for one in copied.history.executions()][-1] == "big = big[1:]"


def test_a_deleted_file_in_a_folder_where_nothing_may_be_made(folder: Path) -> None:
    path = folder / "a.ens"
    with rights_count():
        notebook, told = begin(path)
        path.unlink()
        folder.chmod(0o500)
        try:
            notebook.run("a.append(2)", "big = big[1:]", "a.append(3)")
            assert len(told.said) == 1
            assert "your rights" in told.said[0]
        finally:
            folder.chmod(0o700)
        notebook.run("a.append(4)")
        assert "written anew" in told.said[1]
        assert comes_back(notebook) == path
