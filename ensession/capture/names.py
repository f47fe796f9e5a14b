"""Which names may a cell, or a function, touch? Answered from the code alone.

Pure: no input or output, no clock, no logging, no pickle, no IPython (its ``transform_cell`` is passed in).
Everything here errs on one side: a name may be reported that is not touched, but none is left out unless
`dynamic` says that the touch set is everything.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ensession.capture.bytecode import CodeNames, analyse_code
from ensession.capture.flow import StatementFlow

__all__ = ["CellNames", "CodeNames", "analyse_cell", "analyse_code", "is_only_command"]

_SHELL_HISTORY = re.compile(r"_{1,3}|_\d+|In|Out|_[oid]h|_i{1,3}|_i\d+")
_CANNOT_RUN = (SyntaxError, ValueError, OverflowError, TypeError, MemoryError)
"""What compiling a cell may raise: the errors that IPython shows without running anything."""


@dataclass(frozen=True, slots=True)
class CellNames:
    """The names that a cell may touch.

    Attributes
    ----------
    exposed : Mapping[str, frozenset[str]]
        Global names whose value from before the cell may be used (read, or needed for ``del``), each with the names
        that the cell has bound (or deleted) for certain before the first such use.
    loads : frozenset[str]
        Every global name loaded anywhere in the cell, nested functions included.
    stores, deletes : frozenset[str]
        Every global name that the cell may bind or delete.
    attributes : frozenset[str]
        Every attribute that the code names.
    imports : frozenset[str]
        Top-level packages that it imports.
    set_attributes : frozenset[tuple[str, ...]]
        Attributes that it binds or deletes, by the parts of their path: ``("np", "random", "seed")``.
    dynamic : str or None
        Why the touch set is everything, such as ``calls exec``.
    has_await : bool
        The cell awaits at top level.
    shell_history : frozenset[str]
        Exposed uses of IPython's history: ``_``, ``_3``, ``Out``, ``In`` and their like.
    system : tuple[str, ...]
        Shell escapes and magics that run programs, as the user wrote them.
    """

    exposed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    loads: frozenset[str] = frozenset()
    stores: frozenset[str] = frozenset()
    deletes: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()
    imports: frozenset[str] = frozenset()
    set_attributes: frozenset[tuple[str, ...]] = frozenset()
    dynamic: str | None = None
    has_await: bool = False
    shell_history: frozenset[str] = frozenset()
    system: tuple[str, ...] = ()


def analyse_cell(source: str, transform: Callable[[str], str], python: str | None = None) -> CellNames:
    """Return the names that a cell may touch.

    Parameters
    ----------
    source : str
        The cell as the user wrote it.
    transform : callable
        Turns IPython's syntax into Python: the shell's ``transform_cell``.
    python : str, optional
        What that made of the cell, where it is known already.

    Returns
    -------
    CellNames
        Empty for a cell that is not valid Python: it can't run.
    """
    flow = StatementFlow(transform)
    try:
        tree = ast.parse(transform(source) if python is None else python)
    except _CANNOT_RUN:
        return CellNames()
    except RecursionError:
        return CellNames(dynamic="is nested too deeply to be analysed")
    try:
        flow.visit_all(tree.body)
    except RecursionError:
        flow.note("is nested too deeply to be analysed")
    return CellNames(
        exposed=flow.exposed,
        loads=frozenset(flow.loads),
        stores=frozenset(flow.stores),
        deletes=frozenset(flow.deletes),
        attributes=frozenset(flow.attributes),
        imports=frozenset(flow.imports),
        set_attributes=frozenset(flow.set_attributes),
        dynamic=flow.dynamic,
        has_await=flow.has_await,
        shell_history=frozenset(name for name in flow.exposed if _SHELL_HISTORY.fullmatch(name)),
        system=tuple(flow.system),
    )


_LOADING = re.compile(r"%(re)?load_ext\s+ensession\s*")


def is_only_command(source: str, name: str) -> bool:
    """Say whether a cell holds nothing but ``%name …`` lines, blanks and comments, and at least one such line.

    A line that loads ensession, which most often stands before the first of them, is of no account.

    Parameters
    ----------
    source : str
        The cell as the user wrote it.
    name : str
        Of the line magic, without the percent sign.
    """
    if f"%{name}" not in source:
        return False
    command = re.compile(rf"%{re.escape(name)}(\s.*)?")
    found = continued = False
    for line in source.splitlines():
        text = line.strip()
        if not continued:
            if not text or text.startswith("#") or _LOADING.fullmatch(text):
                continue
            if not command.fullmatch(text):
                return False
            found = True
        continued = text.endswith("\\")
    return found
