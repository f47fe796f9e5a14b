"""forget: the bytes are gone, from the file and the log beside it; what is left is whole and still the user's own."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from ensession.config import Config
from ensession.errors import (
    IntegrityError,
    NotFoundError,
    UsageError,
)
from ensession.model import ExecutionId, Fate
from ensession.store import Store, check_store
from ensession.trust import Keyring
from ensession.upkeep import Forgetter, find
from tests.notebook import Notebook
from tests.upkeep.kit import bytes_of, forget, form, plain, record, restored

SECRET = "hunter2-4711-correct-horse"
CELLS = (
    f"token = '{SECRET}'",
    "print(token)",
    "holder = {'deep': [token], 'n': 1}",
    "big = ['x' * 90_000, token * 3, list(range(5000))]",
    "n = len(token)",
    "other = [n] * 3",
)


def test_a_text_is_gone_from_every_byte(tmp_path: Path) -> None:
    path = tmp_path / "a.ens"
    record(path, *CELLS)
    with Store.open(path, Config()) as store:
        assert store.search("hunter2", 10)
    assert SECRET.encode() in plain(path)
    done = forget(path, texts=(SECRET,), code=True)
    assert done.remarks == ()
    assert SECRET.encode() not in plain(path)
    assert SECRET.encode("utf-16-le") not in plain(path)
    assert check_store(path, Config()) == []
    with restored(path) as (notebook, report):
        fates = {one.name: one.fate for one in report.variables}
        assert fates["other"] is fates["n"] is Fate.LOADED
        assert notebook["other"] == [len(SECRET)] * 3
    with Store.open(path, Config()) as store:
        assert store.search("hunter2", 10) == []
        assert store.history.execution(ExecutionId(2)).code == "token = '[forgotten]'"


def test_a_variable_goes_with_what_cells_showed_of_it(tmp_path: Path) -> None:
    path = tmp_path / "a.ens"
    record(path, *CELLS)
    done = forget(path, "token")
    assert done.find.left
    with Store.open(path, Config()) as store:
        (token,) = store.history.versions_of("token")
        assert token.version.payload is None
        assert token.version.fingerprint is None
        assert token.summary is None or token.summary.preview == ""
        assert store.history.outputs(ExecutionId(3)) == ()
    assert check_store(path, Config()) == []
    with restored(path) as (notebook, report):  # its code is there: it is made again, and told apart by nobody
        fates = {one.name: one.fate for one in report.variables}
        assert fates["token"] is Fate.UNVERIFIED
        assert notebook["holder"]["deep"] == [SECRET]
    forget(path, "token", "holder", "big", code=True)
    assert SECRET.encode() not in plain(path)


def test_an_execution_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "patients-7311.csv").write_text("a,b")
    path = tmp_path / "a.ens"
    record(path, "a = 1", "with open('patients-7311.csv') as file:\n    text = file.read()\nprint(text)", "b = a + 1")
    assert b"patients-7311" in bytes_of(path)
    done = forget(path, "@3", code=True)
    assert b"patients-7311" not in plain(path)
    assert done.n_renewed == 2
    assert check_store(path, Config()) == []
    with Store.open(path, Config()) as store:
        assert store.files.inputs(ExecutionId(4)) == []
    with restored(path) as (notebook, report):
        assert notebook["b"] == 2
        assert {one.name for one in report.variables if one.fate is Fate.MISSING} == {"file", "text"}


def test_patterns_name_variables_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.ens"
    record(path, "api_key = 'k-123'", "api_url = 'u-123'", "rapid = 'r-123'")
    done = forget(path, "api_*", code=True)
    assert len(done.find.erasure.values) == 2
    assert b"k-123" not in plain(path)
    assert b"u-123" not in plain(path)
    assert b"r-123" in plain(path)
    with Store.open(path, Config()) as store:
        with pytest.raises(NotFoundError):
            find(store, ["nothing"], [], code=False)
        for words, texts in (([], []), ([], ["ab"])):
            with pytest.raises(UsageError):
                find(store, words, texts, code=False)


def test_what_else_is_lost_is_said_before_and_no_leaves_all_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.ens"
    notebook = Notebook(path).start("--all")
    notebook.run("base = [1, 2, 3]", "derived = [x for x in base]")
    notebook.lose("derived")
    notebook.kill()
    before = path.read_bytes()
    with Store.open(path, Config()) as store:
        forgetter, found = Forgetter(store, Keyring.load()), find(store, ["base"], [], code=True)
        asked = []
        assert forgetter.forget(found, lambda lost: bool(asked.append(lost))) is None
    assert [loss.names for loss in asked[0]] == [("derived",)]
    assert path.read_bytes() == before


def test_what_was_mine_is_mine_and_what_was_not_is_not(tmp_path: Path) -> None:
    path = tmp_path / "a.ens"
    forms = record(path, *CELLS)
    stranger = Keyring(b"s" * 32, b"s" * 16)
    with Store.open(path, Config()) as store:
        digest = store.history.execution(ExecutionId(7)).digest
        store.seals.add([stranger.seal(digest)])
        assert stranger.has_sealed(store, digest)
    forget(path, "@3")
    with Store.open(path, Config()) as store:
        renewed = store.history.execution(ExecutionId(7)).digest
        assert renewed != digest
        assert Keyring.load().has_sealed(store, renewed)
        assert not stranger.has_sealed(store, digest)
        assert not stranger.has_sealed(store, renewed)
        (count,) = store.query("SELECT count(*) FROM seal").rows[0]
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("DELETE FROM seal")
        database.commit()
    forget(path, "@4")
    with Store.open(path, Config()) as store:
        assert store.query("SELECT count(*) FROM seal").rows[0] == (0,)
    assert count > 0
    assert forms


def test_a_store_that_was_changed_is_not_made_believable(tmp_path: Path) -> None:
    path = tmp_path / "a.ens"
    record(path, *CELLS)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("UPDATE execution SET code = 'import os' WHERE id = 3")
    before = path.read_bytes()
    with pytest.raises(IntegrityError, match="repair"):
        forget(path, "@6")
    assert path.read_bytes() == before


def test_a_kernel_that_records_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "a.ens"
    notebook = Notebook(path).start("--all")
    notebook.run(*CELLS)
    assert "Nothing was changed" in notebook.ens("forget token --code")
    told = notebook.ens("forget token --code --dry-run --yes")
    assert "To be forgotten: " in told
    told = notebook.ens("forget token --yes")
    assert "code was left" in told
    assert "no row" not in told
    told = notebook.ens(f"forget --text {SECRET} --code --yes")
    assert "new digest" in told
    notebook.run("del token, holder, big", "after = n + 1")
    now = form(notebook)
    notebook.kill()
    assert SECRET.encode() not in plain(path)
    assert check_store(path, Config()) == []
    with restored(path) as (again, _):
        assert form(again) == now


def test_a_backup_is_named_whatever_the_file_is_called(tmp_path: Path) -> None:
    path = tmp_path / "b[1].ens"
    record(path, "x = 1")
    (tmp_path / "b[1].ens.backup-0002").write_bytes(b"older")
    assert any("backup-0002" in remark for remark in forget(path, "x", code=True).remarks)


def test_other_places_that_hold_it_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.ens"
    record(path, *CELLS, f"globals()['{SECRET.replace('-', '_')}'] = 1")
    (tmp_path / "a.ens.backup-0002").write_bytes(b"older")
    (tmp_path / "a.ens-wal.left-0123abcd").write_bytes(b"a log")
    (tmp_path / "a.rescued-1.ens").write_bytes(b"another")
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM execution").fetchone()
    config = Config(busy_timeout_s=0.2)
    with contextlib.closing(reader), Store.open(path, config) as store:
        found = find(store, ["token"], [SECRET.replace("-", "_")], code=True)
        done = Forgetter(store, Keyring.load()).forget(found, lambda _: True, [SECRET.replace("-", "_")])
    assert done is not None
    told = " ".join(done.remarks)
    assert "backup-0002 is an older copy" in told
    assert "a.ens-wal.left-0123abcd" in told
    assert "a.rescued-1.ens" in told
    assert "still stands in names" in told
    assert "another process reads" in told
