"""Hidden state: seen when it changes, put back bit for bit, silent about secrets."""

from __future__ import annotations

import decimal
import logging
import os
import pickle
import random
import re
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ensession.capture.hidden import HiddenState
from ensession.errors import HiddenStateError


def begun() -> HiddenState:
    """Make it inside the test: pytest itself changes the environment between a test's phases."""
    state = HiddenState()
    state.changed()
    return state


def test_nothing_changed_is_nothing_reported() -> None:
    hidden = begun()
    assert hidden.changed() == {}


@pytest.mark.parametrize(
    ("name", "draw"),
    [
        ("<random>", lambda: [random.gauss(0, 1) for _ in range(3)]),
        ("<numpy.random>", lambda: list(np.random.randn(3))),
    ],
)
def test_random_numbers_repeat_exactly_from_a_snapshot(name: str, draw: Callable[[], list[float]]) -> None:
    hidden = begun()
    draw()
    assert set(hidden.changed()) == {name}
    snapshot = pickle.loads(pickle.dumps(hidden.read()[name]))
    first = draw()
    hidden.write(name, snapshot)
    assert draw() == first
    assert hidden.changed()[name] != snapshot


@pytest.mark.parametrize(
    "draw",
    [
        random.random,
        lambda: random.getrandbits(8),
        lambda: random.gauss(0, 1),
        lambda: random.shuffle([1, 2, 3]),
        lambda: random.seed(5),
        lambda: random.setstate(random.Random(7).getstate()),
    ],
)
def test_every_draw_is_seen_and_nothing_else(draw: Callable[[], object]) -> None:
    hidden = HiddenState()
    version, words, gauss = random.Random(3).getstate()
    random.setstate((version, (*words[:-1], 610), gauss))  # a few words before the generator makes new ones
    hidden.changed()
    for _ in range(20):
        assert hidden.changed() == {}
        before = random.getstate()
        draw()
        after = random.getstate()
        assert hidden.changed() == ({} if after == before else {"<random>": after})


def test_a_second_gauss_is_seen_although_no_word_is_drawn() -> None:
    hidden = HiddenState()
    random.seed(1)
    random.gauss(0, 1)
    hidden.changed()
    random.gauss(0, 1)
    assert set(hidden.changed()) == {"<random>"}


@pytest.mark.parametrize(
    "draw",
    [
        np.random.rand,
        np.random.standard_normal,
        lambda: np.random.randint(5),
        lambda: np.random.binomial(9, 0.3),
        lambda: np.random.shuffle([1, 2, 3]),
        lambda: np.random.seed(5),
        lambda: np.random.set_state(np.random.RandomState(7).get_state()),
    ],
)
@pytest.mark.parametrize("kind", [np.random.MT19937, np.random.PCG64, np.random.Philox, np.random.SFC64])
def test_every_draw_from_numpy_is_seen_and_nothing_else(draw: Callable[[], object], kind: Any) -> None:
    if not hasattr(np.random, "set_bit_generator"):
        pytest.skip("this NumPy can't exchange the generator behind its functions")
    hidden, before_all = HiddenState(), np.random.get_bit_generator()
    np.random.set_bit_generator(kind(3))
    try:
        hidden.changed()
        for _ in range(20):
            assert hidden.changed() == {}
            before = repr(np.random.get_state(legacy=False))
            try:
                draw()
            except ValueError:  # only a Mersenne twister can be seeded or set in this way
                assert kind is not np.random.MT19937
            is_moved = repr(np.random.get_state(legacy=False)) != before
            assert set(hidden.changed()) == ({"<numpy.random>"} if is_moved else set())
        snapshot, state = pickle.loads(pickle.dumps(hidden.read()["<numpy.random>"])), np.random.get_state(legacy=False)
        np.random.set_bit_generator(np.random.MT19937(8))
        hidden.write("<numpy.random>", snapshot)
        assert repr(np.random.get_state(legacy=False)) == repr(state)
    finally:
        np.random.set_bit_generator(before_all)


