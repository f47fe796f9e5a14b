"""Values that there was no time for are looked at when nobody waits, and come back as they were."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from ensession.capture.background import NOBODY
from ensession.config import Config
from ensession.model import Fate, VersionId
from ensession.planner.policy import StorageRule
from ensession.session import late
from ensession.store import check_store
from tests.kernels import Kernel, kernel_environment
from tests.notebook import Notebook

SLOW = "import time\nbig = [{'n': n, 'at': time.perf_counter_ns()} for n in range(2000)]\ntime.sleep(0.5)"
"""Another value each time it is made, and dear enough to be stored."""


@pytest.fixture
def notebook(hurried: Notebook) -> Notebook:
    """A notebook with no time for what is larger than 1,000 bytes."""
    return hurried


def version_of(notebook: Notebook, name: str) -> VersionId:
    return notebook.session._recorder.tracker.known[name].version


def test_a_flush_stores_what_another_run_would_make_otherwise(notebook: Notebook) -> None:
    notebook.run(SLOW, "big[7]['n'] = -1")
    assert notebook.session.assumed == ["big"]
    made = version_of(notebook, "big")
    notebook.ens("flush")
    assert notebook.session.assumed == []
    assert "Assumed" not in notebook.ens("status")
    before = notebook["big"]
    notebook = notebook.reborn()
    report = notebook.restore()
    assert notebook["big"] == before
    assert {one.fate for one in report.variables if one.name == "big"} == {Fate.LOADED}
    assert report.plan.loads.count(made) == 1
    assert check_store(notebook.store, Config()) == []
    notebook.kill()


def test_what_is_cheap_to_make_again_is_compared_but_not_stored(notebook: Notebook) -> None:
    notebook.run("big = [{'n': 0.5}] + [0.5] * 2_000_000")
    version = version_of(notebook, "big")
    notebook.ens("flush")
    assert notebook.session.store.history.version(version).payload is None
    notebook.ens("config budget=off")
    notebook.run("n = len(big)")
    assert notebook.changed() == {"n"}
    notebook.run("big[0]['n'] = 4")
    assert notebook.changed() == {"big"}


def test_it_is_stored_with_what_shares_a_part_of_it(notebook: Notebook) -> None:
    notebook.run(SLOW, "part = big[1]\ntime.sleep(0.5)")
    notebook.ens("flush")
    before = notebook["big"]
    notebook = notebook.reborn()
    notebook.restore()
    assert notebook["big"] == before
    assert notebook["part"] is notebook["big"][1]
    notebook.kill()


def test_classes_of_the_session_come_first(notebook: Notebook) -> None:
    notebook.run("class Row:\n    def __init__(self, n):\n        self.n = n")
    notebook.run("import random, time\nbig = [Row(time.perf_counter_ns()) for n in range(2000)]\ntime.sleep(0.5)")
    notebook.ens("flush")
    before = [row.n for row in notebook["big"]]
    notebook = notebook.reborn()
    notebook.restore()
    assert [row.n for row in notebook["big"]] == before
    assert type(notebook["big"][0]) is notebook["Row"]
    notebook.kill()


def test_a_change_after_the_look_is_seen(notebook: Notebook) -> None:
    notebook.run(SLOW)
    notebook.ens("flush")
    notebook.run("big[0]['n'] = 'changed'\ntime.sleep(0.3)")
    assert notebook.changed() == {"big"}
    notebook.ens("flush")
    notebook = notebook.reborn()
    notebook.restore()
    assert notebook["big"][0]["n"] == "changed"
    notebook.kill()


def test_a_secret_in_it_stays_out(notebook: Notebook, tmp_path: Path) -> None:
    token = "".join(("gh", "p_", "Zx9" * 12))
    notebook.run(f"import time\nbig = [{{'n': n, 'of': 'x'}} for n in range(800)]\nbig[0]['of'] = {token!r}[:]")
    notebook.run("big[1]['n'] = 5\ntime.sleep(0.5)")
    version = version_of(notebook, "big")
    notebook.ens("flush")
    assert notebook.session.store.history.version(version).payload is None


def test_what_has_no_serialised_form_is_looked_at_once(notebook: Notebook) -> None:
    notebook.run("big = [{'n': n} for n in range(100_000)]", "big.append(n for n in range(3))")
    assert notebook.session.assumed == ["big"]
    version = version_of(notebook, "big")
    notebook.ens("flush")
    assert notebook.session.late.pending() == []
    assert notebook.session.store.history.version(version).payload is None


def test_what_was_bound_anew_is_left_to_the_next_execution(notebook: Notebook) -> None:
    notebook.run(SLOW)
    version = version_of(notebook, "big")
    notebook.variables["big"] = [1]
    assert notebook.session.late.look_at_all() == []
    assert notebook.session.store.history.version(version).payload is None
    notebook.run("n = 1")
    notebook = notebook.reborn()
    notebook.restore()
    assert notebook["big"] == [1]
    notebook.kill()


def test_a_look_that_takes_too_long_is_given_up_and_tried_for_twice_as_long(notebook: Notebook) -> None:
    notebook.run(SLOW)
    (one,) = notebook.session.late.pending()
    assert notebook.session.late.quickest() == (one, late.FIRST_TRY_S)
    assert notebook.session.late.look(one, 1e-6) == []
    assert notebook.session.late.quickest() == (one, 2e-6)
    assert notebook.session.assumed == ["big"]
    assert notebook.session.late.look_at_all() == []
    assert notebook.session.assumed == []
    assert notebook.session.late.quickest() is None


def test_what_goes_wrong_is_told_and_leaves_it_recomputable(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook.run(SLOW)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(notebook.session.store.log, "add_payload", fail, raising=False)
    assert "The value of big was not stored: OSError" in notebook.ens("flush")
    assert notebook.session.assumed == ["big"]
    notebook = notebook.reborn()
    report = notebook.restore()
    assert {one.fate for one in report.variables if one.name == "big"} == {Fate.UNVERIFIED}
    notebook.kill()


def test_what_an_undo_takes_away_comes_back_as_it_was(notebook: Notebook) -> None:
    notebook.run(SLOW, "big = [dict(one, at=time.perf_counter_ns()) for one in big]\ntime.sleep(0.5)")
    later = notebook["big"]
    notebook.ens("undo")
    assert notebook["big"] != later
    notebook.ens("redo")
    assert notebook["big"] == later


def test_after_a_flush_the_file_alone_is_complete(notebook: Notebook, tmp_path: Path) -> None:
    notebook.run(SLOW)
    notebook.ens("flush")
    copied = Notebook(Path(shutil.copy(notebook.store, tmp_path / "copy.ens")))
    copied.restore()
    assert copied["big"] == notebook["big"]
    copied.kill()


@pytest.mark.parametrize("words", ["flush", "stop"])
def test_what_the_running_cell_has_changed_by_now_is_not_taken_for_what_was_recorded(
    notebook: Notebook, words: str
) -> None:
    notebook.run(SLOW)
    made, state = version_of(notebook, "big"), notebook.session.head
    store = notebook.session.store
    notebook.attempt(f"big[0]['n'] = 'changed'\nget_ipython().run_line_magic('ens', '{words}')")
    if words == "flush":
        assert store.history.version(made).payload is None
    notebook = notebook.reborn()
    notebook.restore(f"@{state}")
    assert notebook["big"][0]["n"] == 0
    notebook.kill()


def test_what_a_callback_may_have_changed_is_not_taken_for_what_was_recorded(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook.run(SLOW)
    made = version_of(notebook, "big")
    beside = notebook.session._recorder.beside
    monkeypatch.setattr(beside._background, "callbacks", lambda _view: replace(NOBODY, names=frozenset({"big"})))
    notebook.session.beside.note_callbacks()
    notebook["big"][0]["n"] = "changed"
    assert notebook.session.late.look_at_all() == []
    assert notebook.session.store.history.version(made).payload is None
    notebook.run("m = 1")
    assert notebook.session.store.history.execution(notebook.session.head - 1).kind == "ambient"
    notebook = notebook.reborn()
    notebook.restore()
    assert notebook["big"][0]["n"] == "changed"
    notebook.kill()


@pytest.mark.parametrize("end", ["pause", "shutdown", "flush"])
def test_in_a_kernel(tmp_path: Path, end: str) -> None:
    home = tmp_path / "home"
    without_time = "\n".join(
        [
            "from ensession.serial import budget as _budget",
            "_budget.FREE_STREAM_BYTES = 1000",
            "_budget.ALLOWANCE_S = 0.0",
        ]
    )
    with Kernel(tmp_path, home, kernel_environment(home)) as kernel:
        kernel.run(f"%load_ext ensession\n{without_time}\n%ens config budget=0%")
        kernel.run(f"%ens start '{tmp_path / 's.ens'}'")
        kernel.run(SLOW)
        before = kernel.value("hash(tuple(one['at'] for one in big))")
        if end == "pause":
            kernel.kill(after_s=4)
        elif end == "shutdown":
            kernel.shut_down()
        else:
            kernel.run("%ens flush")
            kernel.kill(after_s=0)
    with Kernel(tmp_path, home, kernel_environment(home)) as kernel:
        kernel.run("%load_ext ensession")
        kernel.run(f"%ens restore '{tmp_path / 's.ens'}'")
        assert kernel.value("hash(tuple(one['at'] for one in big))") == before


def test_what_is_still_to_come_is_left_alone(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ensession.session.session.AT_THE_END_S", 0.0)
    notebook.run(SLOW, "other = [1]")
    notebook = notebook.reborn()
    notebook.restore("--lazy")
    assert "big" not in notebook.variables or notebook.session.awaited.names() == []
    notebook.ens("flush")
    for version in {one.version for one in notebook.session.late.pending()}:
        assert notebook.session.store.history.version(version).payload is None
    notebook.run("n = len(big)")
    assert notebook["n"] == 2000
    notebook.kill()


def test_an_awaited_value_of_the_budget_comes_back_from_what_was_stored_late(notebook: Notebook) -> None:
    notebook.run(SLOW, "other = [1]")
    notebook.ens("flush")
    before = notebook["big"]
    notebook = notebook.reborn()
    notebook.restore("--lazy")
    assert notebook.session.awaited.names()
    notebook.ens("flush")
    assert notebook.session.late.look_at_all() == []
    notebook.run("n = len(big)")
    assert notebook["big"] == before
    notebook.kill()
    notebook = notebook.reborn()
    notebook.restore()
    assert notebook["big"] == before
    notebook.kill()


DEAR = "import time\nbig = [{'n': i, 'at': time.perf_counter_ns()} for i in range(500)]\ntime.sleep(0.06)"


def test_what_a_restore_made_again_is_not_stored_as_what_was_recorded(
    hurried: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ensession.session.session.AT_THE_END_S", 0.0)  # killed before a pause came
    hurried.run(DEAR)
    version = hurried.session._recorder.tracker.known["big"].version
    again = hurried.reborn()
    again.ens("config budget=0%")
    report = again.restore()
    assert {one.name: one.fate for one in report.variables}["big"] is Fate.UNVERIFIED
    again.ens("flush")
    assert again.session.late.quickest() is None
    assert again.session.store.history.version(version).payload is None
    again.run("big[0]['n'] = 'changed'")  # from here on there is a version that is known
    again.ens("flush")
    last = again.reborn()
    last.restore()
    assert last["big"] == again["big"]
    last.kill()


def test_a_pause_is_not_overrun_by_storing(hurried: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    hurried.run(DEAR)
    one, _ = hurried.session.late.quickest() or pytest.fail("nothing is pending")
    with monkeypatch.context() as patch:
        patch.setattr(StorageRule, "store_s", lambda *_: 1000.0)
        assert hurried.session.late.look(one, 1.0) == []
    assert hurried.session.store.history.version(one.version).payload is None
    _, needs_s = hurried.session.late.quickest() or pytest.fail("it is pending no more")
    assert needs_s > 1000
    hurried.ens("flush")
    assert hurried.session.store.history.version(one.version).payload is not None
