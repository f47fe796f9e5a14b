"""A move that fails at any step leaves everything as it was: every object, hidden state, the store, and recording."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ensession.config import Config
from ensession.errors import ChunkCorruptError, StoreAccessError
from ensession.session.moving import Mover
from ensession.store import check_store
from tests.notebook import Notebook
from tests.session.test_generated import prices

CELLS = (
    "import random, numpy as np",
    "class C:\n    pass\nc = C(); shared = [1]; pair = (shared, c)",
    "a = np.arange(3_000_000)",
    "r = random.random(); np.random.rand(2)",
    "a[0] = 7; shared.append(2)",
    "b = a * 2; del r",
)
TARGET = 4


class Fault(Exception):
    """Nothing the package knows of."""


def _raise(error: BaseException) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


def _on_call(patch: pytest.MonkeyPatch, owner: Any, name: str, call: int, error: BaseException) -> None:
    """Let the given call of a method fail, the first one being 1; the others do what they did."""
    real, calls = getattr(owner, name), [0]

    def counted(*args: Any, **kwargs: Any) -> Any:
        calls[0] += 1
        if calls[0] == call:
            raise error
        return real(*args, **kwargs)

    patch.setattr(owner, name, counted)


def _snapshot(notebook: Notebook) -> dict[str, Any]:
    numpy = sys.modules["numpy"]
    return {
        "ids": {name: id(value) for name, value in notebook.session._user.variables().items()},
        "random": random.getstate(),
        "numpy": numpy.random.get_state()[1].tobytes(),
        "head": notebook.session.head,
        "branch": notebook.session.naming.branch,
        "known": dict(notebook.session._recorder.tracker.known),
        "executions": len(notebook.session.store.history.executions()),
        "content": (notebook["shared"][:], int(notebook["a"][0]), int(notebook["b"][0])),
    }


def _fails_and_changes_nothing(notebook: Notebook, error: type[BaseException]) -> None:
    before = _snapshot(notebook)
    with pytest.raises(error):
        notebook.session.moves.checkout(f"@{TARGET}", lambda *_: None)
    assert _snapshot(notebook) == before


def _goes_on(notebook: Notebook) -> None:
    """The store is whole, the next cell is recorded, and the same move works."""
    assert list(check_store(notebook.store, Config())) == []
    notebook.run("after = 1")
    assert notebook.changed() == {"after"}
    notebook.session.moves.checkout(f"@{TARGET}", lambda *_: None)
    assert (notebook["shared"], int(notebook["a"][0])) == ([1], 0)
    assert notebook["pair"][0] is notebook["shared"]
    assert type(notebook["c"]) is notebook["C"]


@pytest.fixture
def session(notebook: Notebook) -> Notebook:
    notebook.run(*CELLS)
    notebook.session.store.behind.flush()
    return notebook


STEPS: dict[str, tuple[Callable[[Notebook], Any], str, tuple[int, ...]]] = {
    "reading the state": (lambda n: n.session.store.parts, "state", (1,)),
    "reading the history": (lambda n: n.session.store.parts, "versions", (1,)),
    "opening a payload": (lambda n: n.session.store.payloads, "open", (1,)),
    "running a cell": (lambda n: n.session.moves._bench._shell, "run", (1,)),
    "comparing what it made": (lambda n: n.session.moves._bench, "agrees", (1,)),
    "putting the workshop back": (lambda n: n.session._hidden, "thaw", (1,)),
    "changing the namespace": (lambda n: n.session._user, "replace", (1, 2)),
    "putting hidden state back": (lambda n: n.session._hidden, "write", (1,)),
    "learning what came back": (lambda n: n.session._recorder.tracker, "learn", (1,)),
    "forgetting what was known": (lambda n: n.session._recorder.tracker, "forget", (1,)),
    "writing the record": (lambda n: n.session.store.log, "record_restore", (1,)),
    "finding the branch": (lambda n: n.session.store.refs, "branch_for", (1,)),
}
BY_RUNNING = ("running a cell", "comparing what it made")
ERRORS = {
    "interrupt": KeyboardInterrupt(),
    "disk": StoreAccessError("the disk is full"),
    "unknown": Fault("something else"),
}


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS.keys())
@pytest.mark.parametrize("step", STEPS)
def test_a_fault_at_any_step_changes_nothing(session: Notebook, step: str, error: BaseException) -> None:
    if step == "putting hidden state back" and isinstance(error, OSError):
        pytest.skip("that is how it says that a place is gone: reported, and no fault")
    find, name, calls = STEPS[step]
    for call in calls:
        with pytest.MonkeyPatch.context() as patch, prices("loading is dear" if step in BY_RUNNING else "as they are"):
            _on_call(patch, find(session), name, call, error)
            _fails_and_changes_nothing(session, type(error))
    _goes_on(session)


def test_a_payload_that_is_damaged_is_done_without(session: Notebook) -> None:
    with pytest.MonkeyPatch.context() as patch:
        _on_call(patch, session.session.store.payloads, "open", 1, ChunkCorruptError("chunk 1 is damaged"))
        report = session.session.moves.checkout(f"@{TARGET}", lambda *_: None)
    assert report.replans
    assert session["shared"] == [1]


def test_an_interrupt_while_the_namespace_changes_comes_after(session: Notebook) -> None:
    """SIGINT in the middle of the switch: it is all there or nothing, and the user's interrupt is not lost."""
    import signal

    real = Mover._switch

    def interrupted(self: Mover, *args: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        return real(self, *args)

    before = _snapshot(session)
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Mover, "_switch", interrupted)
            with pytest.raises(KeyboardInterrupt):
                session.session.moves.checkout(f"@{TARGET}", lambda *_: None)
    finally:
        signal.signal(signal.SIGINT, usual)
    assert _snapshot(session) == before
    _goes_on(session)


def test_a_cell_that_spoils_what_it_was_lent_is_not_run_again(tmp_path: Path) -> None:
    """The first time it only read; run again it writes, because of something outside the notebook."""
    import types

    switch = types.ModuleType("switch_of_the_test")
    switch.on = False  # type: ignore[attr-defined]
    sys.modules[switch.__name__] = switch
    try:
        notebook = Notebook(tmp_path / "s.ens").start("--all")
        notebook.run("import switch_of_the_test as switch", "data = [1, 2]", "n = 300_000")
        first = notebook.run("big = list(range(n)) + (data.append(3) or [] if switch.on else [])")
        notebook.run("big.append(1)")
        switch.on = True  # type: ignore[attr-defined]
        with prices("loading is dear"):
            report = notebook.session.moves.checkout(f"@{first}", lambda *_: None)
        assert notebook["data"] == [1, 2]
        assert len(notebook["big"]) == 300_000
        assert any("unlike the first time" in reason for reason in report.replans)
        notebook.kill()
    finally:
        del sys.modules[switch.__name__]