def test_directory_and_search_path_are_reported_once_they_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = begun()
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    changed = hidden.changed()
    assert changed["<cwd>"] == str(tmp_path)
    assert changed["<sys.path>"][0] == str(tmp_path)
    hidden.write("<sys.path>", changed["<sys.path>"][1:])
    assert str(tmp_path) in sys.path, "what this process itself has stays"
    hidden.write("<sys.path>", ("/nowhere/at/all", *sys.path))
    assert sys.path[0] == "/nowhere/at/all"
    hidden.write("<sys.path>", tuple(sys.path[1:]))
    assert "/nowhere/at/all" not in sys.path, "what an earlier snapshot brought goes with it"


def test_what_was_not_recorded_is_reported_again() -> None:
    hidden = begun()
    random.seed(2)
    hidden.changed()
    random.seed(3)
    found = hidden.changed()
    assert set(found) == {"<random>"}
    hidden.doubt_last()
    assert hidden.changed() == found
    assert hidden.changed() == {}


def test_environment_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = begun()
    monkeypatch.setenv("ENSESSION_COLOUR", "red")
    monkeypatch.setenv("ENSESSION_API_KEY", "hush")
    monkeypatch.setenv("ENSESSION_PASSWORD", "hush")
    monkeypatch.setenv("ENSESSION_DATABASE", "postgresql://me:hush@host/db")
    assert hidden.changed()["<environ>"] == {"ENSESSION_COLOUR": "red"}
    hidden.write("<environ>", {"ENSESSION_COLOUR": "blue", "ENSESSION_SIZE": "9"})
    assert os.environ["ENSESSION_COLOUR"] == "blue"
    assert os.environ["ENSESSION_API_KEY"] == "hush"
    hidden.write("<environ>", {})
    assert "ENSESSION_COLOUR" not in os.environ
    assert "ENSESSION_SIZE" not in os.environ


