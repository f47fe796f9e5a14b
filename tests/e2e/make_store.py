"""Make a store without a kernel: ``python make_store.py FILE``. Run as a program, by the package that is tested.

Execution 1 makes ``data``, 2 prints hostile things and makes ``total``, 3 makes a generator that can't come back,
4 starts from state 2 again and deletes ``data``. The payload of ``data`` writes a file when it is unpickled.
"""

from __future__ import annotations

import os
import pickle
import sys
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
    Outcome,
    Output,
    PayloadSink,
    Summary,
    VersionDraft,
    VersionId,
)
from ensession.store import Store

HOSTILE = "<b>\x1b]0;title\x07\x1b[31mred\x1b[0m\r\nnext"


class Trap:
    def __reduce__(self) -> tuple[object, ...]:
        return (os.mkdir, ("unpickled",))


def write_data(sink: PayloadSink) -> Codec:
    sink.write(pickle.dumps({"data": Trap()}))
    return Codec.PICKLE


def main(path: Path) -> None:
    with Store.create_or_open(path, Config(), clock=lambda: 1_700_000_000.0) as store:
        run = store.log.begin_run(Environment("3.11.7", "cpython", "linux", "host", 1, "/home/me", {"numpy": "2.0"})).id

        def record(number: int, parent: int | None, code: str, **more: object) -> tuple[VersionId, ...]:
            draft = ExecutionDraft(
                run=run,
                parent=None if parent is None else ExecutionId(parent),
                kind=ExecutionKind.CELL,
                code=code,
                started_at=1_700_000_000.0 + number,
                runtime_s=0.5,
                outcome=Outcome.OK,
                **more,  # type: ignore[arg-type]
            )
            recorded = store.log.record(draft, {0: write_data} if number == 1 else {})
            assert recorded.id == number
            return recorded.versions

        summary = Summary("builtins.list", "len 3", HOSTILE)
        (data,) = record(
            1,
            None,
            "data = load()\nprint(len(data))",
            versions=(VersionDraft(("data",), Fingerprint(b"1" * 16), 40),),
            bindings=(BindingDraft("data", 0, summary),),
        )
        record(
            2,
            1,
            "total = sum(data)",
            reads=(data,),
            versions=(VersionDraft(("total",), Fingerprint(b"2" * 16), 10),),
            bindings=(BindingDraft("total", 0, Summary("builtins.int", "", "6")),),
            outputs=(
                Output("stream", {"name": "stdout", "text": HOSTILE}),
                Output("execute_result", {"data": {"text/plain": "6"}, "metadata": {}, "execution_count": 2}),
            ),
        )
        record(
            3,
            2,
            "lines = read(open('gone.txt'))",
            no_replay="it read gone.txt, which is gone",
            versions=(VersionDraft(("lines",), None, 0, "open generator"),),
            bindings=(BindingDraft("lines", 0, Summary("builtins.generator")),),
        )
        record(4, 2, "del data", bindings=(BindingDraft("data", None),))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
