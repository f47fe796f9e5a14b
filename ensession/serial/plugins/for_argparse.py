"""Argparse: a mark that it compares by identity is a string, which would come back as another one that is equal."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from ensession.serial.rebuild import mark
from ensession.serial.registry import Registry


def set_parts(target: Any, state: Mapping[str, Any]) -> None:
    """Give a parser or one of its actions its attributes, with the mark itself where they have one."""
    is_mark = {name: type(value) is str and value == argparse.SUPPRESS for name, value in state.items()}
    vars(target).update({name: argparse.SUPPRESS if is_mark[name] else value for name, value in state.items()})


def _reduce_part(part: Any) -> Any:
    reduced = part.__reduce_ex__(5)
    if len(reduced) < 3 or type(reduced[2]) is not dict or any(reduced[3:]):  # noqa: PLR2004
        return reduced
    return *reduced[:3], None, None, set_parts


def register(registry: Registry) -> None:
    """Register parsers, and what they are made of."""
    for kind in (argparse.Action, argparse._ActionsContainer):
        registry.register_line(kind, _reduce_part)


mark(__name__)