def test_a_snapshot_is_the_same_in_another_process() -> None:
    code = (
        "import pickle, random, sys, numpy\nfrom ensession.capture.hidden import HiddenState\n"
        "random.seed(1); numpy.random.seed(1); random.gauss(0, 1); numpy.random.randn(3)\n"
        "sys.stdout.buffer.write(pickle.dumps(HiddenState().read()))"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    random.seed(1)
    np.random.seed(1)
    random.gauss(0, 1)
    np.random.randn(3)
    here = HiddenState().read()
    read = pickle.loads(there)
    for name in ("<random>", "<numpy.random>", "<numpy.options>", "<decimal>", "<locale>"):
        assert read[name] == here[name]


def set_numpy() -> None:
    np.set_printoptions(precision=3, suppress=True)
    np.seterr(divide="raise")


def set_pandas() -> None:
    import pandas as pd

    pd.set_option("display.max_rows", 7, "display.precision", 2)


def set_matplotlib() -> None:
    import matplotlib

    matplotlib.rcParams["figure.figsize"] = [3.0, 2.0]
    matplotlib.rcParams["font.sans-serif"].insert(0, "Some Font")


def set_warnings() -> None:
    warnings.filterwarnings("ignore", message="old .* news", category=DeprecationWarning)
    warnings.simplefilter("error", pytest.PytestWarning, append=True)


def set_decimals() -> None:
    decimal.getcontext().prec = 7
    decimal.getcontext().traps[decimal.Inexact] = True


def set_interpreter() -> None:
    sys.setrecursionlimit(sys.getrecursionlimit() + 321)
    sys.set_int_max_str_digits(9000)


def set_logging() -> None:
    logging.root.setLevel(logging.DEBUG)
    logging.root.addHandler(logging.StreamHandler(sys.stderr))
    logging.root.handlers[-1].setFormatter(logging.Formatter("{message} at {asctime}", "%H", "{"))
    logging.getLogger("some.where").setLevel(logging.ERROR)


def logs() -> object:
    handlers = [vars(one.formatter._style) if one.formatter else None for one in logging.root.handlers]
    return logging.root.level, logging.getLogger("some.where.else").getEffectiveLevel(), handlers


def set_sklearn() -> None:
    import sklearn

    sklearn.set_config(transform_output="pandas", assume_finite=True)


def _sklearn() -> Any:
    return pytest.importorskip("sklearn")


SETTINGS = {
    "<interpreter>": (set_interpreter, lambda: (sys.getrecursionlimit(), sys.get_int_max_str_digits())),
    "<logging>": (set_logging, logs),
    "<sklearn>": (set_sklearn, lambda: _sklearn().get_config()),
    "<numpy.options>": (set_numpy, lambda: (np.get_printoptions(), np.geterr())),
    "<pandas>": (set_pandas, lambda: (_pandas().get_option("display.max_rows"), str(_pandas().Series([1.23456])))),
    "<matplotlib>": (set_matplotlib, lambda: {k: str(v) for k, v in dict.items(_matplotlib().rcParams)}),
    "<warnings>": (set_warnings, lambda: [str(one) for one in warnings.filters]),
    "<decimal>": (set_decimals, lambda: repr(decimal.getcontext())),
}


def _pandas() -> Any:
    return pytest.importorskip("pandas")


def _matplotlib() -> Any:
    return pytest.importorskip("matplotlib")


@pytest.fixture
def settings() -> Iterator[None]:
    """Put everything back that the tests below set."""
    before = HiddenState()
    values = before.read()
    yield
    for name, value in values.items():
        before.write(name, value)


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("name", SETTINGS)
def test_settings_are_seen_once_and_put_back(name: str) -> None:
    _pandas()
    _matplotlib()
    _sklearn()
    change, observe = SETTINGS[name]
    hidden = begun()
    usual, before = hidden.read()[name], observe()
    change()
    changed = hidden.changed()
    assert list(changed) == [name]
    assert hidden.changed() == {}
    after, snapshot = observe(), pickle.loads(pickle.dumps(changed[name]))
    assert after != before
    hidden.write(name, usual)
    assert observe() == before
    hidden.write(name, snapshot)
    assert observe() == after
    assert hidden.changed() == {}, "the token differs, the state does not"


@pytest.mark.usefixtures("settings")
def test_what_is_not_known_here_is_told_and_the_rest_put_back() -> None:
    pd = _pandas()
    hidden = begun()
    with pytest.raises(HiddenStateError, match=r"display\.of_tomorrow"):
        hidden.write("<pandas>", {"display.of_tomorrow": 1, "display.max_rows": 5})
    assert pd.get_option("display.max_rows") == 5
    kept = ("ignore", None, "builtins:DeprecationWarning", ("gone", 0), 3)
    with pytest.raises(HiddenStateError, match=r"no_such_module\.Warning"):
        hidden.write("<warnings>", (("error", None, "no_such_module:Warning", None, 0), kept))
    assert warnings.filters == [("ignore", None, DeprecationWarning, re.compile("gone", 0), 3)]
    with pytest.raises(HiddenStateError, match="xx_NOWHERE"):
        hidden.write("<locale>", "xx_NOWHERE")
    with pytest.raises(ImportError, match="<tomorrow>"):
        hidden.write("<tomorrow>", 1)


def test_the_front_ends_settings_are_not_the_sessions() -> None:
    matplotlib = _matplotlib()
    hidden = begun()
    before = matplotlib.rcParams["interactive"]
    matplotlib.rcParams["interactive"] = not before
    assert hidden.changed() == {}
    matplotlib.rcParams["interactive"] = before


def test_torch_draws_the_same_from_a_snapshot() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    hidden = begun()
    torch.rand(3)
    snapshot = hidden.changed()["<torch.random>"]
    first = torch.randn(5)
    hidden.write("<torch.random>", pickle.loads(pickle.dumps(snapshot)))
    assert torch.equal(torch.randn(5), first)
