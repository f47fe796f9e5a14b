"""The flow analysis: which reads may see a value from before the cell."""

from __future__ import annotations

import pytest

from ensession.capture.names import CellNames, analyse_cell


def analyse(source: str) -> CellNames:
    return analyse_cell(source, str)


def exposed(source: str) -> set[str]:
    return set(analyse(source).exposed) - {"print", "open", "suppress", "range", "Exception", "ValueError"}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = 1\nprint(x)", ""),
        ("print(x)\nx = 1", "x"),
        ("x = x + 1", "x"),
        ("x += 1", "x"),
        ("x[0] = y", "x y"),
        ("x.a = y", "x y"),
        ("x.a += 1", "x"),
        ("a, *b = c\na, b", "c"),
        ("x: T = y\nx", "T y"),
        ("x: int\nx", "int x"),
        ("del x", "x"),
        ("x = 1\ndel x", ""),
        ("x = 1\ndel x\nprint(x)", ""),
        ("if c:\n    x = 1\nprint(x)", "c x"),
        ("if c:\n    x = 1\nelse:\n    x = 2\nprint(x)", "c"),
        ("if c:\n    x = 1\nelse:\n    raise ValueError\nprint(x)", "c"),
        ("c and (x := 1)\nx", "c x"),
        ("(x := 1) and c\nx", "c"),
        ("(x := 1) if c else (x := 2)\nx", "c"),
        ("(x := 1) if c else 2\nx", "c x"),
        ("a < (x := 1) < (y := 2)\nx, y", "a y"),
        ("{1: x, (x := 2): 3}", "x"),
        ("f(x, x := 1, y=x)", "f x"),
        ("assert c, (x := 1)\nx", "c x"),
        ("import a.b, c as d\na, d, c", "c"),
        ("from m import a as b\na, b", "a"),
        ("f'{x!r:{w}} {(y := 1)}'\ny", "x w"),
    ],
)
def test_expressions_and_branches(source: str, expected: str) -> None:
    assert exposed(source) == set(expected.split())


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("for i in a:\n    x = i\nprint(i, x)", "a i x"),
        ("for i in a:\n    print(x)\n    x = i", "a x"),
        ("for i in i:\n    pass", "i"),
        ("for i in a:\n    x = 1\n    break\nelse:\n    x = 2\nx", "a"),
        ("for i in a:\n    break\nelse:\n    x = 2\nx", "a x"),
        ("while True:\n    x = 1\n    if c: break\nx", "c"),
        ("while True:\n    if c: break\n    x = 1\nx", "c x"),
        ("while (x := f()):\n    y = x\nx, y", "f y"),
        ("while c:\n    x = 1\n    continue\n    print(z)\nx", "c x"),
        ("try:\n    x = 1\nexcept ValueError:\n    pass\nx", "x"),
        ("try:\n    x = 1\nexcept ValueError:\n    x = 2\nx", ""),
        ("try:\n    x = 1\nexcept ValueError:\n    raise\nx", ""),
        ("try:\n    x = 1\nexcept ValueError as e:\n    x = e\nx, e", "e"),
        ("try:\n    x = 1\nfinally:\n    print(x)\nx", "x"),
        ("try:\n    a\nfinally:\n    x = 1\nx", "a"),
        ("try:\n    a\nexcept* ValueError:\n    x = 1\nelse:\n    x = 2\nx", "a"),
        ("with open(f) as g:\n    x = 1\ng, x", "f"),
        ("with suppress(ValueError):\n    x = 1\nx", "x"),
        ("with open(f) as g, suppress(ValueError) as h:\n    x = 1\ng, h, x", "f h x"),
        ("with m as g:\n    raise ValueError\nx", "m x"),
        ("match s:\n    case [x, C.y]:\n        z = 1\n    case x:\n        z = 2\nx, z", "s C"),
        ("match s:\n    case [x, y]:\n        pass\nx", "s x"),
        ("match s:\n    case {'k': v, **r} if g(v, r):\n        pass\n    case C(a=v) | [*v]:\n        v", "s g C"),
    ],
)
def test_loops_and_exceptions(source: str, expected: str) -> None:
    assert exposed(source) == set(expected.split())


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("[x for x in xs if y]\nx", "xs y x"),
        ("[a + y for a in (y := xs) for b in a]", "xs"),
        ("[x for x in xs if (y := x)]\ny", "xs y"),
        ("{k: v for k, v in d.items()}", "d"),
        ("[[x for x in y] for y in x]", "x"),
        ("[(lambda: i + z) for i in xs]", "xs z"),
        ("g = (x + y for x in xs)\ny = 1", "xs y"),
        ("f = lambda a, b=c: a + b + d", "c d"),
        ("def f(a, b=c):\n    return a + b + d + f(1)", "c d f"),
        ("d = 1\ndef f():\n    return d", ""),
        ("def f():\n    return d\nd = 1", "d"),
        ("def f():\n    d = 1\n    def g():\n        nonlocal d\n        d += e\n    return g", "e"),
        ("@dec\ndef f(a: T) -> R:\n    pass\nf", "dec T R"),
        ("class A(B, metaclass=M):\n    x = 1\n    y = x\nA, x", "B M x"),
        ("class A:\n    y = y", "y"),
        ("class A:\n    x = 1\n    def f(self):\n        return x", "x"),
        ("class A:\n    x = 1\n    z = [x for i in x]", "x"),
        ("class A:\n    x = 1\n    del x\n    y = x", "x"),
        ("class A:\n    global g\n    g = 1\ng", ""),
        ("class A:\n    def f(self):\n        return __class__, super().f(), __p", "super _A__p"),
        ("class A:\n    class B:\n        y = x\n    x = 1", "x"),
    ],
)
def test_scopes(source: str, expected: str) -> None:
    assert exposed(source) == set(expected.split())


