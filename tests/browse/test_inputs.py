"""Whether a variable would come back, where a cell's input is gone: all that is asked says the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ensession.browse.source import Source
from ensession.cli.entry import run
from ensession.config import Config
from ensession.model import ExecutionId
from ensession.store import Store
from ensession.trust import Keyring
from tests.notebook import Notebook


@pytest.fixture
def recorded(tmp_path: Path) -> tuple[Path, int]:
    """Return a store, and the cell that made a text of a file that is gone by now."""
    data = tmp_path / "in.txt"
    data.write_text("x" * 8_000_000)
    notebook = Notebook(tmp_path / "work.ens").start()
    made = notebook.run(f"with open({str(data)!r}) as file: text = file.read()")
    notebook.run("del file")
    notebook.kill()
    data.unlink()
    return notebook.store, made


def printed(capsys: pytest.CaptureFixture[str], *words: str | int | Path) -> Any:
    capsys.readouterr()
    assert run([*map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_commands_agree(recorded: tuple[Path, int], capsys: pytest.CaptureFixture[str]) -> None:
    store, made = recorded
    rows = [
        *printed(capsys, "vars", store)["variables"],
        *printed(capsys, "state", store)["variables"],
        *printed(capsys, "show", store, made)["bindings"],
    ]
    told = [json.dumps(row) for row in rows if row["name"] == "text"]
    assert len(told) == 3
    assert all("is missing" in one for one in told), told


def test_views_of_one_variable_agree_with_those_of_the_state(recorded: tuple[Path, int]) -> None:
    path, made = recorded
    with Store.open_read_only(path, Config()) as store:
        source, target = Source(store, Keyring.present), ExecutionId(made + 1)
        version = source.version_at("text", target)
        assert source.missing(target, version)[version] == source.all_missing(target)[version]
