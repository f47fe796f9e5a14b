"""What a session registers with those who call it: magics, the shell's events, NumPy, loggers. It is there again."""

from __future__ import annotations

import contextlib
import logging
import warnings
from pathlib import Path

import pytest

from ensession.model import Fate
from tests.notebook import Notebook

IMPORTS = (
    "from IPython.core.magic import register_line_magic, register_cell_magic, Magics, magics_class, line_magic\n"
    "from IPython.core.magic import register_line_cell_magic"
)
MAGICS = {
    "a line magic": ("@register_line_magic\ndef shout(line):\n    return line.upper()", "x = %shout ab", "AB"),
    "under another name": ("@register_line_magic('loud')\ndef f(line):\n    return line.upper()", "x = %loud ab", "AB"),
    "a cell magic": (
        "@register_cell_magic\ndef keep(line, cell):\n    global x\n    x = cell.strip()",
        "%%keep\nab",
        "ab",
    ),
    "both": (
        "@register_line_cell_magic\ndef both(line, cell=None):\n    global x\n    x = cell or line",
        "%both ab",
        "ab",
    ),
    "by the shell": (
        "def f(line):\n    return line * 2\nget_ipython().register_magic_function(f, 'line', 'twice')",
        "x = %twice ab",
        "abab",
    ),
    "a method": (
        "class C:\n    def f(self, line):\n        return line * 2\nc = C()\n"
        "get_ipython().register_magic_function(c.f, 'line', 'twice')",
        "x = %twice ab",
        "abab",
    ),
    "a class": (
        "@magics_class\nclass M(Magics):\n    @line_magic\n    def thrice(self, line):\n        return line * 3\n"
        "get_ipython().register_magics(M)",
        "x = %thrice ab",
        "ababab",
    ),
    "an alias of a magic": ("%alias_magic again capture", "%%again --no-stderr x\nprint('ab', end='')", "ab"),
    "an alias": ("%alias_magic z time\n%alias say_it echo", "r = %say_it ab\nx = 'ab'", "ab"),
}


@pytest.mark.parametrize("kind", MAGICS)
@pytest.mark.parametrize("how", ["", "--lazy"])
def test_magics_are_there_again_and_cells_with_them_run_again(notebook: Notebook, kind: str, how: str) -> None:
    define, use, result = MAGICS[kind]
    before = notebook.run(IMPORTS, "y = 1")
    notebook.run(define, use, "z = 2")
    assert str(notebook["x"]) == result
    notebook.session.flush()
    notebook.lose("x")
    again = notebook.reborn()
    again.restore(how)
    again.run("x = None", use)
    assert str(again["x"]) == result
    again.restore(how)
    again.run("x")
    assert str(again["x"]) == result
    again.ens(f"checkout @{before}")
    assert "not found" in str(again.attempt(use).error_in_exec)
    again.kill()


def test_a_magic_that_was_defined_anew(notebook: Notebook) -> None:
    define = "@register_line_magic\ndef f(line):\n    return {}"
    first = notebook.run(IMPORTS, define.format(1), "x = %f")
    notebook.run(define.format(2), "x = %f")
    assert notebook["x"] == 2
    again = notebook.reborn()
    again.restore()
    again.run("y = %f")
    assert again["y"] == 2
    again.ens(f"checkout @{first}")
    again.run("y = %f")
    assert again["y"] == 1
    again.kill()


LOST = {
    "a magic": ("get_ipython().register_magic_function(lambda line: 1, 'line', 'one')", "%one:"),
    "an event": ("get_ipython().events.register('post_run_cell', lambda *_: None)", "the event post_run_cell:"),
    "an older function": (
        "def f(*_):\n    pass\nget_ipython().events.register('post_run_cell', f)\nf = 1",
        "the event post_run_cell:",
    ),
}


@pytest.mark.parametrize("what", LOST)
def test_what_no_variable_leads_to_is_told(notebook: Notebook, what: str) -> None:
    cell, name = LOST[what]
    with pytest.warns(UserWarning, match=name) as said:
        notebook.run(cell, "x = 1")
    assert len(said) == 1
    again = notebook.reborn()
    report = again.restore()
    (told,) = [one for one in report.variables if one.name in {"<magics>", "<events>"}]
    assert name.removesuffix(":") in told.reason
    again.kill()


@pytest.mark.parametrize("how", ["", "--lazy"])
def test_callbacks_around_cells_are_registered_again(notebook: Notebook, how: str) -> None:
    notebook.run(
        "log = []; big = [1]\ndef first(*_):\n    log.append(len(big))", "def second(*_):\n    log.append('b')"
    )
    before = notebook.session.head
    notebook.run(
        "for f in (second, first):\n    get_ipython().events.register('post_run_cell', f)\n"
        "get_ipython().events.register('pre_run_cell', second)"
    )
    notebook.run("x = 1", "y = 2")
    n_before = len(notebook["log"])
    again = notebook.reborn()
    again.restore(how)
    again.run("z = 3")
    assert again["log"][-2:] == ["b", 1]
    n_before = len(again["log"])
    again.run("z = 4")
    assert len(again["log"]) == n_before + 3
    once_more = again.reborn()
    once_more.restore()
    assert len(once_more["log"]) >= n_before
    once_more.ens(f"checkout @{before}")
    once_more.run("z = 5")
    assert once_more["log"] == []
    once_more.kill()


