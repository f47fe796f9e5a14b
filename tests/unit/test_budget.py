"""How long looks may take, by a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from ensession.config import Config, Share, StoragePolicy, settings_of, with_setting
from ensession.errors import UsageError
from ensession.serial import budget
from ensession.serial.budget import Budget, Limit, OverBudget

FREE = budget.FREE_STREAM_BYTES


class Watch:
    """A clock, and looks that take their time."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s

    def look(self, takes_s: float, n_bytes: int = FREE + 1) -> Callable[[Limit], str]:
        def work(limit: Limit) -> str:
            for _ in range(10):
                self.now_s += takes_s / 10
                limit.check(n_bytes, 0)
            return "looked"

        return work


VALUES: Mapping[str, Any] = {"x": object()}


def test_a_look_ends_when_nothing_is_left() -> None:
    watch = Watch()
    made = Budget(0.05, watch)
    assert made.take(VALUES, watch.look(0.15)) == "looked"
    began_s = watch.now_s
    assert made.take({"y": 1}, watch.look(10.0)) is None
    assert watch.now_s - began_s < 1.1  # one step beyond the end


def test_cells_earn_a_share_of_their_time() -> None:
    watch = Watch()
    made = Budget(0.05, watch)
    assert made.take({"y": 1}, watch.look(0.3)) is None
    made.earn(100.0)
    assert made.take({"y": 1}, watch.look(0.3)) == "looked"


def test_what_can_be_known_to_take_too_long_is_not_begun() -> None:
    watch = Watch()
    made = Budget(0.05, watch)
    made.earn(20.0)
    assert made.take(VALUES, watch.look(1.0)) == "looked"
    assert made.take(VALUES, lambda _: pytest.fail("it takes a second, and a fifth of one is left")) is None
    assert made.take({"x": object()}, watch.look(0.1)) == "looked"  # another value of that name


def test_no_more_is_remembered_than_there_are_names() -> None:
    watch, values = Watch(), [object() for _ in range(50)]
    made = Budget(0.05, watch)
    made.earn(1e6)
    for value in values:
        assert made.take({"x": value}, watch.look(1.0)) == "looked"
    assert len(made._needs_s) == 1


def test_small_values_are_always_looked_at_and_cost_nothing() -> None:
    watch = Watch()
    made = Budget(0.0, watch)
    for _ in range(1000):
        assert made.take(VALUES, watch.look(0.009, n_bytes=FREE)) == "looked"
    assert made.take({"y": 1}, watch.look(0.15)) == "looked"
    assert made.take({"z": 1}, watch.look(0.15)) is None
    assert made.take(VALUES, watch.look(0.009, n_bytes=FREE)) == "looked"


def test_without_a_share_there_is_no_limit() -> None:
    watch = Watch()
    assert Budget(None, watch).take(VALUES, watch.look(1e6)) == "looked"


def test_what_else_goes_wrong_is_not_taken_for_it() -> None:
    def fail(_: Limit) -> str:
        raise ValueError("a value's own")

    with pytest.raises(ValueError, match="a value's own"):
        Budget(0.05, Watch()).take(VALUES, fail)
    assert not issubclass(OverBudget, (RuntimeError, ValueError, OSError))  # which mean "try dill"


@pytest.mark.parametrize(
    ("text", "share"), [("5%", 0.05), ("0.1", 0.1), ("1", 1.0), ("200%", 2.0), ("0", 0.0), ("off", float("inf"))]
)
def test_the_share_is_read_as_it_is_written(text: str, share: float) -> None:
    config = with_setting(Config(), "budget", text)
    assert config.budget == pytest.approx(share)
    assert with_setting(Config(), "budget", settings_of(config)["budget"]) == config


@pytest.mark.parametrize("text", ["", "-1", "5 %%", "all", "nan", "inf", "10"])
def test_nonsense_is_no_share(text: str) -> None:
    with pytest.raises(UsageError, match="budget is a share"):
        with_setting(Config(), "budget", text)


def test_who_stores_everything_looks_at_everything() -> None:
    assert Config().looks_share == pytest.approx(0.05)
    assert Config(policy=StoragePolicy.ALL).looks_share is None
    assert Config(budget=Share("inf")).looks_share is None
