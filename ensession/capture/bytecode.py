"""Global names of compiled code, and the constructs that make a touch set "everything".

Pure: no input or output, no clock, no logging, no pickle, no IPython. Works on CPython 3.11 to 3.14 through
:mod:`dis`, whose ``argval`` hides what differs between them.
"""

from __future__ import annotations

import dis
import inspect
import keyword
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import CodeType

DYNAMIC_NAMES = frozenset(
    {"exec", "eval", "compile", "globals", "get_ipython", "breakpoint", "__builtins__", "execfile", "runfile"}
)
"""Global names whose mere mention means that any session name may be touched."""

FRAME_NAMES = frozenset({"locals", "vars"})
"""The same at the top level of a cell; inside a function they give the function's own names."""

DYNAMIC_ATTRIBUTES = frozenset(
    {
        *("get_ipython", "user_ns", "user_global_ns", "user_module", "run_cell", "run_line_magic", "run_cell_magic"),
        *("_getframe", "currentframe", "f_globals", "f_locals", "f_back", "tb_frame", "__globals__", "__builtins__"),
        *("set_trace", "post_mortem", "embed", "interact", "get_referrers", "get_objects"),
        *("load_session", "load_module_asdict", "InteractiveShell"),
    }
)
"""Attributes and imported names that lead to the session namespace from anywhere."""

TEXT_READERS = frozenset({"query", "eval", "sql", "evaluate", "execute", "from_query", "read_sql"})
"""Functions that look names of a string up in their caller's variables (pandas, numexpr, DuckDB)."""

_LOADS = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})
_STORES = frozenset({"STORE_GLOBAL", "STORE_NAME"})
_DELETES = frozenset({"DELETE_GLOBAL", "DELETE_NAME"})
_ATTRIBUTES = frozenset({"LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR", "IMPORT_FROM"})
_IDENTIFIER = re.compile(r"(?<![\w.])[^\W\d]\w*")
_AT_NAME = re.compile(r"@\s*([^\W\d]\w*)")


@dataclass(frozen=True, slots=True)
class CodeNames:
    """Global names of a code object and of the code nested in it.

    Attributes
    ----------
    loads, stores, deletes : frozenset[str]
    attributes : frozenset[str]
        Every attribute and imported name that the code mentions.
    imports : frozenset[str]
        Top-level packages that it imports.
    dynamic : str or None
        Why the touch set is everything, such as ``calls exec``.
    texts : frozenset[str]
        Text constants that may be a path or a statement.
    """

    loads: frozenset[str]
    stores: frozenset[str]
    deletes: frozenset[str]
    dynamic: str | None
    attributes: frozenset[str] = frozenset()
    imports: frozenset[str] = frozenset()
    texts: frozenset[str] = field(default=frozenset(), compare=False)


def identifiers(text: str) -> set[str]:
    """Return the words of `text` that can be variable names."""
    return {word for word in _IDENTIFIER.findall(text) if not keyword.iskeyword(word)}


def names_in_text(text: str) -> set[str]:
    """Return the names that a string may refer to wherever it is used: ``@name`` (pandas) and ``y ~ x`` (formulas)."""
    names = set(_AT_NAME.findall(text))
    if "~" in text and "~/" not in text:
        names |= identifiers(text)
    return names


def dynamic_import(module: str, names: Iterable[tuple[str, str | None]] = ()) -> str | None:
    """Return why an import makes the touch set everything, or None.

    Parameters
    ----------
    module : str
        Module that is imported, or imported from.
    names : iterable of (name, asname)
        What is imported from it.
    """
    if module == "__main__":
        return "imports __main__"
    for name, asname in names:
        if name == "*":
            return f"imports * from {module}"
        if name == "get_ipython" and asname in (None, name):
            continue
        if name in DYNAMIC_ATTRIBUTES or (module == "builtins" and name in DYNAMIC_NAMES | FRAME_NAMES):
            return f"imports {name}"
    return None


