"""Random notebooks, made to be hard on a recorder: aliases, views, closures, classes that change, failures.

The words are in :mod:`tests.session.vocabulary`.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from tests.session.vocabulary import ANY, CHANGES, DEFINITIONS, HOLE, KINDS, VALUES

BLOCKS: list[Callable[[str], str]] = [
    lambda body: body,
    lambda body: body,
    lambda body: f"if x:\n{body}",
    lambda body: f"for v in [1, 2]:\n{body}",
    lambda body: f"try:\n{body}\nexcept Exception as error:\n    z = 0\nelse:\n    y = 1",
    lambda body: f"def run():\n    global {', '.join(ANY)}\n{body}\nrun()",
    lambda body: f"{body}\n1 / 0",
    lambda body: f"exec({body!r})",
    lambda body: f"(lambda: 0)()\n{body}",
    lambda body: f"try:\n{body}\nfinally:\n    y = l",
    lambda body: f"for v in [1, 2, 3]:\n    if v == 2: continue\n{body}\n    if v: break\nelse:\n    z = 5",
    lambda body: f"class Body:\n{body}\nlast = Body",
    lambda body: f"with contextlib.suppress(Exception):\n{body}",
    lambda body: f"async def run():\n    global {', '.join(ANY)}\n{body}\nawait run()",
    lambda body: f"{body}\nraise KeyboardInterrupt",
    lambda body: f"%%time\n{body}",
    lambda body: f"%%capture out\n{body}\nprint(l)",
    lambda body: f"%%timeit -n1 -r2\n{body}",
    lambda body: f"get_ipython().run_cell({body!r})\nx = 3",
    lambda body: f"{body}\nl",
    lambda body: f"{body}\n_",
    lambda body: f"_.append(1) if isinstance(_, type([])) else None\n{body}",
    lambda body: f"while True:\n{body}\n    break",
    lambda body: (
        f"def outer():\n    l = 'local'\n    def inner():\n        global {', '.join(ANY)}\n"
        f"{textwrap.indent(body, '    ')}\n    return inner\nouter()()"
    ),
]
INDENTED = frozenset({2, 3, 4, 5, 9, 10, 11, 12, 13, 22, 23})
"""Blocks whose body is indented."""


@st.composite
def filled(draw: Any, template: str, depth: int = 2) -> str:
    """Fill the holes of a template with names of the right kind, or with expressions."""

    def fill(match: re.Match[str]) -> str:
        kind = match[1]
        if depth and kind in VALUES and draw(st.integers(0, 5)) == 0:
            return str(draw(filled(draw(st.sampled_from(VALUES[kind])), depth - 1)))
        return str(draw(st.sampled_from(ANY if kind == "any" else KINDS[kind])))

    return HOLE.sub(fill, template.replace("<*>", "<any>"))


@st.composite
def statements(draw: Any) -> str:
    """Make one statement."""
    sort = draw(st.integers(0, 9))
    if sort < 4:
        kind = draw(st.sampled_from(sorted(KINDS)))
        name = draw(st.sampled_from(KINDS[kind]))
        return f"{name} = {draw(filled(draw(st.sampled_from(VALUES[kind]))))}"
    if sort < 8:
        return str(draw(filled(draw(st.sampled_from(CHANGES)), 0)))
    if sort == 8:
        return f"del {draw(st.sampled_from(ANY))}"
    return str(draw(filled(draw(st.sampled_from(DEFINITIONS)), 0)))


@st.composite
def cells(draw: Any) -> str:
    """Make one cell."""
    lines = draw(st.lists(statements(), min_size=1, max_size=4))
    if draw(st.booleans()):  # each on its own: one that makes no sense does not end the cell
        lines = [f"try:\n{textwrap.indent(line, '    ')}\nexcept Exception:\n    pass" for line in lines]
    body = "\n".join(lines)
    block = draw(st.integers(0, len(BLOCKS) - 1))
    if block in INDENTED:
        body = textwrap.indent(body, "    ")
    return BLOCKS[block](body)
