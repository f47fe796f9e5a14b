"""Which variables the rest of a notebook may still use. Pure: sources in, names out."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator, Sequence
from types import CodeType

from ensession.capture.names import analyse_cell


def needed(
    names: Collection[str], past: Sequence[str], rest: Sequence[str], transform: Callable[[str], str]
) -> set[str]:
    """Return those names whose present values the rest of a notebook may use.

    Parameters
    ----------
    names : collection of str
    past : sequence of str
        Sources of the cells that ran: a function they define may use a name whenever it is called.
    rest : sequence of str
        Sources of the cells that are to be run.
    transform : callable
        Turns magics and shell escapes of a cell into Python.
    """
    found = {name for source in past for name in _mentioned_in_functions(transform(source))}
    for source in rest:
        cell = analyse_cell(source, transform)
        if cell.dynamic is not None or cell.shell_history:
            return set(names)
        found |= cell.exposed.keys() | _mentioned_in_functions(transform(source))
    return found.intersection(names)


def _mentioned_in_functions(python: str) -> set[str]:
    try:
        code = compile(python, "<cell>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except (SyntaxError, ValueError):  # it can't run, and so defines nothing
        return set()
    return {name for inner in _nested(code) for name in inner.co_names}


def _nested(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _nested(constant)
