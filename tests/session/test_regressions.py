"""Found by generated notebooks, each as small as it gets."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from ensession.model import Fate
from tests.notebook import Notebook
from tests.session.test_generated import Life, prices, user_variables
from tests.session.truth import truth


def come_back(notebook: Notebook, restored_at: str = "as they are") -> Notebook:
    """Die and come back; hold everything against what it was."""
    before = truth(user_variables(notebook), notebook.variables)
    live = notebook.reborn()
    with prices(restored_at):
        report = live.restore()
    assert not [one for one in report.variables if one.fate in (Fate.DIFFERENT, Fate.MISSING)]
    assert truth(user_variables(live), live.variables) == before
    return live


def test_a_method_of_a_builtin_is_linked_to_its_object(notebook: Notebook) -> None:
    notebook.run("x = []\nadd = x.append", "y = x")
    notebook.run("add(1)")
    assert notebook.changed() == {"x", "y", "add"}
    live = come_back(notebook)
    live.run("add(2)")
    assert live["x"] == [1, 2]
    live.kill()


def test_an_attribute_of_a_number_of_the_session_is_seen(notebook: Notebook) -> None:
    notebook.run("class N(int):\n    pass\nn = N(3)\nn.log = []\nlog = n.log")
    notebook.run("log.append(1)")
    assert notebook.changed() == {"n", "log"}
    come_back(notebook).kill()


def test_values_that_raise_when_compared_are_looked_at(notebook: Notebook) -> None:
    notebook.run(
        "class T(tuple):\n    def __eq__(self, o): raise OSError\n    __hash__ = tuple.__hash__\nt = T((1, 2))\nu = t"
    )
    assert notebook.changed() == {"T", "t", "u"}
    live = come_back(notebook)
    assert live["t"] is live["u"]
    live.kill()


def test_groups_that_need_each_others_classes_are_one(notebook: Notebook) -> None:
    notebook.run(
        "class C:\n    def __init__(self, v): self.v = v\nclass E(C):\n    pass",
        "items = []\np = E(items)",
        "C.one = C(items)",  # C shares items with p, p needs E, and E needs C
    )
    live = come_back(notebook)
    assert live["C"].one.v is live["items"] is live["p"].v
    live.kill()


def test_large_sets_of_strings_are_stored_however_cheap_they_are(tmp_path: Path) -> None:
    with prices("loading is dear"):
        notebook = Notebook(tmp_path / "s.ens").start()
        notebook.run("names = {f'member {n}' for n in range(5000)}\nnumbers = {1, 2}")
    state = notebook.session.graph().state
    stored = {name: notebook.session.graph().versions[version].payload for name, version in state.items()}
    assert stored["names"] is not None
    assert stored["numbers"] is None
    notebook.kill()


def test_a_method_that_is_no_attribute_of_its_object_comes_back(notebook: Notebook) -> None:
    notebook.run("import types\nx = [1]\nm = types.MethodType(lambda self: self, x)\nC = type(m)")
    live = come_back(notebook)
    assert live["m"]() is live["x"]
    live.kill()


def test_a_wrapper_shares_its_annotations_with_what_it_wraps(notebook: Notebook) -> None:
    notebook.run("import functools\ndef f(): pass\n@functools.wraps(f)\ndef g(): pass")
    live = come_back(notebook)
    assert live["g"].__annotations__ is live["f"].__annotations__
    live.kill()


def test_a_cached_function_is_not_found_by_its_name(notebook: Notebook) -> None:
    notebook.run("import functools\n@functools.lru_cache\ndef f(n):\n    return [n]\nkept = [f]")
    notebook.run("f = 1")
    live = come_back(notebook)
    assert live["kept"][0](2) == [2]
    live.kill()


def test_a_cached_function_of_a_library_is_no_link(notebook: Notebook) -> None:
    notebook.run("import tokenize", "a, b = [tokenize._compile], {'f': tokenize._compile}")
    notebook.run("a.append(2)")
    assert notebook.changed() == {"a"}


def test_a_nested_class_keeps_its_place(notebook: Notebook) -> None:
    notebook.run("class C:\n    class D:\n        pass\nd = C.D()")
    first = come_back(notebook)
    first.run("e = C.D()")
    live = come_back(first)
    assert type(live["d"]) is type(live["e"]) is live["C"].D
    live.kill()


def test_a_class_rebound_while_subclasses_live(notebook: Notebook) -> None:
    life = Life(notebook)
    for cell in (
        "class C:\n    pass\nclass E(C):\n    pass\no = C()\np = E()",
        "class C:\n    n = 1",
        "C, E = E, C",
        "del C",
        "o.__class__ = type(p)",
    ):
        life.run(cell)
    for state in list(life.states):
        life.return_to(state, "as they are")
    life.notebook.kill()


def test_no_code_of_the_session_runs_for_a_summary(notebook: Notebook) -> None:
    notebook.run(
        "asked = []\nclass C:\n    def __getattr__(self, name):\n        asked.append(name)\n"
        "        raise AttributeError(name)\nclass L(list):\n    def __len__(self):\n        asked.append('len')\n"
        "        return 5\n    @property\n    def shape(self):\n        asked.append('shape')\n        return (1, 2)"
    )
    notebook.run("o, p = C(), L([1])")
    assert "shape" not in notebook["asked"]
    assert "len" not in notebook["asked"]


def test_an_exception_whose_dict_was_looked_at_is_unchanged(notebook: Notebook) -> None:
    notebook.run("e = ValueError(1)", "vars(e)")
    assert notebook.changed() == set()


def test_constants_shared_by_the_compiler_are_no_part_of_a_value(notebook: Notebook) -> None:
    with prices("loading is dear"):
        notebook.run(
            "class C:\n    @property\n    def v(self):\n        return self._v\n    @v.setter\n    def v(self, v):\n"
            "        self._v = v\n    def a(self): l.append('in')\n    def b(self): l.append('out')\nl = []\no = C()",
            "C.one = o; o.l = l",
            "o.a()",
        )
    come_back(notebook, "loading is dear").kill()


@pytest.mark.parametrize("part", ["keys", "values", "items"])
def test_an_iterator_belongs_to_its_dictionary(notebook: Notebook, part: str) -> None:
    notebook.run("d = {i: [i] for i in range(5)}", f"it = iter(d.{part}())\nfirst = next(it)")
    notebook.run("d[4] = ['other']")
    assert {"d", "it"} <= notebook.changed()
    live = come_back(notebook)
    expected = [notebook["d"][i] for i in range(1, 5)]
    expected = {"keys": [1, 2, 3, 4], "values": expected, "items": list(enumerate(expected, 1))}[part]
    live.run("d[3].append(0)", "rest = list(it)")
    expected = [[3, 0] if one == [3] else (3, [3, 0]) if one == (3, [3]) else one for one in expected]
    assert live["rest"] == expected
    live.kill()


def test_an_iterator_whose_dictionary_grew_stays_unusable(notebook: Notebook) -> None:
    notebook.run("d = {1: 2, 3: 4}", "it = iter(d)", "d[5] = 6")
    assert {"d", "it"} <= notebook.changed()
    live = notebook.reborn()
    report = live.restore()
    assert {one.fate for one in report.variables if one.name in {"d", "it"}} == {Fate.LOADED}
    assert live["d"] == {1: 2, 3: 4, 5: 6}
    with pytest.raises(RuntimeError, match="changed size"):
        next(live["it"])
    live.kill()


def test_an_iterator_that_is_done_stays_so(notebook: Notebook) -> None:
    notebook.run("d = {1: 2}", "it = iter(d)\nnext(it)\nused = iter(d)\nlist(used)")
    live = notebook.reborn()
    live.restore()
    assert list(live["it"]) == list(live["used"]) == []
    live.kill()


def test_an_iterator_over_the_namespace_does_not_take_it_along(notebook: Notebook) -> None:
    notebook.run("x = [1]", "it = iter(globals())", "x.append(2)")
    assert "it" not in notebook.changed()
    notebook.kill()


def test_a_word_that_payloads_use_too_makes_no_difference(tmp_path: Path) -> None:
    notebook = Notebook(tmp_path / "a.ens").start("--all")
    notebook.run("import numpy as np", "base = np.arange(9000.0).reshape(90, 100)\nrow = base[1]")
    notebook.run("holder = {'view': base[10:20], 'array': [base]}", "frame = base.T")
    notebook.kill()
    with contextlib.closing(sqlite3.connect(notebook.store, isolation_level=None)) as database:
        (last,) = database.execute("SELECT max(version) FROM binding WHERE name = 'base'").fetchone()
        for table, column in (("payload_chunk", "payload"), ("payload_part", "payload"), ("payload", "version")):
            database.execute(f"DELETE FROM {table} WHERE {column} = ?", (last,))
    again = Notebook(tmp_path / "a.ens")
    fates = {one.name: one.fate.value for one in again.restore().variables}
    assert {fates[name] for name in ("base", "row", "holder", "frame")} == {"recomputed"}


def test_looking_into_the_store_that_is_recorded_is_no_effect(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    notebook = Notebook(tmp_path / "b" / ".." / "a.ens").start()
    notebook.run("import ensession", f"with ensession.open({str(tmp_path / 'a.ens')!r}) as s: n = len(s.executions())")
    last = notebook.session.store.history.execution(notebook.session.head)
    assert last.caution is None
    notebook.run(f"open({str(tmp_path / 'a.ens.csv')!r}, 'w').close()")
    last = notebook.session.store.history.execution(notebook.session.head)
    assert last.caution is not None


def test_a_mapped_array_whose_file_has_changed_comes_back_in_memory_and_that_is_told(
    notebook: Notebook, tmp_path: Path
) -> None:
    path = tmp_path / "x.dat"
    path.write_bytes(bytes(8000))
    notebook.run(f"import numpy as np\nx = np.memmap({str(path)!r}, dtype=float, mode='r+')", "x[0] = 1")
    live = come_back(notebook)
    live.run("x[1] = 2\nx.flush()")
    assert live.changed() == {"x"}
    assert path.read_bytes() == live["x"].tobytes()
    path.write_bytes(bytes(8000))
    live = live.reborn()
    report = live.restore()
    assert sum("x came back in memory" in note for note in report.notes) == 1
    assert live["x"][:2].tolist() == [1, 2]
    live.kill()
    assert path.read_bytes() == bytes(8000)


@pytest.mark.parametrize("way", ["__reduce__", "__getstate__", "__reduce_ex__"])
def test_a_value_that_refuses_with_an_error_of_its_own_is_unstorable_and_no_more(notebook: Notebook, way: str) -> None:
    notebook.run(
        "class Refusal(Exception):\n    pass",
        f"class C:\n    def {way}(self, *_): raise Refusal('not this one')\nx, y = C(), [1]",
        "y.append(2)\nx.n = 3",
    )
    assert notebook.changed() == {"x", "y"}
    live = notebook.reborn()
    live.restore()
    assert (live["x"].n, live["y"]) == (3, [1, 2])
    live.kill()


HOSTILE = {
    "it is of no class": "class C:\n    @property\n    def __class__(self): raise OSError\nx = C()",
    "it has no attributes": "class C:\n    def __getattribute__(self, name): raise OSError(name)\nx = C()",
    "what it stood for is gone": "import weakref\nclass C: pass\nc = C()\nx = weakref.proxy(c)\ndel c",
    "its module is no name": "class C: pass\nC.__module__ = None\nx = C()",
    "it ends the process": "class C:\n    def __reduce__(self): raise SystemExit(3)\nx = C()",
    "there is no memory for it": "class C:\n    def __reduce__(self): raise MemoryError\nx = C()",
    "it panics": "class Panic(BaseException): pass\nclass C:\n    def __reduce__(self): raise Panic\nx = C()",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_values_that_raise_whatever_is_asked_spoil_no_record(notebook: Notebook, case: str) -> None:
    notebook.run(HOSTILE[case], "y = [1]", "y.append(2)\nz = x")
    assert {"y", "z"} <= notebook.changed()
    notebook.run("del x, z", "w = 3")
    live = notebook.reborn()
    live.restore()
    assert (live["y"], live["w"]) == ([1, 2], 3)
    live.kill()


def test_a_value_that_panics_when_it_is_loaded_is_missing_and_no_more(notebook: Notebook) -> None:
    notebook.run(
        "class Panic(BaseException): pass",
        "class C:\n    def __setstate__(self, state): raise Panic\nx = C()\nx.n = 1",
        "y = [1]",
    )
    live = notebook.reborn()
    report = live.restore()
    assert live["y"] == [1]
    assert {one.name for one in report.variables if one.fate is Fate.LOADED} >= {"y"}
    live.kill()


def test_a_variable_whose_name_no_text_holds_is_missing_and_no_more(notebook: Notebook) -> None:
    notebook.run("globals()['\\ud800'] = 1\ny = [1]")
    live = notebook.reborn()
    live.restore()
    assert live["y"] == [1]
    live.kill()


@pytest.mark.parametrize("how", ["", "--lazy"])
@pytest.mark.parametrize("name", ["exit", "quit", "open"])
def test_a_variable_in_the_place_of_one_of_the_shells_is_a_variable(notebook: Notebook, name: str, how: str) -> None:
    shells = notebook[name]
    notebook.run("before = 1")
    bound = notebook.run(f"before = 2\n{name} = [before]")
    assert notebook.changed() == {"before", name}
    notebook.run(f"before = 3\n{name}.append(before)")
    assert notebook.changed() == {"before", name}
    notebook.ens("undo 2")
    assert notebook[name] is shells
    again = notebook.reborn()
    again.restore(f"{how} @{bound}")
    again.run("other = 1", f"total = sum({name})")
    assert (again["total"], again[name]) == (2, [2])
    again = again.reborn()
    again.restore()
    assert again[name] == [2]
    again.kill()
