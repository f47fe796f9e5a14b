"""Examine a live namespace: a digest of every value, and which values belong together.

Runs inside a kernel, by path, unseen by any hook. Knows nothing of ensession and uses none of its code, so that the
demo's judge is not the accused: values are compared by their contents, down to the last bit of every array, never by
a pickle (equal values have many).
"""

from __future__ import annotations

import enum
import hashlib
import inspect
import io
import itertools
import json
import pickle
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure

ATOMS = (type(None), bool, int, float, complex, str, bytes, type(Ellipsis), np.generic)
CAN_NOT_BE_PICKLED = (TypeError, AttributeError, NotImplementedError, pickle.PicklingError, RuntimeError)
"""What taking apart raises; RuntimeError comes from an iterator whose dictionary or set has grown since."""
SHELL_NAMES = frozenset({"In", "Out", "get_ipython", "exit", "quit", "open"})


class Walker:
    """Digests of values by structure; remembers what each value reached.

    Cycles and shared parts are written as the position of the first visit, so that ``[a, a]`` differs from
    ``[a, copy of a]``.
    """

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self.namespace = namespace
        self.positions: dict[int, int] = {}
        self.kept: list[object] = []  # ids stay unique as long as nothing is freed
        self.mutable: set[int] = set()
        self.hash = hashlib.sha256()

    def put(self, *words: object) -> None:
        """Add words to the digest."""
        for word in words:
            self.hash.update((word if isinstance(word, bytes) else str(word).encode()) + b"\0")

    def walk(self, value: Any) -> None:
        """Add a value to the digest."""
        if isinstance(value, ATOMS):
            self.put(type(value).__name__, repr(value))
            return
        if id(value) in self.positions:
            self.put("seen", self.positions[id(value)])
            return
        self.positions[id(value)] = len(self.positions)
        self.kept.append(value)
        self.put(type(value).__module__, type(value).__qualname__)
        for module, name, walk in FOREIGN_KINDS:
            foreign = getattr(sys.modules.get(module), name, None)
            if foreign is not None and isinstance(value, foreign):
                walk(self, value)
                return
        for kind, walk in KINDS:
            if isinstance(value, kind):
                getattr(self, walk.__name__)(value)
                return
        self._object(value)

    def _sequence(self, value: Iterable[Any]) -> None:
        if isinstance(value, list):
            self.mutable.add(id(value))
            self.kept.append(value)
        items = list(value)
        self.put(len(items))
        for item in items:
            self.walk(item)

    def _mapping(self, value: Mapping[Any, Any]) -> None:
        self.mutable.add(id(value))
        self.kept.append(value)
        self.put(len(value))
        for key, item in list(value.items()):  # a look may fill a cache
            self.walk(key)
            self.walk(item)

    def _set(self, value: Iterable[Any]) -> None:
        self.mutable.add(id(value))
        for item_digest in sorted(digest_of(item, self.namespace, type(self))[0] for item in value):
            self.put(item_digest)

    def _array(self, value: np.ndarray[Any, Any]) -> None:
        self.mutable.add(id(value))
        self.put(value.dtype, value.shape, value.flags.writeable)
        if value.dtype.hasobject:
            self.walk(value.ravel().tolist())
        else:
            self.put(np.ascontiguousarray(value).tobytes())

    def _frame(self, value: pd.DataFrame) -> None:
        self.mutable.add(id(value))
        self.put(value.shape, list(value.columns), list(map(str, value.dtypes)))
        self._hashed(value.index)
        for position in range(value.shape[1]):
            self._hashed(value.iloc[:, position])

    def _labelled(self, value: pd.Series[Any] | pd.Index[Any]) -> None:
        self.mutable.add(id(value))
        self.put(len(value), value.dtype, value.name)
        for part in (value.index, value) if isinstance(value, pd.Series) else (value,):
            self._hashed(part)

    def _hashed(self, value: Any) -> None:
        if isinstance(value, pd.MultiIndex):
            self.put(list(value.names))
            for number in range(value.nlevels):
                self._hashed(value.get_level_values(number))
        elif isinstance(value.dtype, np.dtype) and not value.dtype.hasobject:
            self.put(np.ascontiguousarray(value.to_numpy()).tobytes())
        else:
            hashes = pd.util.hash_pandas_object(value, index=False, categorize=False)
            self.put(hashes.to_numpy().tobytes(), np.asarray(value.isna()).tobytes())

    def _categorical(self, value: pd.Categorical) -> None:
        self.mutable.add(id(value))
        self.put(value.ordered, list(value.categories))
        self.put(value.codes.tobytes())

    def _tensor(self, value: Any) -> None:
        self.mutable.add(id(value))
        self.put(value.dtype, tuple(value.shape), value.stride(), value.requires_grad, value.device)
        self.put(value.detach().numpy().tobytes())
        self.walk(value.grad if value.is_leaf else None)

    def _spatial_tree(self, value: Any) -> None:
        """Look at what it was made from: its state holds addresses."""
        self.mutable.add(id(value))
        self.walk([value.data, value.indices, value.leafsize])

    def _graph(self, value: Any) -> None:
        """Look at what defines it: views are made when they are first asked for, and kept in its attributes."""
        self.mutable.add(id(value))
        self.walk([value.graph, value._node, value._adj, getattr(value, "_pred", None)])

    def _figure(self, value: Figure) -> None:
        self.mutable.add(id(value))
        picture = io.BytesIO()
        value.savefig(picture, format="rgba", dpi=72)
        self.put(picture.getvalue())

    def _artist(self, value: Artist) -> None:
        figure = value.get_figure()
        axes: list[Any] = figure.axes if figure is not None else []
        self.put(axes.index(value) if value in axes else -1)
        self.walk(figure)

    def _module(self, value: types.ModuleType) -> None:
        self.put(value.__name__)

    def _function(self, value: types.FunctionType) -> None:
        if value.__module__ != "__main__":
            self.put(value.__module__, value.__qualname__)
            return
        self.mutable.add(id(value))
        self.put(value.__qualname__, value.__doc__, value.__code__.co_code, value.__code__.co_names)
        self.put("live globals" if value.__globals__ is self.namespace else "FOREIGN GLOBALS")
        self.walk([value.__defaults__, value.__kwdefaults__, *value.__code__.co_varnames])
        self.walk([cell.cell_contents for cell in value.__closure__ or ()])

    def _method(self, value: types.MethodType) -> None:
        self.walk(value.__func__)
        self.walk(value.__self__)

    def _property(self, value: property) -> None:
        self.walk([value.fget, value.fset, value.fdel])

    def _wrapped(self, value: Any) -> None:
        self.walk(value.__func__)

    def _descriptor(self, value: Any) -> None:
        self.put(value.__name__)

    def _class(self, value: type) -> None:
        self.put(value.__module__, value.__qualname__)
        if value.__module__ == "__main__":
            self.walk([base.__qualname__ for base in value.__mro__])
            self.walk(self._members(value))

    def _members(self, cls: type) -> dict[str, Any]:
        return {name: member for name, member in sorted(vars(cls).items()) if not name.startswith("__")}

    def _object(self, value: Any) -> None:
        """Anything else: by what pickle would take apart."""
        self.mutable.add(id(value))
        cls = type(value)
        if value is np.random.mtrand._rand:  # what state it is in is examined by itself
            return
        if cls.__module__ == "__main__":
            is_live = self.namespace.get(cls.__name__) is cls
            self.put("class of the session" if is_live else "CLASS FROM ELSEWHERE")
        try:
            reduced = value.__reduce_ex__(4)
        except CAN_NOT_BE_PICKLED:  # a connection, a generator: by its attributes, if it has any
            self.put("can't be pickled")
            self.walk(getattr(value, "__dict__", None))
            return
        if isinstance(reduced, str):
            self.put(reduced)
            return
        self.kept.append(reduced)
        function, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
        for part in (function, arguments, state, list(items or ()), list(pairs or ())):
            self.walk(part)


