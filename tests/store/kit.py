"""What the store's tests are made of: drafts, payloads, faults."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ensession.model import (
    BindingDraft,
    BufferMode,
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

ENVIRONMENT = Environment("3.11.7", "CPython", "linux", "host", 42, "/home", {"numpy": "2.0"})


def draft(
    run: KernelRunId,
    parent: ExecutionId | None = None,
    names: Sequence[str] = ("x",),
    deleted: Sequence[str] = (),
    reads: Sequence[VersionId] = (),
    **others: Any,
) -> ExecutionDraft:
    """Return an execution that binds each of ``names`` to a version of its own."""
    settings: dict[str, Any] = {
        "kind": ExecutionKind.CELL,
        "code": "x = 1",
        "started_at": 1000.25,
        "runtime_s": 0.1,
        "outcome": Outcome.OK,
        "versions": tuple(VersionDraft((name,), Fingerprint(name.encode()[:16].ljust(16)), 3) for name in names),
        "bindings": (
            *(BindingDraft(name, index, Summary("int", "", "1")) for index, name in enumerate(names)),
            *(BindingDraft(name, None) for name in deleted),
        ),
    }
    return ExecutionDraft(run=run, parent=parent, reads=tuple(reads), **(settings | others))


def payload(
    stream: bytes | Sequence[bytes],
    buffers: Sequence[bytes] = (),
    mode: BufferMode = BufferMode.READONLY,
    codec: Codec = Codec.PICKLE,
) -> Callable[[PayloadSink], Codec]:
    """Return a function that writes a payload."""

    def write(sink: PayloadSink) -> Codec:
        for piece in [stream] if isinstance(stream, bytes) else stream:
            sink.write(piece)
        for buffer in buffers:
            sink.add_buffer(memoryview(buffer), mode)
        return codec

    return write


def loaded(store: Store, version: VersionId) -> tuple[bytes, list[bytes]]:
    """Return the stream and the buffers of a payload."""
    source = store.payloads.open(version)
    buffers = []
    for buffer in source.buffers():
        target = bytearray(buffer.n_bytes)
        buffer.read_into(memoryview(target))
        buffers.append(bytes(target))
    return source.read_stream(), buffers
