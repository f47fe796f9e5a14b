"""Any sequence of cells, moves and lives: the namespace is the model's, and what is unchanged keeps its identity."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from ensession.config import Config
from ensession.serial import budget
from ensession.store import check_store
from tests.notebook import Notebook
from tests.session.truth import Form, truth

CELLS = (
    "a = [1]",
    "b = a",
    "c = {'a': a}",
    "a.append(len(a))",
    "b = [0]; b.append(b[0])",
    "del c",
    "import random\nr = random.random()",
    "class K:\n    n = 1\nk = K()",
    "k.x = a",
    "K.n += 1",
    "def f(v):\n    a.append(v)\n    return a",
    "d = f(3)",
    "big = list(range(200_000)); half = big[::2]",
    "big.append(a)",
    "import numpy as np\nm = np.zeros(500_000); view = m[10:20]",
    "view += 1",
    "e = tuple(a), 5",
)


class Twin:
    """What a lazily restored notebook must be like: the same state restored at once, and the same cells."""

    def __init__(self, notebook: Notebook, folder: Path, target: int) -> None:
        store = folder / "twin.ens"
        store.unlink(missing_ok=True)
        shutil.copy(notebook.store, store)
        drawn = random.getstate()
        self.notebook = Notebook(store)
        self.notebook.shell.InteractiveTB.set_mode("Minimal")
        self.notebook.restore(f"@{target}")
        random.setstate(drawn)

    def follow(self, cell: str, drawn: Any) -> None:
        """Run a cell with the random numbers that the other notebook had."""
        now = random.getstate()
        random.setstate(drawn)
        self.notebook.attempt(cell)
        assert random.getstate() == now
        random.setstate(now)

    def values(self) -> dict[str, Any]:
        return self.notebook.session._user.variables()

    def form(self, *, without: Iterable[str] = ()) -> Form:
        values = {name: value for name, value in self.values().items() if name not in without}
        return truth(values, self.notebook.variables)


class Moves(RuleBasedStateMachine):
    """A notebook beside a model: the form of every state, and how states follow each other.

    While variables are awaited, the form is that of a twin that awaits nothing.
    """

    is_hasty = False

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.notebook = Notebook(Path(self.folder.name) / "s.ens")
        self.notebook.shell.InteractiveTB.set_mode("Minimal")
        self.forms: dict[int, Form] = {}
        self.parents: dict[int, int] = {}
        self.undone: list[tuple[int, int]] = []
        self.tags: dict[str, int] = {}
        self.head = 0
        self.twin: Twin | None = None

    @initialize()
    def begin(self) -> None:
        self.notebook.start()
        self.run("a = []")

    @rule(cell=st.sampled_from(CELLS))
    def run(self, cell: str) -> None:
        before, drawn = self.form(), random.getstate()
        self.notebook.attempt(cell)
        if self.twin is not None:
            self.twin.follow(cell, drawn)
            assert self.is_hasty or self.twin.notebook.changed() == self.notebook.changed()
        found = self.notebook.session.head
        assert found is not None
        for execution in self.notebook.session.store.history.executions():
            if execution.id > max(self.forms, default=0):
                self.parents[execution.id] = execution.parent or 0
                self.forms[execution.id] = self.form() if execution.id == found else before
        self.head = found
        if self.twin is not None:
            self.compare()

    @rule(k=st.integers(1, 3))
    def undo(self, k: int) -> None:
        line = self.cells_before(self.head)[: k + 1]
        if len(line) <= k or not self.can_undo(k):
            return
        self.go(f"undo {k}", line[k])
        self.undone += [(back, forth) for forth, back in pairwise(line)]

    @rule()
    def redo(self) -> None:
        while self.undone and self.undone[-1][0] != self.head:
            self.undone.pop()
        if self.undone:
            self.go("redo", self.undone.pop()[1])

    @rule(place=st.floats(0, 1))
    def checkout(self, place: float) -> None:
        self.go(f"checkout @{self.some(place)}", self.some(place))

    @rule(place=st.floats(0, 1))
    def tag(self, place: float) -> None:
        name = f"t{len(self.tags)}"
        self.notebook.ens(f"tag {name} @{self.some(place)}")
        self.tags[name] = self.some(place)

    @precondition(lambda self: self.tags)
    @rule(place=st.floats(0, 1))
    def checkout_tag(self, place: float) -> None:
        name = sorted(self.tags)[min(int(place * len(self.tags)), len(self.tags) - 1)]
        self.go(f"checkout {name}", self.tags[name])

    @rule()
    def branch(self) -> None:
        name = f"b{len(self.notebook.session.store.refs.branches())}"
        self.notebook.ens(f"branch {name}")
        assert self.notebook.session.naming.branch == name

    @rule(place=st.floats(0, 1))
    def live_again(self, place: float) -> None:
        self.come_back(self.some(place), "")

    @rule(place=st.floats(0, 1))
    def live_again_lazily(self, place: float) -> None:
        self.come_back(self.some(place), "--lazy")

    @precondition(lambda self: self.twin)
    @rule(n=st.integers(1, 4))
    def pause(self, n: int) -> None:
        for _ in range(n):
            self.notebook.session.awaited.bring_a_quick_one()
        self.compare()

    @precondition(lambda self: self.twin)
    @rule(place=st.floats(0, 1))
    def load(self, place: float) -> None:
        names = ["", *self.awaited()]
        self.notebook.ens(f"load {names[int(place * (len(names) - 1))]}")
        self.compare()

    def come_back(self, target: int, words: str) -> None:
        self.notebook = self.notebook.reborn()
        self.notebook.shell.InteractiveTB.set_mode("Minimal")
        self.part()
        if words:
            self.twin = Twin(self.notebook, Path(self.folder.name), target)
        self.notebook.restore(f"{words} @{target}")
        self.head, self.undone = target, []
        self.compare()

    def part(self) -> None:
        """Do without a twin from now on."""
        if self.twin is not None:
            self.twin.notebook.kill()
            self.twin = None

    def awaited(self) -> tuple[str, ...]:
        return self.notebook.session.awaited.names()

    def go(self, words: str, target: int) -> None:
        before = self.values()
        known = {name: one.version for name, one in self.notebook.session._recorder.tracker.known.items()}
        self.notebook.ens(words)
        self.part()
        self.head = target
        assert self.notebook.session.head == target
        self.compare()
        state = self.notebook.session.store.parts.state(self.notebook.session.head)
        for name, (version, _) in state.items():
            if known.get(name) == version and name in before:
                assert self.values()[name] is before[name], f"{name} is the same in both states, but another object"

    def compare(self) -> None:
        assert self.form() == self.forms[self.head]
        if self.twin is not None:
            awaited = self.awaited()
            assert self.twin.values().keys() == self.values().keys() | set(awaited)
            assert self.twin.form(without=awaited) == truth(self.values(), self.notebook.variables)
            if not awaited:
                self.part()

    def values(self) -> dict[str, Any]:
        return self.notebook.session._user.variables()

    def form(self) -> Form:
        return truth(self.values(), self.notebook.variables) if self.twin is None else self.twin.form()

    def some(self, place: float) -> int:
        numbers = sorted(self.forms)
        return numbers[min(int(place * len(numbers)), len(numbers) - 1)]

    def can_undo(self, k: int) -> bool:
        return len(self.notebook.session.store.parts.cells_before(self.head, k)) == k

    def cells_before(self, head: int) -> list[int]:
        """Return the state, and the states that its last cells started from."""
        found, at = [head], head
        executions = {one.id: one for one in self.notebook.session.store.history.executions()}
        while at:
            if executions[at].kind == "cell":
                found.append(self.parents[at])
            at = self.parents[at]
        return [state for state in found if state]

    def teardown(self) -> None:
        store = self.notebook.store
        self.part()
        self.notebook.kill()
        assert list(check_store(store, Config())) == []
        self.folder.cleanup()


TestMoves = Moves.TestCase
TestMoves.settings = settings(
    max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)


class HastyMoves(Moves):
    """The same where there is no time for looks, beyond a few hundred bytes of each value, but late ones."""

    is_hasty = True

    def __init__(self) -> None:
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(budget, "FREE_STREAM_BYTES", 300)
        self.patch.setattr(budget, "FREE_BUFFER_BYTES", 300)
        self.patch.setattr(budget, "ALLOWANCE_S", 0.0)
        self.patch.setattr(budget.Budget, "earn", lambda _self, _runtime_s: None)
        super().__init__()

    @rule(n=st.integers(1, 4))
    def look_late(self, n: int) -> None:
        late = self.notebook.session.late
        for one in late.pending()[:n]:
            assert late.look(one, is_behind=True) == []
        self.compare()

    def teardown(self) -> None:
        super().teardown()
        self.patch.undo()


TestHastyMoves = HastyMoves.TestCase
TestHastyMoves.settings = TestMoves.settings
