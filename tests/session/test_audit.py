"""Audit mode: what the static analysis does not see is said, recorded, and comes back."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.error import UsageError

from ensession.config import SETTINGS, Config, StoragePolicy, settings_of
from ensession.model import ExecutionKind
from tests.notebook import Notebook

HIDE = "import sys\nx = [1]\ny = [2]\nsys.kept = x"
CHANGE = "sys.kept.append(2)"


@pytest.fixture
def audited(notebook: Notebook) -> Iterator[Notebook]:
    notebook.ens("config audit=on")
    yield notebook
    if "sys" in notebook.variables and hasattr(notebook["sys"], "kept"):
        del notebook["sys"].kept


def test_a_change_outside_the_touch_set_is_said_and_recorded(audited: Notebook) -> None:
    audited.run(HIDE)
    with pytest.warns(UserWarning, match="audit: this cell changed x, and nothing showed that it might"):
        head = audited.run(CHANGE)
    assert audited.changed() == {"x"}
    assert audited.audits() == ["changed x outside its touch set"]
    assert "does not show" in (audited.session.store.history.execution(head).no_replay or "")
    audited.run("len(x)")
    assert audited.changed() == set()
    assert audited.audits() == []
    live = audited.reborn()
    live.restore()
    assert (live["x"], live["y"]) == ([1, 2], [2])
    live.kill()


def test_the_same_change_without_audit_is_found_by_the_next_touch(notebook: Notebook) -> None:
    notebook.run(HIDE, CHANGE)
    assert notebook.changed() == set()
    notebook.run("len(x)")
    assert notebook.changed() == {"x"}
    del notebook["sys"].kept


def test_a_link_that_nothing_showed_is_found(audited: Notebook) -> None:
    audited.run(HIDE)
    with pytest.warns(UserWarning, match="audit: this cell changed x"):
        audited.run("z = [sys.kept]")
    assert audited.changed() == {"x", "z"}
    live = audited.reborn()
    live.restore()
    assert live["z"][0] is live["x"]
    live.kill()


def test_a_change_between_two_cells_is_recorded_on_its_own(audited: Notebook) -> None:
    audited.run(HIDE)
    audited["x"].append(2)
    with pytest.warns(UserWarning, match="between two cells changed x"):
        audited.run("z = 1")
    assert audited.changed() == {"z"}
    history = audited.session.store.history
    ambient = history.executions()[-2]
    assert ambient.kind is ExecutionKind.AMBIENT
    bound = [name for name, _ in history.bindings(ambient.id)]
    assert [name for name in bound if not name.startswith("<")] == ["x"]


def test_what_can_not_be_compared_is_not_accused(audited: Notebook) -> None:
    audited.run("g = (n for n in range(3))\nlock = __import__('threading').Lock()\nx = [g]")
    audited.run("y = 1")
    assert audited.audits() == []
    assert audited.changed() == {"y"}


def test_config_lists_every_setting(notebook: Notebook) -> None:
    text = notebook.ens("config")
    assert all(name in text for name in SETTINGS)
    assert set(SETTINGS) == set(settings_of(Config()))


def test_settings_count_from_the_next_cell_on(notebook: Notebook) -> None:
    notebook.ens("config policy=all audit=on settle_wait_s=0.5")
    assert notebook.session.config == Config(policy=StoragePolicy.ALL, audit=True, settle_wait_s=0.5)
    notebook.run("x = list(range(1000))")
    graph = notebook.session.graph()
    assert graph.versions[graph.state["x"]].payload is not None


def test_settings_stay_for_the_next_recording(tmp_path: Path) -> None:
    notebook = Notebook(tmp_path / "s.ens")
    notebook.ens("config output_limit_bytes=1000")
    notebook.start()
    assert notebook.session.config.output_limit_bytes == 1000
    notebook.kill()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("audit", "write NAME=VALUE"),
        ("audit=perhaps", "audit can be on or off, not 'perhaps'"),
        ("policy=some", "policy can be auto or all, not 'some'"),
        ("colour=red", "there is no setting 'colour'; there are policy, audit"),
        ("settle_wait_s=soon", "settle_wait_s is a number of seconds"),
        ("settle_wait_s=nan", "settle_wait_s is a number of seconds"),
        ("inline_limit_bytes=-1", "inline_limit_bytes is a number of bytes"),
        ("output_limit_bytes=7", "can't change while recording: %ens stop, set it"),
        ("audit=on colour=red", "there is no setting 'colour'"),
    ],
)
def test_a_setting_that_is_wrong_changes_nothing(notebook: Notebook, words: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        notebook.ens(f"config {words}")
    assert notebook.session.config == Config()


def test_what_has_no_serialised_form_refers_to_functions_and_is_not_one_with_them(audited: Notebook) -> None:
    audited.run("def g(): return 1\ndef numbers(): yield 1\nclass C: pass\no = C(); held = [o, g]")
    audited.run("C.one = numbers()", "class C: pass")  # the instance has the class of before now, with the generator
    assert audited.audits() == []
    audited.run("g.mark = 1")
    assert audited.audits() == []
    assert audited.changed() == {"g", "o", "held"}


def test_garbage_that_a_figure_knows_of_may_go(audited: Notebook) -> None:
    pytest.importorskip("matplotlib")
    audited.run(
        "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nim = ax.imshow([[1, 2]])\nbar = fig.colorbar(im)",
        "im.set_clim(0, 9)",
    )
    assert audited.changed() == {"fig", "ax", "im", "bar"}
    gc.collect()
    audited.run("x = 1")
    assert audited.session.store.history.executions()[-2].kind is ExecutionKind.CELL, "nothing happened in between"
    audited.run("plt.close(fig)")


def test_two_connections_are_two_variables(audited: Notebook) -> None:
    audited.run("import sqlite3\na = sqlite3.connect(':memory:')", "b = sqlite3.connect(':memory:')")
    assert audited.changed() == {"b"}
    assert audited.audits() == []
    audited.run("a.close(); b.close()")
