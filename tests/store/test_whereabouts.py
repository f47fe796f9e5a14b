"""What is said of the place where a store lies."""

from __future__ import annotations

import os
import shutil
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from ensession.config import Config
from ensession.store import Store, copy_store
from tests.notebook import Notebook
from tests.store.kit import ENVIRONMENT, draft


def told(path: Path) -> str:
    with Store.open_read_only(path, Config()) as store:
        return " ".join(store.caveats())


def test_a_network_file_system_is_told_of(tmp_path: Path, config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "mounts"
    table.write_text(f"/dev/sda / ext4 rw 0 0\nserver:/x {tmp_path} nfs4 rw 0 0\n")
    for function in ("is_network", "network_kind"):
        monkeypatch.setattr(f"ensession.store.mounts.{function}.__defaults__", (table,))
    with Store.create_or_open(tmp_path / "x.ens", config) as store:
        run = store.log.begin_run(ENVIRONMENT)
        store.log.record(draft(run.id))
        assert not (tmp_path / "x.ens-wal").exists()
        (sentence,) = store.caveats()
    assert "nfs4" in sentence
    assert "one machine at a time" in sentence


@pytest.mark.parametrize("is_over", [False, True])
def test_a_log_that_stayed_behind(is_over: bool, tmp_path: Path, config: Config) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    with Store.create_or_open(here / "x.ens", config) as store:
        run = store.log.begin_run(replace(ENVIRONMENT, hostname=socket.gethostname(), pid=2**30, cwd=str(here)))
        store.log.record(draft(run.id))
        if is_over:
            store.log.end_run(run.id)
        assert store.settle(10)
        shutil.copy(here / "x.ens", there / "x.ens")
        for ending in ("", "-wal", "-shm"):  # as after a kill: with its log, here
            shutil.copy(f"{here}/x.ens{ending}", f"{there}/whole.ens{ending}")
        assert told(here / "x.ens") == ""
        copy_store(here / "x.ens", there / "copied.ens", config)
    assert told(here / "x.ens") == ""
    assert told(there / "whole.ens") == ""
    assert told(there / "copied.ens") == ""
    assert ("x.ens-wal" in told(there / "x.ens")) is not is_over


def test_while_the_kernel_is_alive_nothing_stayed_behind(tmp_path: Path, config: Config) -> None:
    path = tmp_path / "x.ens"
    with Store.create_or_open(path, config) as store:
        store.log.begin_run(replace(ENVIRONMENT, hostname=socket.gethostname(), pid=os.getpid(), cwd="/elsewhere"))
    assert told(path) == ""


def test_a_kernel_says_it_when_it_begins_to_record(
    tmp_path: Path, config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.ens"
    with Store.create_or_open(path, config) as store:
        store.log.begin_run(replace(ENVIRONMENT, hostname="another\x1b[2J"))
    notebook = Notebook(path)
    notebook.shell.run_cell(f"%ens start {path}")
    text = capsys.readouterr().err
    notebook.kill()
    assert "x.ens-wal" in text
    assert "\x1b[2J" not in text
