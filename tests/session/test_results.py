"""Results that the shell keeps lead to the variables that their cells touched, and to no others."""

from __future__ import annotations

import pytest

from tests.notebook import Notebook


@pytest.mark.parametrize(
    ("cells", "changed"),
    [
        (["l = [1]\nother = [2]", "l", "_.append(2)"], {"l"}),
        (["l = [1]\nother = [2]", "{'part': l}", "other", "__['part'].append(2)"], {"l"}),
        (["l = [1]\nother = [2]", "l", "w = l", "del l", "_.append(3)"], {"w"}),
        (["l = [1]\nother = [2]", "l", "w = [l]", "v = w", "del l, w", "_.append(3)"], {"v"}),
        (["l = [1]\nother = [2]", "l", "_", "_.append(3)"], {"l"}),
        (["l = [1]\nother = [2]", "[1, 2]", "l = _", "_.append(3)"], {"l"}),
        (["l = [1]\ndef f():\n    return l", "f()", "_.append(3)"], {"l"}),
        (["l = [1]", "def f():\n    return lambda: l.append(1)", "f()", "_()"], {"l"}),
        (["n = 0\ndef f():\n    def g():\n        global n\n        n += 1\n    return g", "f()", "_()"], {"n"}),
        (["l = [1]", "Out", "_"], set()),
        (["l = [1]", "l", "Out[2].append(1)"], {"l"}),
        (["l = [1]", "l", "exec('w = l')", "del l", "_.append(1)"], {"w"}),
        (["l = [1]", "_ = l", "[5]", "_.append(1)"], {"l"}),
        (["l = [1]", "for _ in range(3): l.append(_)", "l", "_"], set()),
        (
            [
                "import pandas as pd, matplotlib.pyplot as plt\ntable = pd.Series([1, 2])",
                "table.plot()",
                "figure = plt.gcf()",
                "_.set_title('later')",
            ],
            {"figure"},
        ),
    ],
)
def test_who_uses_a_result_touches_what_it_came_from(notebook: Notebook, cells: list[str], changed: set[str]) -> None:
    notebook.ens("config audit=on")
    for cell in cells:
        notebook.run(cell)
    assert {name for name in notebook.changed() if not name.startswith("_")} == changed
    assert not notebook.audits()


def test_what_a_result_has_nothing_to_do_with_is_not_read(notebook: Notebook) -> None:
    notebook.run("l = [1]\nother = [2]", "l", "_.append(2)")
    head = notebook.session.head
    assert head is not None
    names = {name for one in notebook.session.store.history.reads(head) for name in one.names}
    assert "l" in names
    assert "other" not in names


def test_a_result_from_before_a_move_may_be_anything(notebook: Notebook) -> None:
    notebook.run("l = [1]\nother = [2]", "l", "l.append(2)")
    notebook.ens("undo")
    notebook.run("_.append(5)")
    assert not notebook.audits()
    notebook.run("l")
    assert notebook["l"] == [1] or notebook["l"] == [1, 5]


def test_a_cell_without_a_number_replaces_a_result(notebook: Notebook) -> None:
    notebook.run("a = [1]", "b = [2]")
    notebook.shell.run_cell("a", store_history=False)
    notebook.shell.run_cell("b", store_history=False)
    notebook.run("_.append(9)")
    assert notebook["b"] == [2, 9]
    assert "b" in notebook.changed()
