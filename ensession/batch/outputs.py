"""From a kernel's messages to a cell's outputs. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]


class Outputs:
    """The outputs of the cells of one run.

    A display that has an id can be updated by a later cell; so it has to outlive its own.
    """

    def __init__(self) -> None:
        self._current: list[Json] = []
        self._displays: dict[str, list[Json]] = {}
        self._clear_before_next = False

    def begin(self, into: list[Json]) -> None:
        """Collect the outputs of another cell, into this list."""
        self._current = into
        self._clear_before_next = False

    def take(self, kind: str, content: Mapping[str, Any]) -> None:
        """Take in a message of the channel that outputs come by."""
        if kind == "clear_output":
            self._clear_before_next = bool(content.get("wait"))
            if not self._clear_before_next:
                self._current.clear()
        elif kind == "update_display_data":
            self._update(content)
        elif kind in ("stream", "display_data", "execute_result", "error"):
            if self._clear_before_next:
                self._clear_before_next = False
                self._current.clear()
            self._add(kind, content)

    def _add(self, kind: str, content: Mapping[str, Any]) -> None:
        if kind == "stream":
            last = self._current[-1] if self._current else {}
            if last.get("output_type") == "stream" and last["name"] == content["name"]:
                last["text"] += content["text"]
                return
            self._current.append({"output_type": "stream", "name": content["name"], "text": content["text"]})
            return
        if kind == "error":
            fields = {name: content.get(name, "") for name in ("ename", "evalue")}
            self._current.append({"output_type": "error", **fields, "traceback": list(content.get("traceback", ()))})
            return
        output: Json = {"output_type": kind, "data": dict(content["data"]), "metadata": dict(content["metadata"])}
        if kind == "execute_result":
            output["execution_count"] = content.get("execution_count")
        self._current.append(output)
        name = _display_id(content)
        if name is not None:
            self._displays.setdefault(name, []).append(output)

    def _update(self, content: Mapping[str, Any]) -> None:
        for output in self._displays.get(_display_id(content) or "", ()):
            output["data"], output["metadata"] = dict(content["data"]), dict(content["metadata"])


def _display_id(content: Mapping[str, Any]) -> str | None:
    found = (content.get("transient") or {}).get("display_id")
    return found if isinstance(found, str) else None
