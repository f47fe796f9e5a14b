"""``ens`` as a way of browsing, naming and exporting, on the store of ``make_store.py``; run in this process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

from ensession.cli.entry import run
from tests.notebook import Notebook

MAKE_STORE = Path(__file__).parents[1] / "e2e" / "make_store.py"
EXIT_USAGE, EXIT_NOT_FOUND, EXIT_CONFLICT, EXIT_TRUST = 2, 3, 4, 11


@dataclass
class Ens:
    """The command, without a process of its own: what it printed, and its exit code."""

    capture: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        self.capture.readouterr()
        code = run([str(argument) for argument in arguments])
        printed = self.capture.readouterr()
        return subprocess.CompletedProcess(arguments, code, printed.out, printed.err)

    def json(self, *arguments: str | Path) -> Any:
        done = self(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def ens(capsys: pytest.CaptureFixture[str]) -> Ens:
    return Ens(capsys)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the store; whatever the test does, nothing in it may have been unpickled."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "made.ens"
    subprocess.run([sys.executable, str(MAKE_STORE), str(path)], check=True, cwd=tmp_path)
    yield path
    assert not (tmp_path / "unpickled").exists()


def test_a_state_and_a_variable_of_it(ens: Ens, store: Path) -> None:
    shown = ens.json("state", store, "@3")
    assert (shown["state"], shown["made_by"]["id"]) == (3, 3)
    assert [one["name"] for one in shown["variables"]] == ["data", "lines", "total"]
    assert ens.json("state", store, "0") == {"state": 0, "made_by": None, "refs": [], "variables": []}
    total = ens.json("state", store, "2", "--variable", "total")
    assert [one["names"] for one in total["made_from"]] == [["data"]]
    assert ens.json("state", store, "2", "--variable", "data")["used_by"] == [2]
    assert "total = sum(data)" in ens("state", store, "2", "--variable", "total").stdout
    for looked_up in (("state", store, "2", "--variable", "nothing"), ("lineage", store, "nothing", "2")):
        done = ens(*looked_up)
        assert done.returncode == EXIT_NOT_FOUND
        assert "has no variable 'nothing'; there are: data, total" in done.stderr


def test_versions_lineage_and_dependents(ens: Ens, store: Path) -> None:
    (version,) = ens.json("versions", store, "data")["versions"]
    assert (version["execution"], version["is_stored"]) == (1, True)
    assert ens("versions", store, "nothing").returncode == EXIT_NOT_FOUND
    lineage = ens.json("lineage", store, "total")
    assert [one["id"] for one in lineage["executions"]] == [1, 2]
    assert lineage["uses"] == [{"execution": 2, "made_by": 1, "names": ["data"]}]
    assert [one["id"] for one in ens.json("dependents", store, "1")["executions"]] == [1, 2]
    assert "data of 1" in ens("lineage", store, "total").stdout
    for command in ("show", "dependents"):
        assert "state 0 is the empty one" in ens(command, store, "0").stderr


def test_search(ens: Ens, store: Path) -> None:
    hits = ens.json("search", store, "sum")["hits"]
    assert [(hit["execution"], hit["place"], hit["matches"]) for hit in hits] == [(2, "code", ["sum"])]
    assert ens.json("search", store, "nowhere")["hits"] == []
    for words in ("sum data", '"sum data"'):
        assert ens.json("search", store, words, "--limit", "1")["query"] == '"sum data"'
    assert ens("search", store, "+").returncode == EXIT_USAGE


def test_sql(ens: Ens, store: Path) -> None:
    rows = ens.json("sql", store, "SELECT execution, x'00ff' AS b, 9e999 AS n FROM v_head ORDER BY 1")
    assert rows == {"columns": ["execution", "b", "n"], "rows": [[3, "00ff", None], [4, "00ff", None]]}
    refused = ens("sql", store, "DELETE FROM tag")
    assert (refused.returncode, refused.stdout) == (EXIT_USAGE, "")
    forever = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i FROM n) SELECT count(*) FROM n"
    assert ens("sql", store, forever, "--timeout", "0.2").returncode == EXIT_USAGE


def test_diff(ens: Ens, store: Path) -> None:
    told = ens.json("diff", store, "3", "4")
    assert (told["ancestor"], told["only_before"], told["only_after"]) == (2, [3], [4])
    assert {one["name"]: one["change"] for one in told["variables"]} == {"data": "removed", "lines": "removed"}
    assert "-lines = read(open('gone.txt'))" in told["code"]
    assert "+del data" in told["code"]
    text = ens("diff", store, "3", "4").stdout
    assert "Both come from state 2." in text
    assert "[4] del data" in text
    assert ens.json("diff", store, "2", "2")["variables"] == []


def test_a_deep_diff_asks_for_trust_before_anything_is_unpickled(ens: Ens, store: Path) -> None:
    # What changed has to be there on both sides for anything to be loaded at all.
    assert ens("diff", store, "3", "4", "--deep").returncode == 0
    program = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]);"
        "c.execute(\"UPDATE binding SET name = 'data' WHERE name = 'total'\"); c.commit()"
    )
    subprocess.run([sys.executable, "-c", program, str(store)], check=True)
    done = ens("diff", store, "1", "2", "--deep")
    assert done.returncode == EXIT_TRUST
    assert "ens trust" in done.stderr


def test_tags_and_branches(ens: Ens, store: Path) -> None:
    assert "No tags" in ens("tag", store).stdout
    (made,) = ens.json("tag", store, "clean", "@2")["refs"]
    assert (made["name"], made["kind"], made["state"]) == ("clean", "tag", 2)
    assert ens.json("vars", store, "clean")["state"] == 2
    assert ens.json("show", store, "@clean")["id"] == 2
    assert [ref["name"] for ref in ens.json("state", store, "clean")["refs"]] == ["clean"]
    assert ens("tag", store, "clean", "3").returncode == EXIT_CONFLICT
    assert ens("tag", store, "no such", "3").returncode == EXIT_USAGE
    assert ens("tag", store, "other", "99").returncode == EXIT_NOT_FOUND
    assert ens("tag", store, "other", "0").returncode == EXIT_NOT_FOUND
    assert "%ens" not in ens("tag", store, "clean", "3").stderr
    assert "try" in {ref["name"] for ref in ens.json("branch", store, "try")["refs"]}
    assert ens.json("tag", store, "clean", "--delete")["refs"] == []
    assert ens("tag", store, "clean", "--delete").returncode == EXIT_NOT_FOUND
    assert ens("tag", store, "--delete").returncode == EXIT_USAGE


def test_export_as_notebook_and_script(ens: Ens, store: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.ipynb"
    told = ens.json("export", store, "2", "-o", target)
    assert told == {"state": 2, "path": str(target), "cells": 2, "remarks": []}
    book = nbformat.read(target, as_version=nbformat.NO_CONVERT)
    nbformat.validate(book)
    assert [cell.source for cell in book.cells] == ["data = load()\nprint(len(data))", "total = sum(data)"]
    assert [output.output_type for output in book.cells[1].outputs] == ["stream", "execute_result"]
    assert json.loads(ens("export", store, "2").stdout) == json.loads(target.read_text())
    assert ens("export", store, "2", "-o", target).returncode == EXIT_CONFLICT
    assert ens("export", store, "2", "-o", tmp_path / "nowhere" / "x.ipynb").returncode != 0
    assert ens("export", store, "--json").returncode == EXIT_USAGE
    script = ens("export", store, "2", "--script").stdout
    assert "# %% [2]\ntotal = sum(data)\n" in script
    compile(script, "script", "exec")
    assert ens("export", store, "2", "-o", tmp_path / "out.py").returncode == 0
    assert (tmp_path / "out.py").read_text(encoding="utf-8") == script


def test_the_minimal_export_says_what_stands_against_it(ens: Ens, store: Path) -> None:
    done = ens("export", store, "3", "--script", "--minimal", "lines")
    assert "[3]" in done.stdout
    assert "[1]" not in done.stdout
    assert done.stderr == "Note: cell 3: it read gone.txt, which is gone.\n"
    assert ens("export", store, "2", "--minimal", "lines").returncode == EXIT_NOT_FOUND


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_get_their_completion(ens: Ens, shell: str) -> None:
    assert "_ENS_COMPLETE" in ens("completion", shell).stdout


def test_completion_knows_commands_and_names_of_states(ens: Ens, store: Path) -> None:
    ens("tag", store, "clean", "2")

    def complete(line: str) -> list[str]:
        words = line.split(" ")
        env = {**os.environ, "_ENS_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
        program = Path(sys.executable).with_name("ens")
        done = subprocess.run([program], env=env, capture_output=True, text=True, check=True)
        return [item.partition(",")[2] for item in done.stdout.split()]

    assert set(complete("ens ver")) == {"versions"}
    assert complete(f"ens vars {store} cl") == ["clean"]
    assert complete(f"ens diff {store} 1 @cl") == ["@clean"]
    assert complete("ens vars nowhere.ens cl") == []


def test_nothing_that_a_store_says_reaches_the_terminal_as_control(ens: Ens, store: Path, tmp_path: Path) -> None:
    looking = [["state", "1"], ["state", "1", "--variable", "data"], ["versions", "data"], ["search", "next"]]
    looking += [["lineage", "total", "2"], ["dependents", "1"], ["diff", "1", "2"], ["tag"], ["branch"]]
    looking += [["sql", "SELECT preview, char(27), x'1b' FROM v_version"], ["export", "-o", "out.ipynb"]]
    for command in looking:
        for option in ([], ["--json"]):
            (tmp_path / "out.ipynb").unlink(missing_ok=True)
            done = ens(command[0], store, *command[1:], *option)
            assert done.returncode == 0, command
            assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", done.stdout + done.stderr), command


def test_the_log_marks_the_state_that_commands_mean(ens: Ens, tmp_path: Path) -> None:
    notebook = Notebook(tmp_path / "a.ens").start()
    head = notebook.run("x = 1")
    notebook.kill()
    Notebook(notebook.store).start().kill()  # as a startup file does, in a kernel where nothing is run
    assert ens.json("log", notebook.store)["head"] == ens.json("vars", notebook.store)["state"] == head
    marked = [line for line in ens("log", notebook.store).stdout.splitlines() if line.startswith("*")]
    assert len(marked) == 1
    assert "x = 1" in marked[0]
    assert ens("log", notebook.store, "-n", "0").returncode == EXIT_USAGE  # it said that there are no executions yet
    assert "◉   2" in ens("log", notebook.store, "--graph").stdout


@pytest.mark.parametrize("command", [["log"], ["search", "data"]])
def test_numbers_that_sqlite_can_not_hold(ens: Ens, store: Path, command: list[str]) -> None:
    done = ens(command[0], store, *command[1:], "-n", "9" * 25)
    assert done.returncode == EXIT_USAGE
    assert "give a smaller one" in done.stderr


def test_a_sync_of_two_files_that_are_not_there_makes_none(ens: Ens, tmp_path: Path) -> None:
    done = ens("sync", tmp_path / "a.ens", tmp_path / "b.ens")
    assert done.returncode == EXIT_NOT_FOUND
    assert "there is neither" in done.stderr
    assert list(tmp_path.glob("*.ens")) == []
