"""Killed at any named point: the store opens, what was acknowledged is there, nothing is half there."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ensession.config import Config
from ensession.model import ExecutionId, VersionId
from ensession.store import Store, check_store
from tests.figures import tried
from tests.store.kit import ENVIRONMENT, draft, loaded, payload

ROOT = Path(__file__).resolve().parents[2]

POINTS = [
    "record:before-begin",
    "record:begun",
    "record:execution",
    "record:names",
    "record:chunks",
    "record:before-commit",
    "record:committed",
    "payload:before-batch-commit",
    "payload:batch",
    "payload:last-chunks",
    "payload:before-commit",
    "payload:committed",
]


def crash(path: Path, point: str, nth: int, way: str = "at once") -> list[tuple[str, int]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.store.crasher", str(path), point, str(nth), way],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    # A thread may have died while another one wrote its line: what is not complete was not acknowledged.
    lines = [line.split() for line in done.stdout.rpartition("\n")[0].splitlines()]
    return [(word, int(number)) for word, number in lines]


WAYS = [(point, "at once") for point in POINTS]
WAYS += [(point, "behind") for point in POINTS if point.startswith("payload") or point == "record:committed"]


@pytest.mark.parametrize(("point", "way"), WAYS)
@pytest.mark.parametrize("nth", [1, 4])
def test_killed_while_recording(tmp_path: Path, config: Config, point: str, way: str, nth: int) -> None:
    path = tmp_path / "a.ens"
    acknowledged = crash(path, point, nth, way)
    with Store.open(path, config) as store:
        n_executions = len(store.history.executions())
        seen = [number for word, number in acknowledged if word == "execution"]
        assert n_executions - len(seen) in (0, 1)
        for id_ in range(1, n_executions + 1):
            state = store.history.state(ExecutionId(id_))
            stream = b"stream-%d" % (id_ - 1)
            assert loaded(store, state["x"].version.id) == (stream, [])
            if state["y"].version.payload is not None:
                assert loaded(store, state["y"].version.id)[0] == stream
        for word, number in acknowledged:
            if word == "payload":
                assert store.history.version(VersionId(number)).payload is not None
        head = store.history.head()
        store.log.record(draft(store.log.begin_run(ENVIRONMENT).id, head), {0: payload(b"after")})
    assert check_store(path, config) == []
    assert [item.name for item in tmp_path.iterdir()] == ["a.ens"]
    tried("SIGKILL at a named point of a writer")


def test_a_read_only_look_at_a_killed_writers_store(tmp_path: Path, config: Config) -> None:
    path = tmp_path / "a.ens"
    acknowledged = crash(path, "payload:before-commit", 2)
    assert check_store(path, config) == []
    with Store.open_read_only(path, config) as store:
        assert len(store.history.executions()) == sum(word == "execution" for word, _ in acknowledged)
    assert [item.name for item in tmp_path.iterdir()] == ["a.ens"]


def test_killed_while_creating(tmp_path: Path, config: Config) -> None:
    path = tmp_path / "a.ens"
    crash(path, "create:before-link", 1)
    assert not path.exists()
    Store.create_or_open(path, config).close()
    assert check_store(path, config) == []
