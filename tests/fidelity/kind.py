"""What the corpus is made of: kinds of objects, as data.

Code in a kind is a cell of a notebook. In it, the identifier ``obj`` and those that begin with ``obj_`` belong to
the kind: the runner gives them names of their own, so that many kinds share one kernel.
"""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass

_OWN_NAME = re.compile(r"(?<![\w.])obj(?![A-Za-z0-9])")


@dataclass(frozen=True)
class Kind:
    """One kind of object.

    Attributes
    ----------
    name : str
        What a reader of the table calls it; unique within its library.
    make : str
        The cell that makes it.
    use : str
        A cell that only reads it.
    modify : tuple[str, ...]
        Cells that change it in place, one after the other; empty for what can't be changed.
    same : str
        An expression; two objects are equal when the forms of its values are (see ``inside/corpus_form.py``). It
        may use the object up.
    note : str
        Why the table says what it says, where that asks for an explanation.
    is_by_chance : bool
        What the modifications make of it, nobody can tell: two equal objects are others afterwards.
    """

    name: str
    make: str
    use: str
    modify: tuple[str, ...]
    same: str = "obj"
    note: str = ""
    is_by_chance: bool = False

    def named(self, name: str) -> Kind:
        """Return the same kind with names of its own in place of ``obj``."""
        code = [_OWN_NAME.sub(name, text) for text in (self.make, self.use, *self.modify, self.same)]
        return Kind(self.name, code[0], code[1], tuple(code[2:-1]), code[-1], self.note, self.is_by_chance)


@dataclass(frozen=True)
class Library:
    """Kinds of one library.

    Attributes
    ----------
    name : str
        As its users write it.
    imports : str
        The cell before all others of the library.
    needs : str
        Module that has to be there; empty for Python's own.
    """

    name: str
    imports: str
    kinds: tuple[Kind, ...]
    needs: str = ""

    @property
    def is_here(self) -> bool:
        """Whether the library is installed; nothing is imported to find out."""
        return not self.needs or importlib.util.find_spec(self.needs) is not None


@dataclass(frozen=True)
class Family:
    """Libraries whose kinds share a kernel."""

    name: str
    libraries: tuple[Library, ...]
