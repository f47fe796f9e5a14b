"""Hidden state of the process: where it runs, where it looks for modules, its environment, its locale."""

from __future__ import annotations

import _locale  # locale.setlocale without its detour, which takes longer than the question
import locale
import os
import re
import sys
from typing import Any

from ensession.capture.hidden.kinds import Condition, complain
from ensession.capture.secrecy import why_secret

_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH|COOKIE|PRIVATE|DSN|CONNECTION_STRING", re.IGNORECASE)


class Directory(Condition):
    """The working directory."""

    name = "cwd"

    def __init__(self) -> None:
        self.usual = self.glance()

    def glance(self) -> Any:
        """Return it; None when it was removed under the process."""
        try:
            return os.getcwd()
        except FileNotFoundError:
            return None

    def write(self, value: Any) -> None:
        """Go there."""
        os.chdir(value)


class SearchPath(Condition):
    """``sys.path``."""

    name = "sys.path"

    def __init__(self) -> None:
        self.usual = self.glance()
        self._added: set[str] = set()

    def glance(self) -> Any:
        """Return its entries."""
        return tuple(sys.path)

    def write(self, value: Any) -> None:
        """Add what is missing, in order: the paths of another machine must not replace those of this one."""
        for entry in self._added.difference(value):  # an earlier write put it there
            if entry in sys.path:
                sys.path.remove(entry)
        for place, entry in enumerate(value):
            if entry not in sys.path:
                sys.path.insert(min(place, len(sys.path)), entry)
                self._added.add(entry)
        self._added.intersection_update(value)

    def put_back(self, value: Any) -> None:
        """Make it exactly that: the snapshot is of this process."""
        sys.path[:] = value


class Variables(Condition):
    """Environment variables that differ from when recording began; what looks secret is never stored."""

    name = "environ"

    def __init__(self) -> None:
        self.usual: dict[str, str | None] = {}
        self._first = dict(os.environ)

    def glance(self) -> Any:
        """Return the environment undecoded, where the platform keeps it so: that is quick to compare."""
        return dict(getattr(os.environ, "_data", os.environ))

    def snapshot(self, glance: Any) -> Any:
        """Return the variables that differ; None for one that is gone."""
        other = {name: value for name, value in os.environ.items() if self._first.get(name) != value}
        changed: dict[str, str | None] = {name: value for name, value in other.items() if not is_secret(name, value)}
        gone = (name for name in self._first if name not in os.environ and not is_secret(name, ""))
        return {**changed, **dict.fromkeys(gone)}

    def write(self, value: Any) -> None:
        """Put the variables of a snapshot back; the others that differ become what they were."""
        for name in self.snapshot(None):
            if name not in value and name in self._first:
                os.environ[name] = self._first[name]
            elif name not in value:
                os.environ.pop(name, None)
        for name, content in value.items():
            if content is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = content


class Locale(Condition):
    """The locale of the C library."""

    name = "locale"

    def __init__(self) -> None:
        self.usual = self.glance()

    def glance(self) -> Any:
        """Return it in the C library's spelling."""
        return _locale.setlocale(locale.LC_ALL)

    def write(self, value: Any) -> None:
        """Set it."""
        try:
            locale.setlocale(locale.LC_ALL, value)
        except locale.Error:
            complain("the locales", [value])


def is_secret(name: str, value: str) -> bool:
    """Say whether an environment variable looks like something that must not be stored."""
    return _SECRET.search(name) is not None or why_secret(name, value) is not None
