"""Turning values into payloads: the C pickler with our reducers, and dill behind it.

One *look* at a co-variable pickles it into a sink and brings, at no further cost, what the look had to see
anyway: which session classes and functions it refers to, which global names the code inside it uses, which
libraries its types come from, and which mutable objects and memory it reaches.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import pathlib
import pickle
import re
import sys
import types
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ensession.errors import UnserializableError
from ensession.model import BufferMode, Codec, PayloadSink
from ensession.serial import arrays, definitions, rebuild

PROTOCOL = 5
IMMUTABLE = (
    str,
    bytes,
    int,
    float,
    complex,
    bool,
    type(None),
    tuple,
    frozenset,
    range,
    slice,
    types.ModuleType,
    types.CodeType,
    types.BuiltinFunctionType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    datetime.date,
    datetime.time,
    datetime.timedelta,
    datetime.tzinfo,
    decimal.Decimal,
    enum.Enum,
    fractions.Fraction,
    pathlib.PurePath,
    re.Pattern,
    uuid.UUID,
)


@dataclass(frozen=True, slots=True)
class Reference:
    """A class or function that a session name is bound to.

    Attributes
    ----------
    root : str
        The name.
    path : tuple[str, ...]
        Attributes from the root's value to the object.
    """

    root: str
    path: tuple[str, ...] = ()


class Resolver(Protocol):
    """Knows which classes and functions the session's names stand for."""

    def find(self, obj: Any) -> Reference | None:
        """Return where the session keeps ``obj``, or None."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a pickler has to know of the session.

    Attributes
    ----------
    namespace : dict
        The live namespace: the globals of session functions.
    resolver : Resolver
    reducers : Mapping[type, Callable]
        Reducers for further types: called with the object, return what ``__reduce__`` may return.
    """

    namespace: dict[str, Any]
    resolver: Resolver
    reducers: Mapping[type, Callable[[Any], Any]] = field(default_factory=dict)


class NamespaceReference:
    """Stands for the session namespace where it is a value itself (``g = globals()``)."""

    def __reduce__(self) -> Any:
        """Come back as the live namespace."""
        return rebuild.session_dict, ()


class Reducers:
    """The state of one look, and the dispatch of ``reducer_override``; mixed into both picklers."""

    memo: Any

    def prepare(self, scope: Scope, own: frozenset[str], owners: frozenset[int]) -> None:
        """Set up a look.

        Parameters
        ----------
        scope : Scope
        own : frozenset of str
            Names that are stored here by value, whatever refers to them.
        owners : frozenset of int
            Ids of arrays whose views are stored as views.
        """
        self.namespace = scope.namespace
        self._resolver = scope.resolver
        self._plugins = scope.reducers
        self._own = own
        self._owners = owners
        self.references: dict[str, None] = {}
        self.by_reference: set[int] = set()
        self.open_cells: set[int] = set()
        self.filled_cells: set[int] = set()
        self.codes: list[types.CodeType] = []
        self.types: set[type] = set()
        self.packages: set[str] = set()
        self.out_of_band: dict[int, BufferMode] = {}
        self.roots: dict[int, set[int]] = {}
        self.copied_roots: set[int] = set()
        self.labels: dict[int, tuple[Any, ...]] = {}
        self._copied: set[int] = set()
        self._sources: dict[str, tuple[str, str | None]] = {}
        self._alive: list[Any] = []

    def reducer_override(self, obj: Any) -> Any:
        """Reduce what plain pickle gets wrong; everything else as always."""
        kind = type(obj)
        handler = definitions.REDUCERS.get(kind)
        if handler is not None:
            return handler(self, obj)
        plugin = self._plugins.get(kind)
        if plugin is not None:
            return plugin(obj)
        if isinstance(obj, type):
            return definitions.reduce_class(self, obj)
        self.types.add(kind)
        if kind.__module__ == "numpy":
            return self._reduce_numpy(obj, kind)
        if kind.__module__ == "pandas" or kind.__module__.startswith("pandas."):
            self._note_pandas(obj)
        return NotImplemented

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

    def source_of(self, filename: str) -> tuple[str, str | None]:
        """Name and text of a cell; the same string object each time, so that the memo stores it once."""
        if filename not in self._sources:
            self._sources[filename] = definitions.cell_source(filename)
        return self._sources[filename]

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
        if id(root) in self._owners and array is not root:
            reduced = arrays.reduce_view(array, root)
            if reduced is not None:
                return reduced
        if array.dtype.hasobject:
            return NotImplemented
        return arrays.reduce_array(array, self.out_of_band)

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

    def memoized(self, ids: Iterable[int]) -> list[int]:
        """Return which of these objects are part of the payload, references aside."""
        memo = self.memo.copy()
        return [key for key in ids if key in memo and key not in self.by_reference]

    def mutable_ids(self) -> dict[int, Any]:
        """Return every object of the payload through which two names could share a change, by id."""
        mutable: dict[type, bool | None] = {}
        found = {}
        # The memo of dill's pickler holds other entries too: those are no pairs.
        for key, entry in self.memo.copy().items():
            obj = entry[1] if type(entry) is tuple else None
            kind = type(obj)
            verdict = mutable[kind] if kind in mutable else mutable.setdefault(kind, _is_mutable(kind))
            if verdict or (verdict is None and not definitions.is_importable(obj)):
                found[key] = obj
        for key in (*self.by_reference, *self.labels, *self._copied):
            found.pop(key, None)
        return found


