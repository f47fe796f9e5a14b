"""SIGKILL at every point of the write path: stores are whole, nothing that returned is lost, heads come back."""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import random
import shutil
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.crash.operations import OPERATIONS, judge, templates
from tests.crash.points import DEAD, run
from tests.figures import tried

pytestmark = [pytest.mark.slow, pytest.mark.timeout(14400)]
LEAST_POINTS = 40
MOST_NOT_REACHED = 0.1
"""Share of the cases that may end before their point: threads take turns in another order from run to run."""


class Bench:
    """Prepared folders, and the points that each operation passes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.counts: Counter[str] = Counter()
        self.places: dict[str, Path] = {}
        self.known: dict[str, dict[str, int]] = {}
        self.points: dict[str, Counter[str]] = {}
        # Prepared by forked processes too: this one keeps to one thread, as forking wants it.
        # What other processes write into the working directory would count as the cells' doing.
        (folder / "work").mkdir()
        os.chdir(folder / "work")
        code, lines, _ = run("prepare", lambda say: _prepare(folder, say))
        assert code == 0
        for line in lines:
            name, place, known = line.split("|")
            self.places[name] = Path(place)
            self.known[name] = json.loads(known)
        for name in OPERATIONS:
            self.points[name] = self._act(name, None)[2]
            judged, modules, _ = run(f"judging {name}", lambda say, name=name: self._judge(name, [], say))
            assert judged == 0
            warm_up(modules)

    def cases(self) -> list[tuple[str, str, int]]:
        """Return operation, point and passing: each point's first, then others in a random order."""
        first = [(name, point, 1) for name, passed in self.points.items() for point in passed]
        rest = [
            (name, point, nth)
            for name, passed in self.points.items()
            for point, count in passed.items()
            for nth in range(2, count + 1)
        ]
        random.Random(7).shuffle(rest)
        return first + rest

    def case(self, name: str, point: str, nth: int) -> None:
        """Kill at a point, and judge."""
        code, said, _ = self._act(name, (point, nth))
        case = self.folder / "case"
        if code != DEAD:  # threads took turns in another order: it did not come so far this time
            self.counts["not reached"] += 1
        else:
            self.counts[name] += 1
        operation, known = OPERATIONS[name], self.known[name]
        judged, _, _ = run(f"judging {point} ({nth})", lambda _: judge(operation, case, said, known))
        assert judged == 0
        if code == DEAD:
            tried("SIGKILL at a statement or a move of a file")

    def require_most_reached(self) -> None:
        """Fail where more points were not reached than turns of threads explain: then nothing was tried."""
        n_cases = sum(self.counts.values())
        assert self.counts["not reached"] <= max(1, MOST_NOT_REACHED * n_cases), dict(self.counts)

    def _judge(self, name: str, said: Sequence[str], say: Callable[[str], None]) -> None:
        """Judge, and say which modules that took."""
        judge(OPERATIONS[name], self.folder / "case", said, self.known[name])
        for module in list(sys.modules):
            say(module)

    def _act(self, name: str, deadly: tuple[str, int] | None) -> tuple[int, list[str], Counter[str]]:
        case = self.folder / "case"
        shutil.rmtree(case, ignore_errors=True)
        shutil.copytree(self.places[name], case)
        return run(name, lambda say: OPERATIONS[name].act(case, say), deadly)


def warm_up(modules: Sequence[str]) -> None:
    """Import what forked processes would import one by one."""
    for module in modules:
        if module not in sys.modules and not module.startswith(("__", "tests.")):
            with contextlib.suppress(ImportError):
                importlib.import_module(module)


def _prepare(folder: Path, say: Callable[[str], None]) -> None:
    for name, place, known in templates(folder):
        say(f"{name}|{place}|{json.dumps(known)}")


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The one user of this module: what was sealed with a key is judged with that key."""
    folder = tmp_path_factory.mktemp("home-of-crashes")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
            patch.delenv(name, raising=False)
        patch.setenv("HOME", str(folder))
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        yield folder


@pytest.fixture(autouse=True)
def home(user: Path) -> Path:
    """Return the folder of that user, in place of one for each test."""
    return user


@pytest.fixture(scope="module")
def bench(user: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    assert threading.active_count() == 1, [thread.name for thread in threading.enumerate()]
    here = os.getcwd()
    gc.freeze()  # forked processes share what they do not touch
    try:
        yield Bench(tmp_path_factory.mktemp("crashes"))
    finally:
        gc.unfreeze()
        os.chdir(here)


def test_there_are_many_points(bench: Bench) -> None:
    names = {point for passed in bench.points.values() for point in passed}
    assert len(names) >= LEAST_POINTS
    for name in OPERATIONS:
        assert any(point.startswith(f"{name}: COMMIT") for point in names) or name in ("copy", "repair")


def test_killed_at_some_points(bench: Bench) -> None:
    cases = bench.cases()
    for name in OPERATIONS:
        own = [case for case in cases if case[0] == name]
        bench.case(*own[len(own) // 2])
    bench.require_most_reached()


def test_killed_at_every_point(bench: Bench) -> None:
    for case in bench.cases()[:1300]:
        bench.case(*case)
    n_points = len({point for passed in bench.points.values() for point in passed})
    print(f"\ncrashes: {n_points} points, {sum(bench.counts.values())} runs, {dict(bench.counts)}")
    bench.require_most_reached()
    assert sum(bench.counts.values()) - bench.counts["not reached"] >= 1000
