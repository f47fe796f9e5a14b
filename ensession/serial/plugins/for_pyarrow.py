"""PyArrow: its buffers can lie in the memory of a NumPy array, and change with it."""

from __future__ import annotations

import sys
from typing import Any

from ensession.serial.registry import Range, Registry


def _memory(buffer: Any) -> Range:
    return buffer.address, buffer.address + buffer.size


def register(registry: Registry) -> None:
    """Register PyArrow's types."""
    registry.register(sys.modules["pyarrow"].Buffer, None, memory=_memory)
