"""Another copy kept in step by a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ensession.config import Config
from ensession.store import Store, check_store
from ensession.sync import courier
from ensession.sync.autosync import Autosync, Rounds
from ensession.sync.remote import Reach
from ensession.sync.together import Exchanged
from tests.sync.kit import Work, content

PATIENCE_S = 20.0


def wait_for(what: Callable[[], object], describe: Callable[[], object] = lambda: "") -> None:
    end = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < end, describe()
        time.sleep(0.05)


def n_executions(path: Path) -> int:
    if not path.exists():
        return 0
    with Store.open_read_only(path, Config()) as store:
        return store.history.count()


def is_at_rest(autosync: Autosync) -> bool:
    n_rounds = autosync.rounds.n_done
    time.sleep(5 * autosync.every_s)
    return autosync.rounds.n_done == n_rounds


def test_what_is_recorded_goes_there_and_the_last_of_it_when_it_ends(laptop: Store, tmp_path: Path) -> None:
    there, work = tmp_path / "there.ens", Work(laptop)
    work.cell()
    autosync = Autosync(laptop.path, laptop.file_id, str(there), 0.2, Reach())
    wait_for(lambda: n_executions(there) == 1)
    work.cell(50_000)
    wait_for(lambda: n_executions(there) == 2)
    wait_for(lambda: autosync.rounds.n_sent >= 1 and not autosync.rounds.error, lambda: autosync.rounds)
    with Store.open(there, Config()) as store:  # work at the other place comes here
        Work(store, 9).cell()
    work.cell()
    wait_for(lambda: autosync.rounds.n_received == 1, lambda: autosync.rounds)
    wait_for(lambda: is_at_rest(autosync), lambda: "it goes there although nothing has changed")
    work.cell()
    autosync.close()
    autosync.wait(PATIENCE_S)
    with Store.open_read_only(there, Config()) as store:
        assert content(store) == content(laptop)
    assert check_store(there, Config()) == []
    assert autosync.notice() is None


def test_a_failure_is_told_once_and_tried_again(laptop: Store, tmp_path: Path) -> None:
    folder = tmp_path / "stick"
    Work(laptop).cell()
    autosync = Autosync(laptop.path, laptop.file_id, str(folder / "there.ens"), 0.2, Reach())
    wait_for(lambda: autosync.rounds.failing_since is not None)
    notice = autosync.notice()
    assert notice is not None
    assert "stick" in notice
    assert "tried again" in notice
    since = autosync.rounds.failing_since
    time.sleep(0.6)
    assert (autosync.notice(), autosync.rounds.failing_since) == (None, since)
    folder.mkdir()
    wait_for(lambda: autosync.rounds.failing_since is None and autosync.rounds.n_done)
    assert n_executions(folder / "there.ens") == 1
    autosync.close()
    autosync.wait(PATIENCE_S)


KILLED = """
import os, signal, sys, time
from pathlib import Path
from ensession.config import Config
from ensession.store import Store
from ensession.sync.autosync import Autosync
from ensession.sync.remote import Reach
from tests.sync.kit import Work
with Store.create_or_open(sys.argv[1], Config()) as store:
    work = Work(store)
    work.cell()
    autosync = Autosync(Path(sys.argv[1]), store.file_id, sys.argv[2], 1000, Reach())
    while not autosync.rounds.n_done:
        time.sleep(0.05)
    for _ in range(3):
        work.cell(20_000)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_last_cells_before_a_kill_arrive(tmp_path: Path) -> None:
    here, there = tmp_path / "here.ens", tmp_path / "there.ens"
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", KILLED, str(here), str(there)], cwd=root, timeout=PATIENCE_S)
    assert done.returncode == -signal.SIGKILL
    wait_for(lambda: n_executions(there) == 4)
    wait_for(lambda: check_store(there, Config()) == [])


