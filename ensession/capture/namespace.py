"""The user's part of a shell's namespace, and where the session's definitions live in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ensession.capture.watch import NamespaceWatch, Variables
from ensession.serial.scope import Reference

_SHELL_NAMES = re.compile(r"_{1,3}|_i{1,3}|_i?[0-9]+|_[oid]h|In|Out|_exit_code|__session__")
_MODULE_NAMES = frozenset(
    "__name__ __doc__ __package__ __loader__ __spec__ __file__ __builtin__ __builtins__ __annotations__ "
    "__conditional_annotations__ __annotate__ __warningregistry__ get_ipython".split()
)

_GONE = object()


class UserNamespace:
    """A shell's namespace seen as the user's variables.

    Names of the user that begin with an underscore are variables like others; only those that the shell itself
    puts there are hidden, as long as they still hold what the shell put there.

    Parameters
    ----------
    namespace : dict
        The live one; stays a plain dict.
    hidden : Mapping[str, object]
        What the shell put there, by name.

    Attributes
    ----------
    ignored : frozenset[str]
        Names of the user that don't count: they are not looked at, and stay when others are replaced.
    awaited : set[str]
        Variables of the state that are still to come: that they are not there does not mean that they were deleted.
    """

    def __init__(self, namespace: dict[str, Any], hidden: Mapping[str, Any]) -> None:
        self.live = namespace
        self._hidden = hidden
        self._shells: set[object] = set()
        self._users: set[str] = set()
        self.ignored: frozenset[str] = frozenset()
        self.awaited: set[str] = set()
        self._turned: set[str] = set()
        self.watch_anew()

    def watch_anew(self) -> None:
        """Have :meth:`changed` return all names at its next call: what it returned before came to nothing."""
        self._watch = NamespaceWatch(self.live, lambda name: not self._is_shells(name))

    def ignore(self, names: frozenset[str]) -> None:
        """Ignore exactly these names from now on; those of which that is new count as changed."""
        self._turned |= names ^ self.ignored
        self.ignored = names

    def variables(self) -> dict[str, Any]:
        """Return the user's names and their values, in the namespace's order."""
        live, hidden, shells, users = self.live, self._hidden, self._shells, self._users
        names = [name for name in list(live) if name not in shells]  # a long session has thousands of those
        found = {}
        for name in names:
            if name not in users:
                if self._is_shell_name(name):
                    shells.add(name)
                    continue
                users.add(name)
            value = live.get(name, _GONE)
            if value is not _GONE and name not in self.ignored and (name not in hidden or hidden[name] is not value):
                found[name] = value
        return found

    def changed(self) -> set[str]:
        """Return the user's names that were bound, bound anew or deleted since the last call; at first all."""
        found = self._watch.changed() | self._turned
        self._turned = set()
        return {name for name in found if name in self._users or not self._is_shells(name)}

    def in_order(self, names: set[str]) -> list[str]:
        """Return names in the namespace's order, as of the last call of :meth:`changed`."""
        return self._watch.in_order(names)

    def has(self, name: str) -> bool:
        """Say whether the user has a variable of that name."""
        return name in self.view()

    def view(self) -> Variables:
        """Return the variables as :meth:`variables` does, each looked up when it is asked for."""
        return Variables(lambda: iter(self.variables()), self._find)

    def _find(self, name: str) -> Any:
        value = self.live[name]
        if self._is_shells(name) or name in self.ignored or (name in self._hidden and self._hidden[name] is value):
            raise KeyError(name)
        return value

    def _is_shells(self, name: object) -> bool:
        if name not in self._shells and name not in self._users:
            (self._shells if self._is_shell_name(name) else self._users).add(name)  # type: ignore[arg-type]
        return name in self._shells

    def replace(self, variables: Mapping[str, Any]) -> None:
        """Make exactly these the user's variables; the shell's own stay or come back, and what is the same stays."""
        present = self.variables()
        for name in present.keys() - variables.keys():
            if name in self._hidden:  # what the user had put in its place
                self.live[name] = self._hidden[name]
            else:
                del self.live[name]
        for name, value in variables.items():
            if name not in present or present[name] is not value:
                self.live[name] = value

    def find(self, obj: Any) -> Reference | None:
        """Return where the session keeps a class or function (:class:`~ensession.serial.scope.Resolver`).

        A name of the shell's own is no place to keep one: ``def _`` binds it, and so does the next result.
        """
        root, *path = obj.__qualname__.split(".")
        found = None if self._is_shells(root) else self.live.get(root)
        for part in path:
            found = getattr(found, part, None)
        return Reference(root, tuple(path)) if found is obj else None

    def root_of(self, definition: Any) -> str | None:
        """Return the name by which the session reaches a class or function, or None."""
        found = self.find(definition)
        return None if found is None else found.root

    @staticmethod
    def _is_shell_name(name: object) -> bool:
        return not isinstance(name, str) or name in _MODULE_NAMES or _SHELL_NAMES.fullmatch(name) is not None
