"""The files that executions opened."""

# ruff: noqa: S608 - the queries are joined from constants of this room; values are always parameters
from __future__ import annotations

from dataclasses import dataclass

from ensession.model import ExecutionId, FileAccess
from ensession.store.engine import Database
from ensession.store.lines import LINE, require_execution

_INPUTS = (
    f"{LINE} SELECT f.execution, k.cwd, f.path, f.mode, f.size, f.mtime, f.content_hash, f.folder"
    " FROM line CROSS JOIN file_access f JOIN execution x ON x.id = f.execution JOIN kernel_run k ON k.id = x.run"
    " WHERE f.execution BETWEEN line.first AND line.last AND f.mode = 'r' ORDER BY f.execution, f.seq"
)


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that an execution read.

    Attributes
    ----------
    home : str
        The working directory in which the execution's kernel run began.
    """

    execution: ExecutionId
    home: str
    file: FileAccess


class FileTable:
    """The files in a store's history."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def inputs(self, id: ExecutionId) -> list[InputFile]:
        """Return what an execution and its ancestors read, in history order; one query."""
        with self._database.read():
            require_execution(self._database, id)
            found = self._database.rows(_INPUTS, (id,))
        return [InputFile(execution, home, FileAccess(*access)) for execution, home, *access in found]