KINDS: list[tuple[Any, Callable[[Walker, Any], None]]] = [
    (dict, Walker._mapping),
    ((list, tuple), Walker._sequence),
    ((set, frozenset), Walker._set),
    (np.ndarray, Walker._array),
    (pd.DataFrame, Walker._frame),
    ((pd.Series, pd.Index), Walker._labelled),
    (pd.Categorical, Walker._categorical),
    (Figure, Walker._figure),
    (Artist, Walker._artist),
    (types.ModuleType, Walker._module),
    (types.FunctionType, Walker._function),
    (types.MethodType, Walker._method),
    (property, Walker._property),
    ((staticmethod, classmethod), Walker._wrapped),
    ((types.MemberDescriptorType, types.GetSetDescriptorType), Walker._descriptor),
    ((type, types.BuiltinFunctionType), Walker._class),
]


FOREIGN_KINDS: list[tuple[str, str, Callable[[Walker, Any], None]]] = [
    ("torch", "Tensor", Walker._tensor),
    ("scipy.spatial", "cKDTree", Walker._spatial_tree),
    ("networkx", "Graph", Walker._graph),
]
"""Kinds of libraries that only some notebooks load."""


class PortableWalker(Walker):
    """Digests that are the same under another Python and NumPy.

    What the compiler made of a function is left out, how a generator is taken apart, how docstrings are indented.
    """

    def _mapping(self, value: Mapping[Any, Any]) -> None:
        text = value.get("__doc__")
        super()._mapping({**value, "__doc__": inspect.cleandoc(text)} if isinstance(text, str) else value)

    def _object(self, value: Any) -> None:
        if isinstance(value, np.random.Generator):
            self.mutable.add(id(value))
            self.walk(value.bit_generator.state)
        else:
            super()._object(value)

    def _members(self, cls: type) -> dict[str, Any]:
        """Leave out what an enumeration remembers of its members: each Python has tables of its own for that."""
        found = super()._members(cls)
        return {n: v for n, v in found.items() if not (isinstance(cls, enum.EnumMeta) and n[0] == n[-1] == "_")}

    def _function(self, value: types.FunctionType) -> None:
        if value.__module__ != "__main__":
            self.put(value.__module__, value.__qualname__)
            return
        self.mutable.add(id(value))
        code = value.__code__
        parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        self.put(value.__qualname__, inspect.cleandoc(value.__doc__ or ""), *parameters)
        self.put("live globals" if value.__globals__ is self.namespace else "FOREIGN GLOBALS")
        self.walk([value.__defaults__, value.__kwdefaults__])
        self.walk([cell.cell_contents for cell in value.__closure__ or ()])


