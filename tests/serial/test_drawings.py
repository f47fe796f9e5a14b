"""Figures: alike at each look, and as alive after a load as before."""

from __future__ import annotations

import datetime
import gc
import io
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ensession.capture.namespace import UserNamespace
from ensession.serial.look import look
from ensession.serial.scope import Scope
from tests.serial.test_tables import are_linked
from tests.serial.worlds import World, reloaded

pytest.importorskip("matplotlib")
from matplotlib import cbook, transforms
from matplotlib.figure import Figure


def plain() -> Any:
    figure = Figure(figsize=(4, 3))
    axes = figure.subplots(1, 2)
    axes[0].plot([1, 2, 3], [3, 1, 2], label="line")
    axes[0].legend()
    axes[0].inset_axes([0.5, 0.5, 0.3, 0.3]).bar([0, 1], [1, 2])
    axes[1].imshow(np.arange(12).reshape(3, 4))
    axes[1].annotate("here", (1, 2), xycoords="data", xytext=(5, 5), textcoords="offset points")
    axes[1].twinx().scatter([1, 2], [3, 4])
    return figure


def projected(projection: str) -> Callable[[], Any]:
    def make() -> Any:
        figure = Figure(figsize=(4, 3))
        axes = figure.add_subplot(projection=projection)
        axes.plot([0.1, 0.2, 0.3], [0.1, 0.3, 0.2], *([[0.3, 0.2, 0.1]] if projection == "3d" else []))
        return figure

    return make


FIGURES: dict[str, Callable[[], Any]] = {
    "plain": plain,
    **{projection: projected(projection) for projection in ("polar", "3d", "hammer")},
}


def back_again(values: dict[str, Any]) -> dict[str, Any]:
    return dict(reloaded(values, World())[0])


def pixels(figure: Any, dpi: float | str = "figure") -> bytes:
    made = io.BytesIO()
    figure.savefig(made, format="rgba", dpi=dpi)
    return made.getvalue()


def change(figure: Any) -> None:
    """Change what other parts of the figure are made of: they have to hear of it."""
    figure.set_size_inches(5, 2)
    for axes in figure.axes:
        axes.set_position([0.2, 0.2, 0.5, 0.5])
        if axes.name == "rectilinear":
            axes.set_xlim(-1, 5)
        axes.set_title("changed")


def edges(values: Any) -> Counter[tuple[type, type]]:
    """Count how often one kind of transformation is the parent of one of another kind."""
    nodes: dict[int, Any] = {}
    stack, seen = [values], set()
    while stack:
        one = stack.pop()
        if id(one) in seen or isinstance(one, type) or type(one).__name__ in ("module", "function", "weakref"):
            continue
        seen.add(id(one))
        if isinstance(one, transforms.TransformNode):
            nodes[id(one)] = one
            stack += [value for name, value in vars(one).items() if name != "_parents"]
        elif isinstance(one, dict):
            stack += one.values()
        else:
            stack += gc.get_referents(one) if not hasattr(one, "__dict__") else [vars(one)]
    parents = ((node, reference()) for node in nodes.values() for reference in node._parents.values())
    return Counter((type(node), type(parent)) for node, parent in parents if id(parent) in nodes)


@pytest.mark.parametrize("kind", FIGURES)
@pytest.mark.parametrize("is_drawn", [False, True])
def test_a_figure_that_came_back_hears_of_changes_as_before(kind: str, is_drawn: bool) -> None:
    figure = FIGURES[kind]()
    if is_drawn:
        pixels(figure)
    back = back_again({"figure": figure})["figure"]
    assert edges(back) >= edges(figure)
    assert pixels(back, 72) == pixels(figure, 72)
    assert pixels(back) == pixels(figure)
    change(figure)
    change(back)
    assert pixels(back) == pixels(figure)


@pytest.mark.parametrize("kind", FIGURES)
def test_looks_at_a_figure_agree_whatever_was_looked_at_or_is_gone(kind: str) -> None:
    figure = FIGURES[kind]()
    pixels(figure)
    namespace = {"figure": figure}
    scope = Scope(namespace, UserNamespace(namespace, frozenset))
    first = look(namespace, scope)
    passing = figure.axes[0].transData + transforms.Affine2D()
    second = look(namespace, scope)
    del passing
    gc.collect()
    assert first.fingerprint == second.fingerprint == look(namespace, scope).fingerprint
    assert not first.is_observed
    figure.axes[0].set_title("another")
    assert look(namespace, scope).fingerprint != first.fingerprint


def test_transformations_that_the_session_made_come_back_with_their_figure() -> None:
    figure = plain()
    offset = transforms.Affine2D().translate(1, 2)
    both = figure.axes[0].transData + offset
    back = back_again({"figure": figure, "offset": offset, "both": both})
    for some, made, moved in ((figure, both, offset), (back["figure"], back["both"], back["offset"])):
        some.axes[0].set_xlim(0, 7)
        moved.translate(3, 4)
        assert np.allclose(made.transform((1, 1)) - some.axes[0].transData.transform((1, 1)), (4, 6))


class Own(transforms.Affine2D):
    """Has a way of its own to be pickled."""

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "own": "kept"}


def test_a_transformation_with_a_way_of_its_own_is_pickled_in_that_way() -> None:
    back = back_again({"one": Own().scale(2)})["one"]
    assert back.own == "kept"
    assert np.allclose(back.transform((1, 1)), (2, 2))


def test_a_registry_keeps_what_the_library_keeps_and_its_counter_stands_still() -> None:
    heard: list[str] = []
    registry = cbook.CallbackRegistry()
    kept = registry._connect_picklable("draw", heard.append)
    scope = Scope({"registry": registry}, UserNamespace({"registry": registry}, frozenset))
    prints = {look({"registry": registry}, scope).fingerprint for _ in range(3)}
    assert len(prints) == 1
    back = back_again({"registry": registry, "heard": heard})
    back["registry"].process("draw", "again")
    assert back["heard"] == ["again"]
    assert back["registry"].connect("draw", print) == kept + 1


@pytest.mark.parametrize("places", [["a", "b"], [datetime.date(2020, 1, 1), datetime.date(2020, 1, 2)], [1, 2]])
def test_what_converts_words_and_dates_links_no_figures(places: list[Any]) -> None:
    one, other = Figure(), Figure()
    for figure in (one, other):
        figure.subplots().bar(places, [1, 2])
    assert not are_linked(one, other, look)
    assert are_linked(one, one.axes[0], look)


def test_a_figure_that_comes_back_into_pyplot_hears_of_another_resolution() -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    figure, some = pyplot.subplots(1, 4, figsize=(11, 4))
    try:
        for axes in some:
            axes.imshow(np.arange(12).reshape(3, 4))
            axes.set_title("watershed")
            axes.axis("off")
        pixels(figure, 100)
        values = {"axes": some[-1], "figure": figure}  # the axes are on their way when the figure is there already
        back = back_again(values)
        assert pixels(back["figure"], 72) == pixels(figure, 72)
    finally:
        pyplot.close("all")
