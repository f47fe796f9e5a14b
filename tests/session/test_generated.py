"""Whole notebooks, generated: whatever they do, every state comes back as it was, in value and in identity."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ensession.model import ExecutionId, Fate
from ensession.planner.costs import CostModel
from ensession.serial import budget
from ensession.serial.budget import Budget
from tests.notebook import Notebook
from tests.session.programs import cells
from tests.session.truth import Form, random_truth, truth
from tests.session.vocabulary import PRELUDE, SETUP

PRICES: dict[str, dict[str, float]] = {
    "as they are": {},
    "loading is dear": {"load_fixed_s": 1e6, "stream_bytes_per_s": 1.0, "buffer_bytes_per_s": 1.0, "run_fixed_s": 0.0},
    "running is dear": {
        "load_fixed_s": 0.0,
        "stream_bytes_per_s": 1e12,
        "buffer_bytes_per_s": 1e12,
        "run_fixed_s": 1e6,
        "store_stream_bytes_per_s": 1e12,
        "store_buffer_bytes_per_s": 1e12,
    },
}
"""Prices at which everything that can be is run again, or nothing."""


@contextmanager
def prices(name: str) -> Iterator[None]:
    make: Any = CostModel.__init__
    before, wanted = make.__defaults__, PRICES[name]
    make.__defaults__ = tuple(wanted.get(one.name, one.default) for one in fields(CostModel))
    try:
        yield
    finally:
        make.__defaults__ = before


@dataclass
class Life:
    """A notebook and what was true after each of its executions."""

    notebook: Notebook
    cells: list[str] = field(default_factory=list)
    states: dict[int, Form] = field(default_factory=dict)
    parts: dict[int, dict[str, Form]] = field(default_factory=dict)
    latest: dict[str, Form] | None = None
    chance: dict[int, Form] = field(default_factory=dict)

    def run(self, cell: str) -> None:
        """Run a cell; hold what is recorded as changed against the truth."""
        before = self.names() if self.latest is None else self.latest
        self.cells.append(cell)
        self.notebook.shell.InteractiveTB.set_mode("Minimal")  # the others take longer than all the rest
        self.notebook.attempt(cell)
        after = self.names()
        changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        missed = changed - self.notebook.changed()
        assert not missed, f"{missed} changed unseen in\n{self}"
        assert not self.notebook.audits(), f"{self.notebook.audits()} in\n{self}"
        self.note(after)

    def note(self, names: dict[str, Form]) -> None:
        """Write down the truth."""
        head = self.notebook.session.head
        assert head is not None
        self.states[head] = self.state()
        self.parts[head] = self.latest = names
        self.chance[head] = random_truth()

    def state(self) -> Form:
        """Return the form of everything that can be compared."""
        return truth(user_variables(self.notebook), self.notebook.variables)

    def names(self) -> dict[str, Form]:
        """Return the form of each variable on its own."""
        live = self.notebook.variables
        return {name: truth({name: value}, live) for name, value in user_variables(self.notebook).items()}

    def return_to(self, state: int, at_prices: str) -> None:
        """Die, and come back to a state, in every respect."""
        self.cells.append(f"#### restart, restore @{state} ({at_prices})")
        announced, self.latest = self.announced(state), None
        self.notebook = self.notebook.reborn()
        with prices(at_prices):
            report = self.notebook.restore(f"@{state}")
        lost = [one for one in report.variables if one.fate is Fate.MISSING and one.name not in announced]
        assert not lost, f"{lost} in\n{self}"
        if announced:  # the rest is as it was, each variable by itself
            found, expected = self.names(), self.parts[state]
            wrong = {name for name in expected if name not in announced and found.get(name) != expected[name]}
            assert not wrong, f"{wrong} came back another in\n{self}"
        else:
            assert_equal(self.state(), self.states[state], self)
        if not any(name.startswith("<") for name in announced):
            assert random_truth() == self.chance[state], f"random numbers in\n{self}"

    def announced(self, state: int) -> set[str]:
        """Return what the session says will not survive, in time (invariant 7)."""
        chosen, graph = self.notebook.session.plan(ExecutionId(state))
        return {name for name, version in graph.state.items() if version in chosen.missing}

    def __str__(self) -> str:
        return "\n# --\n".join(self.cells)


def user_variables(notebook: Notebook) -> dict[str, Any]:
    return notebook.session._user.variables()


def assert_equal(found: Form, expected: Form, life: Life) -> None:
    if found == expected:
        return
    lines = [f"{one!r}\n   instead of\n{other!r}" for one, other in zip(found, expected, strict=True) if one != other]
    details = []
    for one, other in zip(found, expected, strict=True):
        details += [f"- {a!r}\n+ {b!r}" for a, b in zip(one, other, strict=False) if a != b]
    raise AssertionError("\n".join(details[:6] or lines) + f"\nin\n{life}")


@dataclass(frozen=True)
class Terms:
    """How a notebook is recorded."""

    options: str
    prices: str
    audit: bool
    in_haste: bool = False


@contextmanager
def haste(is_needed: bool) -> Iterator[None]:
    """Leave no time at all for looks, beyond a few hundred bytes of each value."""
    with pytest.MonkeyPatch.context() as patch:
        if is_needed:
            patch.setattr(budget, "FREE_STREAM_BYTES", 300)
            patch.setattr(budget, "ALLOWANCE_S", 0.0)
            patch.setattr(Budget, "earn", lambda _self, _runtime_s: None)
        yield


def live_through(program: Sequence[str], returns: Sequence[tuple[float, str]], terms: Terms) -> None:
    with tempfile.TemporaryDirectory() as folder:
        np.random.seed(0)
        life = Life(Notebook(Path(folder) / "s.ens"))
        try:
            with prices(terms.prices), haste(terms.in_haste):
                life.notebook.ens(f"config audit={'on' if terms.audit else 'off'}")
                life.notebook.start(terms.options)
                for cell in (PRELUDE, SETUP):
                    life.run(cell)
                for cell in program[1:]:
                    life.run(cell)
            for place, at_prices in returns:
                numbers = sorted(life.states)
                life.return_to(numbers[min(int(place * len(numbers)), len(numbers) - 1)], at_prices)
                with haste(terms.in_haste):
                    life.run(program[0])
        finally:
            life.notebook.kill()


RETURN = st.tuples(st.floats(0, 1), st.sampled_from(sorted(PRICES)))
ARGUMENTS = given(
    program=st.lists(cells(), min_size=1, max_size=8),
    returns=st.lists(RETURN, min_size=1, max_size=2),
    terms=st.builds(
        Terms, st.sampled_from(["", "--all"]), st.sampled_from(sorted(PRICES)), st.booleans(), st.booleans()
    ),
)
# A generated thread may use a name that its notebook has deleted; that is the notebook's own mistake.
FAILING_THREADS = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
# What makes an example fail is plain to see in the notebook that is printed; to explain it takes many times as long.
PHASES = [Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink]
CHECKS = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]


@FAILING_THREADS
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("quarter", range(4))  # of 200 notebooks, each its own: processes share them
@ARGUMENTS
@settings(max_examples=50, deadline=None, suppress_health_check=CHECKS, phases=PHASES)
def test_every_state_of_a_generated_notebook_comes_back(
    program: list[str], returns: list[tuple[float, str]], terms: Terms, quarter: int
) -> None:
    live_through(program, returns, terms)


@FAILING_THREADS
@pytest.mark.slow
@pytest.mark.timeout(6 * 3600)
@ARGUMENTS
@settings(max_examples=2000, deadline=None, suppress_health_check=CHECKS, phases=PHASES)
def test_every_state_of_many_generated_notebooks_comes_back(
    program: list[str], returns: list[tuple[float, str]], terms: Terms
) -> None:
    live_through(program, returns, terms)
