"""Which types are taken to pickle alike at each look, and what becomes of the others."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from typing import Any

import pytest

from ensession.capture.looking import Looker
from ensession.capture.namespace import UserNamespace
from ensession.serial.scope import Scope


def looker_at(value: Any) -> Looker:
    variables = {"value": value}
    return Looker(Scope(variables, UserNamespace(variables, frozenset)))


def figure(draw: Callable[[Any], object], **how: Any) -> Any:
    figures = pytest.importorskip("matplotlib.figure")
    made = figures.Figure()
    draw(made.add_subplot(**how))
    return made


def drawn(made: Any) -> Any:
    made.canvas.draw()
    return made


def legend(axes: Any) -> None:
    axes.plot([1, 2, 3], label="line")
    axes.set_title("title")
    axes.legend()
    axes.annotate("here", (1, 2), (2, 3), arrowprops={})


def colours(axes: Any) -> None:
    axes.figure.colorbar(axes.scatter(range(9), range(9), c=range(9)), ax=axes)


def bars(axes: Any) -> None:
    axes.bar(["a", "b"], [1, 2])
    axes.twinx().plot([3, 4])
    axes.hist(range(20))


def graph() -> Any:
    networkx = pytest.importorskip("networkx")
    made = networkx.karate_club_graph()
    made.nodes, made.edges, made.adj  # noqa: B018  (it remembers them)
    return made


def shapes() -> Any:
    shapely = pytest.importorskip("shapely")
    return [shapely.STRtree([shapely.Point(1, 2), shapely.Point(3, 4)]), shapely.Point(1, 2).buffer(1)]


STABLE: dict[str, Callable[[], Any]] = {
    "a legend": lambda: figure(legend),
    "a legend, drawn": lambda: drawn(figure(legend)),
    "a colour bar": lambda: drawn(figure(colours)),
    "bars": lambda: drawn(figure(bars)),
    "in space": lambda: drawn(figure(lambda axes: axes.plot([1, 2], [3, 4], [5, 6]), projection="3d")),
    "around a pole": lambda: drawn(figure(lambda axes: axes.plot([1, 2], [3, 4]), projection="polar")),
    "axes alone": lambda: figure(legend).axes[0],
    "a graph": graph,
    "shapes": shapes,
}


@pytest.mark.parametrize("kind", STABLE)
def test_types_that_are_not_tried_pickle_alike_at_each_look(kind: str) -> None:
    value = STABLE[kind]()
    looker = looker_at(value)
    first, second = (looker.fully({"value": value}) for _ in range(2))
    assert first.fingerprint is not None
    assert second.fingerprint == first.fingerprint


class Restless:
    """Pickles differently each time. Its module is not the session's."""

    numbers = itertools.count()

    def __reduce__(self) -> tuple[Any, ...]:
        return os.fspath, (f"{next(self.numbers)}",)


def test_a_type_that_pickles_differently_from_look_to_look_is_found_out() -> None:
    value = Restless()
    looker = looker_at(value)
    assert not looker.is_stable({"value": value}, looker.fully({"value": value}))
