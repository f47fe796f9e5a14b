"""Values that look like secrets are in no file, and the user is told."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ensession.model import ExecutionId, Fate
from ensession.session.discretion import MASK
from tests.notebook import Notebook

KEY = "sk-proj-" + "a1b2c3d4" * 4


@pytest.fixture
def notebook(tmp_path: Path) -> Notebook:
    return Notebook(tmp_path / "a.ens").start("--all")


def contents(notebook: Notebook) -> bytes:
    """Return everything in the files of a store, where payloads as short as these are not compressed."""
    notebook.session.store.behind.flush()
    return b"".join(path.read_bytes() for path in notebook.store.parent.glob(f"{notebook.store.name}*"))


def test_a_secret_is_not_in_the_file(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    with pytest.warns(UserWarning, match=r"does not store api_key.*%ens pin api_key"):
        notebook.run("import os\napi_key = os.environ['MY_KEY']\nn = 3")
    notebook.run(
        "print('the key is', api_key)",
        "api_key",
        "headers = {'X': [api_key]}",
        "class C: pass",
        "client = C()\nclient.key = api_key",
        "m = n + 1",
    )
    assert KEY.encode() not in contents(notebook)
    notebook.kill()
    fresh = Notebook(notebook.store)
    report = fresh.restore()
    fates = {one.name: one.fate for one in report.variables}
    assert fresh["m"] == 4
    assert fates["m"] is Fate.LOADED
    # Its cell is run again, which reads the environment as the first time.
    assert fresh["api_key"] == KEY
    assert fates["api_key"] is Fate.UNVERIFIED
    assert fresh["client"].key == KEY
    fresh.kill()


def test_what_the_user_pins_is_stored(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    notebook.ens("pin api_key")
    notebook.run("import os\napi_key = os.environ['MY_KEY']")
    assert KEY.encode() in contents(notebook)
    monkeypatch.delenv("MY_KEY")
    notebook.kill()
    fresh = Notebook(notebook.store)
    fates = {one.name: one.fate for one in fresh.restore().variables}
    assert (fresh["api_key"], fates["api_key"]) == (KEY, Fate.LOADED)
    fresh.kill()


def test_what_was_there_before_recording_counts_as_well(tmp_path: Path) -> None:
    notebook = Notebook(tmp_path / "a.ens")
    notebook.variables["password"] = "correct horse battery"
    with pytest.warns(UserWarning, match="does not store password"):
        notebook.start()
    assert b"correct horse" not in contents(notebook)
    notebook.kill()


@pytest.mark.parametrize("code", [f"key = '{KEY}'", 'password = "x1"'])
def test_a_secret_in_the_text_of_a_cell_is_said(notebook: Notebook, code: str) -> None:
    with pytest.warns(UserWarning, match="secret") as told:
        notebook.run(code)
    assert ["forget --text" in str(one.message) for one in told] == [False, True]
    notebook.kill()


def test_the_way_out_that_is_named_takes_a_secret_out_of_the_code(notebook: Notebook) -> None:
    with pytest.warns(UserWarning, match="secret"):
        notebook.run(f"key = '{KEY}'")
    assert KEY.encode() in contents(notebook)
    notebook.ens(f"forget --text {KEY} --code --yes")
    assert KEY.encode() not in contents(notebook)
    notebook.kill()


@pytest.mark.parametrize(
    "code",
    [
        "x = {'url': 'http://example.com', 'time': '12:30', 'mail': 'a@b.c'}",
        "x = ['http://example.com', 'noon:', 'a@b.c']",
        "def x(user, pw):\n    return f'postgresql://{user}:{pw}@host/db'",
        "x = 'https://example.com:8000/a@b'",
    ],
)
def test_what_only_reminds_of_a_secret_is_stored(
    notebook: Notebook, code: str, recwarn: pytest.WarningsRecorder
) -> None:
    notebook.run(code)
    assert not [one for one in recwarn if "secret" in str(one.message)]
    head = notebook.session.head
    assert head is not None
    assert notebook.session.store.history.state(head)["x"].version.payload is not None
    notebook.kill()


def test_previews_are_hidden_for_a_secret_and_not_for_what_begins_alike(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_URL", "https://bob:hunter22longer@db.example.com/")
    with pytest.warns(UserWarning, match="does not store url"):
        notebook.run("import os\nurl = os.environ['MY_URL']")
    notebook.run("home = 'https://docs.python.org/'")
    head = notebook.session.head
    assert head is not None
    shown = {name: one.summary.preview for name, one in notebook.session.store.history.state(head).items()}
    assert "docs.python" in shown["home"]
    assert shown["url"] == "not shown"
    notebook.kill()


def test_changes_of_a_secret_are_seen(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    with pytest.warns(UserWarning, match="does not store api_key"):
        notebook.run("import os\napi_key = os.environ['MY_KEY']")
    notebook.run("len(api_key)")
    assert notebook.changed() == set()
    notebook.run("api_key = api_key[::-1]")
    assert notebook.changed() == {"api_key"}
    assert KEY[::-1].encode() not in contents(notebook)
    notebook.kill()


def test_what_holds_a_secret_may_come_before_it(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "correct horse battery")
    with pytest.warns(UserWarning, match="does not store"):
        notebook.run("import os\nraw = os.environ['MY_KEY']\npassword = raw")
    assert b"correct horse" not in contents(notebook)
    notebook.kill()


def test_a_secret_is_masked_wherever_it_is_shown(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    with pytest.warns(UserWarning, match="does not store"):
        notebook.run("import os, subprocess\napi_key = os.environ['MY_KEY']")
    shown = notebook.run("print('it is', api_key)\napi_key")
    outputs = notebook.session.store.history.outputs(ExecutionId(shown))
    assert [MASK in str(one.data) for one in outputs] == [True, True]
    assert KEY not in str(outputs)
    notebook.attempt("raise ValueError('bad ' + api_key)")
    notebook.run("done = subprocess.run(['true', api_key]).returncode")
    with pytest.warns(UserWarning, match="does not store many"):
        notebook.run("many = [api_key] + ['word'] * 100")
    notebook.run("big = [api_key] + [str(n) for n in range(400_000)]")
    notebook.run("cut = ['x' * 21] * 4 + [api_key] + [str(n) for n in range(400_000)]")
    state = notebook.session.store.history.state(ExecutionId(notebook.run("1")))
    assert KEY[:8] not in str(state)
    notebook.session.store.behind.flush()
    with closing(sqlite3.connect(notebook.store)) as store:
        (errors,) = store.execute("SELECT error FROM execution WHERE error IS NOT NULL").fetchone()
        (ran,) = store.execute("SELECT detail FROM effect WHERE kind = 'subprocess'").fetchone()
        (why,) = store.execute("SELECT caution FROM execution WHERE caution IS NOT NULL").fetchone()
    assert MASK in errors
    assert MASK in ran
    assert MASK in why
    assert KEY not in errors + ran + why
    notebook.kill()


def test_secrets_are_known_after_a_restore(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    with pytest.warns(UserWarning, match="does not store"):
        notebook.run("import os\napi_key = os.environ['MY_KEY']")
    fresh = notebook.reborn()
    fresh.restore()
    with pytest.warns(UserWarning, match="does not store line"):
        fresh.run("line = 'x' + api_key")
    assert KEY.encode() not in contents(fresh)
    fresh.kill()
