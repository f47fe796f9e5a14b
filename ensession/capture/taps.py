"""Recording what a cell outputs, without changing what the user sees.

The ways out of a cell are tapped where they leave the shell: stream writes, displayed data, the displayed result, the
shown traceback. What a cell catches itself (``%%capture``, ``redirect_stdout``) is not displayed, and not recorded.
IPython's objects are handed in; it is not imported.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from ensession.capture.record import OutputRecord
from ensession.model import Output

Call = Callable[..., Any]


class OutputTap:
    """Records the outputs of the running cell (:class:`~ensession.session.shell.OutputRecorder`).

    Parameters
    ----------
    shell : IPython.core.interactiveshell.InteractiveShell
    limit_bytes : int
        How much stream text of one cell is kept.

    Attributes
    ----------
    problem : str or None
        What went wrong while recording, if anything; the output itself reached the user all the same.
    """

    def __init__(self, shell: Any, limit_bytes: int) -> None:
        self._shell = shell
        self._record = OutputRecord(limit_bytes)
        self._lock = threading.RLock()
        self._inside = threading.local()
        self._is_active = False
        self._patches: list[_Patch] = []
        self._streams: list[_Patch] = []
        self.problem: str | None = None

    def install(self) -> None:
        """Attach to the shell's display hook, display publisher and traceback printer."""
        if self._patches:
            return
        hook, publisher = self._shell.displayhook, self._shell.display_pub
        taps: list[tuple[Any, str, Call]] = [
            (hook, "write_format_data", self._hear_result),
            (publisher, "publish", self._hear_display),
            (publisher, "clear_output", self._hear_clear),
            (self._shell, "_showtraceback", self._hear_error),
            # A terminal prints `Out[1]:` around a result; that is no output of the cell.
            (hook, "write_output_prompt", _hear_nothing),
            (hook, "finish_displayhook", _hear_nothing),
        ]
        self._patches = [_Patch(target, name, self._quietly(hear)) for target, name, hear in taps]

    def remove(self) -> None:
        """Leave the shell exactly as it was."""
        self._is_active = False
        self._release_streams()
        for patch in reversed(self._patches):
            patch.undo()
        self._patches = []

    def begin(self) -> None:
        """Start with an empty record, and tap the streams as they are now."""
        self._release_streams()
        self._record.clear()
        self.problem = None
        streams = {id(stream): (name, stream) for name, stream in (("stderr", sys.stderr), ("stdout", sys.stdout))}
        self._streams = [
            _Patch(stream, "write", self._listener_of(name))
            for name, stream in streams.values()
            if hasattr(stream, "__dict__")
        ]
        self._is_active = True

    def end(self) -> tuple[Output, ...]:
        """Return what was recorded, in order."""
        self._is_active = False
        self._release_streams()
        with self._lock:
            return self._record.outputs()

    def _release_streams(self) -> None:
        for patch in self._streams:
            patch.undo()
        self._streams = []

    # what a tap does

    def _listener_of(self, stream: str) -> Call:
        def write(original: Call, *arguments: Any, **options: Any) -> Any:
            result = original(*arguments, **options)
            if self._is_active and not getattr(self._inside, "depth", 0):
                self._note(self._record.add_text, stream, *arguments, **options)
            return result

        return write

    def _quietly(self, hear: Call) -> Call:
        """Make a tap that does not record the stream writes of the method: in a terminal, it prints."""

        def call(original: Call, *arguments: Any, **options: Any) -> Any:
            if not self._is_active:
                return original(*arguments, **options)
            depth = getattr(self._inside, "depth", 0)
            if not depth:
                self._note(hear, *arguments, **options)
            self._inside.depth = depth + 1
            try:
                return original(*arguments, **options)
            finally:
                self._inside.depth = depth

        return call

    def _note(self, hear: Call, *arguments: Any, **options: Any) -> None:
        """Record, and remember a failure to do so instead of passing it to the user's cell."""
        try:
            with self._lock:
                hear(*arguments, **options)
        except Exception as error:  # noqa: BLE001  (a value's own str() may raise anything)
            self.problem = f"{type(error).__name__} while an output was recorded"

    # what there is to hear

    def _hear_result(self, format_dict: Mapping[str, Any], md_dict: Mapping[str, Any] | None = None, *_: Any) -> None:
        if format_dict:
            self._record.add_result(format_dict, md_dict or {}, self._shell.displayhook.prompt_count)

    def _hear_display(
        self, data: Mapping[str, Any], metadata: Mapping[str, Any] | None = None, *_: Any, **more: Any
    ) -> None:
        display_id = (more.get("transient") or {}).get("display_id")
        if more.get("update"):
            self._record.update_display(data, metadata or {}, display_id)
        else:
            self._record.add_display(data, metadata or {}, display_id)

    def _hear_clear(self, wait: bool = False) -> None:
        if wait:
            self._record.clear_before_next()
        else:
            self._record.clear()

    def _hear_error(self, etype: Any, evalue: Any, stb: Any, *_: Any) -> None:
        name = etype.__name__ if isinstance(etype, type) else str(etype)
        stb = getattr(stb, "stb", stb)  # Colab wraps the lines in an object, with what its page shows beside them
        lines = [str(line) for line in stb] if isinstance(stb, list | tuple) else str(stb).splitlines()
        self._record.add_error(name, str(evalue), lines)


class _Patch:
    """One method of one object, overheard."""

    def __init__(self, target: Any, name: str, tap: Call) -> None:
        self._target = target
        self._name = name
        self._original = original = getattr(target, name)
        self._had_own = name in vars(target)
        self._is_live = True

        def tapped(*arguments: Any, **options: Any) -> Any:
            # Whoever kept a reference, or patched on top of it, finds the plain method afterwards.
            if not self._is_live:
                return original(*arguments, **options)
            return tap(original, *arguments, **options)

        self._tapped = tapped
        setattr(target, name, tapped)

    def undo(self) -> None:
        """Put the object back as it was, unless somebody else has patched it since."""
        self._is_live = False
        if vars(self._target).get(self._name) is not self._tapped:
            return
        if self._had_own:
            setattr(self._target, self._name, self._original)
        else:
            delattr(self._target, self._name)


def _hear_nothing(*_: Any, **__: Any) -> None:
    """Take no note of a call whose stream writes are to be left out."""
