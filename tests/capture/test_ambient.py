"""Hidden state: seen when it changes, put back bit for bit, silent about secrets."""

from __future__ import annotations

import os
import pickle
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ensession.capture.ambient import HiddenState


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


def test_directory_and_search_path_are_reported_once_they_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = begun()
    assert "<cwd>" not in hidden.read()
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    changed = hidden.changed()
    assert changed["<cwd>"] == str(tmp_path)
    assert changed["<sys.path>"][0] == str(tmp_path)
    assert "<cwd>" in hidden.read()


def test_environment_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = begun()
    monkeypatch.setenv("ENSESSION_COLOUR", "red")
    monkeypatch.setenv("ENSESSION_API_KEY", "hush")
    monkeypatch.setenv("ENSESSION_PASSWORD", "hush")
    assert hidden.changed()["<environ>"] == {"ENSESSION_COLOUR": "red"}
    hidden.write("<environ>", {"ENSESSION_COLOUR": "blue", "ENSESSION_SIZE": "9"})
    assert os.environ["ENSESSION_COLOUR"] == "blue"
    assert os.environ["ENSESSION_API_KEY"] == "hush"
    hidden.write("<environ>", {})
    assert "ENSESSION_COLOUR" not in os.environ
    assert "ENSESSION_SIZE" not in os.environ


def test_a_snapshot_is_the_same_in_another_process() -> None:
    code = (
        "import pickle, random, sys, numpy\nfrom ensession.capture.ambient import HiddenState\n"
        "random.seed(1); numpy.random.seed(1); random.gauss(0, 1); numpy.random.randn(3)\n"
        "sys.stdout.buffer.write(pickle.dumps(HiddenState().read()))"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    random.seed(1)
    np.random.seed(1)
    random.gauss(0, 1)
    np.random.randn(3)
    here = HiddenState().read()
    assert pickle.loads(there) == {name: here[name] for name in ("<random>", "<numpy.random>")}
