"""The user's word and effects in a real kernel that is killed: files stay as they are, what must run is run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

CONNECT = "%%ens always\nimport sqlite3\ndb = sqlite3.connect(':memory:')\n_ = db.execute('create table t (x)')"
WRITE = "import pathlib\nn_written = pathlib.Path('log.txt').write_text('fresh')\ngen = (i for i in range(n_written))"
READ = "import pathlib\nvalues = pathlib.Path('data.csv').read_text()\nit = (v for v in values)"


def test_effects_and_words_over_a_kill(start_kernel: Callable[..., Any], restore_in: Callable[..., Any]) -> None:
    kernel = start_kernel("here")
    (kernel.cwd / "data.csv").write_text("1,2")
    kernel.run("%ens start s.ens")
    for cell in (CONNECT, WRITE, READ, "x = [1]"):
        kernel.run(cell)
    kernel.kill()
    (kernel.cwd / "log.txt").write_text("the user's own")
    (kernel.cwd / "data.csv").write_text("1,2,3")
    restored = restore_in("here", kernel.cwd / "s.ens")
    assert (kernel.cwd / "log.txt").read_text() == "the user's own"
    assert restored.fates["x"] == "loaded"
    assert restored.fates["db"] != "missing"
    assert restored.kernel.value("db.execute('select count(*) from t').fetchone()[0]") == "0"
    assert (restored.fates["gen"], restored.fates["it"]) == ("missing", "missing")
    assert "data.csv has changed" in restored.text
    assert "%ens allow" in restored.text
