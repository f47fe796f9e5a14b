"""The state of one look while the pickler runs, and what it does with each object that plain pickle gets wrong."""

from __future__ import annotations

import copyreg
import enum
import functools
import gc
import itertools
import pickle
import sys
import types
from collections.abc import Collection, Iterable
from typing import Any

from ensession.model import BufferMode
from ensession.serial import arrays, definitions, handlers, rebuild
from ensession.serial.handlers import Handler
from ensession.serial.kinds import are_labels, identities, is_forgetful, is_mutable, is_unordered, key_of
from ensession.serial.memo import objects_in
from ensession.serial.optional import Nowhere, Trials
from ensession.serial.own import ByName
from ensession.serial.registry import Range, Reducer, module_of
from ensession.serial.scope import Scope
from ensession.serial.tables import (
    attributes_given,
    block_types,
    copies_blocks,
    manager_types,
    parts_of_labels,
    parts_of_values,
)
from ensession.serial.timed import TIMED
from ensession.serial.views import Views

_FIRST = 64
"""The attributes of a pickler come among the first that it shows the collector, before what it pickled."""


class NamespaceReference:
    """Stands for the session namespace where it is a value itself (``g = globals()``)."""

    def __reduce__(self) -> Any:
        """Come back as the live namespace."""
        return rebuild.session_dict, ()


