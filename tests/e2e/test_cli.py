"""The ``ens`` command on a store that was made without a kernel."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Ens

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs" / "reference" / "cli.md"
EXIT_USAGE, EXIT_NOT_FOUND, EXIT_INTEGRITY, EXIT_SCHEMA = 2, 3, 5, 6


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "made.ens"
    subprocess.run([sys.executable, str(HERE / "make_store.py"), str(path)], check=True, cwd=path.parent)
    return path


@pytest.fixture
def store(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a copy of the store; whatever the test does, nothing in it may have been unpickled."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "work.ens"
    shutil.copy(made, path)
    yield path
    assert not (tmp_path / "unpickled").exists()


def test_log(ens: Ens, store: Path) -> None:
    listing = ens.json("log", store)
    assert (listing["head"], listing["heads"]) == (4, [3, 4])
    assert [e["id"] for e in listing["executions"]] == [1, 2, 3, 4]
    assert [e["parent"] for e in listing["executions"]] == [None, 1, 2, 2]
    assert [e["changed"] for e in listing["executions"]] == [["data"], ["total"], ["lines"], ["data"]]
    lines = ens("log", store, "-n", "2").stdout.splitlines()
    assert len(lines) == 3
    assert lines[2].split()[0] == "*4"


def test_log_as_a_tree(ens: Ens, store: Path) -> None:
    assert ens("log", store, "--graph").stdout.splitlines() == [
        "○   0  (empty)",
        "●   1  data = load() …",
        "●   2  total = sum(data)",
        "├─● 3  lines = read(open('gone.txt'))",
        "◉   4  (now) del data",
    ]


def test_show(ens: Ens, store: Path) -> None:
    shown = ens.json("show", store, "2")
    assert shown["code"] == "total = sum(data)"
    assert [o["output_type"] for o in shown["outputs"]] == ["stream", "execute_result"]
    assert shown["reads"][0]["names"] == ["data"]
    assert shown["bindings"][0]["name"] == "total"
    assert ens.json("show", store, "@4")["deleted"] == ["data"]
    text = ens("show", store, "2")
    assert text.returncode == 0
    assert "total = sum(data)" in text.stdout
    assert "\\x1b]0;title\\x07red" in text.stdout
    assert "Can't be run again: it read gone.txt" in ens("show", store, "3").stdout


def test_nothing_that_a_store_says_reaches_the_terminal_as_control(ens: Ens, store: Path) -> None:
    looking = [["log"], ["show", "1"], ["show", "2"], ["vars"], ["plan", "3"], ["check"]]
    for command in looking:
        for option in ([], ["--json"]):
            done = ens(command[0], store, *command[1:], *option)
            assert done.returncode == 0, command
            assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", done.stdout + done.stderr), command


def test_vars(ens: Ens, store: Path) -> None:
    assert [v["name"] for v in ens.json("vars", store)["variables"]] == ["total"]
    listing = ens.json("vars", store, "@3")
    assert listing["state"] == 3
    status = {v["name"]: (v["status"], v["reason"]) for v in listing["variables"]}
    assert status == {
        "data": ("stored", None),
        "total": ("recomputable", None),
        "lines": (
            "will not survive",
            "unstorable: open generator; cell 3 can't be run again: it read gone.txt, which is gone",
        ),
    }
    assert ens.json("vars", store, "0") == {"state": 0, "variables": []}
    assert "1 of them will not survive a restart" in ens("vars", store, "3").stdout


def test_plan(ens: Ens, store: Path) -> None:
    made = ens.json("plan", store, "3")
    assert [(s["kind"], s["execution"], s["names"]) for s in made["steps"]] == [("load", 1, ["data"]), ("run", 2, [])]
    assert [m["names"] for m in made["missing"]] == [["lines"]]
    assert made["load_all_s"] is None
    assert made["run_all_s"] > 1
    assert made["cost_s"] == pytest.approx(sum(s["cost_s"] for s in made["steps"]))
    text = ens("plan", store, "@3").stdout
    assert "total = sum(data)" in text
    assert "Missing: lines" in text


def test_plan_says_in_what_this_environment_differs(ens: Ens, store: Path) -> None:
    with closing(sqlite3.connect(store)) as database:
        database.execute("update kernel_run set python = '3.10.1'")
        database.commit()
    found = ens.json("plan", store, "--here")["environment"][0]
    assert (found["kind"], found["name"], found["recorded"]) == ("python", "Python", "3.10.1")
    assert found["here"] == platform.python_version()
    assert "3.10.1" in ens("plan", store, "--here").stdout
    assert "3.10.1" not in ens("plan", store).stdout


def test_copy_and_check(ens: Ens, store: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.ens"
    assert ens.json("copy", store, target)["n_bytes"] == target.stat().st_size
    assert ens.json("log", target) == ens.json("log", store)
    assert ens.json("check", target) == {"problems": [], "states": [], "caveats": []}
    assert ens("check", target).stdout == "No problems found.\n"


def test_a_value_that_came_from_another_copy_is_no_problem(ens: Ens, store: Path, tmp_path: Path) -> None:
    ens("trust", store)
    with closing(sqlite3.connect(store)) as database:
        database.execute(
            "DELETE FROM seal WHERE subject IN"
            " (SELECT p.digest FROM payload p JOIN binding b ON b.version = p.version WHERE b.name = 'data')"
        )
        database.commit()
    found = ens.json("check", store)
    assert found["problems"] == []
    assert "no seal of yours over data@1" in found["caveats"][-1]
    done = ens("check", store)
    assert done.returncode == 0
    assert "no seal of yours over data@1" in done.stdout
    ens("trust", store)
    assert "no seal" not in ens("check", store).stdout


def test_a_dry_run_of_forget_has_the_keys_of_a_real_one(ens: Ens, store: Path) -> None:
    would = ens.json("forget", store, "data", "--dry-run")
    assert (would["values"], would["renewed"]) == (1, None)
    assert would["code_left"] == [1, 2]  # the cell that deletes it holds nothing of it
    assert would.keys() == ens.json("forget", store, "data", "--yes").keys()


def test_looking_makes_no_key(store: Path, tmp_path: Path) -> None:
    home = tmp_path / "another"
    home.mkdir()
    stranger = Ens(home)
    looks: tuple[tuple[str | Path, ...], ...] = (
        ("check", store),
        ("gc", store, "--keep-last", "1", "--dry-run"),
        ("forget", store, "data", "--dry-run"),
        ("state", store),
    )
    for words in looks:
        assert stranger(*words).returncode == 0, words
    assert list(home.rglob("trust.key")) == []


def test_check_finds_a_damaged_chunk_and_says_who_is_hurt(ens: Ens, store: Path) -> None:
    connection = sqlite3.connect(store)
    connection.execute("UPDATE chunk SET data = zeroblob(length(data))")
    connection.commit()
    connection.close()
    done = ens("check", store, "--json")
    assert done.returncode == EXIT_INTEGRITY
    problems = json.loads(done.stdout)["problems"]
    assert "data@1" in {name for problem in problems for name in problem["variables"]}
    text = ens("check", store)
    assert text.returncode == EXIT_INTEGRITY
    assert "data@1" in text.stdout


def test_trust(ens: Ens, store: Path) -> None:
    first = ens.json("trust", store)
    assert first["executions"] == 4
    assert first["sealed"] == 5
    assert ens("trust", store).stdout == "Trusted: 4 executions and their payloads (0 new seals).\n"


@pytest.mark.parametrize(
    ("arguments", "code", "kind"),
    [
        (["log", "nowhere.ens"], EXIT_NOT_FOUND, "not_found"),
        (["show", "work.ens", "99"], EXIT_NOT_FOUND, "not_found"),
        (["vars", "work.ens", "@99"], EXIT_NOT_FOUND, "not_found"),
        (["show", "work.ens", "two"], EXIT_NOT_FOUND, "not_found"),
        (["show", "work.ens", "t w o"], EXIT_USAGE, "usage"),
        (["show", "work.ens", "9" * 30], EXIT_NOT_FOUND, "not_found"),
        (["show", "work.ens"], EXIT_USAGE, "usage"),
        (["frobnicate"], EXIT_USAGE, "usage"),
        (["log", "notes.txt"], EXIT_SCHEMA, "not_a_store"),
        (["check", "notes.txt"], EXIT_SCHEMA, "not_a_store"),
    ],
)
@pytest.mark.usefixtures("store")
def test_errors_are_one_line_and_have_their_exit_code(
    ens: Ens, tmp_path: Path, arguments: list[str], code: int, kind: str
) -> None:
    (tmp_path / "notes.txt").write_text("not a store, but long enough to be looked at\n" * 100)
    text = ens(*arguments)
    assert (text.returncode, text.stdout) == (code, "")
    assert re.fullmatch(r"ens: [^\n]+\n", text.stderr), text.stderr
    record = ens(*arguments, "--json")
    assert (record.returncode, record.stdout) == (code, "")
    error = json.loads(record.stderr)["error"]
    assert error["kind"] == kind
    assert error["message"]


def test_help_and_version(ens: Ens) -> None:
    for option in ("-h", "--help"):
        assert ens(option).stdout.startswith("Usage: ens")
    assert ens().stdout == ens("-h").stdout
    assert re.fullmatch(r"ens \d+\.\d+\.\d+\n", ens("--version").stdout)


def test_reading_leaves_the_file_as_it_was(ens: Ens, store: Path) -> None:
    before = store.read_bytes()
    looking = [["log"], ["show", "1"], ["vars"], ["plan"], ["check"], ["state"], ["versions", "data"], ["diff", "1"]]
    # The store is nobody's own: even its index is made elsewhere.
    looking += [["lineage", "total"], ["dependents", "1"], ["search", "sum"], ["sql", "SELECT 1"], ["tag"], ["export"]]
    for done in ens.each([command[0], store, *command[1:]] for command in looking):
        assert done.returncode == 0, done
    assert store.read_bytes() == before
    assert [path.name for path in store.parent.iterdir()] == [store.name]


def test_the_package_is_run_where_the_program_is_not_on_the_path(ens: Ens, store: Path) -> None:
    for file in (store, "lost.ens"):
        done = subprocess.run([sys.executable, "-m", "ensession", "log", file], capture_output=True, text=True)
        told = ens("log", file)
        assert (done.returncode, done.stdout, done.stderr) == (told.returncode, told.stdout, told.stderr)


def test_a_reader_that_goes_away_is_no_error(ens: Ens, store: Path) -> None:
    program = Path(sys.executable).with_name("ens")
    done = subprocess.run(f"{program} show {store} 2 | true", shell=True, capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_on_a_terminal_tables_fit_and_only_we_set_colours(store: Path) -> None:
    leader, follower = os.openpty()
    program = Path(sys.executable).with_name("ens")
    env = {**os.environ, "COLUMNS": "70", "TERM": "xterm-256color"}
    subprocess.run([program, "vars", store, "3"], stdout=follower, env=env, check=True)
    os.close(follower)
    with open(leader, encoding="utf-8", buffering=1) as terminal:
        lines = []
        with suppress(OSError):  # how Linux says that nobody writes any more
            lines += iter(terminal.readline, "")
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in lines]
    assert "State 3" in plain
    table = plain[: next(i for i, line in enumerate(plain) if line.startswith("3 variables"))]
    assert [line.split()[0] for line in table] == ["State", "name", "─" * len(table[2]), "data", "lines", "total"]
    assert not any("\x1b" in line for line in plain)
    assert max(map(len, table)) <= 70


@pytest.fixture(scope="module")
def documentation() -> str:
    return DOCS.read_text(encoding="utf-8")


def _commands(ens: Ens) -> list[str]:
    _, _, listing = ens("-h").stdout.partition("Commands:\n")
    return [line.split()[0] for line in listing.splitlines() if re.match(r"  \w", line)]


def test_every_command_and_option_is_documented(ens: Ens, documentation: str) -> None:
    commands = _commands(ens)
    assert {"log", "show", "vars", "plan", "copy", "check", "trust", "diff", "search", "export"} <= set(commands)
    for command, told in zip(commands, ens.each([command, "-h"] for command in commands), strict=True):
        _, found, rest = documentation.partition(f"\n## `ens {command} ")
        assert found, f"ens {command} is not documented"
        section = rest.partition("\n## ")[0]
        for option in re.findall(r"--[a-z-]+", told.stdout):
            assert option in section or option in {"--help", "--json"}, f"{option} of ens {command} is not documented"


def test_every_json_key_is_documented(ens: Ens, store: Path, tmp_path: Path, documentation: str) -> None:
    asked: list[tuple[str | Path, ...]] = [
        ("log", store),
        ("show", store, "2"),
        ("vars", store, "3"),
        ("plan", store, "3"),
        ("copy", store, tmp_path / "copy.ens"),
        ("check", store),
        ("pack", store, tmp_path / "packed.ens"),
        ("sync", store, tmp_path / "second.ens"),
        ("trust", store),
        ("state", store, "2"),
        ("state", store, "2", "--variable", "total"),
        ("versions", store, "data"),
        ("lineage", store, "total", "2"),
        ("dependents", store, "1"),
        ("search", store, "sum"),
        ("sql", store, "SELECT 1"),
        ("diff", store, "1", "3"),
        ("tag", store, "first", "1"),
        ("branch", store),
        ("stats", store),
        ("gc", store, "--keep-last", "1", "--yes"),
        ("forget", store, "data", "--yes"),
        ("export", store, "-o", tmp_path / "out.ipynb"),
    ]
    listings = []
    for done in ens.each([*command, "--json"] for command in asked):
        assert done.returncode == 0, done
        listings.append(json.loads(done.stdout))
    listings[1]["outputs"] = []
    undocumented = {key for listing in listings for key in _keys(listing) if f"`{key}`" not in documentation}
    assert undocumented == set()


def test_every_exit_code_is_documented(documentation: str) -> None:
    code = (
        "import ensession.errors as e\nfor n in vars(e).values():\n  if isinstance(n, type): print(n.exit_code, n.kind)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for line in done.stdout.splitlines():
        number, kind = line.split()
        row = next((row for row in documentation.splitlines() if re.match(rf"\| {number} +\|", row)), "")
        assert f"`{kind}`" in row, f"exit code {number} ({kind}) is not documented"


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)
