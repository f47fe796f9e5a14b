"""What capture sees: every change of a variable, and only the touched co-variables."""

from __future__ import annotations

import pytest

from tests.notebook import Notebook

CHANGES = {
    "rebinding": (["x = [1]"], "x = [2]", {"x"}),
    "in place through an alias": (["a = [1]; b = a"], "b.append(2)", {"a", "b"}),
    "inside a container of another name": (
        ["inner = [1]; outer = {'k': inner}"],
        "outer['k'].append(1)",
        {"inner", "outer"},
    ),
    "through a function's global": (["n = 1\ndef f():\n    global n\n    n += 1"], "f()", {"n"}),
    "in place through a function's global": (["items = []\ndef f():\n    items.append(1)"], "f()", {"items"}),
    "through a function that calls a function": (
        ["log = []\ndef low():\n    log.append(1)\ndef high():\n    low()"],
        "high()",
        {"log"},
    ),
    "through a method": (["class C:\n    n = 0\n    def up(self):\n        self.n += 1\nc = C()"], "c.up()", {"c"}),
    "of a class by its method": (
        ["class C:\n    n = 0\n    def up(self):\n        type(self).n += 1\nc = C()"],
        "c.up()",
        {"C", "c"},
    ),
    "through a method's global": (
        ["seen = []\nclass C:\n    def up(self):\n        seen.append(self)\nc = C()"],
        "c.up()",
        {"seen", "c"},
    ),
    "through a closure": (
        ["def make():\n    n = 0\n    def up():\n        nonlocal n\n        n += 1\n    return up\nup = make()"],
        "up()",
        {"up"},
    ),
    "through a lambda in a dict": (["hits = []\ntable = {'f': lambda: hits.append(1)}"], "table['f']()", {"hits"}),
    "deletion": (["x = 1; y = 2"], "del x", {"x"}),
    "by exec": (["x = [1]"], "exec('x' + '.append(2)')", {"x"}),
    "by globals": (["x = 1"], "globals()['x'] = 2", {"x"}),
    "of a name with an underscore": (["_x = [1]"], "_x.append(2)", {"_x"}),
    "of a base by its view": (["import numpy as np\nbase = np.zeros(9); v = base[2:4]"], "v[0] = 1", {"base", "v"}),
    "of a view by its base": (["import numpy as np\nbase = np.zeros(9); v = base[2:4]"], "base[2] = 1", {"base", "v"}),
    "of a view of a base that has no name": (
        ["import numpy as np\nbase = np.zeros(9); v = base[2:4]; w = base[3:5]; del base"],
        "v[1] = 1",
        {"v", "w"},
    ),
    "of a frame": (["import pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})"], "df.loc[0, 'a'] = 5", {"df"}),
    "of a generator": (["g = (i for i in range(3))"], "next(g)", {"g"}),
}
NO_CHANGES = {
    "reading a list": (["x = [1, 2]"], "len(x), x[0]"),
    "reading an array": (["import numpy as np\na = np.arange(9)"], "a.sum() + a[2]"),
    "reading a frame": (["import pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})"], "df.describe(); df.a.mean()"),
    "calling a function": (["k = 1\ndef f():\n    return k"], "f()"),
    "making an instance": (["class C:\n    pass"], "C()"),
    "binding an equal value again": (["x = [1, 2]"], "x = [1, 2]"),
    "a frame made from another": (
        ["import pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})\nother = df[['a']]"],
        "other.sum(); df.sum()",
    ),
}


@pytest.mark.parametrize("case", CHANGES)
def test_change_is_seen(notebook: Notebook, case: str) -> None:
    setup, cell, expected = CHANGES[case]
    notebook.run(*setup)
    notebook.run(cell)
    assert notebook.changed() == expected


@pytest.mark.parametrize("case", NO_CHANGES)
def test_looking_is_no_change(notebook: Notebook, case: str) -> None:
    setup, cell = NO_CHANGES[case]
    notebook.run(*setup)
    notebook.run(cell)
    assert notebook.changed() == set()


