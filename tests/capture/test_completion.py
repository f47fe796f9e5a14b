"""Tab completion after %ens, as the shell's completer gives it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

from ensession.magic.completion import completions
from ensession.magic.extension import load, unload

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "magic.md"


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


def documented() -> dict[str, set[str]]:
    """Return the options of each command, as the reference page heads its entries."""
    heads = re.findall(r"^`%ens .*", PAGE.read_text(encoding="utf-8"), re.M)
    found = [re.match(r"(\w+)(.*)", usage) for head in heads for usage in re.findall(r"`%ens ([^`]+)`", head)]
    return {match[1]: {*re.findall(r"(?<![\w-])--?[a-z][a-z-]*", match[2]), "--help"} for match in found if match}


def test_exactly_the_commands_and_options_of_the_reference_are_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert set(completions("%ens ", None)) == set(documented())
    offered = {verb: {one for one in completions(f"%ens {verb} ", None) if one[0] == "-"} for verb in documented()}
    assert offered == documented()


@pytest.mark.parametrize("line", ["checkout @", "diff @", "diff @1 @", "forget @", "restore --lazy @", "tag good @"])
def test_states_wherever_one_is_taken(shell: InteractiveShell, line: str) -> None:
    shell.run_cell("%ens start work.ens")
    shell.run_cell("x = 1")
    assert {"main", "1"} <= set(completed(shell, f"%ens {line}"))


def test_options_with_a_hyphen(shell: InteractiveShell) -> None:
    assert "--keep-last" in completed(shell, "%ens gc --keep-l")
    assert "--keep" not in completed(shell, "%ens gc --k")


def test_no_store_is_offered_to_be_exported_into_and_help_takes_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.ens").touch()
    assert "old.ens" not in completions("%ens export -o ", None)
    assert "old.ens" in completions("%ens trust ", None)
    assert "checkout" in completions("%ens help ch", None)