def test_exposed_says_what_is_settled_before_the_first_such_read() -> None:
    names = analyse("x = 1\nprint(y)\nz = 2\nprint(y)\nif c:\n    w = 1\nprint(v)")
    assert names.exposed["y"] == {"x"}
    assert names.exposed["v"] == {"x", "z"}


def test_stores_and_deletes_of_all_kinds() -> None:
    names = analyse(
        "a = (b := 1)\nimport c.d\nfrom e import f as g\nfor h in (): pass\nwith open('') as i: pass\n"
        "try: pass\nexcept OSError as j: pass\ndef k():\n    global l\n    l = 1\n    del m\n    local = 2\n"
        "class n:\n    attribute = 1\nmatch 1:\n    case [o, *p]: pass\ndel q, r.s, t[0]\n[u for u in ()]\n"
        "def v():\n    global m\n    del m"
    )
    assert names.stores == set("a b c g h i j k l n o p v".split())
    assert names.deletes == {"j", "m", "q"}


def test_top_level_await_is_seen_and_nested_is_not() -> None:
    assert analyse("x = await f()").has_await
    assert analyse("async for i in a: pass").has_await
    assert analyse("async with a: pass").has_await
    assert analyse("[i async for i in a]").has_await
    assert not analyse("async def f():\n    await g()").has_await


@pytest.mark.parametrize("source", ["for", "x = = 1", "x = '\0'", "def f(:", "(" * 300 + ")" * 300])
def test_what_is_not_python_cannot_run(source: str) -> None:
    assert analyse(source) == CellNames()


@pytest.mark.parametrize("source", ["return 5", "break", "nonlocal x", "def f():\n    nonlocal x", "await x for"])
def test_what_only_the_compiler_refuses_does_no_harm(source: str) -> None:
    assert analyse(source).dynamic is None


def test_too_deep_nesting_is_dynamic() -> None:
    assert analyse("x = " + "+".join(["a"] * 2500)).dynamic == "is nested too deeply to be analysed"


def test_shell_history() -> None:
    assert analyse("_ + _3 + Out[2]\nIn, _oh, _i5, __, _ii, _dh, _x, _private").shell_history == set(
        "_ _3 Out In _oh _i5 __ _ii _dh".split()
    )
    assert not analyse("for _ in a:\n    _").shell_history
