"""Cells of the past, ready to be exported."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ensession.browse.source import Source
from ensession.display import log_table, one_line, to_html, to_text
from ensession.display.views import is_hidden
from ensession.errors import ConflictError, StoreAccessError
from ensession.export import PastCell, notebook, script
from ensession.lineage import needed_executions
from ensession.model import ExecutionId, ExecutionKind, why_never


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Cells:
    """Executions in history order, to be written as a notebook or a script.

    Attributes
    ----------
    cells : tuple[PastCell, ...]
    state : ExecutionId or None
        The state that they lead to.
    remarks : tuple[str, ...]
        Why running them may not give the same values.
    """

    cells: tuple[PastCell, ...]
    state: ExecutionId | None
    remarks: tuple[str, ...]
    _path: Path
    _python: str
    _digest: str

    def notebook(self) -> dict[str, Any]:
        """Return them as a notebook, format 4.5, with their recorded outputs."""
        origin = {"store": self._path.name, "state": int(self.state or 0), "digest": self._digest}
        return notebook(self.cells, self._python, origin)

    def script(self) -> str:
        """Return them as a Python script with ``# %%`` cells; magics are comments in it."""
        return script(self.cells, f"State {self.state or 0} of {one_line(self._path.name)}, exported by ensession")

    def save(self, path: Path | str) -> Path:
        """Write a new file: a script where its name ends with ``.py``, else a notebook.

        Raises
        ------
        ConflictError
            There is a file of that name.
        StoreAccessError
            It can't be written.
        """
        target = Path(path)
        text = self.script() if target.suffix == ".py" else as_json(self.notebook())
        write_new(target, text)
        return target

    def __len__(self) -> int:
        return len(self.cells)

    def __iter__(self) -> Iterator[PastCell]:
        return iter(self.cells)

    def __repr__(self) -> str:
        return to_text(self._table())

    def _repr_html_(self) -> str:
        return to_html(self._table())

    def _table(self) -> Any:
        executions = [cell.execution for cell in self.cells]
        return log_table(executions, {cell.execution.id: cell.changed for cell in self.cells}, self.state)


def path_to(source: Source, target: ExecutionId | None) -> Cells:
    """Return every execution on the way to a state."""
    line = [] if target is None else source.store.history.line(target)
    return _cells(source, target, {one.id for one in line}, ())


def cells_for(source: Source, target: ExecutionId | None, names: Collection[str]) -> Cells:
    """Return only the executions that some variables of a state come from."""
    versions = [source.version_at(name, target) for name in names]
    graph = source.graph(target)
    needed = needed_executions(graph, versions)
    return _cells(source, target, set(needed), tuple(_remarks(source, target, needed)))


def as_json(book: dict[str, Any]) -> str:
    """Return a notebook as the text of its file."""
    return json.dumps(book, indent=1, ensure_ascii=True) + "\n"


def write_new(target: Path, text: str) -> None:
    """Write a file that must not exist.

    Raises
    ------
    ConflictError
        It does.
    StoreAccessError
        It can't be written; nothing is left of it.
    """
    try:
        file = target.open("x", encoding="utf-8", newline="\n")
    except FileExistsError:
        raise ConflictError(f"{target} is there already: give another name, or remove it first") from None
    except OSError as error:
        raise _unwritable(target, error) from error
    try:
        with file:
            file.write(text)
    except OSError as error:
        with contextlib.suppress(OSError):
            target.unlink()
        raise _unwritable(target, error) from error


def _unwritable(target: Path, error: OSError) -> StoreAccessError:
    return StoreAccessError(f"{target} can't be written: {error.strerror}; check its folder and your rights")


def _cells(source: Source, target: ExecutionId | None, wanted: set[ExecutionId], remarks: tuple[str, ...]) -> Cells:
    history = source.store.history
    line = [] if target is None else history.line(target)
    changes = {} if target is None else history.changes(target)
    cells = tuple(
        PastCell(one, history.outputs(one.id), tuple(changes.get(one.id, ()))) for one in line if one.id in wanted
    )
    runs = {run.id: run.environment.python for run in history.runs()}
    python = runs.get(cells[-1].execution.run, "") if cells else ""
    digest = line[-1].digest.hex() if line else ""
    return Cells(cells, target, remarks, source.store.path, python, digest)


def _remarks(source: Source, target: ExecutionId | None, needed: Collection[ExecutionId]) -> Iterator[str]:
    """Say what stands against getting equal values by running the cells."""
    graph = source.graph(target)
    hidden: set[str] = set()
    for execution in graph.executions:
        if execution.id not in needed:
            continue
        hidden |= {name for v in execution.reads for name in graph.versions[v].names if is_hidden(name)}
        if execution.kind is not ExecutionKind.CELL:
            names = [name for v in execution.produces for name in graph.versions[v].names if not is_hidden(name)]
            if names:
                yield f"no cell can make {', '.join(sorted(names))} again (execution {execution.id})"
        elif (reason := why_never(execution.no_replay, execution.words)) is not None:
            yield f"cell {execution.id}: {reason}"
    drawn = sorted(name.strip("<>") for name in hidden if "random" in name)
    if drawn:
        kinds = ", ".join(drawn)
        yield f"random numbers are drawn ({kinds}): they come out equal where a cell among these sets the seed"
