"""The files that executions opened."""

# ruff: noqa: S608 - the queries are joined from constants of this room; values are always parameters
from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ensession.model import ExecutionId, FileAccess
from ensession.store.engine import Database
from ensession.store.lines import LINE, require_execution

_FIELDS = "f.execution, k.cwd, f.path, f.mode, f.size, f.mtime, f.content_hash, f.folder"
_FILES = "CROSS JOIN file_access f JOIN execution x ON x.id = f.execution JOIN kernel_run k ON k.id = x.run"
_INPUTS = (
    f"{LINE} SELECT {_FIELDS} FROM line {_FILES}"
    " WHERE f.execution BETWEEN line.first AND line.last AND f.mode = 'r' ORDER BY f.execution, f.seq"
)
_INPUTS_OF = (
    f"SELECT {_FIELDS} FROM json_each(?) l {_FILES} WHERE f.execution = l.value AND f.mode = 'r'"
    " ORDER BY f.execution, f.seq"
)
_FIRST_BINDING = (
    f"{LINE} SELECT min(b.execution) FROM line CROSS JOIN binding b"
    " WHERE b.name = ? AND b.execution BETWEEN line.first AND line.last"
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
        return _input_files(found)

    def inputs_of(self, executions: Iterable[ExecutionId]) -> list[InputFile]:
        """Return what these executions read, in history order; executions that do not exist are left out."""
        return _input_files(self._database.rows(_INPUTS_OF, (json.dumps(sorted(executions)),)))

    def first_binding(self, id: ExecutionId, name: str) -> ExecutionId | None:
        """Return the first execution on the line to a state that bound a name."""
        found: ExecutionId | None = self._database.rows(_FIRST_BINDING, (id, name))[0][0]
        return found


def _input_files(rows: Iterable[Any]) -> list[InputFile]:
    return [InputFile(execution, home, FileAccess(*access)) for execution, home, *access in rows]
