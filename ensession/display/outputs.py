"""Recorded outputs as text. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ensession.display.harmless import harmless
from ensession.display.units import size
from ensession.model import Output


def output_text(output: Output) -> str:
    """Return an output as harmless text; what has no text form is named by its type and size."""
    data = output.data
    if output.kind == "stream":
        return harmless(_joined(data.get("text", ""))).rstrip("\n")
    if output.kind == "error":
        return harmless(_traceback(data))
    bundle = data.get("data")
    if not isinstance(bundle, Mapping):
        return ""
    lines = [harmless(_joined(bundle["text/plain"]))] if "text/plain" in bundle else []
    others = sorted(kind for kind in bundle if kind != "text/plain")
    if others:
        lines.append(", ".join(f"[{harmless(str(kind))}, {size(len(_joined(bundle[kind])))}]" for kind in others))
    return "\n".join(lines)


def _traceback(data: Mapping[str, Any]) -> str:
    lines = data.get("traceback")
    if isinstance(lines, Sequence) and not isinstance(lines, str) and lines:
        return "\n".join(map(str, lines))
    return f"{data.get('ename', 'Error')}: {data.get('evalue', '')}"


def _joined(text: object) -> str:
    """Return a multi-line string of the notebook format, which may be a list of lines."""
    if isinstance(text, str):
        return text
    if isinstance(text, Sequence):
        return "".join(map(str, text))
    return str(text)
