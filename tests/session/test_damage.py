"""Flipped, zeroed and missing bytes: never a wrong value without a word, never a crash; a repair saves the rest."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from ensession.config import Config
from ensession.model import Fate
from ensession.store import Store, check_store
from ensession.trust import Keyring, broken_seals
from tests.notebook import Notebook
from tests.session.damage import Judge

PIECES = "SELECT pc.chunk FROM payload_chunk pc JOIN binding b ON b.version = pc.payload WHERE b.name = ?"


def test_a_restore_makes_again_what_is_damaged(tmp_path: Path) -> None:
    notebook = Notebook(tmp_path / "a.ens").start("--all")
    notebook.run("n = 3", "squares = [i * i for i in range(5000)]", "total = sum(squares)")
    notebook.kill()
    with contextlib.closing(sqlite3.connect(tmp_path / "a.ens", isolation_level=None)) as database:
        database.execute(f"UPDATE chunk SET data = zeroblob(length(data)) WHERE id IN ({PIECES})", ("squares",))
    fresh = Notebook(tmp_path / "a.ens")
    report = fresh.restore()
    fates = {one.name: one.fate for one in report.variables}
    assert fates["squares"] is Fate.RECOMPUTED
    assert fates["total"] is Fate.LOADED
    assert fresh["squares"] == [i * i for i in range(5000)]
    fresh.kill()


def test_random_damage(tmp_path: Path) -> None:
    judge = Judge(tmp_path / "whole.ens", tmp_path)
    for seed in range(12):
        judge.case(seed)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_much_random_damage(tmp_path: Path) -> None:
    judge = Judge(tmp_path / "whole.ens", tmp_path)
    for seed in range(1000, 3200):
        judge.case(seed)
    print(dict(judge.counts))


def test_a_damaged_seal_is_found_and_its_value_made_again(tmp_path: Path) -> None:
    notebook = Notebook(tmp_path / "a.ens").start("--all")
    notebook.run("n = 3", "squares = [i * i for i in range(5000)]", "total = sum(squares)")
    notebook.kill()
    with contextlib.closing(sqlite3.connect(tmp_path / "a.ens", isolation_level=None)) as database:
        chosen = "SELECT p.digest FROM payload p JOIN binding b ON b.version = p.version WHERE b.name = 'squares'"
        database.execute(f"UPDATE seal SET mac = zeroblob(32) WHERE subject IN ({chosen})")
    assert check_store(tmp_path / "a.ens", Config()) == []
    with Store.open(tmp_path / "a.ens", Config()) as store:
        (problem,) = broken_seals(store, Keyring.load())
        assert problem.variables == ("squares@3",)
        assert broken_seals(store, Keyring(b"o" * 32, b"o" * 16)) == []
    fresh = Notebook(tmp_path / "a.ens")
    report = fresh.restore()
    fates = {one.name: one.fate for one in report.variables}
    assert fates["squares"] is Fate.RECOMPUTED
    assert fates["total"] is Fate.LOADED
    assert fresh["squares"] == [i * i for i in range(5000)]
    fresh.kill()
