"""Real kernels and the installed command. Nothing here imports the package: it may be installed elsewhere."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.kernels import Kernel, kernel_environment

StartKernel = Callable[..., Kernel]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture
def start_kernel(tmp_path: Path, home: Path) -> Iterator[StartKernel]:
    """Start kernels by the name of their working directory; all are killed in the end.

    ``start_kernel("there")`` runs in ``tmp_path / "there"`` with ensession loaded. Another user:
    ``start_kernel("there", home=folder)``. Without the extension: ``start_kernel("there", load=False)``.
    """
    with ExitStack() as stack:

        def start(folder: str, *, home: Path = home, load: bool = True) -> Kernel:
            kernel = stack.enter_context(Kernel(tmp_path / folder, home))
            if load:
                kernel.run("%load_ext ensession")
            return kernel

        yield start


@dataclass(frozen=True)
class Restored:
    """A fresh kernel with a session from a store, and what it said about it."""

    kernel: Kernel
    text: str
    fates: dict[str, str]
    recomputed: tuple[int, ...]

    def assert_accounted_for(self) -> None:
        """Nothing different, nothing missing."""
        lost = {name: fate for name, fate in self.fates.items() if fate in {"different", "missing"}}
        assert lost == {}, self.text


@pytest.fixture
def restore_in(start_kernel: StartKernel) -> Callable[..., Restored]:
    """Restore a store in a fresh kernel: ``restore_in("elsewhere", path)``."""

    def restore(folder: str, store: Path, state: str = "", **options: Any) -> Restored:
        kernel = start_kernel(folder, **options)
        reply = kernel.run(f"%ens restore {store} {state}".strip())
        return Restored(kernel, reply.text, *kernel.last_restore())

    return restore


@pytest.fixture
def move(tmp_path: Path, restore_in: Callable[..., Restored]) -> Callable[..., Restored]:
    """Copy the one file of a store into a folder of its own and restore it there."""

    def moved(store: Path, **options: Any) -> Restored:
        target = tmp_path / "elsewhere" / store.name
        target.parent.mkdir()
        shutil.copy(store, target)
        return restore_in("elsewhere", target, **options)

    return moved


IN_ONE_PROCESS = """
import contextlib, io, json, sys
from ensession.cli.entry import run
for arguments in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = run(arguments)
    print(json.dumps([code, out.getvalue(), err.getvalue()]))
"""


class Ens:
    """The installed ``ens`` command."""

    def __init__(self, home: Path) -> None:
        self._env = kernel_environment(home)
        self._program = Path(sys.executable).with_name("ens")

    def __call__(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [str(self._program), *map(str, arguments)]
        return subprocess.run(command, env=self._env, capture_output=True, text=True, timeout=120, check=False)

    def json(self, *arguments: str | Path) -> Any:
        """Return what a command that has to succeed prints with ``--json``."""
        done = self(*arguments, "--json")
        assert done.returncode == 0, f"{arguments}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)

    def each(self, commands: Iterable[Sequence[str | Path]]) -> list[subprocess.CompletedProcess[str]]:
        """Run many commands in one process, for tests in which the beginning of a process adds nothing."""
        lines = [list(map(str, one)) for one in commands]
        program = [sys.executable, "-c", IN_ONE_PROCESS]
        done = subprocess.run(
            program, env=self._env, input=json.dumps(lines), capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        outcomes = map(json.loads, done.stdout.splitlines())
        return [subprocess.CompletedProcess(one, *outcome) for one, outcome in zip(lines, outcomes, strict=True)]

    def assert_clean(self, store: Path) -> None:
        """``ens check`` finds nothing wrong."""
        done = self("check", store)
        assert done.returncode == 0, f"ens check: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"


@pytest.fixture
def ens(home: Path) -> Ens:
    return Ens(home)
