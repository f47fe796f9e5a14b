"""Outputs in a terminal-like shell: what the user sees, in the shape of the notebook format, and nothing changed."""

from __future__ import annotations

import base64
import contextlib
import io
import sys
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from ensession.capture.taps import OutputTap
from ensession.model import Output


@pytest.fixture
def shell() -> Iterator[Any]:
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(history_manager=None)
    shell.history_manager.enabled = False
    yield shell
    InteractiveShell.clear_instance()


class Bench:
    """A shell whose streams are ours while a cell runs (pytest has its own between a test's phases)."""

    def __init__(self, shell: Any, tap: OutputTap) -> None:
        self.shell = shell
        self.tap = tap
        self.out: Any = io.StringIO()
        self.err: Any = io.StringIO()

    @contextlib.contextmanager
    def cell(self) -> Iterator[None]:
        with contextlib.redirect_stdout(self.out), contextlib.redirect_stderr(self.err):
            self.tap.begin()
            yield
            self.outputs = self.tap.end()

    def run(self, code: str) -> tuple[Output, ...]:
        with self.cell():
            self.shell.run_cell(code, store_history=True)
        return self.outputs


@pytest.fixture
def bench(shell: Any) -> Iterator[Bench]:
    tap = OutputTap(shell, 1000)
    tap.install()
    yield Bench(shell, tap)
    tap.remove()


def texts(outputs: tuple[Output, ...]) -> list[tuple[str, str]]:
    return [(output.data["name"], output.data["text"]) for output in outputs if output.kind == "stream"]


def test_streams_are_merged_in_order(bench: Bench) -> None:
    outputs = bench.run("import sys\nprint('a')\nprint('b', 1)\nprint('c', file=sys.stderr)\nprint('d')")
    assert texts(outputs) == [("stdout", "a\nb 1\n"), ("stderr", "c\n"), ("stdout", "d\n")]
    assert bench.out.getvalue() == "a\nb 1\nd\n"
    assert bench.err.getvalue() == "c\n"


def test_result_is_no_stream_output(bench: Bench) -> None:
    outputs = bench.run("print('x')\n6 * 7")
    assert [output.kind for output in outputs] == ["stream", "execute_result"]
    assert outputs[1].data["data"] == {"text/plain": "42"}
    assert isinstance(outputs[1].data["execution_count"], int)
    assert "42" in bench.out.getvalue()
    assert bench.run("6 * 7;") == ()
    assert bench.run("None") == ()


def test_error_is_recorded_once(bench: Bench) -> None:
    (output,) = bench.run("1 / 0")
    assert output.kind == "error"
    assert (output.data["ename"], output.data["evalue"]) == ("ZeroDivisionError", "division by zero")
    assert all(isinstance(line, str) for line in output.data["traceback"])
    assert "ZeroDivisionError" in bench.out.getvalue()
    (output,) = bench.run("x = = 1")
    assert output.data["ename"] == "SyntaxError"


def test_lines_of_a_traceback_that_colab_has_wrapped(bench: Bench) -> None:
    with bench.cell(), contextlib.suppress(TypeError):  # this shell prints lines, and no such object
        bench.shell._showtraceback(ImportError, ImportError("no"), SimpleNamespace(stb=["a", "b"], error_details={}))
    assert [output.data["traceback"] for output in bench.outputs] == [["a", "b"]]


def test_displayed_data(bench: Bench) -> None:
    code = (
        "from IPython.display import display, HTML, JSON\n"
        "display({'image/png': b'\\x89PNG', 'text/plain': 'p'}, raw=True)\n"
        "display(JSON({'a': [1, None]}), metadata={'m': 1})\nprint('end')"
    )
    png, tree, end = bench.run(code)
    assert base64.b64decode(png.data["data"]["image/png"]) == b"\x89PNG"
    assert tree.data["data"]["application/json"] == {"a": [1, None]}
    assert set(tree.data) == {"data", "metadata"}
    assert end.data["text"] == "end\n"


def test_update_replaces_in_this_cell_only(bench: Bench) -> None:
    code = "from IPython.display import display\nh = display('one', display_id=True)\nprint(1)\nh.update('two')"
    shown, _ = bench.run(code)
    assert shown.data["data"]["text/plain"] == "'two'"
    assert bench.run("h.update('three')") == ()


def test_clear_output(bench: Bench) -> None:
    start = "from IPython.display import clear_output\nprint('old')\n"
    assert texts(bench.run(start + "clear_output()\nprint('new')")) == [("stdout", "new\n")]
    assert texts(bench.run(start + "clear_output(wait=True)")) == [("stdout", "old\n")]
    assert texts(bench.run(start + "clear_output(wait=True)\nprint('new')")) == [("stdout", "new\n")]


