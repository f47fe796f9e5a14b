"""What the session gave to others who call it in the middle of cells that do not name it: its changes are seen."""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from collections.abc import Iterator

import pytest

from tests.notebook import Notebook

OTHER = "import sys, types\nmodule = types.ModuleType('others_of_the_test')\nexec('''{}''', vars(module))"
LOGS = "import logging\ndef work():\n    logging.getLogger('others').error('said')\n"
WARNS = "import warnings\ndef work():\n    warnings.showwarning('said', UserWarning, 'a', 1)\n"
WORKS = "import sys\ndef work():\n    print('said', file=sys.stderr)\n"
DRAWS = "def work(figure):\n    figure.draw_without_rendering()\n    figure.canvas.draw()\n"

HANDLER = "class H(logging.Handler):\n    def emit(self, record):\n        log.append(record.getMessage())\n"
GIVEN = {
    "a handler": (LOGS, f"{HANDLER}h = H()\nlogging.getLogger('others').addHandler(h)", "work()"),
    "a nameless handler": (LOGS, f"{HANDLER}logging.getLogger('others').addHandler(H())", "work()"),
    "the root's handler": (LOGS, f"{HANDLER}logging.getLogger().addHandler(H())", "work()"),
    "a handler that holds a part of a variable": (
        LOGS,
        "class H(logging.Handler):\n    def __init__(self, lines):\n        super().__init__()\n"
        "        self.lines = lines\n"
        "    def emit(self, record):\n        self.lines.append(1)\n"
        "del log\nlogging.getLogger('others').addHandler(H(held['log']))",
        "work()",
    ),
    "a stream of a handler": (
        LOGS,
        "import io\nclass Log(io.StringIO):\n    def __len__(self):\n        return len(self.getvalue())\n"
        "log = held['log'] = Log()\nlogging.getLogger('others').addHandler(logging.StreamHandler(log))",
        "work()",
    ),
    "a filter": (
        LOGS,
        "class F(logging.Filter):\n    def filter(self, record):\n        log.append(1)\n        return False\n"
        "logging.getLogger('others').addFilter(F())",
        "work()",
    ),
    "a filter that is a function": (
        LOGS,
        "def choose(record):\n    log.append(1)\n    return False\nlogging.getLogger('others').addFilter(choose)",
        "work()",
    ),
    "warnings": (
        WARNS,
        "def show(message, *_, **__):\n    log.append(str(message))\nwarnings.showwarning = show",
        "work()",
    ),
    "a stream": (
        WORKS,
        "class Tee:\n    def __init__(self, to):\n        self.to = to\n    def write(self, text):\n"
        "        log.append(text)\n        return self.to.write(text)\n    def flush(self):\n        self.to.flush()\n"
        "sys.stderr = Tee(sys.stderr)",
        "work()",
    ),
    "numpy": (
        "import numpy as np\ndef work():\n    np.array([1.0]) / 0\n",
        "import numpy\ndef hear(*_):\n    log.append(1)\nnumpy.seterrcall(hear); numpy.seterr(divide='call')",
        "work()",
    ),
    "a figure": (
        DRAWS,
        "import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt\nfig, ax = plt.subplots()\n"
        "def draw(event):\n    log.append(1)\nnumber = fig.canvas.mpl_connect('draw_event', draw)",
        "work(fig)",
    ),
    "a closed figure": (
        DRAWS,
        "import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt\nfig, ax = plt.subplots()\n"
        "def draw(event):\n    log.append(1)\nnumber = fig.canvas.mpl_connect('draw_event', draw)\nplt.close('all')",
        "work(fig)",
    ),
}


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    """Leave the process as it was."""
    before = sys.stderr, warnings.showwarning, threading.excepthook, list(logging.root.handlers)
    yield
    sys.stderr, warnings.showwarning, threading.excepthook, logging.root.handlers[:] = before
    logging.getLogger("others").handlers.clear()
    logging.getLogger("others").filters.clear()
    if "numpy" in sys.modules:
        sys.modules["numpy"].seterrcall(None)
        sys.modules["numpy"].seterr(divide="warn")
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("what", GIVEN)
def test_what_others_call_is_seen(notebook: Notebook, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    library, give, use = GIVEN[what]
    if "numpy" in library:
        pytest.importorskip("numpy")
    if "figure" in what:
        pytest.importorskip("matplotlib")
    monkeypatch.setitem(sys.modules, "others_of_the_test", None)
    del sys.modules["others_of_the_test"]
    notebook.run(
        f"{OTHER.format(library)}\nsys.modules['others_of_the_test'] = module",
        "from others_of_the_test import work\ndel module",
        "import logging, warnings\nheld = {'log': []}\nlog = held['log']",
        give,
    )
    at = notebook.run("x = 1")
    n_before = len(notebook["held"]["log"])
    after = notebook.run(use)
    assert len(notebook["held"]["log"]) > n_before
    assert notebook.session.store.history.execution(after).no_replay is None
    notebook.run("y = 1")
    again = notebook.reborn()
    again.restore(f"@{after}")
    assert len(again["held"]["log"]) > n_before
    again.restore(f"@{at}")
    assert len(again["held"]["log"]) == n_before
    again.kill()


OF_THE_SHELL = {
    "text": (
        "def transform(lines):\n    log.append(len(lines))\n    return lines\n"
        "get_ipython().input_transformers_cleanup.append(transform)",
        "x = 1",
    ),
    "syntax tree": (
        "import ast\nclass T(ast.NodeTransformer):\n"
        "    def visit_Constant(self, node):\n        log.append(node.value)\n        return node\n"
        "t = T()\nget_ipython().ast_transformers.append(t)",
        "x = 1",
    ),
    "error": (
        "def handle(self, kind, error, traceback, tb_offset=None):\n    log.append(str(error))\n"
        "get_ipython().set_custom_exc((KeyError,), handle)",
        "raise KeyError('x')",
    ),
}


@pytest.mark.parametrize(("give", "use"), OF_THE_SHELL.values(), ids=OF_THE_SHELL)
def test_what_the_shell_calls_around_a_cell_is_seen_to_change_things(notebook: Notebook, give: str, use: str) -> None:
    notebook.run("log = []", give)
    n_before = len(notebook["log"])
    notebook.attempt(use)
    assert len(notebook["log"]) > n_before
    assert "log" in notebook.changed()
    log = list(notebook["log"])
    again = notebook.reborn()
    again.restore()
    assert again["log"] == log
    again.kill()


def test_what_is_said_here_is_none_of_the_sessions_warnings(notebook: Notebook) -> None:
    notebook.run("import warnings\nlog = []\ndef show(message, *_, **__):\n    log.append(str(message))")
    with pytest.warns(UserWarning, match="changes warnings.showwarning"):
        notebook.run("warnings.showwarning = show", "x = 1")
    assert notebook["log"] == []


def test_a_handler_of_the_librarys_own_does_not_change_with_each_cell(notebook: Notebook) -> None:
    notebook.run("import logging\nh = logging.StreamHandler()\nlogging.getLogger('others').addHandler(h)")
    notebook.run(
        "import io\nother = logging.StreamHandler(io.StringIO())\nlogging.getLogger('others').addHandler(other)"
    )
    notebook.run("x = 1")
    assert notebook.changed() == {"x"}
