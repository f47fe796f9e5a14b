"""A response that streams is there for the session, whoever looks at it."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.notebook import Notebook

pytest.importorskip("requests")
N_BYTES = 5_000_000


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return the address of a file of five million bytes."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "file").write_bytes(b"x" * N_BYTES)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/file"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_next_cell_gets_all_of_a_stream(url: str, notebook: Notebook) -> None:
    notebook.run("import io, requests, shutil", f"r = requests.get({url!r}, stream=True)", "r.headers")
    graph = notebook.session.graph()
    assert graph.versions[graph.state["r"]].unstorable == "a response that was not read to its end"
    notebook.run("copy = io.BytesIO()\nshutil.copyfileobj(r.raw, copy)\nr.close()")
    assert len(notebook["copy"].getvalue()) == N_BYTES
    notebook.run(f"r = requests.get({url!r})", "x = 1")
    again = notebook.reborn()
    again.restore()
    assert len(again["r"].content) == N_BYTES
    again.kill()
