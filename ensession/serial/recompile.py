"""Finding a stored code object again by compiling its cell: bytecode of one Python does not run under another.

What the compiler makes of a text differs from version to version; names, places in the text and parameters do
not. Nothing is run here.
"""

from __future__ import annotations
import __future__

import ast
import dis
import functools
import importlib
import inspect
import types
from collections.abc import Iterator
from dataclasses import dataclass

_FUTURE = functools.reduce(
    int.__or__, (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
)
_PARAMETERS = 0x04 | 0x08
"""Flags of code with ``*args`` and ``**kwargs``."""

Place = tuple[int | None, int | None, int | None, int | None]


@dataclass(frozen=True, slots=True)
class StoredCode:
    """The fields of a code object that say which piece of a cell it is."""

    argcount: int
    posonlyargcount: int
    kwonlyargcount: int
    flags: int
    n_bytes: int
    varnames: tuple[str, ...]
    qualname: str
    firstlineno: int
    linetable: bytes
    freevars: tuple[str, ...]

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters, ``*args`` and ``**kwargs`` last."""
        n = self.argcount + self.kwonlyargcount + (self.flags & _PARAMETERS).bit_count()
        return self.varnames[:n]

    def is_like(self, code: types.CodeType) -> bool:
        """Whether a code object may be the same piece of text; several lambdas of one line are alike."""
        return (
            code.co_qualname == self.qualname
            and code.co_firstlineno == self.firstlineno
            and code.co_posonlyargcount == self.posonlyargcount
            and code.co_freevars == self.freevars
            and _parameters(code) == self.parameters
        )

    def places(self) -> frozenset[Place]:
        """Places in the text that its instructions come from."""
        nothing = bytes([dis.opmap["NOP"], 0]) * (self.n_bytes // 2)
        blank = compile("", "", "exec").replace(co_code=nothing, co_linetable=self.linetable)
        return _places(blank.replace(co_firstlineno=self.firstlineno))


def find(source: str, filename: str, stored: StoredCode) -> types.CodeType | None:
    """Compile a cell and return the code object that the stored one was; None where it can't be told.

    Parameters
    ----------
    source : str
        The cell, after the shell's transformations.
    filename : str
        Becomes the file name of the code.
    stored : StoredCode
    """
    try:
        cell = _compiled(source, filename, stored.flags & _FUTURE)
    except (SyntaxError, ValueError):  # this Python's grammar has no place for it
        return None
    alike = [code for code in codes_within(cell) if stored.is_like(code)]
    if len(alike) <= 1:
        return alike[0] if alike else None
    places = stored.places()
    scores = sorted(((_overlap(places, _places(code)), n) for n, code in enumerate(alike)), reverse=True)
    (best, position), (second, _) = scores[:2]
    return alike[position] if best > second else None


def code_in_module(module_name: str, stored: StoredCode) -> types.CodeType | None:
    """Return the code of a library's inner function (``outer.<locals>.inner``), as this version of the library has it.

    Importing the library is what loading the function would do anyway.
    """
    outer, _, _ = stored.qualname.partition(".<locals>")
    value: object = importlib.import_module(module_name)
    for part in outer.split("."):
        value = getattr(value, part, None)
        value = inspect.unwrap(value) if callable(value) else value
    if not isinstance(value, types.FunctionType):
        return None
    alike = [
        one
        for one in codes_within(value.__code__)
        if one.co_qualname == stored.qualname
        and one.co_freevars == stored.freevars
        and _parameters(one) == stored.parameters
    ]
    return alike[0] if len(alike) == 1 else None


@functools.lru_cache(maxsize=64)
def _compiled(source: str, filename: str, flags: int) -> types.CodeType:
    made: types.CodeType = compile(source, filename, "exec", flags | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    return made


def codes_within(code: types.CodeType) -> Iterator[types.CodeType]:
    """Iterate over the code of all functions and classes inside of a piece of code."""
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from codes_within(constant)


def _parameters(code: types.CodeType) -> tuple[str, ...]:
    n = code.co_argcount + code.co_kwonlyargcount + (code.co_flags & _PARAMETERS).bit_count()
    return code.co_varnames[:n]


def _places(code: types.CodeType) -> frozenset[Place]:
    return frozenset(place for place in code.co_positions() if place[2] is not None)


def _overlap(one: frozenset[Place], other: frozenset[Place]) -> float:
    return len(one & other) / max(len(one | other), 1)