class Reducers(Views):
    """The state of one look, and the dispatch of ``reducer_override``; mixed into both picklers."""

    memo: Any

    def prepare(
        self, scope: Scope, own: frozenset[str], owners: frozenset[int] | None, out_of_band: dict[int, BufferMode]
    ) -> None:
        """Set up a look.

        Parameters
        ----------
        scope : Scope
        own : frozenset of str
            Names that are stored here by value, whatever refers to them.
        owners : frozenset of int or None
            Ids of arrays whose views are stored as views. None: not known yet, guess.
        out_of_band : dict
            Gets the modes of buffers, by id.
        """
        self._before = frozenset(map(id, gc.get_referents(self)))  # what it uses itself, and no attribute shows
        self._scope = scope
        self._resolver = scope.resolver
        self._registry = scope.registry
        self._prepare_views(owners, out_of_band)
        self._own = own
        self._handlers: dict[type, Handler] = {}
        self.references: dict[str, None] = {}
        self.by_reference: set[int] = set()
        self.open_cells: set[int] = set()
        self.filled_cells: set[int] = set()
        self.codes: list[types.CodeType] = []
        self.constants: dict[tuple[Any, ...], Any] = {}
        self.types: set[type] = set()
        self.packages: set[str] = set()
        self.notes: dict[Any, Any] = {}
        self.holds_observed = False
        self.trials: Trials | None = Trials()
        self.foreign_ranges: dict[Range, Reducer] = {}
        self.labels: dict[int, tuple[Any, ...]] = {}
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
        handler = self._handlers.get(kind)
        if handler is None:
            handler = self._handlers[kind] = self._handler_of(kind)
        return handler(self, obj)

    def _handler_of(self, kind: type) -> Handler:
        """Return what reduces objects of a type that is met for the first time."""
        handler: Handler | None = definitions.REDUCERS.get(kind)
        if handler is not None:
            known = self._registry.find(kind)
            self.holds_observed |= known is not None and known.fingerprint is not None
            return handler
        if issubclass(kind, type):
            return handlers.reduce_class_as_said if kind in copyreg.dispatch_table else definitions.reduce_class
        self.types.add(kind)
        known = self._registry.find(kind)
        inner = self._handler_of_library(kind) if known is None else functools.partial(handlers.reduce_known, known)
        return functools.partial(handlers.reduce_fixed, inner) if self._registry.is_immutable(kind) else inner

    def _handler_of_library(self, kind: type) -> Handler:
        if issubclass(kind, BaseException):
            return handlers.reduce_raised
        if issubclass(kind, enum.Enum) and not definitions.is_importable(kind):
            return handlers.reduce_enumerated
        module = module_of(kind)
        if module == "numpy.dtypes":
            return Reducers._reduce_dtype
        leaves_out = is_forgetful(kind)
        if leaves_out or issubclass(kind, dict):
            return handlers.reduce_forgetful if leaves_out else handlers.reduce_dict
        numpy = sys.modules.get("numpy")
        if numpy is not None and issubclass(kind, (numpy.ndarray, numpy.void)):
            return self._handler_of_array(kind)
        is_of_pandas = module == "pandas" or module.startswith("pandas.")
        return Reducers._reduce_pandas if is_of_pandas else handlers.leave

    def _reduce_dtype(self, dtype: Any) -> Any:
        name = arrays.name_of(dtype)
        if name is not None:
            return sys.modules["numpy"].dtype, (name,)
        if dtype.fields:  # a view of a dict that nobody changes
            self.by_reference.update(map(id, gc.get_referents(dtype.fields)))
        return NotImplemented

    def reference(self, obj: Any) -> Any:
        """Return a reduction to a required version, or None where ``obj`` has to be stored by value."""
        found = self._resolver.find(obj)
        if found is None or found.root in self._own:
            return None
        self.references[found.root] = None
        self.by_reference.add(id(obj))
        return rebuild.required, (found.root, *found.path)

    def on_trial(self) -> Reducers:
        """Return a pickler of this session that keeps nothing: what it takes can be stored.

        The plain one, for any kind: what a payload leaves out, its fingerprints leave out as well.
        """
        made = _OnTrial(Nowhere(), pickle.HIGHEST_PROTOCOL, buffer_callback=lambda _: None)
        made.prepare(self._scope, self._own, frozenset(), {})
        made.trials = None
        return made

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

    def _reduce_pandas(self, obj: Any) -> Any:
        """Take note of what pandas shares, and keep attributes that somebody gave a table."""
        self._note_pandas(obj)
        reduced, given = self._reduce_remembering(obj), attributes_given(obj)
        if not given:
            return reduced
        return handlers.with_attributes(obj.__reduce_ex__(5) if reduced is NotImplemented else reduced, given)

    def _reduce_remembering(self, obj: Any) -> Any:
        """Leave out what an object of pandas remembers of itself and can't change."""
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
        if are_labels(obj):
            self.labels[id(obj)] = tuple(obj.names)
            self._alive.append(obj)
            shared = set(map(id, parts_of_labels(obj).shared))
            self._of_labels |= shared
            self._copied |= shared
        elif hasattr(obj, "_metadata"):  # one list for all frames, and part of each frame's state
            self._copied.add(id(obj._metadata))
        elif isinstance(obj, (*block_types(), *manager_types())) and copies_blocks():
            blocks: Iterable[Any] = getattr(obj, "blocks", (obj,))
            for block in blocks:  # that of a series is reduced to its values
                self._copied.update(map(id, parts_of_values(block.values).shared))

    def keys(self) -> Iterable[int]:
        """Return the keys of all objects of the payload, and of those of the pickler itself."""
        return map(key_of, self._held())

    def n_objects(self) -> int:
        """Return how many these are."""
        return len(self._held())

    def _held(self) -> Collection[Any]:
        """Return the objects of the payload, and those of the pickler itself but for its attributes."""
        if self._objects is None:
            objects = objects_in(self)
            own = vars(self)  # it is to hold the list: the two would keep each other, and all that was pickled
            at = next((at for at, one in enumerate(objects[:_FIRST]) if one is own), None)
            if at is not None:
                del objects[at]
            objects += self._buffers
            if isinstance(self, ByName):
                objects += self.own.values()
            self._objects = objects
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
        return any(type(one) in kinds and id(one) not in own and is_unordered(one) for one in held)

    def mutable_ids(self) -> dict[int, Any]:
        """Return every object of the payload through which two names could share a change, by id."""
        return self._mutable(self._held())

    def mutable_among(self, keys: frozenset[int]) -> dict[int, Any]:
        """Return those with one of these keys: much faster than all of a large payload."""
        held = self._held() if keys else ()
        return self._mutable(itertools.compress(held, map(keys.__contains__, map(key_of, held))))

    def _mutable(self, objects: Iterable[Any]) -> dict[int, Any]:
        held = list(objects)  # tens of thousands for a figure: no more is done for each than has to be
        kinds = list(map(type, held))
        verdicts = {kind: self._is_mutable(kind) for kind in set(kinds)}
        mutable = list(itertools.compress(held, map(verdicts.__getitem__, kinds)))
        unsure = {kind for kind, verdict in verdicts.items() if verdict is None}
        if unsure:
            each = itertools.compress(held, map(unsure.__contains__, kinds))
            mutable += [one for one in each if not definitions.is_importable(one)]
        found = dict(zip(identities(mutable), mutable, strict=True))
        if found:
            own = self._own_parts()
            for key in (*own, *self.by_reference, *self.labels, *self._copied, *self._registry.constants(found)):
                found.pop(key, None)
        return found

    def _is_mutable(self, kind: type) -> bool | None:
        return False if self._registry.is_immutable(kind) else is_mutable(kind)


class Observing(Reducers):
    """Reducers for a fingerprint only: what has a registered one is replaced by it."""

    def _handler_of(self, kind: type) -> Handler:
        known = self._registry.find(kind)
        if known is None or known.fingerprint is None:
            return super()._handler_of(kind)
        self.types.add(kind)
        return functools.partial(handlers.observe, known.fingerprint, f"{kind.__module__}.{kind.__qualname__}")


class _OnTrial(Reducers, pickle.Pickler):
    """Nobody reads what this one writes."""
