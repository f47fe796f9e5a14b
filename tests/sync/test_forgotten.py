"""What is forgotten in one copy is not brought back by the process that keeps the other one in step."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from ensession.config import Config
from ensession.model import ExecutionId
from ensession.model.upkeep import Erasure
from ensession.store import Store
from ensession.sync.autosync import Autosync
from ensession.sync.courier import Courier
from ensession.sync.remote import Reach
from tests.sync.kit import Work, content
from tests.sync.test_autosync import PATIENCE_S, n_executions, wait_for


def forget(path: Path, ids: Iterable[ExecutionId]) -> None:
    """Take code out, as another process does."""
    with Store.open(path, Config()) as store:
        store.eraser.erase(Erasure(codes=dict.fromkeys(ids, "")), lambda *_: None)


def codes(path: Path) -> list[str]:
    with Store.open_read_only(path, Config()) as store:
        return [one.code for one in store.history.executions()]


def test_autosync_ends_where_something_was_forgotten(laptop: Store, tmp_path: Path) -> None:
    there, work = tmp_path / "there.ens", Work(laptop)
    work.cell()
    work.cell(code="key = 'hunter2'")
    autosync = Autosync(laptop.path, laptop.file_id, str(there), 0.2, Reach())
    wait_for(lambda: n_executions(there) == 2 and autosync.rounds.n_done)
    forget(laptop.path, [ExecutionId(2)])
    wait_for(lambda: autosync.rounds.is_over, lambda: autosync.rounds)
    assert "hunter2" not in "".join(codes(laptop.path))
    notice = autosync.notice()
    assert notice is not None
    assert f"{laptop.path} lacks what both copies had" in notice
    autosync.wait(PATIENCE_S)
    autosync.close()


@pytest.mark.parametrize("at_server", [False, True], ids=["here", "there"])
def test_a_line_that_came_from_the_other_copy_is_kept_from_coming_back(
    at_server: bool, laptop: Store, server: Store
) -> None:
    Work(laptop).cell()
    Work(server, 9).cell(code="key = 'hunter2'")
    told: list[dict[str, Any]] = []
    courier = Courier(laptop.path, laptop.file_id, str(server.path), Reach(), told.append)
    courier.look(at_once=True)
    assert content(laptop) == content(server)
    changed = server if at_server else laptop
    forget(changed.path, [one.id for one in changed.history.executions() if "hunter2" in one.code])
    courier.look(at_once=True)
    assert courier.is_over
    assert f"{changed.path} lacks" in told[-1]["error"]
    assert "hunter2" not in "".join(codes(changed.path))


def test_a_copy_that_was_deleted_is_begun_anew(laptop: Store, tmp_path: Path) -> None:
    there, work = tmp_path / "there.ens", Work(laptop)
    work.cell()
    told: list[dict[str, Any]] = []
    courier = Courier(laptop.path, laptop.file_id, str(there), Reach(), told.append)
    courier.look(at_once=True)
    forget(laptop.path, [ExecutionId(1)])
    there.unlink()
    courier.look(at_once=True)
    assert "error" not in told[-1]
    assert codes(there) == codes(laptop.path) == [""]


def test_what_both_copies_forgot_alike_is_no_reason_to_end(laptop: Store, server: Store) -> None:
    work = Work(laptop)
    work.cell(code="key = 'hunter2'")
    told: list[dict[str, Any]] = []
    Courier(laptop.path, laptop.file_id, str(server.path), Reach(), told.append).look(at_once=True)
    for store in (laptop, server):
        forget(store.path, [ExecutionId(1)])
    Courier(laptop.path, laptop.file_id, str(server.path), Reach(), told.append).look(at_once=True)
    assert (told[-1]["n_sent"], told[-1]["n_received"]) == (0, 0)
    assert codes(server.path) == [""]