def test_what_a_cell_catches_is_not_shown(bench: Bench) -> None:
    code = "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as s:\n    print('x')\nprint('y')"
    assert texts(bench.run(code)) == [("stdout", "y\n")]
    assert bench.run("%%capture out\nprint('x')\n1") == ()
    assert bench.run("%%capture out\nfrom IPython.display import display\ndisplay(1)") == ()


@pytest.mark.parametrize(("text", "n_lost"), [("a" * 1000, 0), ("a" * 1001, 1), ("ä" * 600, 200)])
def test_limit_in_bytes_with_a_note(bench: Bench, text: str, n_lost: int) -> None:
    outputs = bench.run(f"print({text!r}, end='')")
    assert len(texts(outputs)[0][1].encode()) == 1000
    assert bench.out.getvalue() == text
    assert len(outputs) == 1 + bool(n_lost)
    if n_lost:
        assert outputs[-1].data["text"] == f"\n[ensession kept 1000 bytes of text and left out {n_lost}]\n"


def test_shell_and_streams_are_left_as_they_were(shell: Any) -> None:
    bench = Bench(shell, OutputTap(shell, 1000))
    bench.err.write = own = bench.err.write
    watched = (shell, shell.displayhook, shell.display_pub, bench.out, bench.err)
    before = [set(vars(one)) for one in watched]
    bench.tap.install()
    with bench.cell():
        print(1)
        shell.displayhook(2)
    assert [set(vars(one)) for one in watched[-2:]] == before[-2:]
    bench.tap.remove()
    tapped = {"_showtraceback", "publish", "clear_output", "write_format_data", "finish_displayhook"}
    for one, names in zip(watched, before, strict=True):
        assert not (set(vars(one)) - names) & tapped
    assert vars(bench.err)["write"] is own


def test_patches_on_top_of_the_tap_are_respected(bench: Bench) -> None:
    code = "import sys\nw = sys.stdout.write\nsys.stdout.write = lambda text: w(text.upper())\nprint('a')"
    with bench.cell():
        exec(code, {})
    assert texts(bench.outputs) == [("stdout", "A\n")]
    assert texts(bench.run("print('b')")) == [("stdout", "b\n")]
    print("c", file=bench.out)
    assert bench.out.getvalue() == "A\nB\nC\n"


def test_one_object_as_both_streams(bench: Bench) -> None:
    bench.err = bench.out
    assert texts(bench.run("import sys\nprint(1)\nprint(2, file=sys.stderr)")) == [("stdout", "1\n2\n")]


def test_stream_without_attributes_is_left_alone(bench: Bench) -> None:
    class Slotted:
        __slots__ = ()

        def write(self, text: str) -> int:
            return len(text)

    for stream in (Slotted(), None):
        bench.out = stream
        with bench.cell():
            print(1)
        assert bench.outputs == ()


def test_terminal_stream(bench: Bench) -> None:
    raw = io.BytesIO()
    bench.out = io.TextIOWrapper(raw, "utf-8", write_through=True)
    assert texts(bench.run("import sys\nsys.stdout.writelines(['a', 'b'])\nprint('c')")) == [("stdout", "abc\n")]
    assert raw.getvalue() == b"abc\n"


def test_write_keeps_its_result_and_its_errors(bench: Bench) -> None:
    with bench.cell():
        assert sys.stdout.write("four") == 4
        with pytest.raises(TypeError):
            sys.stdout.write(b"bytes")  # type: ignore[arg-type]
    assert texts(bench.outputs) == [("stdout", "four")]


def test_failure_to_record_is_not_the_users(bench: Bench) -> None:
    code = "class E(Exception):\n    def __str__(self): raise RuntimeError('no')\nprint(1)\nraise E"
    outputs = bench.run(code)
    assert texts(outputs) == [("stdout", "1\n")]
    assert bench.tap.problem == "RuntimeError while an output was recorded"
    assert bench.run("2")[0].kind == "execute_result"
    assert bench.tap.problem is None


def test_threads(bench: Bench) -> None:
    with bench.cell():
        threads = [threading.Thread(target=lambda: [print("x" * 9) for _ in range(10)]) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert texts(bench.outputs)[0][1].count("x") == 450


def test_nothing_is_recorded_between_cells(bench: Bench) -> None:
    bench.run("print(1)")
    with contextlib.redirect_stdout(bench.out):
        print("between")
        bench.shell.display_pub.publish({"text/plain": "between"})
    assert texts(bench.run("print(2)")) == [("stdout", "2\n")]
