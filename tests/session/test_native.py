"""Files that native code writes and reads: a restore destroys none, and a changed input is told."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
from pathlib import Path

import pytest

from ensession.capture.folders import FolderWatch
from tests.notebook import Notebook

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells what happens to files")

NATIVE = """
import ctypes, os
def save(path, text):
    libc = ctypes.CDLL(None)
    file = libc.open(os.fsencode(path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    libc.write(file, text, len(text))
    libc.close(file)
def load(path):
    libc = ctypes.CDLL(None)
    file, room = libc.open(os.fsencode(path), os.O_RDONLY), ctypes.create_string_buffer(100)
    libc.read(file, room, 100)
    libc.close(file)
    return room.value
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def caution(notebook: Notebook) -> str | None:
    with contextlib.closing(sqlite3.connect(notebook.store)) as store:
        ((found,),) = store.execute("SELECT caution FROM execution WHERE id = ?", [notebook.session.head])
        return found


def inputs(notebook: Notebook) -> list[str]:
    with contextlib.closing(sqlite3.connect(notebook.store)) as store:
        sql = "SELECT path FROM file_access WHERE mode = 'r' AND execution = ?"
        return [path for (path,) in store.execute(sql, [notebook.session.head])]


@pytest.mark.parametrize("path", ["out.bin", "../elsewhere/out.bin", "{there}/out.bin"])
def test_a_restore_leaves_a_file_alone_that_native_code_wrote(notebook: Notebook, tmp_path: Path, path: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    notebook.run(NATIVE, f"there = {str(tmp_path / 'elsewhere')!r}")
    notebook.run(f"x = list(range(3)); save(f{path!r}, b'of the cell')")
    written = Path(path.format(there=notebook["there"]))
    assert caution(notebook) == f"it wrote {os.path.abspath(written)}"
    written.write_text("of the user")
    notebook.lose("x")
    back = notebook.reborn()
    report = back.restore()
    assert written.read_text() == "of the user"
    assert "x" not in back.variables
    (item,) = [one for one in report.variables if one.name == "x"]
    assert "it wrote" in str(item.reason)
    back.kill()


def test_a_changed_input_of_native_code_is_told(notebook: Notebook, folder: Path) -> None:
    (folder / "data.bin").write_bytes(b"first")
    notebook.run(NATIVE, "x = [load('data.bin')]")
    assert inputs(notebook) == [str(folder / "data.bin")]
    notebook.lose("x")
    same = notebook.reborn()
    same.restore()
    assert same["x"] == [b"first"], "as long as it is as it was, the cell can be run again"
    (folder / "data.bin").write_bytes(b"other")
    same.lose("x")
    back = same.reborn()
    report = back.restore()
    assert "x" not in back.variables
    (item,) = [one for one in report.variables if one.name == "x"]
    assert "data.bin has changed" in str(item.reason)
    back.kill()


# What is run before, what writes, what reads; F is a path in a folder below the working directory.
LIBRARIES = {
    "polars": [
        ("import polars as pl; df = pl.DataFrame({'a': [1, 2]})", "df.write_parquet(F)", "pl.read_parquet(F)"),
        ("import polars as pl; df = pl.DataFrame({'a': [1, 2]})", "df.write_csv(F)", "pl.read_csv(F)"),
        ("import polars as pl; df = pl.DataFrame({'a': [1]})", "df.lazy().sink_ipc(F)", "pl.scan_ipc(F).collect()"),
    ],
    "pyarrow": [
        (
            "import pyarrow as pa, pyarrow.parquet as pq; t = pa.table({'a': [1]})",
            "pq.write_table(t, F)",
            "pq.read_table(F)",
        ),
        (
            "import pyarrow as pa, pyarrow.csv as pc; t = pa.table({'a': [1]})",
            "pc.write_csv(t, F)",
            "pc.read_csv(F)",
        ),
        (
            "import pandas as pd, pyarrow; df = pd.DataFrame({'a': [1]})",
            "df.to_parquet(F)",
            "pd.read_parquet(F)",
        ),
    ],
    "duckdb": [
        ("import duckdb", "duckdb.sql(f\"copy (select 1 as a) to '{F}' (format parquet)\")", "duckdb.read_parquet(F)"),
        ("import duckdb", "c = duckdb.connect(F); c.sql('create table t (a int)'); c.close()", "duckdb.connect(F)"),
    ],
    "h5py": [
        (
            "import h5py",
            "f = h5py.File(F, 'w'); f['a'] = [1]; f.close()",
            "with h5py.File(F) as f:\n    f['a'][:]",
        ),
    ],
    "tables": [
        (
            "import pandas as pd, tables; df = pd.DataFrame({'a': [1]})",
            "df.to_hdf(F, key='a')",
            "pd.read_hdf(F)",
        ),
    ],
    "cv2": [
        (
            "import cv2, numpy as np; i = np.zeros((4, 4, 3), 'uint8'); F += '.png'",
            "cv2.imwrite(F, i)",
            "cv2.imread(F)",
        ),
    ],
    "torch": [("import torch; t = torch.ones(3)", "torch.save(t, F)", "torch.load(F)")],
    "sqlite3": [
        (
            "import sqlite3",
            "c = sqlite3.connect(F); c.execute('create table t (a)'); c.commit(); c.close()",
            "c = sqlite3.connect(F); c.execute('select * from t').fetchall(); c.close()",
        ),
    ],
    "numpy": [("import numpy as np; a = np.arange(3)", "a.tofile(F)", "np.fromfile(F)")],
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("library", "before", "writes", "reads"),
    [(library, *case) for library, cases in LIBRARIES.items() for case in cases],
)
def test_libraries_that_write_natively(
    notebook: Notebook, folder: Path, library: str, before: str, writes: str, reads: str
) -> None:
    pytest.importorskip(library)
    (folder / "below").mkdir()
    notebook.run("F = 'below/file'", before)
    notebook.run(writes)
    (written,) = (folder / "below").iterdir()
    assert caution(notebook) == f"it wrote {written}"
    notebook.run(reads)
    if library != "sqlite3" and "connect" not in reads:  # those may write
        assert inputs(notebook) == [str(written)]
        assert caution(notebook) is None


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("library", ["polars", "pyarrow", "cv2", "torch", "duckdb"])
def test_a_known_writer_counts_where_nobody_looks(notebook: Notebook, tmp_path: Path, library: str) -> None:
    pytest.importorskip(library)
    (tmp_path / "elsewhere").mkdir()
    before, writes, _ = LIBRARIES[library][0]
    # Neither the code nor a variable's value is the path.
    parts = str(tmp_path / "elsewhere" / "f.png").split(os.sep)
    notebook.run("import os", before.replace("F += '.png'", ""), f"where = {{'out': os.sep.join({parts})}}")
    notebook.run(f"def write(F):\n    {writes}")
    notebook.run("write(where['out'])")
    assert (tmp_path / "elsewhere" / "f.png").exists()
    assert str(caution(notebook)).startswith(("it mentions", "it runs a statement of SQL"))


def test_a_watch_that_fails_costs_a_warning_and_no_cell(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError("no more of that")

    monkeypatch.setattr(FolderWatch, "begin", broken)
    with pytest.warns(UserWarning, match="what native code does to files: OSError: no more of that"):
        notebook.run("x = 1")
    notebook.run("y = [x]", "z = x + 1")
    assert set(notebook.session.store.history.state(notebook.session.head)) >= {"x", "y", "z"}
