"""Members of a session's enumerations come back with all they are, and no code of the session runs for it."""
# ruff: noqa: E501  (one cell, one line)

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ensession.model import Fate
from tests.notebook import Notebook
from tests.session.test_generated import prices

KINDS = {
    "attributes by __init__": (
        "class K(enum.Enum):\n    A = 1, 2\n    B = 3, 4\n    AA = 1, 2\n    def __init__(self, *v):\n"
        "        log.append(v)\n        self.v = [v]",
        "k = K.A",
        "len(log), list(K), K.AA is K.A, k is K.A, k.v, K((3, 4)) is K.B",
    ),
    "__init__ of a base": (
        "class Base(enum.Enum):\n    def __init__(self, *v):\n        log.append(v)\nclass K(Base):\n    A = 1\n    B = 2",
        "k = K.B",
        "len(log), list(K), k is K.B, K(2) is k",
    ),
    "__new__ of its own": (
        "class K(bytes, enum.Enum):\n    def __new__(cls, v, label):\n        made = bytes.__new__(cls, [v])\n"
        "        made._value_ = v\n        made.label = label\n        return made\n    A = 7, 'a'\n    B = 8, 'b'",
        "k = K.B",
        "k is K.B, bytes.__getitem__(k, slice(None)), k.label, K(8) is k, [one.label for one in K]",
    ),
    "numbers": (
        "class K(int, enum.Enum):\n    def __new__(cls, v, t):\n        made = int.__new__(cls, v)\n        made._value_ = v\n"
        "        made.t = t\n        return made\n    A = 1, 'one'\n    B = 2, 'two'",
        "k = K.B",
        "k + 1, k.t, K(2) is k, [int(one) for one in K]",
    ),
    "text that says something else": (
        "class K(str, enum.Enum):\n    A = 'x'\n    def __str__(self): return 'no'\n    def __init__(self, v): self.w = v * 2",
        "k = K.A",
        "str(k), k == 'x', k.w, K('x') is k",
    ),
    "dates": (
        "class K(datetime.date, enum.Enum):\n    A = 2020, 1, 2\n    B = 2021, 1, 2",
        "k = K.B",
        "k is K.B, k.year, K(k.value) is k",
    ),
    "tuples": (
        "class K(tuple, enum.Enum):\n    A = (1, 2)\n    B = (3,)",
        "k = K.B",
        "k, tuple.__len__(k), K((3,)) is k",
    ),
    "a dataclass": (
        "@dataclasses.dataclass\nclass M:\n    n: int\n    m: list = dataclasses.field(default_factory=list)\n"
        "class K(M, enum.Enum):\n    A = 1\n    B = 2, [7]",
        "k = K.B",
        "k is K.B, k.n, k.m, K.A.n, K.A.m",
    ),
    "functions": (
        "class K(enum.Enum):\n    A = enum.member(lambda a, b: a + b)\n    B = enum.member(len)",
        "k = K.A",
        "k is K.A, k.value(2, 3), list(K)[1].value('abc')",
    ),
    "no numbers": ("class K(enum.Enum):\n    A = float('nan')\n    B = [1]", "k, b = K.A, K.B", "k is K.A, b is K.B"),
    "flags that keep": (
        "class K(enum.Flag, boundary=enum.KEEP):\n    A = 1\n    B = 2\n    def __init__(self, v): self.more = [v]",
        "k = K.A | K.B",
        "k, k.value, [one.more for one in K], K(8), K.A | K.B is k",
    ),
    "flags that are strict": (
        "class K(enum.IntFlag, boundary=enum.STRICT):\n    A = 1\n    B = 2",
        "k = K.B",
        "int(K.A | K.B), k is K.B, K._boundary_",
    ),
    "flags with names for several bits": (
        "class K(enum.Flag):\n    A = 1\n    B = 2\n    AB = 3\n    BA = 3\n    def __init__(self, v): self.more = [v]",
        "k = K.AB",
        "k is K.A | K.B, K.BA is k, k.more, [one.more for one in K], list(K), ~K.A is K.B",
    ),
    "several bits given an attribute later": (
        "class K(enum.IntFlag):\n    A = 1\n    B = 2\n    AB = 3\n    C = 4",
        "k = K.A | K.C\nk.late = log\nK.AB.late = k",
        "k is K.A | K.C, k.late is log, k.name, int(k), K.AB.late is k, hasattr(K.A, 'late'), K(6)",
    ),
    "given an attribute later": (
        "class K(enum.Enum):\n    A = 1\n    B = 2",
        "k = K.A\nk.late = log",
        "k is K.A, K.A.late is log, hasattr(K.B, 'late')",
    ),
}


