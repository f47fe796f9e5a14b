"""The how-to page, executed as a reader would: a recorded store, a fresh Python, the commands, and a fresh kernel."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat

from tests.kernels import Kernel, kernel_environment

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "find-load-and-export.md"
CELLS = (
    "import pandas as pd\nimport numpy as np",
    "note = 'nothing to do with it'",
    "df = pd.DataFrame({'a': np.arange(6), 'b': np.arange(6) * 1.5})\ndf['c'] = df.a * 10\ndf",
    "df = df[df.a > 2].assign(b=0.0)",
    "mean = df.b.mean()",
    "other = 1",
)
CHECK = "print(df.shape, list(df.columns), int(df.c.sum()), float(df.b.sum()), 'note' in globals())"


def test_the_page_does_what_it_says(start_kernel: Callable[..., Kernel], tmp_path: Path, home: Path) -> None:
    folder = tmp_path / "analysis"
    kernel = start_kernel("analysis")
    kernel.run("%ens start analysis.ens")
    for cell in CELLS:
        kernel.run(cell)
    kernel.run("%ens stop")
    page = PAGE.read_text(encoding="utf-8")

    printed = _python("\n".join(re.findall(r"```python\n(.*?)```", page, re.S)), folder, home).splitlines()
    number, _, code = printed[0].partition(" ")
    assert code == CELLS[3]
    assert printed[1:] == [
        "('df',)",
        "rows 6 → 3, 1 column changed",
        "(6, 3)",
        "()",
        f"[{number}, {int(number) + 1}]",
    ]

    for line in re.findall(r"^\$ (ens .*)$", page, re.M):
        command = re.sub(r" 3 4 ", f" {int(number) - 1} {number} ", line)
        command = re.sub(r"analysis\.ens 3 ", f"analysis.ens {int(number) - 1} ", command)
        done = _ens(command.split()[1:], folder, home)
        assert done.returncode == 0, f"{command}: {done.stderr}"

    for name in ("df-before.ipynb", "df-only.ipynb"):
        book = nbformat.read(folder / name, as_version=nbformat.NO_CONVERT)
        nbformat.validate(book)
        assert [cell.source for cell in book.cells] == [CELLS[0], CELLS[2]]
        assert "text/html" in book.cells[1].outputs[0].data
        fresh = start_kernel(f"fresh-{name}", load=False)
        for cell in book.cells:
            fresh.run(cell.source)
        assert fresh.run(CHECK).text.strip() == "(6, 3) ['a', 'b', 'c'] 150 22.5 False"
    script = (folder / "df-only.py").read_text()
    assert _python(script + CHECK, tmp_path, home).strip() == "(6, 3) ['a', 'b', 'c'] 150 22.5 False"


def _python(code: str, cwd: Path, home: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env=kernel_environment(home), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _ens(arguments: list[str], cwd: Path, home: Path) -> subprocess.CompletedProcess[str]:
    program = os.fspath(Path(sys.executable).with_name("ens"))
    return subprocess.run(
        [program, *arguments], cwd=cwd, env=kernel_environment(home), capture_output=True, text=True, check=False
    )
