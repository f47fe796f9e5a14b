"""A repair saves what can be believed, and nothing else; the damaged file is only read."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ensession.config import Config
from ensession.errors import IntegrityError, NotAStoreError, NotFoundError, StoreBusyError, UsageError
from ensession.model import ExecutionId, NameWord, Seal, Word
from ensession.store import Store, check_store, hurt_states, repair_store
from tests.store.kit import ENVIRONMENT, draft, loaded, payload

NOISE = random.Random(2).randbytes(600_000)


@pytest.fixture
def store(path: Path, config: Config) -> Path:
    """Return a closed store: a, b and c by one execution each, then d which read a, on one line; e beside them."""
    with Store.create_or_open(path, config) as made:
        run = made.log.begin_run(ENVIRONMENT).id
        seal = lambda subject: Seal(subject, b"k" * 16, b"m" * 32)  # noqa: E731
        one = made.log.record(draft(run, names=["a"], branch="main"), {0: payload(b"a", [NOISE])}, seal)
        two = made.log.record(draft(run, one.id, names=["b"], branch="main"), {0: payload(b"b", [NOISE[::-1]])}, seal)
        three = made.log.record(draft(run, two.id, names=["c"], branch="main"), {0: payload(b"c")}, seal)
        made.log.record(draft(run, three.id, names=["d"], reads=one.versions, branch="main"), {0: payload(b"d")}, seal)
        made.log.record(draft(run, one.id, names=["e"]), {0: payload(b"e")}, seal)
        made.refs.add_tag("two", two.id)
        made.words.give([two.id], Word.NEVER)
        made.words.give_names(["z"], NameWord.PIN)
    return path


def change(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute(sql).rowcount != 0
        connection.commit()


def tables(path: Path) -> dict[str, set[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as connection:
        names = [n for (n,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return {name: set(connection.execute(f"SELECT * FROM {name}")) for name in names}


def test_a_store_without_damage_comes_out_the_same(store: Path, config: Config, tmp_path: Path) -> None:
    salvage = repair_store(store, tmp_path / "out.ens", config)
    assert (salvage.n_executions, salvage.n_payloads, salvage.n_renumbered) == (5, 5, 0)
    assert (salvage.damaged, salvage.lost_values, salvage.lost_names) == ((), (), ())
    old, new = tables(store), tables(tmp_path / "out.ens")
    for table in ("execution", "version", "binding", "read", "payload", "seal", "kernel_run", "tag"):
        assert {row[:2] for row in old[table]} == {row[:2] for row in new[table]}, table
    assert old["seal"] == new["seal"]
    assert {row[0] for row in new["branch"]} == {"main"}
    assert {row[:2] for row in new["word"]} == {(2, "never")}
    assert {row[:2] for row in new["name_word"]} == {("z", "pin")}


def test_a_damaged_chunk_costs_its_values_and_no_others(store: Path, config: Config, tmp_path: Path) -> None:
    change(store, "UPDATE chunk SET data = zeroblob(length(data)) WHERE id IN"
        " (SELECT chunk FROM payload_chunk WHERE payload = 2 AND part = 1 AND seq = 1)")  # fmt: skip
    assert hurt_states(store, config, check_store(store, config)) == {2: ["b"], 4: ["b"]}
    before = store.read_bytes()
    salvage = repair_store(store, tmp_path / "out.ens", config)
    assert store.read_bytes() == before
    assert (salvage.lost_values, salvage.n_payloads, salvage.n_renumbered) == (("b@2",), 4, 0)
    assert check_store(tmp_path / "out.ens", config) == []
    with Store.open_read_only(tmp_path / "out.ens", config) as mended:
        assert loaded(mended, mended.history.state(ExecutionId(4))["a"].version.id) == (b"a", [NOISE])


def test_a_damaged_execution_costs_what_it_may_have_changed(store: Path, config: Config, tmp_path: Path) -> None:
    change(store, "UPDATE execution SET code = 'other' WHERE id = 2")
    salvage = repair_store(store, tmp_path / "out.ens", config)
    assert [id_ for id_, _ in salvage.damaged] == [2]
    assert salvage.n_renumbered == 2
    assert check_store(tmp_path / "out.ens", config) == []
    with Store.open_read_only(tmp_path / "out.ens", config) as mended:
        line = mended.history.line(ExecutionId(4))
        assert [one.code for one in line] == ["x = 1", "other", "x = 1", "x = 1"]
        assert line[1].no_replay is not None
        state = mended.history.state(ExecutionId(4))
        # b may be anything; that a was not changed is known, since d read it.
        assert {name for name, one in state.items() if one.version.payload is not None} == {"a", "c", "d"}
        assert "damaged" in (state["b"].version.unstorable or "")
        assert mended.history.execution(ExecutionId(5)).parent == 1


def test_what_nobody_read_behind_damage_is_lost(store: Path, config: Config, tmp_path: Path) -> None:
    change(store, "UPDATE execution SET runtime_s = 7 WHERE id = 4")
    repair_store(store, tmp_path / "out.ens", config)
    with Store.open_read_only(tmp_path / "out.ens", config) as mended:
        state = mended.history.state(ExecutionId(4))
        assert {name for name, one in state.items() if one.version.payload is not None} == set()
        assert set(state) == {"a", "b", "c", "d", "<damaged>"}
        whole = mended.history.state(ExecutionId(3))
        assert all(one.version.payload is not None for one in whole.values())


def test_names_that_nothing_tells_of_any_more_are_not_passed_over(store: Path, config: Config, tmp_path: Path) -> None:
    change(store, "DELETE FROM binding WHERE execution = 4")
    change(store, "DELETE FROM version WHERE execution = 4")
    repair_store(store, tmp_path / "out.ens", config)
    with Store.open_read_only(tmp_path / "out.ens", config) as mended:
        state = mended.history.state(ExecutionId(4))
        assert "d" not in state
        assert "damaged" in (state["<damaged>"].version.unstorable or "")


def test_an_execution_that_is_gone_leaves_its_place(store: Path, config: Config, tmp_path: Path) -> None:
    change(store, "DELETE FROM execution WHERE id = 2")
    salvage = repair_store(store, tmp_path / "out.ens", config)
    assert [id_ for id_, _ in salvage.damaged] == [2, 3]  # nothing says any more what 3 came from
    assert check_store(tmp_path / "out.ens", config) == []
    with Store.open_read_only(tmp_path / "out.ens", config) as mended:
        assert mended.history.execution(ExecutionId(4)).no_replay is None
        assert "b" in mended.history.state(ExecutionId(2))


def test_a_number_from_nowhere_is_passed_over(store: Path, config: Config, tmp_path: Path) -> None:
    change(store, "UPDATE execution SET id = 4611686018427387904 WHERE id = 5")
    assert check_store(store, config) != []
    salvage = repair_store(store, tmp_path / "out.ens", config)
    assert salvage.n_executions == 4


def test_a_file_that_is_too_short_is_read_as_far_as_it_goes(store: Path, config: Config, tmp_path: Path) -> None:
    content = store.read_bytes()
    short = tmp_path / "short.ens"
    short.write_bytes(content[: len(content) - len(content) // 4])
    assert check_store(short, config) != []
    salvage = repair_store(short, tmp_path / "out.ens", config)
    assert salvage.n_executions == 5
    assert salvage.lost_values
    assert check_store(tmp_path / "out.ens", config) == []


def test_the_log_of_a_killed_writer_is_taken_in(path: Path, config: Config, tmp_path: Path) -> None:
    copied = tmp_path / "copied.ens"
    with Store.create_or_open(path, config) as made, closing(sqlite3.connect(path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM execution").fetchone()  # keeps the log from being brought in
        made.log.record(draft(made.log.begin_run(ENVIRONMENT).id), {0: payload(b"a")})
        for suffix in ("", "-wal"):
            shutil.copy(f"{path}{suffix}", f"{copied}{suffix}")
    salvage = repair_store(copied, tmp_path / "out.ens", config)
    assert (salvage.n_executions, salvage.n_payloads) == (1, 1)
    assert {one.name for one in tmp_path.iterdir() if "out" in one.name} == {"out.ens"}


def test_nothing_is_replaced_and_nothing_else_is_repaired(store: Path, config: Config, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="exists"):
        repair_store(store, store, config)
    with pytest.raises(NotFoundError, match="no such folder"):
        repair_store(store, store.parent / "away" / "out.ens", config)
    other = tmp_path / "other"
    other.write_bytes(b"x" * 200)
    with pytest.raises(NotAStoreError):
        repair_store(other, tmp_path / "out.ens", config)
    empty = tmp_path / "empty.ens"
    Store.create_or_open(empty, config).close()
    with pytest.raises(IntegrityError, match="no execution"):
        repair_store(empty, tmp_path / "out.ens", config)
    assert not list(tmp_path.glob("*out.ens*"))


def test_a_store_that_is_written_to_is_not_taken_for_damaged(
    path: Path, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a kernel does while a large file is copied would make a copy of two halves that do not belong together."""
    real = shutil.copyfile
    with Store.create_or_open(path, config) as store:
        run = store.log.begin_run(ENVIRONMENT).id
        last = store.log.record(draft(run, None)).id
        n_busy = 0

        def copy(source: Path, target: Path) -> None:
            nonlocal last, n_busy
            real(source, target)
            if n_busy:
                n_busy -= 1
                last = store.log.record(draft(run, last)).id
                store.settle(5)

        monkeypatch.setattr(shutil, "copyfile", copy)
        n_busy = 1000
        with pytest.raises(StoreBusyError, match="goes on writing"):
            repair_store(path, path.with_name("out.ens"), config)
        n_busy = 2  # for a moment only
        salvage = repair_store(path, path.with_name("out.ens"), config)
        assert (salvage.n_executions, salvage.damaged) == (len(store.history.executions()), ())


