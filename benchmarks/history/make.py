"""Long histories, made through the store's own interface; no kernel, no values.

The history is that of a notebook that goes on and on: each execution binds one name anew from up to three others,
now and then one changes a value in place or deletes a name, and every fourth version has a payload.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from ensession.config import Config
from ensession.model import (
    BindingDraft,
    Codec,
    Environment,
    ExecutionDraft,
    ExecutionId,
    ExecutionKind,
    Fingerprint,
    KernelRunId,
    Outcome,
    PayloadSink,
    Summary,
    VersionDraft,
    VersionId,
)
from ensession.store import Store

ENVIRONMENT = Environment("3.11", "CPython", "benchmark", "benchmark", 1, "/", {})
N_NAMES = 1000
N_READS = 3
STORED_EVERY = 4
DELETED_EVERY = 97


def make_history(path: Path, n_executions: int, n_names: int = N_NAMES, seed: int = 0) -> Path:
    """Create a store with a history of so many executions over so many names.

    Returns
    -------
    Path
        The store, closed.
    """
    chance = random.Random(seed)
    with Store.create_or_open(path, Config()) as store:
        run = store.log.begin_run(ENVIRONMENT).id
        live: dict[str, VersionId] = {}
        parent: ExecutionId | None = None
        for number in range(n_executions):
            name = f"name_{number % n_names if number < n_names else chance.randrange(n_names)}"
            reads = chance.sample(sorted(live.values()), min(N_READS, len(live))) if live else []
            is_deletion = number % DELETED_EVERY == DELETED_EVERY - 1 and name in live
            draft = _draft(run, parent, number, name, tuple(reads), is_deletion=is_deletion)
            stored = {} if is_deletion or number % STORED_EVERY else {0: _payload(number)}
            recorded = store.log.record(draft, stored)
            parent = recorded.id
            if is_deletion:
                del live[name]
            else:
                live[name] = recorded.versions[0]
    return path


def _draft(
    run: KernelRunId,
    parent: ExecutionId | None,
    number: int,
    name: str,
    reads: tuple[VersionId, ...],
    *,
    is_deletion: bool,
) -> ExecutionDraft:
    fingerprint = Fingerprint(number.to_bytes(16, "big"))
    summary = Summary("DataFrame", "(1000, 12)", f"what number {number} looks like")
    return ExecutionDraft(
        run=run,
        parent=parent,
        kind=ExecutionKind.CELL,
        code=f"{name} = make({number})\n",
        started_at=float(number),
        runtime_s=0.001 * (1 + number % 50),
        outcome=Outcome.OK,
        reads=reads,
        versions=() if is_deletion else (VersionDraft((name,), fingerprint, 100_000),),
        bindings=(BindingDraft(name, None if is_deletion else 0, None if is_deletion else summary),),
    )


def _payload(number: int) -> Callable[[PayloadSink], Codec]:
    def write(sink: PayloadSink) -> Codec:
        sink.write(b"payload %d" % number)
        return Codec.PICKLE

    return write
