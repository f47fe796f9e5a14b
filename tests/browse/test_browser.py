"""The read API: what it tells, and what it never does."""

from __future__ import annotations

import builtins
import os
import random
import sqlite3
import sys
from pathlib import Path

import networkx
import pytest

import ensession
from ensession.browse import Browser
from ensession.errors import NotFoundError, TrustError, UnreachableVariableError, UsageError
from ensession.model import RefKind
from ensession.store import Store
from tests.browse.conftest import Record

CELLS = (
    "data = [3, 1, 2]",
    "def double(values):\n    return [2 * value for value in values]",
    "twice = double(data)\nprint('needle in the output')",
    "data.append(4)",
    "alias = data",
    "other = 'unrelated'",
)


@pytest.fixture
def store(record: Record) -> Browser:
    return record(*CELLS)


def test_executions_and_states(store: Browser) -> None:
    assert [one.code for one in store.executions()][1:] == list(CELLS)
    third = store.execution(4)
    assert (third.number, third.parent, third.outcome, third.changed) == (4, 3, "ok", ("twice",))
    assert third.outputs[0].data["text"] == "needle in the output\n"
    assert {name for version in third.reads for name in version.names} >= {"data", "double"}
    assert set(third.state) == {"data", "double", "twice"}
    assert set(store.state()) == {"data", "double", "twice", "alias", "other"}
    assert set(store.state(0)) == set()
    assert "<random>" in store.state().hidden
    assert [set(state) for state in store.states()] == [set(store.state())]


def test_the_state_before_the_first_execution_is_the_empty_one(store: Browser) -> None:
    first = store.execution(1)
    assert first.parent == 0
    with pytest.raises(UsageError, match="name the variables"):
        store.cells_for(state=first.parent)
    assert set(store.state(first.parent)) == set()
    assert store.diff(store.execution(2).parent, 2).added == ("data",)
    assert store.diff(first.parent, 2).added == ("data",)


