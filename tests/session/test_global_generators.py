"""The generators behind ``random`` and ``numpy.random`` are one each, whoever holds them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ensession.model import Fate
from tests.notebook import Notebook

HOLDERS = (
    "import random, numpy as np, scipy.stats",
    "from random import choice, random as draw",
    "from numpy.random import rand, permutation",
    "law = scipy.stats.norm\nframe = {'own': np.random.RandomState(3), 'mine': random.Random(4)}",
    "held = [np.random.get_state.__self__]",
    "also = [np.random.get_state.__self__, choice]",
)


@pytest.fixture(autouse=True)
def generators() -> Iterator[None]:
    """Leave them as they were."""
    before, before_numpy = random.getstate(), np.random.get_state()
    yield
    random.setstate(before)
    np.random.set_state(before_numpy)


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Notebook]:
    made = Notebook(tmp_path / "s.ens").start("--all")
    made.run(*HOLDERS)
    yield made
    made.kill()


def test_drawing_changes_hidden_state_and_no_variable(stored: Notebook) -> None:
    stored.run("choice([1, 2]); rand(3); draw(); permutation(4); law.rvs(); held[0].random(); also[0]")
    assert stored.changed() == set()
    stored.run("frame['own'].rand()")
    assert stored.changed() == {"frame"}
    stored.run("frame['mine'].random()")
    assert stored.changed() == {"frame"}


def test_who_holds_one_shares_nothing(stored: Notebook) -> None:
    stored.run("held.append(1)")
    assert stored.changed() == {"held"}


def test_they_come_back_as_those_of_the_process(stored: Notebook) -> None:
    stored.run("np.random.seed(7)\nrandom.seed(7)")
    stored.session.flush()
    again = stored.reborn()
    random.seed(1)
    np.random.seed(1)
    report = again.restore()
    assert {one.name for one in report.variables if one.fate is not Fate.LOADED} == set()
    assert again["choice"].__self__ is random.choice.__self__  # type: ignore[attr-defined]
    for holder in (again["rand"].__self__, again["law"]._random_state, again["held"][0], again["also"][0]):
        assert holder is np.random.rand.__self__  # type: ignore[attr-defined]
    again.run("got = [draw(), rand(), law.rvs()]")
    expected = [random.Random(7).random(), np.random.RandomState(7).rand()]
    assert again["got"][:2] == expected
    again.kill()
