"""Run as a script: records into a store and kills itself at a named point. ``crasher.py STORE POINT NTH WAY``."""

from __future__ import annotations

import os
import signal
import sys

from ensession.config import Config
from ensession.store import Store, behind, writing
from tests.store.kit import ENVIRONMENT, draft, payload


def main(path: str, point: str, nth: int, way: str) -> None:
    """Acknowledge on the standard output what has returned; die at the ``nth`` passing of ``point``."""
    writing.BATCH_BYTES = behind.BATCH_BYTES = 600_000
    passed = 0

    def on_point(name: str) -> None:
        nonlocal passed
        passed += name == point
        if passed == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    store = Store.create_or_open(path, Config(), on_point=on_point)
    run = store.log.begin_run(ENVIRONMENT).id
    parent = None
    for number in range(6):
        stream = b"stream-%d" % number
        recorded = store.log.record(draft(run, parent, names=["x", "y"]), {0: payload(stream)})
        parent = recorded.id
        print("execution", recorded.id, flush=True)
        noise = [bytes([number, block % 256]) * 300_001 for block in range(4)]
        if way == "behind":
            store.behind.add(recorded.versions[1], payload(stream, noise))
            if number % 2:
                continue
            store.behind.flush()
        else:
            store.log.add_payload(recorded.versions[1], payload(stream, noise))
        print("payload", recorded.versions[1], flush=True)
    store.close()
    print("end", 0, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