def test_a_frame_made_from_another_is_a_variable_of_its_own(notebook: Notebook) -> None:
    notebook.run("import pandas as pd\ndf = pd.DataFrame({'a': [1, 2], 'b': [3, 4]})\nother = df[['a']]")
    notebook.run("other.loc[0, 'a'] = 9")
    assert notebook.changed() == {"other"}


def test_an_array_taken_from_a_frame_changes_with_it(notebook: Notebook) -> None:
    notebook.run("import pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})\nvalues = df['a'].to_numpy()")
    notebook.run("df.loc[0, 'a'] = 5")
    same = notebook["values"][0] == 5
    assert notebook.changed() == ({"df", "values"} if same else {"df"}) or notebook.changed() == {"df", "values"}


def test_renaming_a_shared_index_changes_both_frames(notebook: Notebook) -> None:
    notebook.run(
        "import pandas as pd\nindex = pd.Index([1, 2], name='i')\n"
        "one = pd.Series([1, 2], index=index)\ntwo = pd.Series([3, 4], index=index)"
    )
    notebook.run("one.index.name = 'j'")
    changed = notebook.changed()
    truth = {name for name in ("one", "two") if notebook[name].index.name == "j"}
    assert truth <= changed


def test_a_failed_cell_is_recorded_with_what_it_changed(notebook: Notebook) -> None:
    notebook.run("x = [1]")
    notebook.attempt("x.append(2)\ny = 1\n1 / 0\nz = 1")
    head = notebook.session.head
    assert head is not None
    execution = notebook.session.store.history.execution(head)
    assert execution.outcome == "error"
    assert "ZeroDivisionError" in (execution.error or "")
    assert notebook.changed() == {"x", "y"}


def test_a_cell_that_is_no_python_changes_nothing(notebook: Notebook) -> None:
    notebook.attempt("x = = 1")
    assert notebook.changed() == set()


def test_names_bound_between_cells_are_an_execution_of_their_own(notebook: Notebook) -> None:
    notebook.run("x = 1")
    notebook.variables["x"] = 2
    head = notebook.run("y = x")
    store = notebook.session.store
    between = store.history.execution(store.history.execution(head).parent)
    assert between.kind == "ambient"
    assert [name for name, _ in store.history.bindings(between.id)] == ["x"]


def test_cells_that_only_hold_commands_are_no_history(notebook: Notebook) -> None:
    before = notebook.run("x = 1")
    notebook.ens("status")
    notebook.ens("log")
    assert notebook.session.head == before


def test_what_goes_wrong_in_capture_does_not_reach_the_cell(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = notebook.run("x = [1]")

    def broken(*_: object) -> None:
        raise OSError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(notebook.session.store.log, "record", broken)
        with pytest.warns(UserWarning, match="no room"):  # changes the warnings filters, which is recorded too
            result = notebook.attempt("x.append(2)\n'shown'")
    assert result.result == "shown"
    notebook.run("y = 1")
    history = notebook.session.store.history
    late = history.versions_of("x")[-1].execution  # what could not be recorded is recorded with the next execution
    assert late > before
    assert history.execution(late).no_replay


ALIASES = {
    "the namespace": ("g = globals()", "g['x'].append(2)"),
    "the shell's name for it": ("u = get_ipython().user_ns", "u['x'].append(2)"),
    "the module": ("import sys\nme = sys.modules[__name__]", "getattr(me, 'x').append(2)"),
    "the module, imported": ("import __main__ as M", "M.x.append(2)"),
    "exec": ("run = exec", "run('x.append(2)')"),
    "a function that uses one": ("g = globals()\ndef f(k): g[k].append(2)", "f('x')"),
}


@pytest.mark.parametrize("alias", ALIASES)
def test_other_names_for_the_namespace_may_change_anything(notebook: Notebook, alias: str) -> None:
    setting, change = ALIASES[alias]
    notebook.run("x = [1]", setting, "unrelated = 0", change)
    assert notebook.changed() == {"x"}
    again = notebook.reborn()
    again.restore()
    assert again["x"] == [1, 2]
    again.kill()