def numbered(code: str, number: int) -> str:
    """Give the names of a kind's code a number: all kinds share a notebook."""
    return re.sub(r"\b(K|k|b|M|Base|log)\b(?!')", rf"\g<1>{number}", code)


def test_enumerations_are_loaded_with_all_that_their_members_are(tmp_path: Path) -> None:
    cells, looks = [], {}
    for number, (kind, (definition, use, look)) in enumerate(KINDS.items()):
        cells += [numbered(code, number) for code in ("log = []", definition, use)]
        looks[kind] = numbered(f"[{look}]", number)
    notebook = Notebook(tmp_path / "s.ens").start("--all")
    notebook.run("import dataclasses, datetime, enum", *cells)
    before = {kind: repr(eval(look, notebook.variables)) for kind, look in looks.items()}
    again = notebook.reborn()
    try:
        with prices("running is dear"):
            report = again.restore()
        assert {one.name: one.fate for one in report.variables if one.fate is not Fate.LOADED} == {}
        assert {kind: repr(eval(look, again.variables)) for kind, look in looks.items()} == before
        again.run("exec('')")
        assert again.changed() == set(), "what was loaded looks as what was stored"
    finally:
        again.kill()


def test_an_attribute_set_through_a_variable_is_a_change_of_the_class(tmp_path: Path) -> None:
    notebook = Notebook(tmp_path / "s.ens").start()
    notebook.run("import enum\nclass K(enum.Enum):\n    A = 1", "k = K.A", "k.late = [1]")
    assert notebook.changed() == {"K", "k"}
    notebook.run("k.late.append(2)")
    assert notebook.changed() == {"K", "k"}
    notebook.kill()


@pytest.mark.parametrize("kind", ["enum.Flag", "enum.IntFlag"])
def test_an_attribute_of_several_bits_is_a_change_and_making_them_is_none(tmp_path: Path, kind: str) -> None:
    notebook = Notebook(tmp_path / "s.ens").start()
    notebook.run(
        f"import enum\nclass K({kind}):\n    A = 1\n    B = 2\n    C = 4\n    AB = 3", "K.A.v = 1", "k = K.A | K.C"
    )
    assert notebook.changed() == {"k"}
    notebook.run("~K.A; K.B | K.C; K(7)")
    assert notebook.changed() == set()
    for member in ("k", "K.AB"):
        notebook.run(f"{member}.late = [1]")
        assert notebook.changed() == {"K", "k"}
        notebook.run(f"{member}.late.append(2)")
        assert notebook.changed() == {"K", "k"}
    notebook.run("~k")
    assert notebook.changed() == set()
    notebook.kill()


def test_a_member_that_lost_its_value_is_made_again_by_its_cells(tmp_path: Path) -> None:
    notebook = Notebook(tmp_path / "s.ens").start("--all")
    notebook.run("import enum\nclass K(enum.Enum):\n    A = 1", "k = K.A", "vars(k).clear()")
    again = notebook.reborn()
    again.restore()
    assert again["k"] is again["K"]._member_map_["A"]
    assert vars(again["k"]) == {}
    again.kill()


def test_a_member_that_was_given_another_class_is_made_again_by_its_cells(tmp_path: Path) -> None:
    notebook = Notebook(tmp_path / "s.ens").start("--all")
    cells = ("import enum\nclass E:\n    pass\nclass K(enum.Enum):\n    A = 1", "k = K.A", "k.__class__ = E")
    notebook.run(*cells)
    assert notebook.changed() == {"K", "k"}
    again = notebook.reborn()
    report = again.restore()
    fates = {one.name: one.fate for one in report.variables if one.name in "kK"}
    assert fates == dict.fromkeys("kK", Fate.UNVERIFIED)
    assert again["k"] is again["K"]._member_map_["A"]
    assert type(again["k"]) is again["E"]
    again.kill()


def test_what_a_class_that_cannot_be_stored_holds_is_linked_with_it(tmp_path: Path) -> None:
    notebook = Notebook(tmp_path / "s.ens").start()
    notebook.run("import enum\nl = [1]\nclass K(enum.Enum):\n    A = 1\n    B = 2", "vars(K.B).clear(); K.A.v = l")
    notebook.run("l.append(2)")
    assert notebook.changed() == {"K", "l"}
    notebook.kill()
