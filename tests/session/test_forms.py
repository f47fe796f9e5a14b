"""Every form that a cell can have: recorded under audit, killed, restored, and held against what it was."""

# ruff: noqa: E501  (one cell, one line)

from __future__ import annotations

from pathlib import Path

import pytest

from ensession.model import ExecutionKind, Fate, Outcome
from tests.notebook import Notebook
from tests.session.test_generated import prices, user_variables
from tests.session.truth import truth

FORMS: dict[str, tuple[list[str], list[str]]] = {
    "timed": (["%%time\nx = [1]", "%time y = len(x)", "%%timeit -n1 -r1\nx.append(2)"], ["x == [1, 2]", "y == 1"]),
    "captured": (["%%capture out\nx = [1]\nprint('seen')"], ["x == [1]", "out.stdout == 'seen\\n'"]),
    "of a shell": (["%%bash --out text\necho seen", "x = !echo a; echo b"], ["text == 'seen\\n'", "list(x) == ['a', 'b']"]),
    "a script": (
        ["%%writefile part.py\nmade = [1]\ntwin = made", "%run part.py", "made.append(2)"],
        ["made == [1, 2]", "twin is made"],
    ),
    "help": (["x = [1]", "x?\n", "?len", "y = x"], ["y is x"]),
    "magics of the session": (["%load_ext autoreload", "%autoreload 0\nx = [1]", "y = %pwd"], ["x == [1]", "len(y) > 1"]),
    "awaited": (
        ["import asyncio\nx = await asyncio.sleep(0, result=[1])", "async def go():\n    return x", "y = await go()"],
        ["y is x", "asyncio.iscoroutinefunction(go)"],
    ),
    "star imports": (["from math import *\nfrom heapq import *", "x = [3, 1]\nheapify(x)"], ["x == [1, 3]", "pi > 3"]),
    "exec": (["exec('x = [1]; y = x')", "exec('y.append(2)')", "z = eval('x')"], ["x is y and y is z", "x == [1, 2]"]),
    "globals": (["globals()['x'] = [1]", "globals().update(y=x)", "globals().pop('x')"], ["y == [1]", "'x' not in globals()"]),
    "vars and locals": (["vars()['x'] = [1]\nlocals()['y'] = x", "vars()['x'].append(2)"], ["x is y", "x == [1, 2]"]),
    "the main module": (
        ["import sys\nsetattr(sys.modules['__main__'], 'x', [1])", "import __main__\n__main__.x.append(2)"],
        ["x == [1, 2]"],
    ),
    "del": (["x = [1]; y = x; z = 1", "del x, z", "for n in range(2):\n    pass\ndel n"], ["y == [1]", "'x' not in globals()"]),
    "earlier results": (
        ["x = [1]", "x", "_.append(2)", "{'k': x}", "y = _['k']", "x", "Out[6].append(3)", "z = len(In)"],
        ["x == [1, 2, 3]", "y is x", "z == 9"],
    ),
    "failing midway": (["x = [1]; y = x", "x.append(2)\n1 / 0\nx.append(3)"], ["x == [1, 2]", "y is x"]),
    "interrupted": (["x = [1]", "x.append(2)\nraise KeyboardInterrupt"], ["x == [1, 2]"]),
    "nested": (["x = [1]", "get_ipython().run_cell('y = [x]\\nx.append(2)')\nz = y"], ["z is y and y[0] is x", "x == [1, 2]"]),
    "shadowed builtins": (
        ["list = [1]\nprint = len\nn = print(list)", "list.append(2)", "def f():\n    return print(list)"],
        ["list == [1, 2]", "n == 1", "f() == 2"],
    ),
    "a class defined again": (
        ["class C:\n    v = 1\nold = C()", "class C:\n    v = 2\nnew = C()", "old.w = 3"],
        ["type(new) is C", "type(old) is not C", "(old.v, new.v, old.w) == (1, 2, 3)", "type(old).__name__ == 'C'"],
    ),
    "mutual recursion": (
        ["def even(n):\n    return n == 0 or odd(n - 1)\ndef odd(n):\n    seen.append(n)\n    return n > 0 and even(n - 1)",
         "seen = []", "x = even(4)"],
        ["x and seen == [3, 1]", "odd(1) and seen == [3, 1, 1]"],
    ),
    "caches": (
        ["import functools\ncalls = []", "@functools.lru_cache\ndef f(n):\n    calls.append(n)\n    return [n]", "f(1); f(1)",
         "def memo(g):\n    kept = {}\n    def inner(n):\n        return kept.setdefault(n, g(n))\n    return inner\n@memo\ndef h(n):\n"
         "    return [n]", "first = h(1)"],
        ["calls == [1]", "f(2) == [2]", "h(1) is first"],
    ),
    "nonlocal and global": (
        ["n = 0\ndef count():\n    m = 0\n    def step():\n        nonlocal m\n        global n\n        m += 1\n        n += 1\n"
         "        return m\n    return step\nstep = count()", "step(); step()"],
        ["n == 2", "step() == 3 and n == 3"],
    ),
    "generators": (["g = (n for n in range(5))", "next(g)", "x = next(g)"], ["x == 1", "next(g) == 2"]),
    "a context left open": (
        ["import contextlib\nlog = []\n@contextlib.contextmanager\ndef held():\n    log.append('in')\n    yield\n    log.append('out')",
         "cm = held()\ncm.__enter__()"],
        ["log == ['in']", "cm.__exit__(None, None, None) is False and log == ['in', 'out']"],
    ),
    "a patched class": (
        ["class C:\n    def up(self):\n        return 1\no = C()", "C.up = lambda self: 5", "o.down = lambda: 7"],
        ["o.up() == 5", "o.down() == 7"],
    ),
    "swaps and unpacking": (
        ["a, b = [1], [2]; c = a", "a, b = b, a", "(x, *y), z = (a, b, c), a", "a += [3]"],
        ["b is c and z is a and x is a", "a == [2, 3]", "y[0] is b"],
    ),
    "a match and a walrus": (
        ["import types\nd = {'k': [1]}", "match d:\n    case {'k': found}:\n        found.append(m := 2)"],
        ["found is d['k']", "m == 2"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("at", ["as they are", "loading is dear"])
@pytest.mark.parametrize("form", FORMS)
def test_a_form_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, at: str) -> None:
    monkeypatch.chdir(tmp_path)
    cells, facts = FORMS[form]
    notebook = Notebook(tmp_path / "s.ens")
    notebook.ens("config audit=on")
    with prices(at):
        notebook.start()
        for cell in cells:
            notebook.attempt(cell)
            assert notebook.audits() == [], cell
    before = truth(user_variables(notebook), notebook.variables)
    live = notebook.reborn()
    try:
        with prices(at):
            report = live.restore()
        assert not [one for one in report.variables if one.fate in (Fate.DIFFERENT, Fate.MISSING)]
        assert truth(user_variables(live), live.variables) == before
        assert [fact for fact in facts if not live.shell.ev(fact)] == []
    finally:
        live.kill()


def test_how_a_cell_ended_is_recorded(notebook: Notebook) -> None:
    notebook.run("x = [1]")
    notebook.attempt("x.append(2)\n1 / 0")
    notebook.attempt("x.append(3)\nraise KeyboardInterrupt")
    notebook.attempt("x.append(")
    found = [one for one in notebook.session.store.history.executions() if one.kind is ExecutionKind.CELL]
    assert [one.outcome for one in found] == [Outcome.OK, Outcome.ERROR, Outcome.INTERRUPTED, Outcome.ERROR]
    assert found[2].no_replay == "it was interrupted"
    assert notebook["x"] == [1, 2, 3]