def test_a_store_stays_the_same_in_another_working_directory(store: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(store.path.parent)
    with ensession.open(store.path.name) as other:
        monkeypatch.chdir("/")
        assert len(other.sql("SELECT * FROM v_execution")) == len(CELLS) + 1
        assert len(other.search("needle")) == 2


def test_a_store_is_named_by_its_place_in_the_home(store: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(store.path.parent))
    with ensession.open(f"~/{store.path.name}") as other:
        assert other.path == store.path
    with pytest.raises(NotFoundError, match="~nobody-here"):
        ensession.open("~nobody-here/x.ens")


def test_a_variable_tells_what_it_is_without_being_read(store: Browser) -> None:
    data = store.state(6)["data"]
    assert (data.type, data.shape, data.preview) == ("list", "len 4", "[3, 1, 2, 4]")
    assert (data.execution, data.made_by.number, data.shares_with) == (6, 6, ("alias",))
    assert data.n_bytes > 0
    assert repr(data) == "<data: list len 4, made by cell 6>"
    assert [one.execution for one in store.versions("data")] == [2, 5, 6]
    assert store.versions("data")[0].preview == "[3, 1, 2]"


def test_what_is_not_there_says_so(store: Browser) -> None:
    state = store.state(2)
    assert "twice" not in state
    assert state.get("twice") is None
    with pytest.raises(NotFoundError, match=r"has no variable 'twice'; there are: data$"):
        state["twice"]
    with pytest.raises(KeyError):
        state["twice"]
    with pytest.raises(NotFoundError):
        store.state(99)
    with pytest.raises(NotFoundError):
        store.state("no-such-tag")
    with pytest.raises(NotFoundError, match="empty"):
        store.execution(0)


def test_states_go_by_the_names_of_tags_and_branches(store: Browser) -> None:
    with Store.open(store.path, ensession.config.Config()) as writable:
        writable.refs.add_tag("before-append", store.execution(4).number)
    assert store.state("before-append")["data"].preview == "[3, 1, 2]"
    assert store.state("@4").number == store.state("before-append").number == 4
    assert [ref.name for ref in store.refs() if ref.kind is RefKind.TAG] == ["before-append"]
    assert store.state("main").number == 7


def test_values_come_back_into_a_plain_dict(store: Browser) -> None:
    assert store.load("data", 4) == [3, 1, 2]
    values = store.state().load("data", "alias")
    assert values == {"data": [3, 1, 2, 4], "alias": [3, 1, 2, 4]}
    assert values["data"] is values["alias"]
    assert store.state(3)["double"].load()([1]) == [2]
    assert store.state(0).load() == {}


def test_lineage_up_and_down(store: Browser) -> None:
    made = store.lineage("twice")
    assert isinstance(made, networkx.DiGraph)
    assert set(made.nodes) >= {2, 3, 4}
    assert 5 not in made
    assert made.edges[2, 4]["names"] == ("data",)
    assert made.nodes[3]["code"] == CELLS[1]
    assert networkx.is_directed_acyclic_graph(made)
    assert set(store.dependents(2).nodes) == {2, 4, 5, 6}
    assert set(store.execution(7).dependents().nodes) == {7}
    assert set(store.state()["data"].lineage().nodes) >= {2, 5}


def test_search_finds_code_and_outputs(store: Browser) -> None:
    assert store.search("needle").executions == (4,)
    assert {hit.place.value for hit in store.search("needle")} == {"code", "output"}
    assert store.search("double").executions == (3, 4) or store.search("double").executions == (4, 3)


def test_the_index_lives_in_ones_own_store_and_beside_that_of_others(
    store: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = "SELECT count(*) FROM sqlite_master WHERE name = 'search_mark'"
    with monkeypatch.context() as other:
        other.setenv("HOME", str(tmp_path / "somebody else"))
        assert store.search("needle").executions == (4,)
        assert store.sql(tables)[0] == (0,)
    assert store.search("needle").executions == (4,)
    assert store.sql(tables)[0] == (1,)


def test_sql_gives_rows_dicts_and_frames(store: Browser) -> None:
    rows = store.sql("SELECT execution, changed FROM v_execution WHERE execution > ? ORDER BY execution", [5])
    assert rows.columns == ("execution", "changed")
    assert list(rows) == [(6, "alias, data"), (7, "other")]
    assert rows.dicts()[1] == {"execution": 7, "changed": "other"}
    assert list(rows.frame()["execution"]) == [6, 7]
    with pytest.raises(UsageError, match="more than reading"):
        store.sql("DELETE FROM tag")


def test_browsing_unpickles_and_runs_nothing(record: Record, tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    code = (
        f"import os\nclass Trap:\n    def __reduce__(self):\n        return (os.mkdir, ({str(trap)!r},))\ntrap = Trap()"
    )
    store = record(code, "copy = [trap]", options="--all")
    store.state()["trap"]._repr_html_()
    shown = [store.state(), store.executions(), store.versions("trap"), store.search("Trap"), store.diff(2, 3)]
    shown += [store.path_to(), store.cells_for("trap"), store.sql("SELECT * FROM v_version"), store]
    assert all(repr(one) for one in shown)
    assert [one._repr_html_() for one in shown if hasattr(one, "_repr_html_")]
    store.lineage("trap")
    store.path_to().notebook()
    assert not trap.exists()


def test_loading_asks_for_trust(store: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "somebody else"))
    for attempt in (
        lambda: store.load("data"),
        lambda: store.state().load(),
        lambda: store.deep_diff(4, 5),
    ):
        with pytest.raises(TrustError, match="ens trust"):
            attempt()


def forget(store: Browser, *names: str) -> None:
    """Take the payloads of some variables out, as if the policy had never stored them."""
    connection = sqlite3.connect(store.path)
    for name in names:
        versions = "(SELECT version FROM binding WHERE name = ?)"
        for table, column in (("payload_chunk", "payload"), ("payload_part", "payload"), ("payload", "version")):
            connection.execute(f"DELETE FROM {table} WHERE {column} IN {versions}", (name,))
    connection.commit()
    connection.close()
    assert not any(store.state()[name].is_stored for name in names)


def test_what_is_not_stored_is_recomputed_in_a_place_of_its_own(record: Record) -> None:
    store = record(
        "import random",
        "random.seed(7)\nseen = []",
        "big = [random.random() for _ in range(1000)]",
        "%time total = sum(big)",
        "def f():\n    return len(big)",
        "seen.append(total)",
    )
    forget(store, "big", "total", "seen", "f")
    main, state, names = sys.modules["__main__"], random.getstate(), set(vars(builtins))
    value = store.load("big")
    expected = random.Random(7)
    assert value == [expected.random() for _ in range(1000)]
    values = store.state().load()
    assert values["f"]() == 1000
    assert values["seen"] == [values["total"]] == [sum(value)]
    assert (sys.modules["__main__"], random.getstate(), set(vars(builtins))) == (main, state, names)


def test_a_cell_that_fails_this_time_leaves_nothing_behind(record: Record, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    flag.mkdir()
    code = f"random.seed(3)\nassert os.path.isdir({str(flag)!r}), 'no flag'\nx = random.random()"
    store = record("import os, random", code)
    forget(store, "x")
    flag.rmdir()
    state, main = random.getstate(), sys.modules["__main__"]
    with pytest.raises(UnreachableVariableError, match="cell 3 failed when run again: AssertionError: no flag"):
        store.load("x")
    assert (random.getstate(), sys.modules["__main__"]) == (state, main)


def test_the_working_directory_is_put_back(record: Record, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    here = Path.cwd()
    store = record("import os", f"os.chdir({str(there)!r})", "places = [os.getcwd()]")
    os.chdir(here)
    forget(store, "places")
    assert store.load("places") == [str(there)]
    assert Path.cwd() == here


def test_a_value_that_comes_out_different_is_said_to(record: Record) -> None:
    store = record("import time", "then = [time.time_ns()]", "later = then + [1]")
    forget(store, "then", "later")
    with pytest.warns(UserWarning, match="then is not the value that was recorded: cell 3 gave another value"):
        store.load("then")
    (diff,) = [one for one in store.deep_diff(3, 4) if one.name == "later"]
    assert diff.kind == "added"


def test_what_can_not_be_had_says_why(record: Record, tmp_path: Path) -> None:
    gone = tmp_path / "gone.txt"
    gone.write_text("line\n")
    log = f"__import__('pathlib').Path({str(gone)!r}).write_text('x'); log = __import__('sqlite3').connect(':memory:')"
    store = record(log, "numbers = (n for n in [1])", "fine = 1")
    with pytest.raises(UnreachableVariableError, match="log of state 4 can't be loaded"):
        store.load("log")
    with pytest.raises(UnreachableVariableError, match="not all of state 4"):
        store.state().load()
    assert list(store.load("numbers")) == [1]
    assert store.load("fine") == 1


def test_everything_shown_is_escaped(record: Record) -> None:
    store = record("x = '<script>\\x1b[2J</script>'\nprint(x)", "print('<script>')")
    for one in (store.state(), store.state()["x"], store.execution(2), store.search("script"), store.path_to()):
        html = one._repr_html_()
        assert "<script>" not in html
        assert "\x1b" not in html + repr(one)
    rows = store.sql("SELECT '<script>' AS \"<b>\"")
    assert "<script>" not in rows._repr_html_()
    assert "<b>" not in rows._repr_html_()
