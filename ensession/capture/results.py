"""Through which variables a result that the shell keeps can be reached, without looking at a single object.

What a result shares with variables, it shares with those that its cell touched, or with such as a later cell touched
together with one of them, or through a library that both used.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ensession.capture.libraries import is_stateless
from ensession.capture.touch import Touched
from ensession.serial.scope import ATOMS

_KEPT = 20
"""Results that are followed; who uses an older one may touch everything."""
_TEXT = re.compile(r"In|_[id]h|_i+|_i\d+")
"""The part of the shell's history that is text."""


@dataclass(slots=True)
class _Trace:
    names: set[str]
    packages: set[str]

    def meets(self, names: set[str], packages: set[str]) -> bool:
        return not (self.names.isdisjoint(names) and self.packages.isdisjoint(packages))


class Results:
    """Follows the latest results of cells.

    Parameters
    ----------
    live : Mapping[str, object]
        The namespace, with what the shell keeps in it.
    """

    def __init__(self, live: Mapping[str, Any]) -> None:
        self._live = live
        self._traces: dict[int, _Trace] = {}
        self._newest = self._shown()

    def ended(self, touched: Touched, *, has_used_one: bool = False) -> None:
        """Take note of what a cell touched, results among that or not, and of its result if it has one."""
        before, self._newest = self._newest, self._shown()
        if touched.everything:
            self.forget()
            return
        names = set(touched.names | touched.reads)
        packages = {package for package in touched.mentions.packages if not is_stateless(package)}
        for trace in self._traces.values():
            if has_used_one or trace.meets(names, packages):
                trace.names |= names
                trace.packages |= packages
        if self._newest is not None and self._newest != before:
            self._traces[self._newest[0]] = _Trace(names, packages)
            for key in list(self._traces)[:-_KEPT]:
                del self._traces[key]

    def forget(self) -> None:
        """Know nothing more: something touched what nobody noted."""
        self._traces.clear()
        self._newest = self._shown()

    def reached(self, history: Collection[str]) -> frozenset[str] | None:
        """Return the variables that parts of the shell's history lead to; None: it may be any.

        Parameters
        ----------
        history : Collection of str
            Names such as ``_``, ``_12`` and ``Out``.
        """
        found: set[str] = set()
        for name in history:
            if _TEXT.fullmatch(name) or type(self._live.get(name, self)) in ATOMS:  # as where a loop has bound it
                continue
            trace = self._traces.get(self._key_of(name))
            if trace is None:
                return None
            found |= trace.names
        return frozenset(found)

    def _key_of(self, name: str) -> int:
        """Return the number of the cell whose result a name has; -1: of none, or of all."""
        digits = name[1:]
        if digits.isdecimal():
            key = int(digits)
        elif set(name) == {"_"}:
            latest = self._keys(len(name))
            key = latest[-1] if len(latest) == len(name) else -1
        else:
            return -1
        kept = self._live.get("_oh", {})
        return key if key in kept and self._live.get(name, self) is kept[key] else -1

    def _shown(self) -> tuple[int, int] | None:
        """Return the number of the latest cell with a result, and what that is: a cell without a number replaces it."""
        latest = self._keys(1)
        return (latest[0], id(self._live["_oh"][latest[0]])) if latest else None

    def _keys(self, n: int) -> list[int]:
        """Return the numbers of the latest cells with a result, the last one first."""
        kept = self._live.get("_oh")
        return list(islice(reversed(kept), n)) if isinstance(kept, dict) else []