def test_a_callback_for_numpys_errors(notebook: Notebook) -> None:
    numpy = pytest.importorskip("numpy")
    notebook.run("import numpy as np\nseen = []\ndef hear(error, flag):\n    seen.append(error)")
    before = notebook.session.head
    notebook.run("np.seterrcall(hear); np.seterr(divide='call')", "x = np.array([1.0]) / 0")
    again = notebook.reborn()
    numpy.seterrcall(None)
    again.restore()
    again.run("y = np.array([1.0]) / 0")
    assert again["seen"] == ["divide by zero"] * 2
    again.ens(f"checkout @{before}")
    assert numpy.geterrcall() is None
    assert numpy.geterr()["divide"] == "warn"
    again.kill()


def test_nothing_is_said_of_what_others_register(notebook: Notebook) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        notebook.run("%load_ext autoreload", "x = 1")
    state = {name for name, _ in notebook.session.store.parts.state(notebook.session.head).items()}
    assert state.isdisjoint({"<magics>", "<events>"})


HANDLERS = {
    "of a variable": ("h = logging.StreamHandler()\nlogger.addHandler(h)", "logger.handlers == [h]"),
    "of a class of the session": (
        "class H(logging.Handler):\n    def emit(self, record):\n        said.append(record.getMessage())\n"
        "said = []; h = H()\nlogger.addHandler(h)",
        "logger.handlers == [h] and (logger.error('x') or said == ['x'])",
    ),
    "nameless": (
        "import sys\nlogger.addHandler(logging.StreamHandler())\n"
        "logger.handlers[0].setFormatter(logging.Formatter('%(message)s!'))",
        "[h.formatter._fmt for h in logger.handlers] == ['%(message)s!']",
    ),
    "to a file": (
        "logger.addHandler(logging.FileHandler('of_the_test.log'))\nlogger.error('a')",
        "logger.error('b') or pathlib.Path('of_the_test.log').read_text() == 'a\\nb\\n'",
    ),
    "to a file, of a variable": (
        "h = logging.FileHandler('of_the_test.log')\nlogger.addHandler(h)\nlogger.error('a')",
        "logger.handlers == [h] and (logger.error('b') or pathlib.Path('of_the_test.log').read_text() == 'a\\nb\\n')",
    ),
    "two": (
        "h = logging.FileHandler('of_the_test.log')\nlogger.addHandler(logging.StreamHandler()); logger.addHandler(h)",
        "len(logger.handlers) == 2 and logger.handlers[1] is h",
    ),
}


@pytest.mark.parametrize("how", ["", "--lazy"])
@pytest.mark.parametrize("kind", HANDLERS)
def test_handlers_of_loggers(
    notebook: Notebook, kind: str, how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    give, holds = HANDLERS[kind]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(contextlib, "redirect_stderr", contextlib.nullcontext)  # in a kernel it is always the same
    own, made = logging.getLogger("of_the_test"), list[logging.Handler]()
    before = notebook.run("import logging, pathlib\nlogger = logging.getLogger('of_the_test')")
    try:
        notebook.run(give, "x = 1")
        made += own.handlers
        again = notebook.reborn()
        own.handlers.clear()
        report = again.restore(how)
        assert not report.count(Fate.MISSING)
        again.run(f"assert {holds}")
        made += own.handlers
        again.ens(f"checkout @{before}")
        assert own.handlers == []
        again.kill()
    finally:
        own.handlers.clear()
        for handler in made:
            handler.close()


def test_a_handler_that_a_library_gives_its_own_logger_is_left_to_it(notebook: Notebook) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        notebook.run("import logging\nlogging.getLogger('json.tool').addHandler(logging.StreamHandler())", "x = 1")
    try:
        assert "<logging.handlers>" not in notebook.session.store.parts.state(notebook.session.head)
    finally:
        logging.getLogger("json.tool").handlers.clear()


def test_what_nobody_could_register_again_is_left_where_it_is(notebook: Notebook) -> None:
    with pytest.warns(UserWarning, match="post_run_cell"):
        notebook.run("said = []\nget_ipython().events.register('post_run_cell', lambda *_: said.append(1))")
    notebook.run("y = [1]", "x = 2")
    notebook.lose("y")
    notebook.run("y = 1")
    notebook.ens("undo 1")
    assert notebook["y"] == [1]
    n_said = len(notebook["said"])
    notebook.run("z = 1")
    assert len(notebook["said"]) == n_said + 1


DISPLAYS = {
    "a class of the session": ("class Q:\n    pass", "for_type(Q, show)", "Q()"),
    "a class of Python's own": ("import fractions", "for_type(fractions.Fraction, show)", "fractions.Fraction(1)"),
    "one with a form of its own": ("x = 1", "for_type(float, show)", "1.5"),
    "by name": ("import fractions", "for_type_by_name('fractions', 'Fraction', show)", "fractions.Fraction(1)"),
}


@pytest.mark.parametrize("how", ["", "--lazy"])
@pytest.mark.parametrize("kind", DISPLAYS)
def test_how_objects_are_shown(notebook: Notebook, kind: str, how: str) -> None:
    define, give, value = DISPLAYS[kind]
    before = notebook.run(define, "def show(one, p, cycle):\n    p.text(word)\nword = 'shown'")
    shown = f"t = get_ipython().display_formatter.format({value})[0]['text/plain']"
    notebook.run(f"get_ipython().display_formatter.formatters['text/plain'].{give}; x = 1", shown)
    assert notebook["t"] == "shown"
    again = notebook.reborn()
    again.restore(how)
    again.run(shown)
    assert again["t"] == "shown"
    again.ens(f"checkout @{before}")
    again.run(shown)
    assert again["t"] != "shown"
    again.kill()
