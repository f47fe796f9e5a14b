"""The state of one look while the pickler runs, and what it does with each object that plain pickle gets wrong."""

from __future__ import annotations

import enum
import gc
import sys
import types
from collections.abc import Collection, Iterable
from typing import Any

from ensession.errors import UnserializableError
from ensession.model import BufferMode
from ensession.serial import arrays, definitions, members, rebuild
from ensession.serial.constructible import reduce_exception
from ensession.serial.memo import objects_in
from ensession.serial.observed import observation
from ensession.serial.registry import Later, Range, Reducer
from ensession.serial.scope import IMMUTABLE, Scope
from ensession.serial.timed import TIMED


class NamespaceReference:
    """Stands for the session namespace where it is a value itself (``g = globals()``)."""

    def __reduce__(self) -> Any:
        """Come back as the live namespace."""
        return rebuild.session_dict, ()


class Reducers:
    """The state of one look, and the dispatch of ``reducer_override``; mixed into both picklers."""

    memo: Any

    def prepare(
        self, scope: Scope, own: frozenset[str], owners: frozenset[int], out_of_band: dict[int, BufferMode]
    ) -> None:
        """Set up a look.

        Parameters
        ----------
        scope : Scope
        own : frozenset of str
            Names that are stored here by value, whatever refers to them.
        owners : frozenset of int
            Ids of arrays whose views are stored as views.
        out_of_band : dict
            Gets the modes of buffers, by id.
        """
        self._before = frozenset(map(id, gc.get_referents(self)))  # what it uses itself, and no attribute shows
        self._scope = scope
        self._resolver = scope.resolver
        self._registry = scope.registry
        self._own = own
        self._owners = owners
        self.references: dict[str, None] = {}
        self.by_reference: set[int] = set()
        self.open_cells: set[int] = set()
        self.filled_cells: set[int] = set()
        self.codes: list[types.CodeType] = []
        self.constants: dict[tuple[Any, ...], Any] = {}
        self.types: set[type] = set()
        self._fixed: set[type] = set()
        self.packages: set[str] = set()
        self.out_of_band = out_of_band
        self.holds_observed = False
        self.ranges: set[Range] = set()
        self.foreign_ranges: set[Range] = set()
        self.roots: dict[int, set[int]] = {}
        self.copied_roots: set[int] = set()
        self.labels: dict[int, tuple[Any, ...]] = {}
        self._copied: set[int] = set()
        self._sources: dict[str, tuple[str, str | None]] = {}
        self._alive: list[Any] = []
        self._objects: Collection[Any] | None = None

    @property
    def namespace(self) -> dict[str, Any]:
        """The live namespace; no attribute, because it may be part of a payload."""
        return self._scope.namespace

    def reducer_override(self, obj: Any) -> Any:
        """Reduce what plain pickle gets wrong; everything else as always."""
        kind = type(obj)
        handler = definitions.REDUCERS.get(kind)
        if handler is not None:
            known = self._registry.find(kind)
            self.holds_observed |= known is not None and known.fingerprint is not None
            return handler(self, obj)
        if isinstance(obj, type):
            return definitions.reduce_class(self, obj)
        self._note_type(obj, kind)
        known = self._registry.find(kind)
        if known is not None:
            return self._reduce_known(obj, known)
        if issubclass(kind, BaseException):
            return reduce_exception(obj)
        if issubclass(kind, enum.Enum) and not definitions.is_importable(kind):
            return members.reduce_member(obj)
        return self._reduce_of_library(obj, kind)

    def _note_type(self, obj: Any, kind: type) -> None:
        if kind not in self.types:
            self.types.add(kind)
            if self._registry.is_immutable(kind):
                self._fixed.add(kind)
        if kind in self._fixed:  # what it is made of changes as little as it does, and others like it hold it too
            self.by_reference.update(map(id, plain_parts(obj)))

    def _reduce_of_library(self, obj: Any, kind: type) -> Any:
        if kind.__module__ == "numpy.dtypes":
            return self._reduce_dtype(obj)
        if isinstance(obj, dict) and getattr(obj, "__dict__", None) is obj:
            return _reduce_own_dict(obj)
        if kind.__module__ == "numpy":
            return self._reduce_numpy(obj, kind)
        if kind.__module__ == "pandas" or kind.__module__.startswith("pandas."):
            return self._reduce_pandas(obj)
        return NotImplemented

    def _reduce_dtype(self, dtype: Any) -> Any:
        name = arrays.name_of(dtype)
        if name is not None:
            return sys.modules["numpy"].dtype, (name,)
        if dtype.fields:  # a view of a dict that nobody changes
            self.by_reference.update(map(id, gc.get_referents(dtype.fields)))
        return NotImplemented

    def _reduce_known(self, obj: Any, known: Reducer) -> Any:
        if known.fingerprint is not None:
            self.holds_observed = True
        if known.memory is not None:
            self.foreign_ranges.add(known.memory(obj))
        return NotImplemented if known.reduce is None else known.reduce(obj)

    def reference(self, obj: Any) -> Any:
        """Return a reduction to a required version, or None where ``obj`` has to be stored by value."""
        found = self._resolver.find(obj)
        if found is None or found.root in self._own:
            return None
        self.references[found.root] = None
        self.by_reference.add(id(obj))
        return rebuild.required, (found.root, *found.path)

    def note_code(self, function: types.FunctionType) -> None:
        """Remember the code of a function that is stored by value."""
        self.codes.append(function.__code__)

    def source_of(self, code: types.CodeType) -> tuple[str, str | None]:
        """Name and text of a cell; the same string object each time, so that the memo stores it once."""
        timed = self._scope.timed.text_of(code) if code.co_filename == TIMED else None
        key = code.co_filename if timed is None else timed
        if key not in self._sources:
            self._sources[key] = definitions.cell_source(key) if timed is None else definitions.named(timed)
        return self._sources[key]

    def _reduce_numpy(self, array: Any, kind: type) -> Any:
        np = sys.modules["numpy"]
        if kind is not np.ndarray:
            return NotImplemented
        root = arrays.memory_root(array)
        if id(array) in self._copied:
            self.copied_roots.add(id(root))
        else:
            self.roots.setdefault(id(root), set()).add(id(array))
            self._alive.append(array)
            self.ranges.add(arrays.memory_range(array, root))
        if id(root) in self._owners and array is not root:
            reduced = arrays.reduce_view(array, root)
            if reduced is not None:
                return reduced
        if array.dtype.hasobject:
            return NotImplemented if array.flags.writeable else arrays.reduce_locked(array)
        return arrays.reduce_array(array, self.out_of_band)

    def _reduce_pandas(self, obj: Any) -> Any:
        """Take note of what pandas shares; what an object remembers of itself and can't change is no part of it."""
        self._note_pandas(obj)
        kind: Any = type(obj)
        remembered = getattr(obj, "__dict__", {}).get("_cache")
        if type(remembered) is not dict or kind.__reduce_ex__ is not object.__reduce_ex__:
            return NotImplemented
        reduced = obj.__reduce_ex__(5)
        if len(reduced) < 3 or type(reduced[2]) is not dict or reduced[2].get("_cache") is not remembered:  # noqa: PLR2004
            return reduced
        state: dict[str, Any] = dict(reduced[2])
        kept = {name: value for name, value in state.pop("_cache").items() if is_mutable(type(value)) is not False}
        if kept:
            state["_cache"] = kept
        return *reduced[:2], state or None, *reduced[3:]

    def _note_pandas(self, obj: Any) -> None:
        """Take note of what pandas shares between frames.

        Labels are shared as if they were immutable, but for their names. Since pandas 3 memory that two frames
        share is copied before one of them changes it.
        """
        pandas = sys.modules["pandas"]
        if isinstance(obj, pandas.Index):
            self.labels[id(obj)] = tuple(obj.names)
            self._alive.append(obj)
        elif hasattr(obj, "_metadata"):  # one list for all frames, and part of each frame's state
            self._copied.add(id(obj._metadata))
        elif isinstance(obj, pandas._libs.internals.Block) and int(pandas.__version__.partition(".")[0]) >= 3:  # noqa: PLR2004
            values = obj.values
            self._copied.add(id(values))
            inner = (getattr(values, name, None) for name in ("_ndarray", "_data", "_mask"))
            self._copied.update(id(part) for part in inner if part is not None)

    def shared_owners(self) -> frozenset[int]:
        """Memory that more than one array of this payload lives in."""
        return frozenset(root for root, users in self.roots.items() if len(users) > 1)

    def memoized(self, ids: Iterable[int]) -> set[int]:
        """Return which of these objects are part of the payload, references aside."""
        wanted = set(ids) - self.by_reference - self._own_parts()
        return wanted.intersection(map(id, self._held()))

    def _held(self) -> Collection[Any]:
        """Return the objects of the payload, and those of the pickler itself."""
        if self._objects is None:
            self._objects = objects_in(self)
        return self._objects

    def _own_parts(self) -> set[int]:
        return {*self._before, id(vars(self)), *map(id, vars(self).values())}

    def holds_set_type(self) -> bool:
        """Whether an instance of a subclass of set or frozenset was pickled."""
        return any(issubclass(kind, set | frozenset) for kind in self.types)

    def holds_unordered(self) -> bool:
        """Whether there is a set whose order may differ from process to process."""
        held = self._held()
        kinds = {kind for kind in set(map(type, held)) if issubclass(kind, set | frozenset)}
        if not kinds:
            return False
        own = self._own_parts()
        return any(type(one) in kinds and id(one) not in own and _is_unordered(one) for one in held)

    def mutable_ids(self) -> dict[int, Any]:
        """Return every object of the payload through which two names could share a change, by id."""
        mutable: dict[type, bool | None] = {}
        found = {}
        for obj in self._held():
            kind = type(obj)
            verdict = mutable[kind] if kind in mutable else mutable.setdefault(kind, self._is_mutable(kind))
            if verdict or (verdict is None and not definitions.is_importable(obj)):
                found[id(obj)] = obj
        own = self._own_parts()
        for key in (*own, *self.by_reference, *self.labels, *self._copied, *self._registry.constants(found)):
            found.pop(key, None)
        return found

    def user_roots(self) -> frozenset[int]:
        """Return the owners of array memory in the payload, those that belong to a library itself left out."""
        return frozenset(self.roots) - self._registry.constants(self.roots)

    def _is_mutable(self, kind: type) -> bool | None:
        return False if self._registry.is_immutable(kind) else is_mutable(kind)


