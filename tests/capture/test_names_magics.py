"""Magics, shell escapes and help, as IPython's own transformer hands them over."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from ensession.capture.magics import interpolated, split_options
from ensession.capture.names import CellNames, analyse_cell, is_only_command

transform: Callable[[str], str] = TransformerManager().transform_cell


def analyse(source: str) -> CellNames:
    return analyse_cell(source, transform)


@pytest.mark.parametrize(
    ("source", "loads", "stores"),
    [
        ("%%time\nx = y\nx + z", "x y z", "x"),
        ("%%time --no-raise-error\nx = y", "y", "x"),
        ("%time x = y", "y", "x"),
        ("r = %time f(y)", "f y", "r"),
        ("%%timeit z = 2\nx = y + z", "y", ""),
        ("%%timeit -n 3 -r1\nglobal x\nx = y", "y", "x"),
        ("%timeit -qo f(y)", "f y", ""),
        ("%timeit -n10 -v best x = y", "y", "best"),
        ("%%capture out --no-stderr\nx = y", "y", "x out"),
        ("%%capture --no-stderr\nx = y", "y", "x"),
        ("%prun -s cumulative -q f(y)", "f y", ""),
        ("%%prun\nx = y", "y", "x"),
        ("%memit -r 3 f(y)", "f y", ""),
        ("%%ens always\nx = y", "y", "x"),
        ("%ens tag before", "", ""),
        ("%%time\n%time x = y", "y", "x"),
        ("x = !ls {y} $z $$w", "y z", "x"),
        ("x = %pwd", "", "x"),
        ("!echo {f(y)[1:2]}", "f y", ""),
        ("!awk '{print $1}' {y}", "y", ""),
        ("!ls }{", "", ""),
        ("for i in y:\n    !echo {i}", "i y", "i"),
        ("y?", "y", ""),
        ("y.z??", "y", ""),
        ("?y*", "", ""),
        ("%%bash --out o --err e\necho $y", "", "o e"),
        ("%%writefile {name}\nx = {y}", "name", ""),
        ("%%html\n<b>{y}</b>", "", ""),
        ("%store y", "y", ""),
        ("%config A.b = y", "y", ""),
        ("%matplotlib inline\n%load_ext autoreload\n%autoreload 2\n%cd $y", "y", ""),
        ("%aimport a, b.c, -d", "", "a b"),
        (",f y z", "f", ""),
    ],
)
def test_names_of_magics(source: str, loads: str, stores: str) -> None:
    names = analyse(source)
    assert names.dynamic is None
    assert names.loads == set(loads.split())
    assert names.stores == set(stores.split())


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("%run x.py", "uses %run"),
        ("%reset -f", "uses %reset"),
        ("%store -r", "uses %store -r"),
        ("%load x.py", "uses %load"),
        ("%pylab", "uses %pylab"),
        ("%nosuchmagic", "uses %nosuchmagic"),
        ("%%sql\nselect 1", "uses %%sql"),
        ("%%time\nexec(x)", "calls exec"),
        ("%timeit exec(x)", "calls exec"),
        ("%time x = = 1", "runs Python that cannot be read"),
        ("%timeit x = = 1", "runs Python that cannot be read"),
        ("!echo {exec(x)}", "calls exec"),
        ("get_ipython().run_line_magic(name, '')", "uses run_line_magic"),
        ("def f():\n    !ls", "uses get_ipython"),
    ],
)
def test_magics_that_may_touch_everything(source: str, reason: str) -> None:
    assert analyse(source).dynamic == reason


def test_python_of_a_magic_may_end_early() -> None:
    assert set(analyse("%time x = y\nz = x").exposed) == {"x", "y"}
    assert set(analyse("%%time\nx = y\nz = x").exposed) == {"y"}


@pytest.mark.parametrize(
    ("source", "system"),
    [
        ("!ls -l", ("!ls -l",)),
        ("x = !ls\n!!pwd", ("!ls", "!pwd")),
        ("%%bash\nls", ("%%bash",)),
        ("%%script perl -w\n1", ("%%script perl -w",)),
        ("%pip install x", ("%pip install x",)),
        ("%cd /", ()),
    ],
)
def test_programs(source: str, system: tuple[str, ...]) -> None:
    assert analyse(source).system == system


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("%ens", True),
        ("%ens save\n\n# note\n  %ens list", True),
        ("%ens save \\\n   x = 1", True),
        ("%ens save\nx = 1", False),
        ("%ensemble", False),
        ("%ens?", False),
        ("%%ens always\nx = 1", False),
        ("# only a comment", False),
        ("", False),
    ],
)
def test_only_command(source: str, expected: bool) -> None:
    assert is_only_command(source, "ens") is expected


def test_interpolation_and_options() -> None:
    assert set(interpolated("a {b} $c {d:e} {{f}} $$g")) == {"b", "c", "d:e"}
    assert split_options("-n 3 -qo -r5 f(-x)", "n:r:qo") == ({"n": "3", "q": "", "o": "", "r": "5"}, "f(-x)")
    assert split_options("-x", "") == ({"x": ""}, "")
