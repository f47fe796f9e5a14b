"""Names for what there is once in a process, and objects with attributes that their own reduction leaves out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.notebook import Notebook


def test_the_environment_is_the_process_own_and_its_secrets_stay_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_SERVICE_API_KEY", "sk-verysecret-0123456789abcdef")
    notebook = Notebook(tmp_path / "s.ens").start("--all")
    notebook.run("import os\nfrom os import environ", "env = os.environ", "held = [env]")
    again = notebook.reborn()
    again.restore()
    assert again["env"] is again["environ"] is again["held"][0] is os.environ
    again.ens("undo")
    assert again["env"] is os.environ
    again.kill()
    assert b"verysecret" not in (tmp_path / "s.ens").read_bytes()


def test_contexts_and_settings_are_the_ones_that_count(notebook: Notebook) -> None:
    import decimal

    matplotlib = pytest.importorskip("matplotlib")
    before = decimal.getcontext().prec
    notebook.run(
        "import decimal\ncontext = decimal.getcontext()\nown = decimal.Context(prec=5)",
        "from matplotlib import rcParams",
        "context.prec = 7",
    )
    again = notebook.reborn()
    again.restore()
    assert again["context"] is decimal.getcontext()
    assert again["rcParams"] is matplotlib.rcParams
    assert (again["own"].prec, decimal.getcontext().prec) == (5, 7)
    again.run(f"context.prec = {before}")
    again.kill()


SUBCLASSES = {
    "float": ("float", "21.5"),
    "int": ("int", "3"),
    "str": ("str", "'text'"),
    "tuple": ("tuple", "(1, 2)"),
}


@pytest.mark.parametrize("kind", SUBCLASSES)
def test_numbers_and_texts_with_attributes_are_shared(notebook: Notebook, kind: str) -> None:
    base, value = SUBCLASSES[kind]
    notebook.run(f"class C({base}):\n    unit = None", f"t = C({value}); u = t; d = {{'t': t}}", "t.unit = 'K'")
    again = notebook.reborn()
    again.restore()
    assert again["t"] is again["u"] is again["d"]["t"]
    assert again["u"].unit == "K"
    again.ens("undo")
    assert again["u"].unit is again["t"].unit is None
    again.kill()


LEFT_OUT = {
    "a frame": ("import pandas as pd", "pd.DataFrame({'a': [1]})"),
    "a series": ("import pandas as pd", "pd.Series([1], name='x')"),
    "a counter": ("from collections import Counter", "Counter('aab')"),
    "a defaultdict": ("from collections import defaultdict\nclass G(defaultdict):\n    pass", "G(list, {1: [2]})"),
    "a date": ("import datetime\nclass D(datetime.date):\n    pass", "D(2020, 1, 2)"),
    "a decimal": ("import decimal\nclass E(decimal.Decimal):\n    pass", "E('1.5')"),
    "a path": ("import pathlib\nclass P(pathlib.PurePosixPath):\n    pass", "P('/a/b')"),
    "a generator": ("import random\nclass R(random.Random):\n    pass", "R(1)"),
}


@pytest.mark.filterwarnings("ignore:Pandas doesn't allow columns:UserWarning")
@pytest.mark.parametrize("kind", LEFT_OUT)
def test_attributes_that_a_reduction_leaves_out(notebook: Notebook, kind: str) -> None:
    setting, make = LEFT_OUT[kind]
    if "pandas" in setting:
        pytest.importorskip("pandas")
    notebook.run(
        setting,
        f"x = {make}\nx.note = ['first']\ny = [x]",
        "x.note.append('second')",
        "text = getattr(x, 'getstate', x.__repr__)()",
    )
    assert "x" in {name for name, _ in notebook.session.store.history.bindings(notebook.session.head - 1)}
    again = notebook.reborn()
    again.restore()
    assert again["x"].note == ["first", "second"]
    assert again["y"][0] is again["x"]
    assert getattr(again["x"], "getstate", again["x"].__repr__)() == again["text"]
    again.ens("undo 2")
    assert again["x"].note == ["first"]
    again.kill()


OWN = {
    "sys.path": ("p.append('/of/the/test')", True),
    "sys.argv": ("p.append('--of-the-test')", False),
    "sys.modules": ("p['of_the_test'] = sys", False),
    "sys.path_importer_cache": ("p.clear()", False),
}


@pytest.mark.parametrize("place", OWN)
def test_a_variable_that_is_a_list_of_the_process_is_that_again(notebook: Notebook, place: str) -> None:
    change, is_hidden_state = OWN[place]
    import sys

    before = list(eval(place)) if isinstance(eval(place), list) else dict(eval(place))
    notebook.run(f"import sys\np = {place}\ncopy = list(p)")
    notebook.run("held = {'p': p, 'q': [p]}; also = p")
    notebook.run(change)
    notebook.run("x = 1")
    try:
        again = notebook.reborn()
        if is_hidden_state:
            sys.path.remove("/of/the/test")
        report = again.restore()
        assert report.plan.runs == ()
        assert again["p"] is again["also"] is again["held"]["p"] is again["held"]["q"][0] is eval(place)
        assert again["copy"] == list(before)
        assert ("/of/the/test" in sys.path) is is_hidden_state
        again.ens("undo 2")
        assert again["p"] is eval(place)
        assert "/of/the/test" not in sys.path
        again.kill()
    finally:
        own = eval(place)
        own.clear()
        own.update(before) if isinstance(own, dict) else own.extend(before)


def test_there_is_one_masked_constant(notebook: Notebook) -> None:
    import numpy as np

    notebook.run(
        "import numpy as np",
        "m = np.ma.array([1, 2], mask=[0, 1])[1]\none = [m]\nother = {'m': m}",
        "rest = np.ma.array([1, 2], mask=[0, 1])",
    )
    notebook.run("one.append(1)")
    assert notebook.changed() == {"one"}
    again = notebook.reborn()
    again.restore()
    assert again["m"] is again["one"][0] is again["other"]["m"] is again["rest"][1] is np.ma.masked
    again.kill()
