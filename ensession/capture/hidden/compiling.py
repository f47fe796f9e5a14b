"""How the shell compiles cells: ``from __future__ import …`` in one cell holds for those that follow."""

from __future__ import annotations
import __future__

from typing import Any, Protocol

from ensession.capture.hidden.kinds import Condition


class Compiler(Protocol):
    """What holds the flags for the next cell; IPython's compiler does."""

    flags: int


class Futures(Condition):
    """The language features that cells imported from ``__future__``, by name.

    Parameters
    ----------
    compiler : Compiler
    """

    name = "__future__"

    def __init__(self, compiler: Compiler) -> None:
        self._compiler = compiler
        self.usual = self.snapshot(self.glance())

    def glance(self) -> Any:
        """Return the compiler's flags."""
        return self._compiler.flags

    def snapshot(self, glance: Any) -> Any:
        """Return the names of the features that are on."""
        return tuple(name for name in __future__.all_feature_names if glance & _flag(name))

    def write(self, value: Any) -> None:
        """Switch exactly these on; a Python that does not know one has it by default."""
        flags = self._compiler.flags
        for name in __future__.all_feature_names:
            flags = flags | _flag(name) if name in value else flags & ~_flag(name)
        self._compiler.flags = flags


def _flag(name: str) -> int:
    """Return the compiler's flag of a feature; features that need none share 0x10, nested scopes'."""
    flag: int = getattr(__future__, name).compiler_flag
    return flag if flag != __future__.nested_scopes.compiler_flag else 0
