"""Many processes on one store: writers, and others that copy, check, look and bring copies together meanwhile."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path
from typing import Any

import pytest

from ensession.config import Config
from ensession.store import Store, check_store, copy_store
from tests.figures import tried
from tests.store.kit import ENVIRONMENT, draft, payload

DEFAULTS = Config()
"""What a user has: nobody waits longer for a lock than that."""


def write(path: Path, number: int, until: float, queue: Any) -> None:
    """Record as a kernel does until it is time: an execution, then a larger payload behind it."""
    mine, slowest_s, failures = [], 0.0, []
    try:
        with Store.create_or_open(path, DEFAULTS) as store:
            run, parent, step = store.log.begin_run(ENVIRONMENT).id, None, 0
            while time.time() < until or step < 5:
                started = time.perf_counter()
                made = draft(run, parent, names=["x", "y"], branch=f"writer_{number}")
                recorded = store.log.record(made, {0: payload(b"%d-%d" % (number, step))})
                slowest_s = max(slowest_s, time.perf_counter() - started)
                store.behind.add(recorded.versions[1], payload(b"", [step.to_bytes(8, "big") * 20_000]))
                parent, step = recorded.id, step + 1
                mine.append(recorded.digest)
            store.behind.flush()
    except Exception as error:  # noqa: BLE001 - whatever it is, the user would have seen it
        failures.append(repr(error))
    queue.put((mine, slowest_s, failures))


def look_on(path: Path, until: float, queue: Any) -> None:
    """Copy, check, look, and bring a second copy up to date, again and again."""
    from ensession.sync.address import Address
    from ensession.sync.together import bring_together

    failures, rounds = [], 0
    copy, second = path.with_name("copy.ens"), path.with_name("second.ens")
    try:
        while time.time() < until or not rounds:
            copy_store(path, copy, DEFAULTS)
            failures += map(str, check_store(copy, DEFAULTS))
            failures += map(str, check_store(path, DEFAULTS))
            with Store.open_read_only(path, DEFAULTS) as store:
                head = store.history.head()
                if head is None:  # nobody has come up yet
                    time.sleep(0.1)
                    continue
                store.history.graph(head)
                store.search_aside("x", 5)
            bring_together(path, Address(str(second)), DEFAULTS)
            rounds += 1
    except Exception as error:  # noqa: BLE001
        failures.append(repr(error))
    queue.put(([], 0.0, failures))


def in_company(path: Path, n_writers: int, seconds: float) -> tuple[list[bytes], float]:
    """Let writers and an onlooker at one store; return what the writers were told is recorded, and the longest wait."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    Store.create_or_open(path, DEFAULTS).close()
    until = time.time() + seconds + 2.0  # they need a while to come up
    jobs = [context.Process(target=write, args=(path, number, until, queue)) for number in range(n_writers)]
    jobs.append(context.Process(target=look_on, args=(path, until, queue)))
    for job in jobs:
        job.start()
    results = [queue.get(timeout=seconds + 240) for _ in jobs]
    for job in jobs:
        job.join()
    assert [failure for _, _, failures in results for failure in failures] == []
    return [digest for mine, _, _ in results for digest in mine], max(slowest_s for _, slowest_s, _ in results)


def assert_nothing_lost(path: Path, told: list[bytes], n_writers: int) -> None:
    with Store.open_read_only(path, DEFAULTS) as store:
        executions = store.history.executions()
        assert sorted(told) == sorted(execution.digest for execution in executions)
        assert len(store.history.heads()) == n_writers
        assert {ref.name for ref in store.refs.all()} == {f"writer_{number}" for number in range(n_writers)}
        for head in store.history.heads():
            graph = store.history.graph(head)
            assert all(node.payload is not None for node in graph.versions.values())
    assert check_store(path, DEFAULTS) == []


def test_three_writers_and_an_onlooker(path: Path) -> None:
    told, _ = in_company(path, 3, 2)
    assert len(told) > 3
    assert_nothing_lost(path, told, 3)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_eight_writers_and_an_onlooker_for_a_minute(path: Path) -> None:
    told, slowest_s = in_company(path, 8, 60)
    assert_nothing_lost(path, told, 8)
    tried("execution recorded beside seven other writers", len(told))
    print(f"\n8 writers, 60 s: {len(told)} executions, none lost; the longest wait for a lock was {slowest_s:.2f} s")
