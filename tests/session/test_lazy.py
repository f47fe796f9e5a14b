"""A lazy restore: the kernel is usable at once, and no cell can tell that it was lazy."""

from __future__ import annotations

import contextlib
import sqlite3
import sys

import pytest
from IPython.core.completer import provisionalcompleter

from ensession.model import HIDDEN_PREFIX, Fate
from tests.notebook import Notebook
from tests.session.lives import Lives, awaited, fates


def completions(notebook: Notebook, text: str) -> set[str]:
    with provisionalcompleter():
        return {found.text for found in notebook.shell.Completer.completions(text, len(text))}


def test_nothing_but_hidden_state_is_there_at_first(lives: Lives) -> None:
    lives.record("import random\nrandom.seed(3)", "a = [1, 2]", "b = {'a': a}", "c = 5")
    notebook = lives.lazily()
    assert awaited(notebook) == {"random", "a", "b", "c"}
    assert not {"a", "b", "c"} & notebook.variables.keys()
    assert set(fates(notebook).values()) == {Fate.AWAITED}
    notebook.run("x = 1 + 1")
    assert awaited(notebook) == {"random", "a", "b", "c"}
    assert notebook.changed() == {"x"}
    notebook.run("r = random.random()")
    import random

    assert notebook["r"] == random.Random(3).random()


def test_names_that_share_come_together(lives: Lives) -> None:
    lives.record("a = [1, 2]; far = [3]", "b = {'a': a}")
    notebook = lives.lazily()
    notebook.run("b['a'].append(3)")
    assert notebook.variables["a"] is notebook["b"]["a"]
    assert notebook.changed() == {"a", "b"}
    assert awaited(notebook) == {"far"}


def test_what_a_called_function_uses_is_there(lives: Lives) -> None:
    lives.record(
        "a = [1]; far = 0", "def f():\n    return g()\ndef g():\n    return len(a)", "class K:\n    m = f\nk = K"
    )
    notebook = lives.lazily()
    notebook.run("n = f()")
    assert notebook["n"] == 1
    assert {"f", "g", "a"} & awaited(notebook) == set()
    assert "far" in awaited(notebook)


def test_code_inside_a_value_counts_once_the_value_is_there(lives: Lives) -> None:
    lives.record("a = [1]; far = 0", "table = {'f': lambda: len(a)}")
    notebook = lives.lazily()
    notebook.run("n = table['f']()")
    assert notebook["n"] == 1
    assert awaited(notebook) == {"far"}


def test_what_loading_runs_finds_what_it_uses(lives: Lives) -> None:
    lives.record(
        "base = [1]; far = 0",
        "def helper(v):\n    return [*base, v]",
        "%%ens never\nclass K:\n    def __init__(self):\n        self.v = 5\n"
        "    def __setstate__(self, state):\n        self.v = helper(state['v'])\nk = K(); ks = [k]",
    )
    notebook = lives.lazily()
    notebook.run("n = ks[0].v")
    assert notebook["n"] == [1, 5]
    assert notebook["ks"][0] is notebook["k"]
    assert awaited(notebook) == {"far"}


@pytest.mark.parametrize(
    "cell",
    [
        "n = sorted(x for x in dir() if x in 'abc')",
        'n = eval(\'[x for x in ("a", "b", "c") if x in globals()]\')',
        "n = [x for x in list(globals()) if x in 'abc']; n.sort()",
        "n = %who_ls\nn = [x for x in n if x in 'abc']",
        "n = [x for x in get_ipython().user_ns if x in 'abc']; n.sort()",
    ],
)
def test_a_cell_that_may_see_all_names_sees_all(lives: Lives, cell: str) -> None:
    lives.record("a = [1]", "b = 2", "c = 3")
    notebook = lives.lazily()
    notebook.run(cell)
    assert notebook["n"] == ["a", "b", "c"]
    assert awaited(notebook) == set()


def test_binding_a_name_anew_needs_no_load(lives: Lives) -> None:
    lives.record("a = [1]", "b = [2]; c = b")
    notebook = lives.lazily()
    notebook.run("a = 'new'")
    assert fates(notebook)["a"] is Fate.AWAITED
    notebook.run("b = 'new'")
    assert (notebook["a"], notebook["b"], notebook["c"]) == ("new", "new", [2])
    assert awaited(notebook) == set()
    lives.lazily()
    lives.notebook.run("n = (a, b, c)")
    assert lives.notebook["n"] == ("new", "new", [2])


def test_a_cell_that_fails_before_it_binds_leaves_the_name_awaited(lives: Lives) -> None:
    lives.record("a = [1]")
    notebook = lives.lazily()
    assert not notebook.attempt("1 / 0; a = 2").success
    assert awaited(notebook) == {"a"}
    notebook.run("n = a")
    assert notebook["n"] == [1]


