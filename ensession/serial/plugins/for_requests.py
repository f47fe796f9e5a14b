"""Requests: a response that streams has no serialised form; asked for its state, it reads all that is still to come.

The next cell would get nothing of it, and where it never ends, neither would the look.
"""

from __future__ import annotations

import sys
from typing import Any

from ensession.errors import UnserializableError
from ensession.serial.registry import Registry


def _reduce(response: Any) -> Any:
    """Refuse a response that would have to be read; leave any other one to its own way."""
    known = vars(response)
    if known.get("_content", False) is False and not known.get("_content_consumed") and known.get("raw") is not None:
        raise UnserializableError("a response that was not read to its end")
    return NotImplemented


def register(registry: Registry) -> None:
    """Register responses."""
    registry.register_line(sys.modules["requests.models"].Response, _reduce)
