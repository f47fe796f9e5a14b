"""What a session registers with others: classes with abstract classes, functions with generic functions."""

from __future__ import annotations

import pytest

from tests.notebook import Notebook

VIRTUAL = {
    "a class of the session": ("class B:\n    pass", "A.register(B)", "issubclass(B, A) and isinstance(B(), A)"),
    "by a decorator": ("x = 1", "@A.register\nclass B:\n    pass", "issubclass(B, A)"),
    "a class of a library": ("x = 1", "A.register(int)", "issubclass(int, A) and not issubclass(float, A)"),
    "with one that has a method of that name": (
        "class A(A):\n    def register(self):\n        pass",
        "abc.ABCMeta.register(A, int)",
        "issubclass(int, A)",
    ),
    "two that know each other": (
        "class B:\n    kind = A",
        "A.other = B\nA.register(B)",
        "issubclass(B, B.kind.other.kind)",
    ),
}


@pytest.mark.parametrize("how", VIRTUAL)
def test_virtual_subclasses_come_back(notebook: Notebook, how: str) -> None:
    before, register, holds = VIRTUAL[how]
    notebook.run("import abc\nclass A(abc.ABC):\n    pass", before, register)
    assert "A" in notebook.changed()
    again = notebook.reborn()
    report = again.restore()
    assert report.replans == ()
    again.run(f"assert {holds}")
    again.kill()


def test_generic_functions_whose_implementations_are_called_underscore(notebook: Notebook) -> None:
    notebook.run(
        "import functools\n@functools.singledispatch\ndef f(x):\n    return 'any'\nclass B:\n    pass",
        "@f.register\ndef _(x: int):\n    return 'int'",
        "@f.register\ndef _(x: B):\n    return 'B'\nb = B()",
        "class K:\n    @functools.singledispatchmethod\n    def g(self, x):\n        return 'any'\n"
        "    @g.register\n    def _(self, x: str):\n        return 'str'",
    )
    again = notebook.reborn()
    report = again.restore()
    assert report.replans == ()
    again.run("assert (f(1), f(b), f(2.0), K().g('a'), K().g(1)) == ('int', 'B', 'any', 'str', 'any')")
    again.ens("undo 2")
    again.run("assert f(1) == 'int'")
    again.kill()
