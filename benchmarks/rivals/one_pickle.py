"""One pickle of everything, as people write it by hand; runs inside a kernel, by path."""

from __future__ import annotations

import importlib
import pickle
import types
from collections.abc import Mapping
from typing import Any

SHELL_NAMES = frozenset({"In", "Out", "get_ipython", "exit", "quit", "open"})


def save(namespace: Mapping[str, Any], hidden: Mapping[str, Any], target: str) -> str:
    """Write the user's variables."""
    values = {
        name: value
        for name, value in namespace.items()
        if name not in hidden and name not in SHELL_NAMES and not name.startswith("_")
    }
    modules = {name: value.__name__ for name, value in values.items() if isinstance(value, types.ModuleType)}
    rest = {name: value for name, value in values.items() if name not in modules}
    with open(target, "wb") as file:
        pickle.dump((modules, rest), file, protocol=pickle.HIGHEST_PROTOCOL)
    return "saved"


def load(namespace: dict[str, Any], _hidden: Mapping[str, Any], source: str) -> str:
    """Bind what a pickle holds."""
    with open(source, "rb") as file:
        modules, rest = pickle.load(file)
    namespace.update({name: importlib.import_module(module) for name, module in modules.items()})
    namespace.update(rest)
    return "loaded"
