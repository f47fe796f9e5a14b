"""statsmodels: a model that was made of a formula keeps what the formula learnt of its data.

The library's own way evaluates the formula anew when the model is loaded: on the table as it is by then, which the user
may have changed since the fit, and with the functions that whoever loads it knows.
"""

from __future__ import annotations

import importlib
from typing import Any

from ensession.serial.constructible import NEW_OBJECT
from ensession.serial.rebuild import these_attributes
from ensession.serial.registry import Registry


def register(registry: Registry) -> None:
    """Register the data of models."""
    base = importlib.import_module("statsmodels.base.data").ModelData

    def reduce(data: Any) -> Any:
        if type(data).__getstate__ is not base.__getstate__:
            return NotImplemented
        return NEW_OBJECT, (type(data),), vars(data), None, None, these_attributes

    registry.register_line(base, reduce)
