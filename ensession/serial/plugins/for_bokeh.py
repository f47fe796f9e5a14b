"""Bokeh: its models are parts of a document and are not rebuilt from a pickle."""

from __future__ import annotations

import sys

from ensession.serial.registry import Registry


def register(registry: Registry) -> None:
    """Register Bokeh's types."""
    registry.register_refused(sys.modules["bokeh.model"].Model, "a Bokeh model can't be loaded from a pickle")
