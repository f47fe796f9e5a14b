"""Arrays, frames, figures and models: record, kill, copy, restore."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Ens, Restored, StartKernel

pytest.importorskip("numpy")

Move = Callable[..., Restored]


def record_and_move(start_kernel: StartKernel, move: Move, store: Path, cells: list[str], facts: list[str]) -> Restored:
    """Record cells, hold the facts against the original, kill it, and hold them against the copy."""
    kernel = start_kernel(store.parent.name)
    kernel.run(f"%ens start {store}")
    for cell in cells:
        kernel.run(cell)
    assert [fact for fact in facts if not kernel.holds(fact)] == []
    kernel.kill()
    restored = move(store)
    restored.assert_accounted_for()
    assert [fact for fact in facts if not restored.kernel.holds(fact)] == []
    return restored


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "here" / "values.ens"


def test_views_stay_views(start_kernel: StartKernel, move: Move, store: Path, ens: Ens) -> None:
    cells = [
        "import numpy as np",
        "base = np.arange(200_000.0).reshape(400, 500)",
        "column = base[:, 3]\nflat = base.ravel()\nreversed_rows = base[::-1]\nown = base[:2].copy()",
        "column[7] = -1",
        "holder = {'view': base[10:20], 'other': [base]}",
        "np.multiply(reversed_rows, 2, out=reversed_rows)\nframe_like = base.T",
    ]
    facts = [
        "np.shares_memory(base, column) and np.shares_memory(base, flat) and np.shares_memory(base, reversed_rows)",
        "not np.shares_memory(base, own) and base[7, 3] == -2",
        "holder['other'][0] is base and np.shares_memory(holder['view'], base)",
        "column.strides == base[:, 3].strides and reversed_rows.strides[0] < 0",
        "float(base.sum()) == float(frame_like.sum())",
    ]
    kernel = record_and_move(start_kernel, move, store, cells, facts).kernel
    kernel.run("column[0] = 12345.0")
    assert kernel.holds("base[0, 3] == 12345.0 and flat[3] == 12345.0 and reversed_rows[-1, 3] == 12345.0")
    ens.assert_clean(store)


def test_frames_and_what_was_taken_from_them(start_kernel: StartKernel, move: Move, store: Path) -> None:
    pytest.importorskip("pandas")
    cells = [
        "import pandas as pd, numpy as np",
        "frame = pd.DataFrame({'n': np.arange(1000), 'x': np.linspace(0, 1, 1000), 's': ['a', 'b'] * 500})\n"
        "frame['when'] = pd.to_datetime('2013-01-01') + pd.to_timedelta(frame['n'], unit='h')\n"
        "frame['c'] = frame['s'].astype('category')",
        "again = frame\nmeans = frame.groupby('s')['x'].mean()",
        "frame.loc[5, 'x'] = 99.0",
        "def total():\n    return float(frame['x'].sum())",
        "frame['y'] = frame['x'] * 2",
        "kept = [frame, means]",
    ]
    facts = [
        "again is frame and kept[0] is frame and kept[1] is means",
        "frame.shape == (1000, 6) and frame.loc[5, 'y'] == 198.0",
        "str(frame['c'].dtype) == 'category' and str(frame['when'].dtype).startswith('datetime64')",
        "round(means['b'], 6) == 0.500501 and total() == float(frame['x'].sum())",
    ]
    kernel = record_and_move(start_kernel, move, store, cells, facts).kernel
    kernel.run("frame = frame.head(10)")
    assert kernel.holds("abs(total() - float(frame['x'].sum())) < 1e-12 and len(again) == 1000")


def test_a_cell_with_a_magic_is_run_again_in_the_real_shell(start_kernel: StartKernel, move: Move, store: Path) -> None:
    pytest.importorskip("matplotlib")
    cells = [
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nopened = open('/dev/null')\nlines = (n for n in [1, 2])",
        "figure, axes = plt.subplots()\naxes.plot([1, 2, 3])",
        "axes.set_title('three')\nplt.close(figure)",
    ]
    facts = ["axes.get_title() == 'three'", "axes.figure is figure", "opened.name == '/dev/null'"]
    restored = record_and_move(start_kernel, move, store, cells, facts)
    assert restored.fates["lines"].startswith("recomputed")
    assert "inline" in restored.kernel.value("plt.get_backend()")


@pytest.mark.parametrize("words", ["", "--lazy"])
def test_a_figure_is_drawn_in_a_kernel_that_never_made_one(start_kernel: StartKernel, store: Path, words: str) -> None:
    pytest.importorskip("matplotlib")
    kernel = start_kernel("here")
    kernel.run(f"%ens start {store}")
    kernel.run("import matplotlib.pyplot as plt")
    kernel.run("figure, axes = plt.subplots()\naxes.plot([1, 2, 3])")
    kernel.kill()
    fresh = start_kernel("there")
    fresh.run(f"%ens restore {store} {words}")
    shown = fresh.run("figure")
    last = sorted(shown.outputs[-1]["data"])  # progress is shown before it where the library takes long to come
    assert last == ["image/png", "text/plain"]
    drawn = fresh.run("plt.plot([3, 2, 1])\nplt.show()")
    assert "image/png" in drawn.outputs[-1]["data"]


def test_a_figure_is_not_drawn_where_the_backend_does_not_draw(start_kernel: StartKernel, store: Path) -> None:
    pytest.importorskip("matplotlib")
    kernel = start_kernel("here")
    kernel.run(f"%ens start {store}")
    kernel.run("import matplotlib\nimport matplotlib.pyplot as plt\nfigure, axes = plt.subplots()")
    kernel.kill()
    fresh = start_kernel("there")
    fresh.run(f"%ens restore {store}")
    fresh.run("matplotlib.use('agg')")
    assert [sorted(one["data"]) for one in fresh.run("figure").outputs] == [["text/plain"]]
    assert "agg" in fresh.value("plt.get_backend()")


def test_models_come_back_fitted(start_kernel: StartKernel, move: Move, store: Path) -> None:
    pytest.importorskip("sklearn")
    cells = [
        "import numpy as np\nfrom sklearn.ensemble import RandomForestClassifier\n"
        "from sklearn.pipeline import make_pipeline\nfrom sklearn.preprocessing import StandardScaler",
        "X = np.random.default_rng(1).normal(size=(300, 4))\ny = (X[:, 0] > 0).astype(int)",
        "model = make_pipeline(StandardScaler(), RandomForestClassifier(10, random_state=0)).fit(X, y)",
        "forest = model[-1]\nscore = model.score(X, y)",
        "np.random.seed(3)\ndrawn = np.random.normal(size=5)",
        "later = np.random.normal()",
    ]
    facts = ["model[-1] is forest", "model.score(X, y) == score", "drawn.shape == (5,)"]
    record_and_move(start_kernel, move, store, cells, facts)


def test_a_cell_that_is_run_again_is_applied_once(start_kernel: StartKernel, move: Move, store: Path) -> None:
    """The competitor's mistake: an in-place change repeated on an object that carries it already."""
    cells = [
        "import itertools",
        "items = []\nticket = itertools.count()",
        "items.append('first')\nunstorable = (item for item in list(items))",
        "items.append('second')\nalso_unstorable = (item for item in list(items))",
    ]
    facts = ["items == ['first', 'second']", "unstorable is not also_unstorable"]
    kernel = record_and_move(start_kernel, move, store, cells, facts).kernel
    assert kernel.holds("list(unstorable) == ['first'] and list(also_unstorable) == ['first', 'second']")
    assert kernel.holds("items == ['first', 'second']")


def test_a_file_that_a_cell_wrote_is_not_written_again(
    start_kernel: StartKernel, move: Move, store: Path, tmp_path: Path
) -> None:
    written = tmp_path / "log.txt"
    cells = [
        f"with open({str(written)!r}, 'w') as target:\n    target.write('once')\nlines = (n for n in [1])",
        "after = 1",
    ]
    kernel = start_kernel("here")
    kernel.run(f"%ens start {store}")
    for cell in cells:
        kernel.run(cell)
    kernel.kill()
    written.write_text("changed since by the user")
    restored = move(store)
    assert written.read_text() == "changed since by the user"
    assert restored.fates["lines"] == "missing"
    assert restored.kernel.holds("after == 1")