def digest_of(
    value: object, namespace: Mapping[str, Any], new_walker: type[Walker] = Walker
) -> tuple[str, set[int], list[object]]:
    """Return the digest of a value, the ids of the mutable objects it reaches, and what keeps those ids valid."""
    walker = new_walker(namespace)
    walker.walk(value)
    return walker.hash.hexdigest(), walker.mutable, walker.kept


def user_variables(namespace: Mapping[str, Any], hidden: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the user's cells bound: everything but what the shell put there itself."""

    def is_shells_own(name: str) -> bool:
        is_history = name.strip("_") == "" or name.startswith(("_i", "_oh", "_dh", "_exit_code")) or name[1:].isdigit()
        return name.startswith("__") or name in SHELL_NAMES or (name.startswith("_") and is_history)

    return {name: value for name, value in namespace.items() if not is_shells_own(name) and name not in hidden}


def n_bytes(value: Any) -> int:
    """Estimate the memory of a value: array and frame data, or else the length of its pickle."""
    if isinstance(value, np.ndarray):
        return value.nbytes if value.base is None else 0
    if isinstance(value, pd.DataFrame | pd.Series | pd.Index):
        return int(np.sum(value.memory_usage(deep=True)))
    try:
        return len(pickle.dumps(value, protocol=5))
    except CAN_NOT_BE_PICKLED:
        return 0


def belonging(values: Mapping[str, Any], reached: Mapping[str, set[int]]) -> list[str]:
    """Return which names are one object, share memory, or reach a common mutable object."""
    facts = []
    for first, second in itertools.combinations(sorted(values), 2):
        one, other = values[first], values[second]
        if one is other and not isinstance(one, ATOMS):
            facts.append(f"{first} is {second}")
        elif isinstance(one, np.ndarray) and isinstance(other, np.ndarray) and np.shares_memory(one, other):
            facts.append(f"{first} shares memory with {second}")
        elif reached[first] & reached[second]:
            facts.append(f"{first} and {second} have a part in common")
    return facts


def examine(
    namespace: Mapping[str, Any], hidden: Mapping[str, Any], target: str, new_walker: type[Walker] = Walker
) -> str:
    """Write a report on every user variable to ``target`` as JSON."""
    values = user_variables(namespace, hidden)
    digests, reached, kept = {}, {}, []
    for name, value in values.items():
        digests[name], reached[name], alive = digest_of(value, namespace, new_walker)
        kept.append(alive)
    report = {
        "digests": digests,
        "belonging": belonging(values, reached),
        "n_bytes": sum(n_bytes(value) for value in values.values()),
        "random": hashlib.sha256(repr(np.random.get_state()).encode()).hexdigest(),
    }
    with open(target, "w", encoding="utf-8") as file:
        json.dump(report, file)
    return "examined"


def examine_portably(namespace: Mapping[str, Any], hidden: Mapping[str, Any], target: str) -> str:
    """Write a report that can be compared with one of another Python."""
    return examine(namespace, hidden, target, PortableWalker)