def test_a_process_that_dies_is_told_of(laptop: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ensession.sync.autosync._CODE", "import sys; print('no such thing'); sys.exit(3)")
    autosync = Autosync(laptop.path, laptop.file_id, str(tmp_path / "there.ens"), 1, Reach())
    autosync.wait(PATIENCE_S)
    notice = autosync.notice()
    assert notice is not None
    assert "code 3 (no such thing)" in notice
    assert "starts it again" in notice
    autosync.close()


def test_a_process_that_dies_while_it_fails_is_told_of(laptop: Store, tmp_path: Path) -> None:
    Work(laptop).cell()
    autosync = Autosync(laptop.path, laptop.file_id, str(tmp_path / "nowhere" / "there.ens"), 1.5, Reach())
    wait_for(lambda: autosync.rounds.failing_since is not None)
    notice = autosync.notice()
    assert notice is not None
    assert "every 1.5 s" in notice
    autosync._process.kill()
    autosync.wait(PATIENCE_S)
    notice = autosync.notice()
    assert notice is not None
    assert "ended with code -9. %ens autosync starts it again" in notice
    autosync.close()


def test_what_takes_the_place_of_the_file_is_left_alone(laptop: Store, server: Store, tmp_path: Path) -> None:
    there = tmp_path / "there.ens"
    Work(laptop).cell()
    Work(server, 9).cell()
    autosync = Autosync(laptop.path, laptop.file_id, str(there), 0.2, Reach())
    wait_for(lambda: autosync.rounds.n_done == 1)
    server.path.rename(laptop.path)
    autosync.wait(PATIENCE_S)
    assert autosync._process.poll() == 0
    notice = autosync.notice()
    assert notice is not None
    assert "another file is there now" in notice
    assert "starts it again" in notice
    assert (n_executions(there), server.history.count()) == (1, 1)
    autosync.close()


def test_a_deleted_file_is_not_made_anew(laptop: Store, tmp_path: Path) -> None:
    Work(laptop).cell()
    autosync = Autosync(laptop.path, laptop.file_id, str(tmp_path / "there.ens"), 0.2, Reach())
    wait_for(lambda: autosync.rounds.n_done == 1)
    laptop.path.unlink()
    autosync.wait(PATIENCE_S)
    assert "there is no file there now" in autosync.rounds.error
    assert not laptop.path.exists()
    autosync.close()


def test_after_a_round_that_received_it_looks_again(
    laptop: Store, server: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cell that a kernel records while a round brings something in must not wait for the next change."""
    work = Work(laptop)
    work.cell()
    Work(server, 9).cell()
    told: list[dict[str, Any]] = []
    together = courier.bring_together

    def and_a_cell_behind_it(*words: Any, **more: Any) -> Exchanged:
        done = together(*words, **more)
        if not told:
            work.cell()
        return done

    monkeypatch.setattr(courier, "bring_together", and_a_cell_behind_it)
    rounds = courier.Courier(laptop.path, laptop.file_id, str(server.path), Reach(), told.append)
    for _ in range(4):
        rounds.look(at_once=False)
    assert content(server) == content(laptop)
    assert [(one["n_sent"], one["n_received"]) for one in told][:2] == [(1, 1), (1, 0)]


def test_it_ends_though_another_process_holds_the_line(laptop: Store, tmp_path: Path) -> None:
    Work(laptop).cell()
    autosync = Autosync(laptop.path, laptop.file_id, str(tmp_path / "there.ens"), 0.2, Reach())
    wait_for(lambda: autosync.rounds.n_done == 1)
    line = autosync._process.stdin
    assert line is not None
    with subprocess.Popen(["sleep", "60"], pass_fds=[line.fileno()]) as other:
        autosync.close()
        autosync.wait(PATIENCE_S)
        assert autosync._process.poll() == 0
        other.kill()


def test_rounds_add_up() -> None:
    good = {"at": 5.0, "n_sent": 2, "n_received": 1, "n_bytes": 10}
    rounds = Rounds().after(good).after({"at": 6.0, "error": "a"}).after({"at": 7.0, "error": "b"})
    assert (rounds.failing_since, rounds.error, rounds.n_done, rounds.last_at) == (6.0, "b", 1, 5.0)
    assert rounds.after(good) == Rounds(2, 5.0, 4, 2, 20)