def test_deleting_an_awaited_name_deletes_it(lives: Lives) -> None:
    lives.record("a = [1]", "b = 2")
    notebook = lives.lazily()
    notebook.run("del a")
    assert notebook.changed() == {"a"}
    state = notebook.session.store.parts.state(notebook.session.head)
    assert {name for name in state if not name.startswith(HIDDEN_PREFIX)} == {"b"}


def test_what_a_changed_class_is_part_of_is_there_before(lives: Lives) -> None:
    lives.record("class K:\n    n = 1", "k = K()", "far = [1]")
    notebook = lives.lazily()
    notebook.run("K.n = 2")
    assert type(notebook["k"]) is notebook["K"]
    assert notebook.changed() == {"K", "k"}
    notebook = lives.lazily()
    notebook.run("class K:\n    n = 3")
    assert type(notebook["k"]) is not notebook["K"]
    assert notebook["k"].n == 2


def test_what_was_not_used_keeps_its_version(lives: Lives) -> None:
    before = lives.record("a = [1]", "b = [2]")
    versions = {name: v for name, (v, _) in before.session.store.parts.state(before.session.head).items()}
    notebook = lives.lazily()
    notebook.run("b.append(3)", "c = 1")
    state = notebook.session.store.parts.state(notebook.session.head)
    assert state["a"][0] == versions["a"]
    assert state["b"][0] != versions["b"]


def test_silent_cells_and_expressions_of_a_front_end_see_values(lives: Lives) -> None:
    lives.record("a = [1]", "b = [2]", "c = [3]")
    notebook = lives.lazily()
    notebook.shell.run_cell("n = a", silent=True)
    assert notebook["n"] == [1]
    found = notebook.shell.user_expressions({"x": "b[0]"})
    assert found["x"]["data"]["text/plain"] == "2"
    assert awaited(notebook) == {"c"}


@pytest.mark.parametrize("has_jedi", [True, False])
def test_completion_knows_awaited_names(lives: Lives, has_jedi: bool) -> None:
    lives.record("walrus = [1]", "walnut = {'key': 1}", "far = 0")
    notebook = lives.lazily()
    notebook.shell.Completer.use_jedi = has_jedi
    assert {"walrus", "walnut"} <= completions(notebook, "wal")
    assert {"walrus", "walnut"} <= awaited(notebook)
    assert any(found.endswith("append") for found in completions(notebook, "far\nwalrus.app"))
    assert awaited(notebook) == {"walnut", "far"}
    with pytest.warns(PendingDeprecationWarning):
        notebook.shell.complete("walnut.ke")
    assert awaited(notebook) == {"far"}


def test_inspection_knows_awaited_names(lives: Lives) -> None:
    lives.record("walrus = [1]", "walnut = {'key': 1}", "far = 0")
    notebook = lives.lazily()
    assert "dict" in notebook.shell.object_inspect_mime("walnut")["text/plain"]
    assert notebook.shell.object_inspect("walrus")["type_name"] == "list"
    assert awaited(notebook) == {"far"}


def test_the_shell_is_as_it_was_once_all_is_there(lives: Lives) -> None:
    lives.record("a = [1]", "b = [2]")
    shell = lives.notebook.shell
    notebook = lives.lazily()
    shell = notebook.shell
    assert shell.ast_transformers
    assert notebook.ens("load a").startswith("Awaited: 1 variable")
    assert notebook.ens("load").strip() == "Everything is there."
    assert shell.ast_transformers == []
    assert shell.Completer.custom_matchers == []
    assert vars(shell).keys() & {"user_expressions", "object_inspect", "object_inspect_mime"} == set()
    assert vars(shell.Completer).keys() & {"completions", "complete"} == set()
    assert (notebook["a"], notebook["b"]) == ([1], [2])


def test_moves_begin_with_the_whole_state(lives: Lives) -> None:
    lives.record("a = [1]", "b = [2]", "a.append(3)")
    notebook = lives.lazily()
    notebook.ens("undo")
    assert (notebook["a"], notebook["b"]) == ([1], [2])
    assert awaited(notebook) == set()
    notebook = lives.lazily("@3")
    notebook.ens("checkout @2")
    assert "b" not in notebook.variables
    assert notebook["a"] == [1]


def test_stopping_leaves_all_variables_there(lives: Lives) -> None:
    lives.record("a = [1]")
    notebook = lives.lazily()
    notebook.ens("stop")
    assert notebook["a"] == [1]
    assert notebook.shell.ast_transformers == []


def test_status_tells_what_is_awaited(lives: Lives) -> None:
    lives.record("a = [1]", "b = [2]")
    notebook = lives.lazily()
    assert "Awaited: 2 variables" in notebook.ens("status")
    notebook.run("a, b")
    assert "Awaited" not in notebook.ens("status")


