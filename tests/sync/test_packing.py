"""Packed stores: whole in history, sound, from a source that is not touched and may be at work."""

from __future__ import annotations

import hashlib
import random
import sqlite3
import threading
from contextlib import closing
from math import inf
from pathlib import Path
from typing import Any

import pytest

from ensession.config import Config
from ensession.errors import ConflictError, NotAStoreError, PlanError, StoreBusyError, UsageError
from ensession.model import ExecutionId, VersionDraft
from ensession.model.upkeep import Erasure
from ensession.planner import CostModel, plan
from ensession.planner.packing import choose
from ensession.store import Store
from ensession.store.engine import PAGE_SIZE
from ensession.store.packing import room_of
from ensession.sync.packing import Errand, Packed, pack_store
from tests.sync.kit import Work, assert_sound, content


def grow(store: Store, seed: int, n_cells: int = 12) -> None:
    """Record cells, quick and slow, with small and large values, some of them on a branch."""
    random_, work = random.Random(seed), Work(store, seed)
    for _ in range(n_cells):
        if random_.random() < 0.2 and work.head is not None:
            work.head = random_.choice([one.id for one in store.history.executions()])
        size = random_.choice([100, 100_000, 900_000])
        settings: dict[str, Any] = {"files": (), "runtime_s": random_.choice([0.0, 0.05, 3.0])}
        if random_.random() < 0.8:  # else there is an unstorable one, for which each cell on the way has to run
            settings |= {"names": ("a",), "versions": (VersionDraft(("a",), random_.randbytes(16), size),)}
        work.cell(100, buffer=random_.randbytes(size), **settings)


def pack(store: Store, out: Path, mb_per_s: float = 20, limit: float = inf, target: int | None = None) -> Packed:
    chosen = store.history.head() if target is None else ExecutionId(target)
    assert chosen is not None
    return pack_store(store.path, out, Errand(chosen, mb_per_s * 1e6, limit), Config())


def without_payloads(store: Store) -> dict[str, Any]:
    return {digest: parts[:-1] for digest, parts in content(store).items()}


@pytest.mark.parametrize("seed", range(6))
def test_every_packed_state_comes_back_as_cheaply_as_it_was_said(seed: int, laptop: Store, tmp_path: Path) -> None:
    grow(laptop, seed)
    random_ = random.Random(seed)
    for execution in laptop.history.executions()[:: random_.randint(3, 6)]:
        out = tmp_path / f"{execution.id}.ens"
        packed = pack(laptop, out, random_.choice([1, 20, 1000]), target=execution.id)
        best, choice = packed.choice.best, packed.choice
        assert best.total_s <= choice.everything.total_s + 1e-9
        assert choice.history_only is None or best.total_s <= choice.history_only.total_s + 1e-9
        before = plan(laptop.history.graph(execution.id), execution.id, CostModel())
        with Store.open(out, Config()) as there:
            assert_sound([there])
            assert without_payloads(there) == without_payloads(laptop)
            made = plan(there.history.graph(execution.id), execution.id, CostModel())
            assert made.missing == before.missing
            assert made.cost_s == pytest.approx(best.restore_s)
            assert {v for v, node in there.history.graph(execution.id).versions.items() if node.payload} == best.loads


@pytest.mark.parametrize("seed", range(4))
def test_the_file_is_as_large_as_it_was_said_and_keeps_to_a_limit(seed: int, laptop: Store, tmp_path: Path) -> None:
    grow(laptop, seed)
    free = pack(laptop, tmp_path / "free.ens", 1000)
    assert free.n_bytes == (tmp_path / "free.ens").stat().st_size
    assert free.choice.best.n_bytes == pytest.approx(free.n_bytes, rel=0.1)
    smallest = pack(laptop, tmp_path / "small.ens", 0.001).n_bytes
    limit = (smallest + free.n_bytes) / 2
    bound = pack(laptop, tmp_path / "bound.ens", 1000, limit)
    assert bound.n_bytes <= limit
    assert bound.choice.best.total_s >= free.choice.best.total_s - 1e-9
    with pytest.raises(PlanError, match="can't be packed"):
        pack(laptop, tmp_path / "none.ens", 1000, 100_000)
    assert sorted(path.name for path in tmp_path.glob("*none*")) == []


@pytest.mark.parametrize("n_bytes", [10, 4_000, 20_000, 33_000, 60_000, 100_000, 262_144])
def test_the_room_of_a_chunk_is_about_what_it_takes(n_bytes: int, laptop: Store, tmp_path: Path) -> None:
    path, count = tmp_path / "room.ens", 300
    Store.create_or_open(path, Config()).close()
    with closing(sqlite3.connect(path)) as database:
        pages = database.execute("PRAGMA page_count").fetchone()[0]
        rows = [(random.randbytes(32), n_bytes, "raw", bytes(n_bytes)) for _ in range(count)]
        database.executemany("INSERT INTO chunk (address, n_bytes, encoding, data) VALUES (?, ?, ?, ?)", rows)
        database.commit()
        grown = database.execute("PRAGMA page_count").fetchone()[0] - pages
    assert room_of(n_bytes) * count == pytest.approx(grown * PAGE_SIZE, rel=0.15, abs=100_000)


