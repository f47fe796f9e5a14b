"""A real kernel: what the tap records is what the notebook receives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

START = """
import json
from ensession.capture.taps import OutputTap
shell = get_ipython()
tap = OutputTap(shell, 10**6)
tap.install()
recorded, depth = [], 1

def before(info):
    global depth
    depth += 1
    if depth == 1:  # %%capture runs its body as a cell of its own
        tap.begin()

def after(result):
    global depth
    depth -= 1
    if depth == 0:
        recorded.append([[output.kind, dict(output.data)] for output in tap.end()])

shell.events.register("pre_run_cell", before)
shell.events.register("post_run_cell", after)
"""

CELLS = [
    "print('a')\nprint('b')",
    "import sys\nprint('a', flush=True)\nprint('b', file=sys.stderr, flush=True)",
    "6 * 7",
    "1 / 0",
    "x = = 1",
    "from IPython.display import display, HTML\ndisplay(HTML('<b>x</b>'))\ndisplay(1, 2)",
    "import numpy as np\nclass Picture:\n    def _repr_png_(self): return b'\\x89PNG'\nPicture()",
    "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.title('t');",
    "!echo from a program",
    "%%capture out\nprint('hidden')\ndisplay(1)\n3",
    "out.show()",
    "%%time\nprint('timed')",
    "x?",
]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        patch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        manager, client = start_new_kernel(kernel_name="python3")
        yield client
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def received(client: Any, code: str) -> list[list[Any]]:
    outputs: list[list[Any]] = []

    def hear(message: dict[str, Any]) -> None:
        kind, content = message["msg_type"], dict(message["content"])
        content.pop("transient", None)
        if kind == "stream" and outputs and outputs[-1][0] == "stream" and outputs[-1][1]["name"] == content["name"]:
            outputs[-1][1]["text"] += content["text"]
        elif kind in ("stream", "display_data", "execute_result", "error"):
            outputs.append([kind, content])

    client.execute_interactive(code, output_hook=hear, timeout=60, store_history=True)
    return outputs


def test_the_record_equals_the_messages(client: Any) -> None:
    received(client, START)
    expected = [received(client, code) for code in CELLS]
    (answer,) = received(client, "print(json.dumps(recorded))")
    recorded = json.loads(answer[1]["text"])[1:]  # the first one is of the cell that installed the tap
    for code, shown, kept in zip(CELLS, expected, recorded, strict=True):
        assert kept == shown, code


def test_problem_and_removal(client: Any) -> None:
    assert received(client, "print(tap.problem)")[0][1]["text"] == "None\n"
    look = "[n for o in (shell, shell.displayhook, shell.display_pub) for n, v in vars(o).items() if "
    look += "getattr(v, '__module__', '') == 'ensession.capture.taps']"
    assert "_showtraceback" in received(client, f"print({look})")[0][1]["text"]
    assert received(client, f"tap.remove()\nprint({look})")[0][1]["text"] == "[]\n"
