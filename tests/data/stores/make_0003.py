"""How ``0003.ens`` was made: ``python -m tests.data.stores.make_0003 FILE``, with the code of revision 0003.

Frozen: never make it again with later code. ``0003.ens`` is what every later version has to open.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ensession.config import Config
from ensession.digests import source_digest
from ensession.model import (
    BindingDraft,
    BufferMode,
    Codec,
    Effect,
    Environment,
    ExecutionDraft,
    ExecutionKind,
    FileAccess,
    Fingerprint,
    ModuleSource,
    NameWord,
    Outcome,
    Output,
    PayloadSink,
    Seal,
    Summary,
    VersionDraft,
    Word,
)
from ensession.store import Store

ENVIRONMENT = Environment("3.11.7", "CPython", "linux", "host", 42, "/home/user", {"numpy": "2.0"})


def write(sink: PayloadSink) -> Codec:
    """Write one stream piece and two buffers: one that compresses, one of no bytes."""
    sink.write(b"stream")
    sink.add_buffer(memoryview(bytes(600_000)), BufferMode.ARRAY)
    sink.add_buffer(memoryview(b""), BufferMode.READONLY)
    return Codec.PICKLE


def make(path: Path) -> None:
    """Record three executions: a root, a child, and a sibling of the child."""
    with Store.create_or_open(path, Config(), clock=lambda: 1.7e9) as store:
        run = store.log.begin_run(ENVIRONMENT)
        common = {"run": run.id, "started_at": 1.7e9, "runtime_s": 0.5, "outcome": Outcome.OK}
        root = ExecutionDraft(
            parent=None,
            kind=ExecutionKind.CELL,
            code="a = b = [1]",
            outputs=(Output("stream", {"name": "stdout", "text": "hi\n"}),),
            versions=(VersionDraft(("a", "b"), Fingerprint(b"f" * 16), 600_006),),
            bindings=(BindingDraft("a", 0, Summary("list", "len 1", "[1]")), BindingDraft("b", 0)),
            **common,  # type: ignore[arg-type]
        )
        first = store.log.record(root, {0: write}, lambda digest: Seal(digest, b"key", b"mac"))
        child = ExecutionDraft(
            parent=first.id,
            kind=ExecutionKind.CELL,
            code="del b; c = open('x').read()",
            no_replay="sent something",
            caution="it wrote y",
            words=(Word.ALWAYS,),
            modules=(ModuleSource("helpers", "/home/user/helpers.py", source_digest(b"x = 1\n"), b"x = 1\n"),),
            reads=first.versions,
            versions=(VersionDraft(("c",), None, unstorable="no", requires=first.versions),),
            bindings=(BindingDraft("b", None), BindingDraft("c", 0, Summary("str"))),
            files=(FileAccess("x", "r", 3, 1.5, b"h" * 32, "/home/user"),),
            effects=(Effect("network", "host:80"),),
            **common,  # type: ignore[arg-type]
        )
        second = store.log.record(child, seal=lambda digest: Seal(digest, b"key", b"mac"))
        store.words.give([first.id], Word.NEVER)
        store.words.give_names(["a"], NameWord.PIN)
        sibling = ExecutionDraft(
            parent=first.id,
            kind=ExecutionKind.AMBIENT,
            code="",
            error="E",
            not_captured="lost",
            **common,  # type: ignore[arg-type]
        )
        store.log.record(sibling)
        store.log.record_restore(second.id, 1.7e9, 0.25, {"steps": []}, {"loaded": 1}, run=run.id)
        store.log.end_run(run.id)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