class Observing(Reducers):
    """Reducers for a fingerprint only: what has a registered one is replaced by it."""

    def reducer_override(self, obj: Any) -> Any:
        """Reduce an object to what stands for it, or as for a payload."""
        kind = type(obj)
        known = self._registry.find(kind)
        if known is None or known.fingerprint is None:
            return super().reducer_override(obj)
        self.types.add(kind)
        state = known.fingerprint(obj)
        if state is NotImplemented:
            raise UnserializableError(f"this {kind.__qualname__} has no fingerprint")
        name = f"{kind.__module__}.{kind.__qualname__}"
        return (observation, (name,), state.state) if isinstance(state, Later) else (observation, (name, state))


def _is_unordered(members: Any) -> bool:
    return len(members) > 1 and not all(type(member) in _HASHED_BY_VALUE for member in members_of(members))


def members_of(members: Any) -> Iterable[Any]:
    """Iterate over a set past what a subclass makes of iteration."""
    return set.__iter__(members) if isinstance(members, set) else frozenset.__iter__(members)


def plain_parts(obj: Any) -> list[Any]:
    """Return the attributes of an object, and the lists, dictionaries and sets among them."""
    held = getattr(obj, "__dict__", {})
    return [part for part in (held, *held.values()) if type(part) in _PARTS]


