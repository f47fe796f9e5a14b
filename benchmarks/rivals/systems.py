"""The systems: how each is attached to a kernel, runs a cell, is made to write, and brings a state back.

Each is driven the way its own documentation says a user drives it. What a system can't do raises
:class:`NotOffered`, which the results show as such.
"""

from __future__ import annotations

import ast
import shutil
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import nbformat

from benchmarks.rivals.environments import ROOT, install_tree
from tests.kernels import CellFailed, Kernel

LONGEST_S = 3600.0
HELPER = Path(__file__).with_name("one_pickle.py")


class NotOffered(Exception):
    """The system has no such operation."""


class System:
    """Plain Jupyter, and what the others share.

    Parameters
    ----------
    folder : Path
        Where this system's files of one notebook go.

    Attributes
    ----------
    requirements : Sequence[str]
        What its environment gets besides the notebooks' libraries.
    own_names : frozenset[str]
        Names that the system itself binds in the user's namespace.
    reruns : bool
        Coming back means running all cells again.
    """

    name: ClassVar[str] = "plain"
    title: ClassVar[str] = "plain Jupyter"
    requirements: ClassVar[Sequence[str]] = ()
    own_names: ClassVar[frozenset[str]] = frozenset()
    reruns: ClassVar[bool] = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        folder.mkdir(parents=True, exist_ok=True)

    @classmethod
    def prepare(cls, python: str) -> None:
        """Bring the environment up to date."""

    def environment(self) -> Mapping[str, str]:
        """Return environment variables for the kernel."""
        return {}

    def attach(self, kernel: Kernel) -> None:
        """Get ready in a fresh kernel, before the first cell."""

    def cell(self, source: str) -> str:
        """Return what is sent to the kernel to run a cell."""
        return source

    def mark(self, kernel: Kernel) -> str:
        """Return a name for the state that is live now."""
        return ""

    def checkpoint(self, kernel: Kernel) -> None:
        """Return once everything that a restore needs is in files."""

    def files(self) -> list[Path]:
        """Return the files that hold the session."""
        return []

    def moved(self, folder: Path) -> System:
        """Copy the session's files to another folder; return the system that works on the copy."""
        other = type(self)(folder)
        other.home = self.home
        for path in self.files():
            shutil.copy(path, folder / path.name)
        return other

    def restore(self, kernel: Kernel, mark: str) -> None:
        """Bring the last state, which has this mark, back in a fresh kernel that the system is attached to."""
        raise NotOffered

    def back(self, kernel: Kernel, mark: str) -> None:
        """Go to an earlier state in the kernel that made it."""
        raise NotOffered

    def estimate_s(self, kernel: Kernel) -> float | None:
        """Return how long the system had expected its restore to take, if it says so."""
        return None


class Ensession(System):
    """What all this is about."""

    name = "ensession"
    title = "ensession"
    requirements = tuple(
        tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    )
    reruns = False
    _store = "session.ens"
    _session = "__import__('ensession').current_session()"

    @classmethod
    def prepare(cls, python: str) -> None:
        """Install the tree as it is."""
        install_tree(python)

    def attach(self, kernel: Kernel) -> None:
        """Load the extension; record where there is nothing to restore."""
        kernel.run("%load_ext ensession")
        if not self.files():
            said = kernel.run(f"%ens start '{self.folder / self._store}'").text
            if not kernel.holds(self._session):
                raise CellFailed(said)

    def mark(self, kernel: Kernel) -> str:
        """Return the head."""
        return kernel.value(f"getattr({self._session}, 'head', None)")

    def checkpoint(self, kernel: Kernel) -> None:
        """Wait for what is written behind."""
        kernel.run("%ens flush")

    def files(self) -> list[Path]:
        """Return the store, and its log where it lies beside it."""
        return sorted(self.folder.glob(f"{self._store}*"))

    def restore(self, kernel: Kernel, mark: str) -> None:
        """Restore the head."""
        said = kernel.run(f"%ens restore '{self.folder / self._store}'", timeout_s=LONGEST_S).text
        if self.mark(kernel) == "None":  # its errors are text
            raise CellFailed(said.strip())

    def back(self, kernel: Kernel, mark: str) -> None:
        """Check an execution's state out."""
        said = kernel.run(f"%ens checkout @{mark}", timeout_s=LONGEST_S).text
        if self.mark(kernel) != mark:
            raise CellFailed(said.strip())

    def estimate_s(self, kernel: Kernel) -> float | None:
        """Return the plan's price."""
        return float(kernel.value(f"{self._session}.last_restore.plan.cost_s"))


