"""The notebook's own streams: ``sys.stdout`` and ``sys.stderr``, which log handlers and threads hold."""

from __future__ import annotations

import sys
from typing import Any

from ensession.errors import UnserializableError
from ensession.serial.machinery import standard_stream
from ensession.serial.registry import Registry


def _reduce_stream(stream: Any) -> Any:
    name = standard_stream(stream)
    if name is None:
        raise UnserializableError("an output stream of another notebook kernel")
    return getattr, (sys, name)


def register(registry: Registry) -> None:
    """Register the kernel's types."""
    stream = sys.modules["ipykernel.iostream"].OutStream
    registry.register(stream, _reduce_stream)
    registry.register_immutable(stream)
