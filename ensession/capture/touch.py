"""From the names in a cell to all it may touch: pure closure over what is known of the live variables."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from ensession.capture.libraries import ANYTHING, is_stateless, may_draw
from ensession.capture.names import CellNames, CodeNames

_PYPLOT = "matplotlib"


class Known(Protocol):
    """What the closure has to know of a live co-variable."""

    @property
    def names(self) -> tuple[str, ...]:
        """Its names."""

    @property
    def references(self) -> tuple[str, ...]:
        """Names of the session's classes and functions that its value refers to."""

    @property
    def codes(self) -> tuple[types.CodeType, ...]:
        """Code that is part of its value."""

    @property
    def packages(self) -> frozenset[str] | None:
        """Where the types in its value come from; None: it may be anywhere."""


@dataclass(frozen=True, slots=True)
class Mentions:
    """What code mentions besides variables.

    Attributes
    ----------
    words : frozenset[str]
        Names and attributes.
    packages : frozenset[str]
        What it imports, or reaches through a name.
    texts : frozenset[str]
        Text in functions that it may call.
    """

    words: frozenset[str] = frozenset()
    packages: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Touched:
    """What a cell may touch.

    Attributes
    ----------
    reads : frozenset[str]
        Names whose value from before the cell it may use.
    names : frozenset[str]
        Names whose value it may change or bind.
    everything : str or None
        Why it may touch every variable; then the sets above are not complete.
    mentions : Mentions
        What the code mentions besides, that of functions it may call included.
    """

    reads: frozenset[str]
    names: frozenset[str]
    everything: str | None
    mentions: Mentions = Mentions()

    def with_names(self, names: frozenset[str]) -> Touched:
        """Return the same with variables that turned out to be touched as well."""
        return replace(self, reads=self.reads | names, names=self.names | names) if names else self


class Closure:
    """Follow names to their co-variables, to definitions, and to the names that code in the values uses.

    Parameters
    ----------
    known : Mapping[str, Known]
        Live co-variables by name.
    libraries : Mapping[str, str]
        Names that are bound to a module, function or class of a library, with its package.
    analyse : callable
        Global names of a code object (cached by the caller).
    figures_are_open : bool
        Pyplot has a current figure: whatever draws may draw on it.

    Attributes
    ----------
    figures : frozenset[str]
        Names of values that may be figures, or belong to one, if there is a current one.
    """

    def __init__(
        self,
        known: Mapping[str, Known],
        libraries: Mapping[str, str],
        analyse: Callable[[types.CodeType], CodeNames],
        *,
        figures_are_open: bool = False,
    ) -> None:
        self._known = known
        self._libraries = libraries
        self._analyse = analyse
        names = [n for n, one in known.items() if _is_from(one, {_PYPLOT})] if figures_are_open else []
        self.figures = frozenset(names)

    def of(self, names: Iterable[str], code: Mentions) -> tuple[set[str], str | None, Mentions]:
        """Return all names touched through ``names``, why everything is, if so, and what the code on the way mentions.

        Parameters
        ----------
        names : iterable of str
        code : Mentions
            What the code that uses them mentions besides.
        """
        seen, everything, found = self._follow([*names, *self._held_by(code.packages)], code)
        if self.figures and not seen.issuperset(self.figures):
            if may_draw(found.packages | self._packages(seen), found.words):
                more, reason, _ = self._follow(self.figures, code)
                return seen | more, everything or reason, found
        return seen, everything, found

    def packages(self, names: Iterable[str]) -> frozenset[str]:
        """Return the packages that names lead to, as libraries or by the types of their values."""
        return frozenset(self._packages(names))

    def _packages(self, names: Iterable[str]) -> set[str]:
        found = {self._libraries[name] for name in names if name in self._libraries} - {ANYTHING}
        return found.union(*(self._known[name].packages or () for name in names if name in self._known))

    def _held_by(self, packages: Iterable[str]) -> list[str]:
        """Return the names whose values one of these packages may hold on to."""
        holding = {package for package in packages if not is_stateless(package)}
        return [n for n, one in self._known.items() if _is_from(one, holding)] if holding else []

    def _follow(self, names: Iterable[str], code: Mentions) -> tuple[set[str], str | None, Mentions]:
        seen: set[str] = set()
        words, packages, texts = set(code.words), set(code.packages), set(code.texts)
        everything: str | None = None
        stack = list(names)
        while stack:
            name = stack.pop()
            if name in seen:
                continue
            seen.add(name)
            known = self._known.get(name)
            if known is not None:
                stack.extend(known.names)
                stack.extend(known.references)
                for part in known.codes:
                    found = self._analyse(part)
                    stack.extend(found.loads | found.stores | found.deletes)
                    stack.extend(self._held_by(found.imports - packages))
                    words |= found.loads | found.attributes
                    packages |= found.imports
                    texts |= found.texts
                    everything = everything or (f"{name} {found.dynamic}" if found.dynamic else None)
            package = self._libraries.get(name)
            if package == ANYTHING:
                everything = everything or f"uses {name}, which leads to any variable"
            elif package is not None and package not in packages:
                packages.add(package)
                stack.extend(self._held_by([package]))
        return seen, everything, Mentions(frozenset(words), frozenset(packages), frozenset(texts))


def _is_from(known: Known, packages: set[str]) -> bool:
    """Whether a value may hold an object of one of these packages."""
    return known.packages is None or not packages.isdisjoint(known.packages)


def touched_by(
    cell: CellNames, closure: Closure, reached: Callable[[frozenset[str]], frozenset[str] | None] = lambda _: None
) -> Touched:
    """Return what a cell may touch.

    A name that the cell binds before it reads it is no read; nor is one that a function uses which the cell
    first mentions after binding that name.

    Parameters
    ----------
    cell : CellNames
    closure : Closure
    reached : callable
        Through which variables a part of the shell's history can be reached; None: any.
    """
    code = Mentions(cell.loads | cell.attributes, cell.imports)
    reads: set[str] = set(cell.deletes)
    everything = cell.dynamic
    history: frozenset[str] | None = frozenset()
    if cell.shell_history:  # an earlier result may be a variable's value, or a part of it
        history = reached(cell.shell_history)
        if history is None:
            everything = everything or f"uses {', '.join(sorted(cell.shell_history))}"
        else:
            history |= closure.figures
            reads |= closure.of(history, code)[0]
    for name, bound in cell.exposed.items():
        through, reason, _ = closure.of([name], code)
        reads |= (through - bound) | {name}
        everything = everything or reason
    names, reason, found = closure.of(cell.loads | cell.stores | cell.deletes | (history or frozenset()), code)
    mentions = replace(found, packages=found.packages | closure.packages(names))
    return Touched(frozenset(reads), frozenset(names), everything or reason, mentions)
