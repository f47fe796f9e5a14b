"""`ens pack` of a session that is at work, restored by another kernel elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.e2e.conftest import Ens, Restored, StartKernel


def test_packed_at_work_and_restored_elsewhere(
    ens: Ens, start_kernel: StartKernel, restore_in: Callable[..., Restored], tmp_path: Path
) -> None:
    kernel = start_kernel("here")
    store, out = tmp_path / "here" / "work.ens", tmp_path / "out.ens"
    kernel.run(f"%ens start {store} --all")
    kernel.run("import random; random.seed(3)")
    kernel.run("quick = random.randbytes(3_000_000); alias = [quick]")
    kernel.run("import time; time.sleep(0.8); slow = len(quick)")
    told = ens.json("pack", store, out, "--bandwidth", "1MB/s")
    kernel.run("quick = None")
    assert told["n_bytes"] == out.stat().st_size < 2_500_000 < told["everything"]["n_bytes"]
    assert told["packed"]["total_s"] < min(told["everything"]["total_s"], told["history_only"]["total_s"])
    assert told["gap_s"] == 0
    ens.assert_clean(out)
    back = restore_in("there", out)
    back.assert_accounted_for()
    assert back.fates["slow"] == "loaded"
    assert back.recomputed == tuple(told["runs"])
    assert back.kernel.value("alias[0] is quick and slow == 3_000_000") == "True"
    text = ens("pack", store, tmp_path / "again.ens", f"@{told['state']}", "--bandwidth", "1MB/s").stdout
    assert "left to recompute" in text
    assert "quick, alias" in text or "alias, quick" in text

    assert "packed into itself" in ens("pack", store, store).stderr
    assert "200MB" in ens("pack", store, tmp_path / "a.ens", "--bandwidth", "fast").stderr
    small = ens("pack", store, tmp_path / "a.ens", "--max-size", "10kB")
    assert small.returncode == 9
    assert "are needed" in small.stderr
    assert not list(tmp_path.glob("*a.ens*"))
