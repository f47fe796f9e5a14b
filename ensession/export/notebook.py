"""Executions as a notebook, format 4.5. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ensession.export.cells import PastCell
from ensession.model import Output

_CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,56}")  # the format allows 64; room for what tells two apart
_VERSION = re.compile(r"[\w.+-]{1,40}")

Json = dict[str, Any]


def notebook(cells: Iterable[PastCell], python: str, origin: Mapping[str, Any]) -> Json:
    """Return the cells as a notebook.

    Each execution is a cell of its own; its execution count is its number. A cell that failed is tagged
    ``raises-exception``, so that running all cells goes on behind it.

    Parameters
    ----------
    cells : iterable of PastCell
        In history order.
    python : str
        Version of the Python that ran them, such as ``3.11.7``.
    origin : mapping
        Where they come from; goes into the metadata.
    """
    taken: set[str] = set()
    made = [_cell(cell, _cell_id(cell, taken)) for cell in cells if cell.has_code or cell.note]
    language: Json = {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"}
    if _VERSION.fullmatch(python):
        language["version"] = python
    return {
        "cells": made,
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": language,
            "ensession": dict(origin),
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _cell(cell: PastCell, id_: str) -> Json:
    number = int(cell.execution.id)
    metadata: Json = {"ensession": {"execution": number, "runtime_s": cell.execution.runtime_s}}
    if not cell.has_code:
        text = ", ".join(f"`{name}`" for name in cell.plain_names)
        source = f"{cell.note.partition(':')[0]}: {text}."
        return {"cell_type": "markdown", "id": id_, "metadata": metadata, "source": source}
    if cell.has_failed:
        metadata["tags"] = ["raises-exception"]
    return {
        "cell_type": "code",
        "id": id_,
        "metadata": metadata,
        "source": cell.execution.code,
        "execution_count": number,
        "outputs": [made for output in cell.outputs if (made := notebook_output(output, number)) is not None],
    }


def _cell_id(cell: PastCell, taken: set[str]) -> str:
    """Return the notebook's own id of the cell, or one that no other has."""
    recorded = cell.execution.cell_id or ""
    wanted = recorded if _CELL_ID.fullmatch(recorded) else f"execution-{cell.execution.id}"
    id_, number = wanted, 1
    while id_ in taken:
        number += 1
        id_ = f"{wanted}-{number}"
    taken.add(id_)
    return id_


def notebook_output(output: Output, number: int) -> Json | None:
    """Return an output as the format has it; None for a kind that it does not have."""
    data = output.data
    if output.kind == "stream":
        name = "stderr" if data.get("name") == "stderr" else "stdout"
        return {"output_type": "stream", "name": name, "text": _text(data.get("text", ""))}
    if output.kind == "error":
        lines = data.get("traceback")
        return {
            "output_type": "error",
            "ename": _text(data.get("ename", "Error")),
            "evalue": _text(data.get("evalue", "")),
            "traceback": [_text(line) for line in lines] if isinstance(lines, list | tuple) else [],
        }
    if output.kind not in ("display_data", "execute_result"):
        return None
    made: Json = {
        "output_type": output.kind,
        "data": _bundle(data.get("data")),
        "metadata": _mapping(data.get("metadata")),
    }
    if output.kind == "execute_result":
        made["execution_count"] = number
    return made


def _bundle(data: object) -> Json:
    if not isinstance(data, Mapping):
        return {}
    return {str(kind): value if _is_json(str(kind)) else _text(value) for kind, value in data.items()}


def _is_json(kind: str) -> bool:
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _mapping(value: object) -> Json:
    return {str(key): inner for key, inner in value.items()} if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    """Return a multi-line string of the format, which may be a list of lines."""
    if isinstance(value, str):
        return value
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return "".join(map(str, value))
    return str(value)