def _is_mutable(kind: type) -> bool | None:
    """Whether objects of a type can change; None where it depends on the object."""
    if issubclass(kind, IMMUTABLE):
        return False
    if issubclass(kind, type | types.FunctionType) or kind.__name__ == "cython_function_or_method":
        return None
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if numpy is not None and issubclass(kind, (numpy.dtype, numpy.generic, numpy.ufunc)):
        return False
    return pandas is None or not issubclass(kind, pandas.api.extensions.ExtensionDtype)


class _CPickler(Reducers, pickle.Pickler):
    """The fast one."""


def _dill_pickler() -> type:
    import dill

    class DillPickler(Reducers, dill.Pickler):  # type: ignore[misc]
        """The thorough one."""

    return DillPickler


@dataclass(frozen=True, slots=True)
class Dump:
    """What one pass over a co-variable brought.

    Attributes
    ----------
    codec : Codec
    references : tuple[str, ...]
        Names of the definitions that the payload requires.
    owners : frozenset[int]
        Ids of the arrays that views were stored against.
    pickler : Reducers
        Keeps temporary objects alive, so that ids stay comparable between dumps.
    """

    codec: Codec
    references: tuple[str, ...]
    owners: frozenset[int]
    pickler: Reducers


FALLBACK_ERRORS = (
    pickle.PicklingError,
    TypeError,
    AttributeError,
    ValueError,
    NotImplementedError,
    RecursionError,
    ImportError,
    OSError,
    RuntimeError,
    LookupError,
)
"""What user-defined ``__reduce__`` and ``__getstate__`` are seen to raise for values that can't be pickled."""


def dump(
    values: Mapping[str, Any],
    scope: Scope,
    new_sink: Callable[[], PayloadSink],
    *,
    codec: Codec | None = None,
    owners: frozenset[int] = frozenset(),
) -> tuple[Dump, PayloadSink]:
    """Pickle the values of a co-variable.

    Parameters
    ----------
    values : Mapping[str, object]
        Name to value.
    scope : Scope
    new_sink : callable
        Makes a sink; called once for each attempt.
    codec : Codec, optional
        The codec to use; by default plain pickle, then dill.
    owners : frozenset of int
        Ids of arrays that are known to have several views in this payload.

    Returns
    -------
    tuple of Dump and PayloadSink
        The sink of the attempt that succeeded.

    Raises
    ------
    UnserializableError
        With the reason of plain pickle, which names the culprit better than dill does.
    """
    if codec is Codec.DILL:
        return _dump_with(_dill_pickler(), Codec.DILL, values, scope, new_sink, owners)
    try:
        return _dump_with(_CPickler, Codec.PICKLE, values, scope, new_sink, owners)
    except FALLBACK_ERRORS as error:
        if codec is Codec.PICKLE:
            raise UnserializableError(_reason(error)) from error
        first = error
    except UnserializableError:
        raise
    try:
        return _dump_with(_dill_pickler(), Codec.DILL, values, scope, new_sink, owners)
    except FALLBACK_ERRORS as error:
        raise UnserializableError(_reason(first)) from error


def _reason(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply to be pickled"
    text = str(error).strip().splitlines()
    return text[0][:200] if text else type(error).__name__


def _dump_with(
    pickler_type: Any,
    codec: Codec,
    values: Mapping[str, Any],
    scope: Scope,
    new_sink: Callable[[], PayloadSink],
    owners: frozenset[int],
) -> tuple[Dump, PayloadSink]:
    """Pickle once; and a second time where views turn out to share memory inside the payload."""
    pickler, sink = _one_pass(pickler_type, values, scope, new_sink(), owners)
    shared = pickler.shared_owners()
    if shared - owners:
        pickler, sink = _one_pass(pickler_type, values, scope, new_sink(), shared | owners)
    return Dump(codec, tuple(pickler.references), owners | shared, pickler), sink


def _one_pass(
    pickler_type: Any, values: Mapping[str, Any], scope: Scope, sink: PayloadSink, owners: frozenset[int]
) -> tuple[Any, PayloadSink]:
    def out_of_band(buffer: pickle.PickleBuffer) -> None:
        view = buffer.raw()
        plain = BufferMode.READONLY if view.readonly else BufferMode.WRITABLE
        sink.add_buffer(view, pickler.out_of_band.get(id(buffer), plain))

    pickler = pickler_type(sink, PROTOCOL, buffer_callback=out_of_band)
    pickler.prepare(scope, frozenset(values), owners)
    # Interned, as names in a namespace are: whether two equal strings are one object shows in the stream.
    named = {
        sys.intern(name): NamespaceReference() if value is scope.namespace else value
        for name, value in sorted(values.items())
    }
    pickler.dump(named)
    return pickler, sink
