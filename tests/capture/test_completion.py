"""Tab completion after %ens, as the shell's completer gives it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

from ensession.magic.extension import load, unload


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    monkeypatch.chdir(tmp_path)
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance()
    load(made)
    yield made
    unload(made)
    InteractiveShell.clear_instance()


def completed(shell: InteractiveShell, line: str) -> list[str]:
    with provisionalcompleter():
        found = list(shell.Completer.completions(line, len(line)))
    return [completion.text for completion in found]


def test_verbs(shell: InteractiveShell) -> None:
    assert {"start", "status", "stop"} <= set(completed(shell, "%ens st"))
    assert "log" not in completed(shell, "%ens st")
    assert "status" in completed(shell, "%ens sta")


def test_options_and_stores_and_settings(shell: InteractiveShell, tmp_path: Path) -> None:
    (tmp_path / "old.ens").touch()
    assert "--graph" in completed(shell, "%ens log --g")
    assert "old.ens" in completed(shell, "%ens restore ol")
    assert "audit=" in completed(shell, "%ens config au")


def test_states(shell: InteractiveShell) -> None:
    shell.run_cell("%ens start work.ens")
    shell.run_cell("x = 1")
    assert "main" in completed(shell, "%ens vars @ma")
    assert "1" in completed(shell, "%ens plan @")
    assert "main" not in completed(shell, "%ens config @")


def test_nothing_of_ours_is_completed_once_the_extension_is_gone(shell: InteractiveShell) -> None:
    unload(shell)
    assert "status" not in completed(shell, "%ens sta")
    load(shell)
