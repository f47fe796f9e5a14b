"""Several processes on one store."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ensession.config import Config
from ensession.model import KernelRunId
from ensession.store import Store, check_store
from ensession.store.engine import Access, raw_connection
from tests.store.kit import ENVIRONMENT, draft, loaded, payload

N_EXECUTIONS = 40
PATIENT = Config(busy_timeout_s=30)


def write(path: Path, number: int, queue: Any) -> None:
    with Store.create_or_open(path, PATIENT) as store:
        run = store.log.begin_run(ENVIRONMENT).id
        parent, mine = None, []
        for step in range(N_EXECUTIONS):
            recorded = store.log.record(draft(run, parent, names=["x", "y"]), {0: payload(b"%d-%d" % (number, step))})
            # The same bytes from all writers: each finds some that another one has just brought in.
            store.log.add_payload(recorded.versions[1], payload(b"", [bytes([step]) * 400_000]))
            parent = recorded.id
            mine.append((recorded.id, recorded.versions[0]))
        queue.put((number, mine))


def test_two_writers_from_an_empty_folder(path: Path, config: Config) -> None:
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    writers = [context.Process(target=write, args=(path, number, queue)) for number in range(2)]
    for writer in writers:
        writer.start()
    results = [queue.get(timeout=60) for _ in writers]
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    with Store.open_read_only(path, config) as store:
        assert len(store.history.executions()) == 2 * N_EXECUTIONS
        assert len(store.history.heads()) == 2
        for number, mine in results:
            for step, (id_, version) in enumerate(mine):
                assert loaded(store, version)[0] == b"%d-%d" % (number, step)
                assert store.history.state(id_)["x"].version.id == version
            assert [node.id for node in store.history.graph(mine[-1][0]).executions] == [id_ for id_, _ in mine]
    assert check_store(path, config) == []


def test_the_same_payload_from_two_sides_exists_once(store: Store, run: KernelRunId, path: Path) -> None:
    version = store.log.record(draft(run)).versions[0]
    with Store.open(path, PATIENT) as other:

        def slow(sink: Any) -> Any:
            other.log.add_payload(version, payload(b"same"))
            return payload(b"same")(sink)

        assert store.log.add_payload(version, slow) == other.history.version(version).payload
    assert loaded(store, version) == (b"same", [])


@pytest.mark.parametrize("n_bytes", [10, 700_000])
def test_chunks_that_vanish_while_they_are_counted_on(
    store: Store, run: KernelRunId, path: Path, config: Config, monkeypatch: pytest.MonkeyPatch, n_bytes: int
) -> None:
    monkeypatch.setattr("ensession.store.writing.BATCH_BYTES", 300_000)
    version = store.log.record(draft(run)).versions[0]

    losses = iter([True])

    def write_and_lose(sink: Any) -> Any:
        codec = payload(b"", [b"x" * n_bytes, b"y" * n_bytes])(sink)
        if not next(losses, False):
            return codec
        with Store.open(path, PATIENT) as other, other._database.write() as connection:
            connection.execute("DELETE FROM chunk")
        return codec

    info = store.log.add_payload(version, write_and_lose)
    assert info.n_buffer_bytes == 2 * n_bytes
    assert loaded(store, version) == (b"", [b"x" * n_bytes, b"y" * n_bytes])
    assert check_store(path, config) == []


def test_an_interrupt_while_another_process_writes_leaves_no_transaction_open(path: Path, config: Config) -> None:
    """Left open, it took in all that came later, and nothing was ever committed; nobody was told."""
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with (
            Store.create_or_open(path, PATIENT) as store,
            closing(raw_connection(path, Access.READ_WRITE, 1.0)) as other,
        ):
            run = store.log.begin_run(ENVIRONMENT).id
            other.execute("BEGIN IMMEDIATE")

            def interrupt_and_let_go() -> None:
                time.sleep(0.1)
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.1)
                other.execute("COMMIT")

            helper = threading.Thread(target=interrupt_and_let_go)
            helper.start()
            with pytest.raises(KeyboardInterrupt):
                store.log.record(draft(run, None, names=["lost"]))
            helper.join()
            kept = [store.log.record(draft(run, None, names=[f"kept{n}"])).id for n in range(3)]
            assert [id_ for (id_,) in other.execute("SELECT id FROM execution")] == kept
    finally:
        signal.signal(signal.SIGINT, usual)
