"""The outputs of one cell in the making, in the shape of the notebook format. Pure."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ensession.model import Output


class OutputRecord:
    """Gathers outputs in order, merges stream writes and keeps them within a limit.

    Parameters
    ----------
    limit_bytes : int
        How much stream text is kept, in UTF-8.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._outputs: list[tuple[str, dict[str, Any]]] = []
        self._displays: dict[Any, list[dict[str, Any]]] = {}
        self._n_bytes = 0
        self._clears_next = False

    def clear(self) -> None:
        """Forget everything."""
        self._outputs.clear()
        self._displays.clear()
        self._n_bytes, self._clears_next = 0, False

    def clear_before_next(self) -> None:
        """Forget everything once the next output comes."""
        self._clears_next = True

    def add_text(self, stream: str, text: Any = "") -> None:
        """Add what was written to ``stdout`` or ``stderr``; consecutive writes are one output."""
        if not isinstance(text, str) or not text:
            return
        self._make_way()
        room = self._limit_bytes - self._n_bytes
        self._n_bytes += len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
        if room <= 0:
            return
        kept = (
            text
            if self._n_bytes <= self._limit_bytes
            else text.encode("utf-8", "replace")[:room].decode("utf-8", "ignore")
        )
        last = self._outputs[-1] if self._outputs else None
        if last is not None and last[0] == "stream" and last[1]["name"] == stream:
            last[1]["text"].append(kept)
        else:
            self._outputs.append(("stream", {"name": stream, "text": [kept]}))

    def add_result(self, data: Mapping[str, Any], metadata: Mapping[str, Any], execution_count: int) -> None:
        """Add the displayed value of the cell."""
        self._make_way()
        content = {"data": _bundle(data), "metadata": _plain(metadata), "execution_count": execution_count}
        self._outputs.append(("execute_result", content))

    def add_display(self, data: Mapping[str, Any], metadata: Mapping[str, Any], display_id: Any = None) -> None:
        """Add something displayed; by its `display_id` it can be updated."""
        self._make_way()
        content = {"data": _bundle(data), "metadata": _plain(metadata)}
        self._outputs.append(("display_data", content))
        if display_id is not None:
            self._displays.setdefault(display_id, []).append(content)

    def update_display(self, data: Mapping[str, Any], metadata: Mapping[str, Any], display_id: Any) -> None:
        """Replace what this cell displayed under that id; what other cells did is theirs and stays."""
        for content in self._displays.get(display_id, []):
            content.update(data=_bundle(data), metadata=_plain(metadata))

    def add_error(self, name: str, value: str, traceback: Sequence[str]) -> None:
        """Add a shown traceback."""
        self._make_way()
        self._outputs.append(("error", {"ename": name, "evalue": value, "traceback": list(traceback)}))

    def outputs(self) -> tuple[Output, ...]:
        """Return everything that is displayed by now."""
        found = [Output(kind, _joined(content) if kind == "stream" else content) for kind, content in self._outputs]
        n_lost = self._n_bytes - self._limit_bytes
        if n_lost > 0:
            note = f"\n[ensession kept {self._limit_bytes} bytes of text and left out {n_lost}]\n"
            found.append(Output("stream", {"name": "stderr", "text": note}))
        return tuple(found)

    def _make_way(self) -> None:
        if self._clears_next:
            self.clear()


def _joined(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stream's pieces as one text; they are gathered in a list, which is quick for many small ones."""
    return {**content, "text": "".join(content["text"])}


def _bundle(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a MIME bundle as the notebook format keeps it: bytes in base64, the rest as JSON has it."""
    return {mime: content if isinstance(content, str) else _plain(content) for mime, content in data.items()}


def _plain(value: Any) -> Any:
    """Return a copy that holds nothing but what JSON knows; later changes of the original don't reach it."""
    if isinstance(value, bytes):
        return _text(value)
    return json.loads(json.dumps(value, default=_text, skipkeys=True))


def _text(value: Any) -> str:
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes | bytearray) else str(value)
