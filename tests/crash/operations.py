"""What may be killed, and what has to hold afterwards."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ensession.config import Config
from ensession.model import ExecutionId, Fate
from ensession.store import Store, behind, check_store, copy_store, inflow, repair_store, writing
from ensession.sync import transfer
from ensession.trust import Keyring, broken_seals, has_own_history
from ensession.upkeep import Collector, Forgetter, Retention, find
from tests.notebook import Notebook

_COUNT = "SELECT count(*) FROM execution"
FROZEN = Path(__file__).resolve().parents[1] / "data" / "stores"
CELLS = (
    "a = list(range(2000))\nprint(len(a))",
    "big = [bytes([n % 251]) * 9_000 for n in range(400)]",
    "a = a + [1]",
    "b = {'a': a}\ndef f(x):\n    return x + len(a)",
    "big = big[1:]",
    "c = f(2)",
)
GOOD = frozenset({Fate.LOADED, Fate.RECOMPUTED, Fate.UNVERIFIED})
Say = Callable[[str], None]


@dataclass(frozen=True)
class Operation:
    """Something that writes.

    Attributes
    ----------
    prepare : callable
        Makes what is needed in a folder, once; each case gets a copy.
    act : callable
        Does it in a folder.
    again : callable or None
        Goes on after the kill; None: as ``act`` does, without regard to what it says.
    stores : sequence of str
        Files that have to be whole afterwards, where they are there.
    """

    prepare: Callable[[Path], None]
    act: Callable[[Path, Say], None]
    again: Callable[[Path], None]
    stores: Sequence[str] = ("a.ens",)


def _small_batches() -> None:
    writing.BATCH_BYTES = behind.BATCH_BYTES = 300_000


def _nothing(folder: Path) -> None:
    del folder


def _made(folder: Path) -> None:
    _small_batches()
    notebook = Notebook(folder / "a.ens").start("--all")
    notebook.run(*CELLS)
    notebook.ens("tag good")
    notebook.kill()


def _record(folder: Path, say: Say) -> None:
    _small_batches()
    notebook = Notebook(folder / "a.ens").start("--all")
    for cell in CELLS:
        say(f"execution {notebook.run(cell)}")
    notebook.ens("tag first @2")
    notebook.ens("undo")
    say(f"execution {notebook.run('d = 1')}")
    notebook.ens("flush")
    notebook.kill()


def _go_on(folder: Path) -> None:
    notebook = Notebook(folder / "a.ens").start()
    notebook.run("after = 1")
    notebook.kill()


def _restore(folder: Path, say: Say) -> None:
    del say
    notebook = Notebook(folder / "a.ens")
    notebook.restore()
    notebook.ens("checkout good")
    notebook.ens("branch side")
    notebook.run("e = len(a)")
    notebook.kill()


def _copy(folder: Path, say: Say) -> None:
    copy_store(folder / "a.ens", folder / "b.ens", Config())
    say("copied")


def _repair(folder: Path, say: Say) -> None:
    repair_store(folder / "a.ens", folder / "b.ens", Config())
    say("repaired")


def _mend_again(folder: Path) -> None:
    if not (folder / "b.ens").exists():
        repair_store(folder / "a.ens", folder / "b.ens", Config())


def _two(folder: Path) -> None:
    _made(folder)
    shutil.copy(folder / "a.ens", folder / "b.ens")
    for name, cell in (("a.ens", "here = list(range(50_000))"), ("b.ens", "there = [1] * 20_000")):
        notebook = Notebook(folder / name)
        notebook.restore()
        notebook.run(cell)
        notebook.kill()


def _sync(folder: Path, say: Say) -> None:
    with Store.open(folder / "a.ens", Config()) as a, Store.open(folder / "b.ens", Config()) as b:
        transfer(a.exporter, b.importer)
        transfer(b.exporter, a.importer)
        say("synced")


def _first_push(folder: Path, say: Say) -> None:
    inflow.MUCH_BYTES = 0
    with Store.open(folder / "a.ens", Config()) as a, Store.create_or_open(folder / "b.ens", Config()) as b:
        transfer(a.exporter, b.importer)
        say("pushed")


def _gc(folder: Path, say: Say) -> None:
    with Store.open(folder / "a.ens", Config()) as store:
        Collector(store, Keyring.load()).collect(Retention(keep_last=0), lambda _: True)
        say("collected")


def _forget(folder: Path, say: Say) -> None:
    with Store.open(folder / "a.ens", Config()) as store:
        found = find(store, ["big"], [], code=False)
        Forgetter(store, Keyring.load()).forget(found, lambda _: True)
        say("forgotten")


def _old(folder: Path) -> None:
    shutil.copy(FROZEN / "0001.ens", folder / "a.ens")


def _upgrade(folder: Path, say: Say) -> None:
    Store.open(folder / "a.ens", Config()).close()
    say("upgraded")


def _search(folder: Path, say: Say) -> None:
    with Store.open(folder / "a.ens", Config()) as store:
        store.search("len", 5)
        say("searched")


def _twice(act: Callable[[Path, Say], None]) -> Callable[[Path], None]:
    return lambda folder: act(folder, lambda _: None)


OPERATIONS = {
    "record": Operation(_nothing, _record, _go_on),
    "restore": Operation(_made, _restore, _go_on),
    "copy": Operation(_made, _copy, _twice(_copy), ("a.ens", "b.ens")),
    "sync": Operation(_two, _sync, _twice(_sync), ("a.ens", "b.ens")),
    "push": Operation(_made, _first_push, _twice(_first_push), ("a.ens", "b.ens")),
    "gc": Operation(_made, _gc, _twice(_gc)),
    "forget": Operation(_made, _forget, _twice(_forget)),
    "repair": Operation(_made, _repair, _mend_again, ("a.ens", "b.ens")),
    "upgrade": Operation(_old, _upgrade, _twice(_upgrade)),
    "search": Operation(_made, _search, _twice(_search)),
}


def judge(operation: Operation, folder: Path, said: Sequence[str], known: dict[str, int]) -> None:
    """Raise where something is lost or broken after a kill; then go on, and look once more.

    Parameters
    ----------
    operation : Operation
    folder : Path
    said : sequence of str
        What had returned to the user.
    known : dict
        Number of executions of each store before.
    """
    _look(operation, folder, said, known)
    for name in operation.stores:
        if operation is not OPERATIONS["upgrade"] and (folder / name).exists():
            _restorable(folder / name)
    operation.again(folder)
    _look(operation, folder, said, known)


def _look(operation: Operation, folder: Path, said: Sequence[str], known: dict[str, int]) -> None:
    for name in operation.stores:
        path = folder / name
        if not path.exists():
            assert name not in known
            assert not said, "it was there when it returned"
            continue
        if operation is not OPERATIONS["upgrade"]:
            assert check_store(path, Config()) == []
        with Store.open(path, Config()) as store:
            assert store.history.count() >= known.get(name, 0)
            for line in said:
                if line.startswith("execution "):
                    store.history.execution(ExecutionId(int(line.split()[1])))
            for id_ in store.history.heads():
                store.verify_chain(id_)
            assert broken_seals(store, Keyring.present()) == []
            if operation is not OPERATIONS["upgrade"] and store.history.head() is not None:  # others sealed that one
                assert has_own_history(store, Keyring.present), "judged with another key, or the seal was lost"
        if operation is OPERATIONS["upgrade"]:  # by now it is one that can be checked
            assert check_store(path, Config()) == []
            _look_at_backup(path)


def _look_at_backup(path: Path) -> None:
    (backup,) = path.parent.glob(f"{path.name}.backup-*")
    with contextlib.closing(sqlite3.connect(backup)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute(_COUNT).fetchone() == (_count(path),)


def _count(path: Path) -> int:
    with Store.open_read_only(path, Config()) as store:
        return store.history.count()


def _restorable(path: Path) -> None:
    with Store.open_read_only(path, Config()) as store:
        if store.history.head() is None:
            return
    notebook = Notebook(path)
    report = notebook.restore()
    fates = {one.name: one.fate for one in report.variables if not one.name.startswith("<")}
    assert set(fates.values()) <= GOOD, [one for one in report.variables if one.fate not in GOOD]
    notebook.kill()


def templates(folder: Path) -> Iterator[tuple[str, Path, dict[str, int]]]:
    """Prepare all operations; yields name, folder, and the number of executions of each store in it."""
    for name, operation in OPERATIONS.items():
        place = folder / name
        place.mkdir()
        operation.prepare(place)
        counts = {}
        for store_name in operation.stores:
            if (place / store_name).exists() and name != "upgrade":
                with Store.open_read_only(place / store_name, Config()) as store:
                    counts[store_name] = store.history.count()
        yield name, place, counts
