"""`%ens sync` and `%ens autosync` in a real kernel."""

from __future__ import annotations

import re
import time
from pathlib import Path

from tests.e2e.conftest import Ens, StartKernel

PATIENCE_S = 60.0


def test_kept_in_step_while_cells_run(ens: Ens, start_kernel: StartKernel, tmp_path: Path) -> None:
    kernel = start_kernel("here")
    store, there = tmp_path / "here" / "work.ens", tmp_path / "here" / "copy.ens"  # in the folder that is watched
    kernel.run(f"%ens start {store}")
    kernel.run("a = [1]")
    assert "sent: 2 executions" in kernel.run("%ens sync copy.ens").text
    assert "kept in step" in kernel.run("%ens autosync copy.ens --every 1s").text
    deadline = time.monotonic() + PATIENCE_S
    n_cells = 0
    while re.search(r"[1-9][0-9]* executions? sent", status := kernel.run("%ens status").text) is None:
        assert time.monotonic() < deadline, status
        kernel.run(f"a.append({n_cells}); import time; time.sleep(0.25)")
        n_cells += 1
    assert n_cells, "cells have to run beside it"
    executions = ens.json("log", store)["executions"]
    cautions = [one["caution"] for one in executions if one["caution"]]
    assert cautions == []
    kernel.kill()
    wanted = {one["digest"] for one in ens.json("log", store)["executions"]}
    while {one["digest"] for one in ens.json("log", there)["executions"]} != wanted:
        assert time.monotonic() < deadline + PATIENCE_S
        time.sleep(0.2)
    ens.assert_clean(there)


def test_a_place_that_can_not_be_reached(start_kernel: StartKernel, tmp_path: Path) -> None:
    kernel = start_kernel("here")
    kernel.run(f"%ens start {tmp_path / 'here' / 'work.ens'}")
    assert "takes one place" in kernel.execute("%ens autosync").text
    assert "no time" in kernel.execute("%ens autosync there.ens --every soon").text
    kernel.run(f"%ens autosync {tmp_path}/nowhere/there.ens --every 1s")
    deadline = time.monotonic() + PATIENCE_S
    told = [""]
    while "autosync" not in told[-1]:
        assert time.monotonic() < deadline
        told.append(kernel.run(f"import time; time.sleep(0.2); x = {len(told)}").text)
    assert "failed" in told[-1]
    for _ in range(6):  # it fails again meanwhile, and that is no news
        assert "autosync" not in kernel.run("time.sleep(0.4)").text
    assert "fails since" in kernel.run("%ens status").text
    assert "last round" in kernel.run("%ens autosync off").text
    assert "autosync" not in kernel.run("%ens status").text
