"""Recording what a cell outputs, without changing what the user sees.

The four ways out of a cell are tapped where they leave the shell: stream writes, displayed data, the displayed
result, the shown traceback. What a cell catches itself (``%%capture``, ``redirect_stdout``) is not displayed, and not
recorded. IPython's objects are handed in; it is not imported.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable, Mapping
from typing import Any

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
        self._limit_bytes = limit_bytes
        self._room = limit_bytes
        self._outputs: list[Output] = []
        self._is_active = False
        self._patches: list[_Patch] = []
        self._streams: list[_Patch] = []
        self.problem: str | None = None

    def install(self) -> None:
        """Attach to the shell's display hook, display publisher and traceback printer."""
        if not self._patches:
            self._patches = [
                _Patch(self._shell.displayhook, "write_format_data", self._hear_result),
                _Patch(self._shell.display_pub, "publish", self._hear_display),
                _Patch(self._shell, "_showtraceback", self._hear_error),
            ]

    def remove(self) -> None:
        """Leave the shell exactly as it was."""
        self._is_active = False
        for patch in [*self._patches, *self._streams]:
            patch.undo()
        self._patches, self._streams = [], []

    def begin(self) -> None:
        """Start with an empty record, and tap the streams as they are now."""
        self._outputs, self._room, self.problem = [], self._limit_bytes, None
        for patch in self._streams:
            patch.undo()
        self._streams = [
            _Patch(stream, "write", self._listener_of(name))
            for name, stream in (("stdout", sys.stdout), ("stderr", sys.stderr))
            if stream is not None and hasattr(stream, "__dict__")
        ]
        self._is_active = True

    def end(self) -> tuple[Output, ...]:
        """Return what was recorded, in order."""
        self._is_active = False
        for patch in self._streams:
            patch.undo()
        self._streams = []
        return tuple(_joined(output) for output in self._outputs)

    def _listener_of(self, name: str) -> Call:
        def hear(text: Any, *_: Any) -> None:
            if self._is_active and isinstance(text, str) and text:
                self._add_text(name, text)

        return self._safe(hear)

    def _add_text(self, name: str, text: str) -> None:
        if self._room <= 0:
            return
        self._room -= len(text)
        if self._room <= 0:
            text = text[: self._room + len(text)] + f"\n[ensession kept the first {self._limit_bytes} characters]\n"
        last = self._outputs[-1] if self._outputs else None
        if last is not None and last.kind == "stream" and last.data["name"] == name:
            last.data["text"].append(text)
        else:
            self._outputs.append(Output("stream", {"name": name, "text": [text]}))

    @property
    def _hear_result(self) -> Call:
        def hear(format_dict: Mapping[str, Any], md_dict: Mapping[str, Any] | None = None, *_: Any) -> None:
            if self._is_active:
                data = {
                    "data": _bundle(format_dict),
                    "metadata": dict(md_dict or {}),
                    "execution_count": self._shell.displayhook.prompt_count,
                }
                self._outputs.append(Output("execute_result", data))

        return self._safe(hear)

    @property
    def _hear_display(self) -> Call:
        def hear(data: Mapping[str, Any], metadata: Mapping[str, Any] | None = None, *_: Any, **more: Any) -> None:
            if self._is_active:
                record: dict[str, Any] = {"data": _bundle(data), "metadata": dict(metadata or {})}
                key = (more.get("transient") or {}).get("display_id")
                if not (more.get("update") and self._update(key, record)):
                    self._outputs.append(Output("display_data", {**record, **({"display_id": key} if key else {})}))

        return self._safe(hear)

    def _update(self, key: Any, record: Mapping[str, Any]) -> bool:
        found = False
        for place, output in enumerate(self._outputs):
            if key is not None and output.data.get("display_id") == key:
                self._outputs[place] = Output(output.kind, {**output.data, **record})
                found = True
        return found

    @property
    def _hear_error(self) -> Call:
        def hear(etype: Any, evalue: Any, stb: Any, *_: Any) -> None:
            if self._is_active:
                name = etype.__name__ if isinstance(etype, type) else str(etype)
                lines = [str(line) for line in stb] if isinstance(stb, list) else str(stb).splitlines()
                self._outputs.append(Output("error", {"ename": name, "evalue": str(evalue), "traceback": lines}))

        return self._safe(hear)

    def _safe(self, hear: Call) -> Call:
        """Make a listener that remembers its own failure instead of passing it to the user's cell."""

        def listen(*arguments: Any, **options: Any) -> None:
            try:
                hear(*arguments, **options)
            except Exception as error:  # noqa: BLE001  (a value's own str() may raise anything)
                self.problem = f"{type(error).__name__}: {error}"

        return listen


class _Patch:
    """One method of one object, overheard."""

    def __init__(self, target: Any, name: str, listener: Call) -> None:
        self._target = target
        self._name = name
        original = getattr(target, name)
        self._had_own = name in vars(target)

        def tapped(*arguments: Any, **options: Any) -> Any:
            listener(*arguments, **options)
            return original(*arguments, **options)

        self._original = original
        self._tapped = tapped
        setattr(target, name, tapped)

    def undo(self) -> None:
        """Put the object back as it was, unless somebody else has patched it since."""
        if vars(self._target).get(self._name) is not self._tapped:
            return
        if self._had_own:
            setattr(self._target, self._name, self._original)
        else:
            delattr(self._target, self._name)


def _joined(output: Output) -> Output:
    """Return a stream's pieces as one text; they are gathered in a list, which is quick for many small ones."""
    if output.kind != "stream":
        return output
    return Output(output.kind, {"name": output.data["name"], "text": "".join(output.data["text"])})


def _bundle(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a MIME bundle as the notebook format keeps it: bytes in base64."""
    return {
        mime: base64.b64encode(content).decode() if isinstance(content, bytes) else content
        for mime, content in data.items()
    }
