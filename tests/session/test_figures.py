"""Pyplot's current figure is drawn on by name, by pyplot, and by other libraries: all three are seen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.notebook import Notebook

pytest.importorskip("matplotlib")
SETUP = (
    "import matplotlib\nmatplotlib.use('agg')",
    "import matplotlib.pyplot as plt, pandas as pd",
    "fig, ax = plt.subplots()\nother = 1",
    "df = pd.DataFrame({'a': [1, 2, 3], 'b': [3, 1, 2]})\nfrom sklearn.tree import DecisionTreeClassifier, plot_tree\n"
    "model = DecisionTreeClassifier().fit(df[['a']], [0, 1, 0])",
    "def draw():\n    df.a.hist()\nfrom matplotlib.pyplot import title as caption",
)
DRAWING = {
    "pyplot by name": "plt.title('t')",
    "a function of pyplot under a name of its own": "caption('t')",
    "pyplot imported in the cell": "import matplotlib.pyplot as pyplot\npyplot.ylabel('y')",
    "the axes": "ax.set_xlabel('x')",
    "pandas on the current axes": "df.a.plot()",
    "pandas, by a method named in a text": "getattr(df.a, 'pl' + 'ot')()",
    "pandas inside a function": "draw()",
    "scikit-learn on the current axes": "plot_tree(model)",
    "a library imported in the cell": "from scipy.cluster import hierarchy as hc\nz = hc.dendrogram(hc.linkage(df))",
}
READING = {
    "nothing of a library": "other + 1",
    "a frame": "df.describe(), len(df)",
    "a model": "model.predict(df[['a']])",
}


@pytest.fixture
def drawn(notebook: Notebook) -> Iterator[Notebook]:
    notebook.run(*SETUP)
    yield notebook
    notebook["plt"].close("all")


@pytest.mark.parametrize("case", DRAWING)
def test_drawing_changes_the_figure(drawn: Notebook, case: str) -> None:
    drawn.run(DRAWING[case])
    assert {"fig", "ax"} <= drawn.changed()


@pytest.mark.parametrize("case", READING)
def test_reading_is_no_drawing(drawn: Notebook, case: str) -> None:
    drawn.run(READING[case])
    assert drawn.changed() == set()


def test_seaborn_draws_on_the_current_axes(drawn: Notebook) -> None:
    pytest.importorskip("seaborn")
    drawn.run("import seaborn as sns")
    drawn.run("sns.heatmap(df)")
    assert {"fig", "ax"} <= drawn.changed()


def test_a_closed_figure_is_drawn_on_by_nobody_else(drawn: Notebook) -> None:
    drawn.run("plt.close('all')")
    drawn.run("df.a.plot()")
    assert "fig" not in drawn.changed()


LISTENERS = {
    "a function": "def hear(event):\n    heard.append(event.name)",
    "a lambda": "hear = lambda event: heard.append(event.name)",
    "a method": (
        "class Ear:\n    def hear(self, event):\n        self.said = event.name\n        heard.append(event.name)\n"
        "ear = Ear(); hear = ear.hear"
    ),
    "a closure": (
        "def make(some):\n    def inner(event):\n        some.append(event.name)\n    return inner\nhear = make(heard)"
    ),
}


@pytest.mark.parametrize("kind", LISTENERS)
def test_what_listens_to_a_figure_goes_on_listening(notebook: Notebook, kind: str) -> None:
    notebook.run("import matplotlib.pyplot as plt\nheard = []", LISTENERS[kind])
    before = notebook.run("fig, ax = plt.subplots()")
    notebook.run(
        "number = fig.canvas.mpl_connect('draw_event', hear)", "plt.close('all')", "fig.draw_without_rendering()"
    )
    again = notebook.reborn()
    again.restore()
    assert again["heard"] == ["draw_event"]
    again.run("fig.draw_without_rendering()", "y = 1")
    assert again["heard"] == ["draw_event"] * 2
    if kind == "a method":
        assert again["ear"].said == "draw_event"
    again.run("fig.canvas.mpl_disconnect(number)", "fig.draw_without_rendering()")
    assert again["heard"] == ["draw_event"] * 2
    again.ens(f"checkout @{before}")
    again.run("fig.draw_without_rendering()")
    assert again["heard"] == []
    again.kill()