def _reduce_own_dict(obj: Any) -> Any:
    """Reduce a dictionary whose items are its attributes, too: plain pickle brings two dictionaries."""
    reduced = obj.__reduce_ex__(5)
    if len(reduced) != 5 or reduced[2] is not obj:  # noqa: PLR2004  (it has a way of its own)
        return reduced
    make, arguments, _, items, pairs = reduced
    return make, arguments, (), items, pairs, rebuild.own_dict


_PARTS = frozenset({list, dict, set})
_HASHED_BY_VALUE = frozenset({int, bool, float, complex})


def is_mutable(kind: type) -> bool | None:
    """Whether objects of a type can change; None where it depends on the object."""
    if issubclass(kind, IMMUTABLE):
        return False
    if issubclass(kind, type | types.FunctionType) or kind.__name__ == "cython_function_or_method":
        return None
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if numpy is not None and issubclass(kind, (numpy.dtype, numpy.generic, numpy.ufunc)):
        return False
    return pandas is None or not issubclass(kind, _pandas_scalars(pandas))


def _pandas_scalars(pandas: Any) -> tuple[type, ...]:
    """Return pandas' types whose values can't change; some of them are one object for all that use it."""
    scalars = (pandas.Period, pandas.Interval, pandas.offsets.BaseOffset, type(pandas.NA), type(pandas.NaT))
    return (pandas.api.extensions.ExtensionDtype, *scalars)
