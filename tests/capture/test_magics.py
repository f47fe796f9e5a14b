"""Which magics are the session's own, without asking those that IPython only announced."""

from __future__ import annotations

import types
from typing import Any

from ensession.capture.hidden.magics import SessionMagics


class Announced:
    """Imports the magic that it stands for as soon as it is asked for anything."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"it was asked for {name}")


def own_magic(line: str) -> str:
    return line


def test_a_magic_that_is_only_announced_is_not_asked_for_anything() -> None:
    tables: dict[str, dict[str, Any]] = {"line": {"prun": Announced()}, "cell": {"prun": Announced()}}
    shell = types.SimpleNamespace(magics_manager=types.SimpleNamespace(magics=tables))
    magics = SessionMagics(shell)
    assert magics.present() == {}
    own_magic.__module__ = "__main__"
    tables["line"]["own"] = own_magic
    assert magics.present() == {("line", "own"): own_magic}
    magics.drop(("line", "own"))
    magics.drop(("class", "Gone"))
    assert tables["line"].keys() == {"prun"}
