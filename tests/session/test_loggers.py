"""Loggers of libraries, and of one's own modules: what they are given by these comes back with them."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ensession.model import Fate
from tests.notebook import Notebook

NAME = "exptools_of_the_test"
MODULE = """
import logging
log = logging.getLogger(__name__)
log.addHandler(logging.StreamHandler())
log.addFilter(logging.Filter())

class Experiment:
    def __init__(self):
        self.log, self.scores = log, []
"""
OTHERS = "json.tool"
"""A logger of a library that gives it nothing."""


def forget() -> None:
    """Make the process one that has not imported the module."""
    sys.modules.pop(NAME, None)
    logging.Logger.manager.loggerDict.pop(NAME, None)


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have a module that gives its logger a handler."""
    (tmp_path / f"{NAME}.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(contextlib, "redirect_stderr", contextlib.nullcontext)  # in a kernel it is always the same
    yield
    forget()
    logging.getLogger(OTHERS).handlers.clear()


def fates(notebook: Notebook, name: str) -> set[Fate]:
    report = notebook.restore()
    return {one.fate for one in report.variables if one.name == name}


def test_what_holds_the_logger_of_a_module_is_stored(tools: None, notebook: Notebook) -> None:
    notebook.run(f"from {NAME} import Experiment, log", "e = Experiment()", "e.scores.append(0.5)")
    again = notebook.reborn()
    forget()
    assert fates(again, "e") == {Fate.LOADED}
    again.run(f"import {NAME}\nassert e.log is log is {NAME}.log and e.scores == [0.5]")
    again.run("assert (len(log.handlers), len(log.filters)) == (1, 1)")
    again.kill()


def test_a_logger_brings_the_module_that_gives_it_its_handlers(tools: None, notebook: Notebook) -> None:
    notebook.run(f"import logging, {NAME}\nlog = logging.getLogger({NAME!r})", f"del {NAME}", "x = 1")
    again = notebook.reborn()
    forget()
    assert fates(again, "log") == {Fate.LOADED}
    again.run("assert len(log.handlers) == 1")
    again.kill()


def test_what_the_session_gave_the_logger_of_a_library_is_there_again(tools: None, notebook: Notebook) -> None:
    give = f"log = logging.getLogger({OTHERS!r})\nlog.addHandler(logging.NullHandler())"
    notebook.run("import json.tool, logging", give)
    notebook.run("x = 1")
    again = notebook.reborn()
    logging.getLogger(OTHERS).handlers.clear()
    fates(again, "log")
    again.run("assert len(log.handlers) == 1")
    again.kill()


def test_one_with_a_handler_of_the_session_that_nobody_holds_is_not_stored(tools: None, notebook: Notebook) -> None:
    notebook.run("import json.tool, logging\nclass H(logging.Handler):\n    pass")
    with pytest.warns(UserWarning, match=OTHERS):
        notebook.run(f"log = logging.getLogger({OTHERS!r})\nlog.addHandler(H())")
    graph = notebook.session.graph()
    assert "handlers" in (graph.versions[graph.state["log"]].unstorable or "")
