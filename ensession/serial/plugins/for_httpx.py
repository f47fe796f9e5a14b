"""HTTPX: a response that still streams would come back closed, and without a word about what was never read."""

from __future__ import annotations

import sys
from typing import Any

from ensession.errors import UnserializableError
from ensession.serial.registry import Registry


def _reduce(response: Any) -> Any:
    """Refuse a response that can be read on; leave any other one to its own way."""
    known = vars(response)
    if "_content" not in known and not known.get("is_closed"):
        raise UnserializableError("a response that was not read to its end")
    return NotImplemented


def register(registry: Registry) -> None:
    """Register responses."""
    registry.register_line(sys.modules["httpx"].Response, _reduce)
