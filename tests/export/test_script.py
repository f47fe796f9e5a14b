"""Exported scripts are plain Python, whatever a store holds, and do what the cells did."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensession.export import script
from ensession.export.script import plain_python
from ensession.model import ExecutionKind
from tests.export.kit import cell


def run(text: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(text, "<script>", "exec", dont_inherit=True), namespace)
    return namespace


def test_cells_begin_with_their_number() -> None:
    text = script([cell(2, "x = 1"), cell(3, "y = x + 1\n")], "From a.ens,\nstate 3")
    assert text == "# From a.ens, state 3\n\n# %% [2]\nx = 1\n\n# %% [3]\ny = x + 1\n"
    assert run(text)["y"] == 2


@pytest.mark.parametrize(
    ("code", "plain"),
    [
        ("%matplotlib inline\nx = 1", "# %matplotlib inline\nx = 1"),
        ("if 1:\n    !ls\n    x = 1", "if 1:\n    pass  # !ls\n    x = 1"),
        ("%time x = f(1)", "x = f(1)"),
        ("%%time\n%matplotlib inline\nx = 1", "# %%time\n# %matplotlib inline\nx = 1"),
        ("%%capture out\nx = 1", "# %%capture out\nx = 1"),
        ("%%bash\nls", "# %%bash\n# ls"),
        ("files = !ls\nn = 1", "# files = !ls\nn = 1"),
        ("df.head?\nx = 1", "# df.head?\nx = 1"),
        ("s = '''\n%matplotlib\n'''", "s = '''\n%matplotlib\n'''"),
        ("x = 5 % 3", "x = 5 % 3"),
        ("await thing()", "# await thing()"),
        ("return 1", "# return 1"),
        ("this is no Python", "# this is no Python"),
        ("%time x = 1; oops(", "# %time x = 1; oops("),
    ],
)
def test_what_ipython_adds_becomes_a_comment(code: str, plain: str) -> None:
    assert plain_python(code) == plain


_TEXT = "%s\n!important\n%time f(x)\n  really?\nwhat ??\n"


@pytest.mark.parametrize(
    "literal",
    [
        f'"""\n{_TEXT}"""',
        f"r'''{_TEXT}'''",
        f'f"""\n"\\"{_TEXT}"""',
        "'one \\\n%two'",
        f'["(", # """\n"""{_TEXT}""",\n"%a"]',
        "(10\n%time)".replace("time", "3"),
        "10 \\\n%3",
    ],
)
def test_only_statements_are_magics(literal: str) -> None:
    code = f"%load_ext some\n!ls\nx = {literal}\nif x:\n    %time y = x\n!ls {{x}}"
    made: dict[str, Any] = {}
    expected: dict[str, Any] = {}
    exec(plain_python(code), made)
    exec(f"x = {literal}", expected)
    assert made["x"] == expected["x"]
    assert made.get("y", made["x"]) == expected["x"]


def test_a_failed_cell_keeps_what_it_changed_and_the_script_goes_on() -> None:
    code = "x = '''a\n  b'''\n1/0\ny = 2"
    text = script(
        [
            cell(1, code, "ZeroDivisionError: division\nby zero", changed=("x",)),
            cell(2, "1/0", "ZeroDivisionError"),
            cell(3, "z = x"),
        ],
        "t",
    )
    namespace = run(text)
    assert namespace["z"] == "a\n  b"
    assert "y" not in namespace
    assert "# %% [1] ended with an error: ZeroDivisionError: division by zero\n" in text
    assert "\n# 1/0\n" in text


def test_imports_from_the_future_stand_at_the_top() -> None:
    first = cell(1, "import os")
    second = cell(2, "from __future__ import annotations; x = 1\ndef f(a: nowhere): pass")
    text = script([first, second, cell(3, "from __future__ import (\n    annotations,\n)\ny = 2")], "t")
    assert text.startswith("# t\nfrom __future__ import annotations\n")
    namespace = run(text)
    assert (namespace["x"], namespace["y"]) == (1, 2)
    assert namespace["f"].__annotations__ == {"a": "nowhere"}


def test_what_no_cell_made_is_a_comment() -> None:
    text = script([cell(1, "", kind=ExecutionKind.ADOPTED, changed=("df",))], "t")
    assert "# %% [1]\n# What the notebook held already" in text


pieces = st.sampled_from(
    ["%time ", "%%time\n", "!ls", "x = 1", "\n", "'''", '"', "from __future__ import annotations", "\r", "\x0c", "\\"]
)
codes = st.text() | st.lists(pieces | st.text(max_size=3), max_size=8).map("".join)


@given(st.lists(st.tuples(codes, st.none() | st.text(min_size=1), st.booleans()), max_size=4), st.text())
def test_anything_that_a_store_may_hold_gives_plain_python(cells: list[Any], title: str) -> None:
    numbered = enumerate(cells, start=1)
    text = script([cell(n, code, error, changed=("x",) if c else ()) for n, (code, error, c) in numbered], title)
    compile(text, "<script>", "exec", dont_inherit=True)