def test_the_source_is_not_touched(laptop: Store, tmp_path: Path) -> None:
    grow(laptop, 1)
    laptop.close()
    before = hashlib.sha256(laptop.path.read_bytes()).digest()
    with Store.open_read_only(laptop.path, Config()) as store:
        pack(store, tmp_path / "out.ens")
    assert hashlib.sha256(laptop.path.read_bytes()).digest() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["laptop.ens", "out.ens"]


def test_from_a_store_that_may_only_be_read(laptop: Store, tmp_path: Path) -> None:
    grow(laptop, 2, 4)
    laptop.close()
    laptop.path.chmod(0o400)
    with Store.open_read_only(laptop.path, Config()) as store:
        packed = pack(store, tmp_path / "out.ens")
    assert packed.choice.best.loads


def test_while_somebody_writes(laptop: Store, tmp_path: Path) -> None:
    grow(laptop, 3)
    done = threading.Event()
    failures: list[BaseException] = []

    def go_on() -> None:
        try:
            with Store.open(laptop.path, Config(busy_timeout_s=0.5)) as store:
                work = Work(store, 99)
                while not done.is_set():
                    work.cell(20_000, buffer=random.randbytes(300_000))
        except BaseException as error:
            failures.append(error)
            raise

    writer = threading.Thread(target=go_on)
    writer.start()
    try:
        for number in range(6):
            out = tmp_path / f"{number}.ens"
            pack(laptop, out)
            with Store.open(out, Config()) as there:
                assert_sound([there])
    finally:
        done.set()
        writer.join()
    assert failures == []


def test_what_is_in_the_way_of_the_new_file(laptop: Store, server: Store, tmp_path: Path) -> None:
    grow(laptop, 4, 3)
    note = tmp_path / "note.txt"
    note.write_text("mine")
    with pytest.raises(UsageError, match="not a store"):
        pack(laptop, note)
    assert note.read_text() == "mine"
    with pytest.raises((StoreBusyError, UsageError)):
        pack(laptop, laptop.path)
    old = tmp_path / "old.ens"
    pack(laptop, old)
    pack(laptop, old)  # replaced
    with pytest.raises(NotAStoreError):
        pack_store(note, tmp_path / "x.ens", Errand(ExecutionId(1), 1e6), Config())


def test_values_that_were_left_out_come_with_a_sync(laptop: Store, tmp_path: Path) -> None:
    grow(laptop, 5)
    out = tmp_path / "out.ens"
    pack(laptop, out, 0.01)
    from tests.sync.test_transfer import send

    with Store.open(out, Config()) as there:
        assert content(there) != content(laptop)
        send(laptop, there)
        assert content(there) == content(laptop)
        assert_sound([there])


def test_what_is_left_out_is_counted_over_the_whole_store(laptop: Store, tmp_path: Path) -> None:
    first = Work(laptop)
    for _ in range(2):
        first.cell(5000)
    aside = Work(laptop, 7)
    aside.head = None
    aside.cell(7000, branch="aside")
    assert aside.head is not None
    done = pack(laptop, tmp_path / "out.ens", target=2)
    with Store.open_read_only(tmp_path / "out.ens", Config()) as packed:
        kept = _stored(packed)
    assert set(done.left_out) == _stored(laptop) - kept
    assert laptop.contents.versions_made_by([aside.head]) & _stored(laptop) & set(done.left_out)


def _stored(store: Store) -> set[int]:
    return {value.version for value in store.keeper.usage().values}


def test_what_is_forgotten_meanwhile_is_in_no_packed_store(
    laptop: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Work(laptop)
    work.cell(code="key = 'hunter2'")
    work.cell(90_000)

    def forget_first(*words: Any, **more: Any) -> Any:
        with Store.open(laptop.path, Config()) as other:
            other.eraser.erase(Erasure(codes={ExecutionId(1): ""}), lambda *_: None)
        return choose(*words, **more)

    with monkeypatch.context() as patched:
        patched.setattr("ensession.sync.packing.choose", forget_first)
        with pytest.raises(ConflictError, match="forgotten"):
            pack(laptop, tmp_path / "out.ens")
    assert [one.name for one in tmp_path.iterdir() if "out" in one.name] == []
    pack(laptop, tmp_path / "out.ens")
    with Store.open(tmp_path / "out.ens", Config()) as packed:
        assert_sound([packed])
        assert packed.history.execution(ExecutionId(1)).code == ""
