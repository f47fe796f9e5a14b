"""Whether the files that executions read are as they were.

A file that the code named with an absolute path has to be there. One that it named relative to the working directory
of its kernel run is looked for in that of this process first (the one that it had before a cell changed it), then where
it was recorded; the cell is run again in the folder where all of its inputs are as they were.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ensession.capture.effects import HASHED_BYTES, HASHED_BYTES_IN_ALL, content_hash
from ensession.model import ExecutionId, FileAccess
from ensession.store import InputFile


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the inputs of one execution.

    Attributes
    ----------
    reason : str or None
        Why it can't be run again here.
    folder : str or None
        Where it has to be run, if not in the present working directory.
    """

    reason: str | None = None
    folder: str | None = None


@dataclass
class InputCheck:
    """Looks at files; hashes each content at most once, and no more than some bytes in each round.

    Attributes
    ----------
    hash_file : callable
    room : int
        Bytes that may still be hashed in this round; files beyond that are judged by size and time.
    """

    hash_file: Callable[[str], bytes | None] = content_hash
    room: int = HASHED_BYTES_IN_ALL
    _hashes: dict[tuple[object, ...], bytes | None] = field(default_factory=dict)

    def judge(
        self, inputs: Iterable[InputFile], cwd: str, first_move: ExecutionId | None
    ) -> dict[ExecutionId, Verdict]:
        """Judge inputs, execution by execution.

        Parameters
        ----------
        inputs : iterable of InputFile
        cwd : str
            The working directory of this process before any of its cells changed it.
        first_move : ExecutionId, optional
            The first execution that changed the working directory; those after it went where it had led.

        Returns
        -------
        dict
            Verdicts other than that all is as it was.
        """
        self.room = HASHED_BYTES_IN_ALL
        by_execution: dict[ExecutionId, list[InputFile]] = {}
        for one in inputs:
            by_execution.setdefault(one.execution, []).append(one)
        verdicts = {
            execution: self._judge_one(files, cwd, has_moved=first_move is not None and execution > first_move)
            for execution, files in by_execution.items()
        }
        return {execution: verdict for execution, verdict in verdicts.items() if verdict != Verdict()}

    def changed(self, inputs: Iterable[InputFile], cwd: str) -> set[ExecutionId]:
        """Return the executions one of whose inputs is found here, and nowhere as it was: not those that lack some."""
        self.room = HASHED_BYTES_IN_ALL
        return {one.execution for one in inputs if self._differs(one.file, _places(one, cwd))}

    def _differs(self, file: FileAccess, places: Sequence[str]) -> bool:
        found = [path for path in places if os.path.exists(path)]
        return bool(found) and all(self._fault(path, file) is not None for path in found)

    def _judge_one(self, inputs: Sequence[InputFile], cwd: str, *, has_moved: bool) -> Verdict:
        floating = [] if has_moved else [one for one in inputs if one.file.folder == one.home]
        fixed = [one.file for one in inputs if one not in floating]
        reason = self._first_fault({file.path: file for file in fixed})
        if reason is not None or not floating:
            return Verdict(reason)
        home = floating[0].home
        places = {os.path.relpath(one.file.path, home): one.file for one in floating}
        here = self._first_fault({os.path.join(cwd, path): file for path, file in places.items()})
        if here is None or cwd == home:
            return Verdict(here)
        there = self._first_fault({file.path: file for file in places.values()})
        if there is None:
            return Verdict(folder=home)
        is_there = all(os.path.exists(os.path.join(cwd, path)) for path in places)
        return Verdict(here if is_there else there)

    def _first_fault(self, files: Mapping[str, FileAccess]) -> str | None:
        return next((fault for path, file in files.items() if (fault := self._fault(path, file)) is not None), None)

    def _fault(self, path: str, file: FileAccess) -> str | None:
        try:
            status = os.stat(path)
        except (OSError, ValueError):  # no file has a path with a zero in it
            return None if file.size is None else f"its input {file.path} is missing"
        if file.size is None:
            return f"its input {file.path} was not there, and is now"
        changed = f"its input {file.path} has changed"
        if status.st_size != file.size:
            return changed
        if file.content_hash is None or status.st_size > min(HASHED_BYTES, self.room):
            return None if status.st_mtime == file.mtime else changed
        return None if self._hash(path, status) == file.content_hash else changed

    def _hash(self, path: str, status: os.stat_result) -> bytes | None:
        key = (os.path.abspath(path), status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        if key not in self._hashes:
            self.room -= status.st_size
            self._hashes[key] = self.hash_file(path)
        return self._hashes[key]


def _places(one: InputFile, cwd: str) -> list[str]:
    """Return where a file may be found: in the present folder, too, where it was named relative to that of its run."""
    there = one.file.path
    return [os.path.join(cwd, os.path.relpath(there, one.home)), there] if one.file.folder == one.home else [there]