def nested_code(code: CodeType) -> Iterator[CodeType]:
    """Yield the code objects among the constants of `code`, not `code` itself and not theirs."""
    return (constant for constant in code.co_consts if isinstance(constant, CodeType))


def analyse_code(code: CodeType) -> CodeNames:
    """Return the global names of `code` and of all code nested in it.

    Parameters
    ----------
    code : CodeType
        A function's code, or a module's: there the names that are not in a function are global too.

    Returns
    -------
    CodeNames
    """
    found = _Found()
    found.add(code, is_module=code.co_name == "<module>")
    return found.result()


def analyse_nested(code: CodeType) -> CodeNames:
    """Return the names of what is nested in `code`: functions, also those of the classes right in it."""
    found = _Found()
    for nested in nested_code(code):
        found.add(nested, is_module=False)
    return found.result()


class _Found:
    """Names collected so far."""

    def __init__(self) -> None:
        self.loads: set[str] = set()
        self.stores: set[str] = set()
        self.deletes: set[str] = set()
        self.attributes: set[str] = set()
        self.imports: set[str] = set()
        self.texts: set[str] = set()
        self.dynamic: str | None = None

    def result(self) -> CodeNames:
        loads, stores, deletes = frozenset(self.loads), frozenset(self.stores), frozenset(self.deletes)
        more = map(frozenset, (self.attributes, self.imports, self.texts))
        return CodeNames(loads, stores, deletes, self.dynamic, *more)

    def add(self, code: CodeType, *, is_module: bool) -> None:
        is_function = bool(code.co_flags & inspect.CO_OPTIMIZED)
        for instruction in dis.get_instructions(code):
            self._add_instruction(instruction, is_function=is_function, is_module=is_module)
        self._add_texts(code)
        for nested in nested_code(code):
            self.add(nested, is_module=False)

    def _add_instruction(self, instruction: dis.Instruction, *, is_function: bool, is_module: bool) -> None:
        operation, name = instruction.opname, instruction.argval
        if operation in _LOADS:
            self._add_load(name, is_function=is_function)
        elif operation in _STORES:
            # In a class body STORE_NAME binds a name of the class.
            if is_module or operation == "STORE_GLOBAL":
                self.stores.add(name)
        elif operation in _DELETES:
            if is_module or operation == "DELETE_GLOBAL":
                self.deletes.add(name)
        elif operation in _ATTRIBUTES:
            self.attributes.add(name)
            if name in DYNAMIC_ATTRIBUTES:
                self._note(f"uses {name}")
        elif operation == "IMPORT_NAME":
            self._note(dynamic_import(name))
            self.imports.add(name.partition(".")[0])
        elif operation == "IMPORT_STAR" or (operation == "LOAD_CONST" and name == ("*",)):
            self._note("imports *")

    def _add_load(self, name: str, *, is_function: bool) -> None:
        if name == "__name__" and not is_function:
            return  # the preamble of every class body
        self.loads.add(name)
        if name in DYNAMIC_NAMES or (name in FRAME_NAMES and not is_function):
            self._note(f"uses {name}" if name in ("get_ipython", "__builtins__") else f"calls {name}")

    def _add_texts(self, code: CodeType) -> None:
        texts = [constant for constant in _flat(code.co_consts) if isinstance(constant, str)]
        self.texts |= {text for text in texts if "/" in text or " " in text or text.startswith("~")}
        reads_text = not TEXT_READERS.isdisjoint(code.co_names)
        for text in texts:
            self.loads |= identifiers(text) if reads_text else names_in_text(text)
            if "__main__" in text and "__name__" not in code.co_names:
                self._note("mentions __main__")

    def _note(self, reason: str | None) -> None:
        self.dynamic = self.dynamic or reason


def _flat(constants: Iterable[object]) -> Iterator[object]:
    for constant in constants:
        if isinstance(constant, tuple | frozenset):
            yield from _flat(constant)
        else:
            yield constant
