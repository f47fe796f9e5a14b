"""``ens copy``, of stores in use and of other formats; and copies of what is still recorded into."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.e2e.conftest import Ens, StartKernel

OLD = Path(__file__).parents[1] / "data" / "stores" / "0002.ens"


def digests(store: Path) -> list[bytes]:
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as database:
        return [digest for (digest,) in database.execute("SELECT digest FROM execution ORDER BY id")]


def test_a_store_of_an_older_format_is_copied_as_it_is(ens: Ens, tmp_path: Path) -> None:
    target = tmp_path / "copy.ens"
    assert ens.json("copy", OLD, target) == {
        "source": str(OLD),
        "target": str(target),
        "n_bytes": OLD.stat().st_size,
        "recording": [],
    }
    assert digests(target) == digests(OLD)


def test_who_records_into_the_original_does_not_write_to_a_copy(ens: Ens, start_kernel: StartKernel) -> None:
    kernel = start_kernel("work")
    kernel.run("%ens start work.ens")
    kernel.run("print('hunter2')")
    store = kernel.cwd / "work.ens"
    copy = store.with_name("share.ens")
    assert ens.json("copy", store, copy)["recording"] == [kernel.pid]
    assert ens.json("copy", copy, store.with_name("second.ens"))["recording"] == []
    done = ens("forget", copy, "--text", "hunter2", "--code", "--yes")
    assert (done.returncode, "records into it" in done.stdout) == (0, False), done
    assert ens.json("gc", copy, "--yes")["writers"] == []
    assert ens.json("gc", store, "--yes")["writers"] == [kernel.pid]