class Kishu(System):
    """Kishu (PVLDB 2025); its test mode leaves out the saving of the notebook by a browser, which nobody runs here."""

    name = "kishu"
    title = "Kishu 0.3.4"
    requirements = ("kishu==0.3.4",)
    own_names = frozenset({"_kishu", "init_kishu", "kishu"})
    reruns = False

    @property
    def _book(self) -> Path:
        return self.folder / "book.ipynb"

    def environment(self) -> Mapping[str, str]:
        """Keep its configuration in the benchmark's own home."""
        return {"KISHU_PATH_ROOT": str(self.home), "ENV_KISHU_TEST_MODE": "1"}

    def attach(self, kernel: Kernel) -> None:
        """Attach to a notebook file, as its first cell does."""
        if not self._book.exists():
            nbformat.write(nbformat.v4.new_notebook(), self._book)  # type: ignore[no-untyped-call]
        kernel.run(f"from kishu import init_kishu\ninit_kishu({str(self._book)!r})")

    def mark(self, kernel: Kernel) -> str:
        """Return the commit."""
        return str(ast.literal_eval(kernel.value("_kishu._kishu_branch.get_head().commit_id")))

    def files(self) -> list[Path]:
        """Return the database and the notebook file, which names it."""
        return sorted(path for path in self.folder.glob("book.*") if path.is_file())

    def restore(self, kernel: Kernel, mark: str) -> None:
        """Check that commit of the copied database out."""
        self.back(kernel, mark)

    def back(self, kernel: Kernel, mark: str) -> None:
        """Check a commit out, as ``kishu checkout`` does from outside."""
        kernel.value(f"_kishu.checkout({mark!r}, skip_notebook=True)", LONGEST_S)


class OneFile(System):
    """Systems whose checkpoint is one file of the last state."""

    reruns = False

    @property
    def _file(self) -> Path:
        return self.folder / "checkpoint.pickle"

    def files(self) -> list[Path]:
        """Return the file."""
        return [self._file] if self._file.exists() else []


class ElasticNotebook(OneFile):
    """ElasticNotebook (PVLDB 2023); the last release that can read its own checkpoints back."""

    name = "elasticnotebook"
    title = "ElasticNotebook (slim 0.0.12)"
    requirements = ("elastic-notebook-slim==0.0.12",)
    own_names = frozenset({"ElasticNotebook", "elastic_notebook"})

    def attach(self, kernel: Kernel) -> None:
        """Make its object."""
        kernel.run(
            "from elastic.elastic_notebook import ElasticNotebook\nelastic_notebook = ElasticNotebook(get_ipython())"
        )

    def cell(self, source: str) -> str:
        """Return a cell that has it run the cell; what is not plain Python it can't take, and would not run at all."""
        try:
            ast.parse(source)
        except SyntaxError:
            return source
        return f"elastic_notebook.record_event({source!r})"

    def checkpoint(self, kernel: Kernel) -> None:
        """Write the checkpoint."""
        kernel.run(f"elastic_notebook.checkpoint({str(self._file)!r})", timeout_s=LONGEST_S)
        if not self._file.exists():
            raise CellFailed("it wrote no checkpoint")

    def restore(self, kernel: Kernel, mark: str) -> None:
        """Read the checkpoint."""
        kernel.run(f"elastic_notebook.load_checkpoint({str(self._file)!r})", timeout_s=LONGEST_S)


class Dill(OneFile):
    """``dill.dump_session``."""

    name = "dill"
    title = "dill.dump_session"
    requirements = ("dill==0.4.1",)

    def attach(self, kernel: Kernel) -> None:
        """Import it without binding a name."""
        kernel.value("__import__('dill').__version__")

    def checkpoint(self, kernel: Kernel) -> None:
        """Dump ``__main__``."""
        kernel.value(f"__import__('dill').dump_session({str(self._file)!r})", LONGEST_S)

    def restore(self, kernel: Kernel, mark: str) -> None:
        """Load ``__main__``."""
        kernel.value(f"__import__('dill').load_session({str(self._file)!r})", LONGEST_S)


class OnePickle(OneFile):
    """All variables but the modules in one pickle, modules by name: what people write by hand."""

    name = "pickle"
    title = "one pickle of everything"

    def checkpoint(self, kernel: Kernel) -> None:
        """Pickle a dictionary of all variables."""
        self._call(kernel, "save")

    def restore(self, kernel: Kernel, mark: str) -> None:
        """Unpickle it into the namespace."""
        self._call(kernel, "load")

    def _call(self, kernel: Kernel, verb: str) -> None:
        call = f"[{verb!r}](globals(), get_ipython().user_ns_hidden, {str(self._file)!r})"
        kernel.value(f"__import__('runpy').run_path({str(HELPER)!r}){call}", LONGEST_S)


SYSTEMS: Mapping[str, type[System]] = {
    one.name: one for one in (System, Ensession, Kishu, ElasticNotebook, Dill, OnePickle)
}