def test_a_transaction_that_a_kill_left_half_done_is_taken_back(store: Path, config: Config, tmp_path: Path) -> None:
    """As while much comes in from another copy, or on a network file system: the journal holds the old pages."""
    half = tmp_path / "half.ens"
    with closing(sqlite3.connect(store, isolation_level=None)) as connection:
        for sql in ("PRAGMA journal_mode = TRUNCATE", "PRAGMA cache_size = 1", "PRAGMA cache_spill = 1", "BEGIN"):
            connection.execute(sql)
        connection.execute("UPDATE execution SET code = 'half done ' || hex(randomblob(40000))")
        connection.execute("UPDATE chunk SET data = zeroblob(length(data))")
        for suffix in ("", "-journal"):
            shutil.copy(f"{store}{suffix}", f"{half}{suffix}")
    before = [Path(f"{half}{suffix}").read_bytes() for suffix in ("", "-journal")]
    salvage = repair_store(half, tmp_path / "out.ens", config)
    assert (salvage.n_executions, salvage.n_payloads, salvage.damaged, salvage.lost_values) == (5, 5, (), ())
    assert [Path(f"{half}{suffix}").read_bytes() for suffix in ("", "-journal")] == before
    assert not [one for one in tmp_path.iterdir() if one.name.startswith(".")]