def test_a_cell_that_goes_on_after_the_restore_finds_everything(lives: Lives) -> None:
    lives.record("a = [1]", "b = [2]")
    lives.notebook = notebook = lives.notebook.reborn()
    notebook.run(f"%ens restore {lives.path} --lazy\nn = a + b")
    assert notebook["n"] == [1, 2]


def test_the_end_is_recorded_with_every_fate(lives: Lives) -> None:
    lives.record("a = [1]", "b = [2]")
    notebook = lives.lazily()
    notebook.run("a")
    assert fates(notebook) == {"a": Fate.LOADED, "b": Fate.AWAITED}
    notebook.run("b")
    assert fates(notebook) == {"a": Fate.LOADED, "b": Fate.LOADED}
    with contextlib.closing(sqlite3.connect(lives.path)) as store:
        reports = [report for (report,) in store.execute("SELECT report FROM restore_run ORDER BY id")]
    assert ["awaited" in report for report in reports] == [True, False]


def test_a_cell_that_always_runs_does_so_at_once(lives: Lives) -> None:
    lives.record("class C:\n    pass", "%%ens always\nc = C()", "a = [1]")
    notebook = lives.lazily()
    assert type(notebook["c"]) is notebook["C"]
    assert awaited(notebook) == {"a"}


def test_figures_are_there_before_something_draws(lives: Lives) -> None:
    lives.record(
        "import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt",
        "fig, ax = plt.subplots()",
        "a = [1]",
    )
    notebook = lives.lazily()
    notebook.run("plt.title('t')")
    assert {"fig", "ax"} & awaited(notebook) == set()
    assert "a" in awaited(notebook)
    notebook.run("plt.close('all')")


def test_quick_ones_come_between_cells(lives: Lives) -> None:
    lives.record("a = [1]", "b = [2]; c = b", "%%ens always\nd = 1")
    notebook = lives.lazily()
    came = 0
    while notebook.session.awaited.bring_a_quick_one():
        came += 1
    assert came == 2
    assert awaited(notebook) == set()
    notebook.run("b.append(1)")
    assert notebook.changed() == {"b", "c"}


def test_what_has_to_be_run_again_comes_on_demand_only(lives: Lives) -> None:
    lives.record("a = [1]", "b = a + [2]")
    lives.notebook.session.flush()
    lives.notebook.lose("b")
    notebook = lives.lazily()
    while notebook.session.awaited.bring_a_quick_one():
        pass
    assert awaited(notebook) == {"b"}
    notebook.run("n = b")
    assert notebook["n"] == [1, 2]


def test_no_library_is_imported_between_cells(lives: Lives, monkeypatch: pytest.MonkeyPatch) -> None:
    lives.record("import decimal, sortedcontainers as sc", "kind = sc.SortedDict", "a = [decimal.Decimal(1)]")
    notebook = lives.lazily()
    monkeypatch.delitem(sys.modules, "sortedcontainers")  # as if this process had not met it
    while notebook.session.awaited.bring_a_quick_one():
        pass
    assert awaited(notebook) == {"sc", "kind"}
    monkeypatch.undo()
    while notebook.session.awaited.bring_a_quick_one():
        pass
    assert awaited(notebook) == set()


def test_what_is_made_again_as_it_was_is_no_change_though_it_never_came(lives: Lives) -> None:
    cell = "big = [1, 2, 3]"
    lives.record("chance = 1", cell)
    notebook = lives.lazily()
    assert "big" in awaited(notebook)
    notebook.run(cell)
    assert notebook.changed() == set()
    notebook.run("big = [1, 2]")
    assert notebook.changed() == {"big"}


BY_NAME = {
    "pickle": ("import pickle\na = A()\np = pickle.dumps(a)", "b = pickle.loads(p)\nassert type(b).__name__ == 'A'"),
    "pickle in a function": (
        "import pickle\np = pickle.dumps(A())\ndef load():\n    return pickle.loads(p)",
        "assert type(load()).__name__ == 'A'",
    ),
    "pickle under another name": (
        "import pickle as store\np = store.dumps(A())",
        "assert type(store.loads(p)).__name__ == 'A'",
    ),
    "annotations": (
        "import typing\nclass B:\n    a: 'A'",
        "assert typing.get_type_hints(B)['a'].__name__ == 'A'",
    ),
}


@pytest.mark.parametrize("how", BY_NAME)
def test_what_is_looked_up_by_name_is_there(lives: Lives, how: str) -> None:
    setting, use = BY_NAME[how]
    lives.record("class A:\n    pass", setting)
    notebook = lives.lazily()
    assert "A" in awaited(notebook)
    notebook.run(use)
