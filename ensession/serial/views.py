"""Which arrays of a payload share memory, and what they are stored as for that to be so again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from ensession.model import BufferMode
from ensession.serial import arrays, mapped
from ensession.serial.constructible import has_slots
from ensession.serial.lending import settle
from ensession.serial.registry import Range, Reducer, Registry
from ensession.serial.scope import Scope

_HELD_ONCE = 6
"""References to the owner of an array's memory, as :meth:`Views._is_view` counts them, where only the array has it:
that one, the look's own, and those of the calls that are under way."""

_FEW_TIMES = 4
"""How much larger an owner may be for it to be stored on a guess: another variable may hold it, and nobody here."""


class Views:
    """The part of a look's state that is about the memory of arrays; mixed into the picklers."""

    _registry: Registry
    _scope: Scope
    foreign_ranges: dict[Range, Reducer]

    def _prepare_views(self, owners: frozenset[int] | None, out_of_band: dict[int, BufferMode]) -> None:
        self._owners = owners or frozenset()
        self._is_guessing = owners is None
        self.out_of_band = out_of_band
        self.roots: dict[int, set[int]] = {}
        self._memory: dict[int, Any] = {}
        self.copied_roots: set[int] = set()
        self._copied: set[int] = set()
        self._of_labels: set[int] = set()
        self._arrays: list[Any] = []
        self._as_owners: set[int] = set()
        self._as_views: set[int] = set()
        self._drawn_in: set[int] = set()
        self._by_contents: set[int] = set()
        self._plains: dict[int, Any] = {}
        self._made: set[int] = set()
        self._buffers: list[Any] = []
        self._files: dict[int, Any] = {}
        self._contents: dict[int, Any] = {}

    def _handler_of_array(self, kind: type) -> Callable[[Any, Any], Any]:
        """Return what reduces arrays of a kind, or items of structured ones."""
        numpy = sys.modules["numpy"]
        if kind is numpy.ndarray:
            return Views._reduce_array
        if issubclass(kind, numpy.void):
            return Views._reduce_item
        return Views._reduce_subclassed if arrays.is_all_attributes(kind) else Views._reduce_its_own_way

    def _reduce_item(self, item: Any) -> Any:
        return arrays.reduce_item(item)

    def _reduce_subclassed(self, array: Any) -> Any:
        return arrays.reduce_subclassed(array, self._plain(array))

    def _reduce_its_own_way(self, array: Any) -> Any:
        """Reduce an instance of a subclass as that says, but for what NumPy's state forgets: memory, locks, order."""
        root = arrays.memory_root(array)
        is_needed = id(root) in self._owners or not array.flags.writeable or not array.dtype.isnative
        if is_needed and not has_slots(type(array), "numpy"):
            return self._reduce_subclassed(array)
        if not isinstance(root, sys.modules["numpy"].ndarray):
            self._buffers.append(root)
        self._note_array(array, root)
        self._by_contents.add(id(root))
        return NotImplemented

    def _plain(self, array: Any) -> Any:
        """Return a plain array for an array of any kind; always the same one where it owns its memory."""
        if type(array) is sys.modules["numpy"].ndarray:
            return array
        if array.base is not None:
            made = arrays.plain(array)
            self._made.add(id(made))  # as long as it is among the arrays
            return made
        if id(array) not in self._plains:
            self._plains[id(array)] = arrays.plain(array)
        return self._plains[id(array)]

    def lender_of(self, part: Range) -> tuple[Any, int] | None:
        """Return the array in whose memory another library's object is to be stored, and where in it that begins."""
        root = self._scope.lenders.find(part, self._owners)
        return None if root is None else (self._plain(root), part[0] - arrays.memory_range(root, root)[0])

    def lent_memory(self) -> frozenset[int]:
        """Say in whose memory what objects of two libraries share is to be stored."""
        return settle(self._registry, self._scope.lenders, self._arrays, self.foreign_ranges)

    def _lent(self, array: Any, root: Any) -> Any | None:
        """Reduce an array as lying in another library's memory, where that was settled."""
        if id(root) not in self._owners:
            return None
        known = self._registry.find(type(root))
        return None if known is None or known.lend is None else known.lend(array, root)

    def _whole(self, root: Any) -> Any:
        """Return an array of all bytes of memory that no array owns, always the same one; None where there is none."""
        if id(root) not in self._plains:
            self._plains[id(root)] = arrays.whole(root)
        return self._plains[id(root)]

    def _in_file(self, array: Any, root: Any) -> Any | None:
        """Reduce an array by its contents and its place in a mapped file; None where it lies in none."""
        holder = self._files.get(id(root))
        if holder is None:
            return None
        contents = array.view()
        self._contents[id(contents)] = contents
        return mapped.reduce_in_file(array, contents, holder, arrays.distance(array, self._whole(root)))

    def _reduce_array(self, array: Any) -> Any:
        if array.nbytes and id(array) not in self._contents:
            reduced = self._reduce_by_memory(array)
            if reduced is not None:
                return reduced
        if array.dtype.hasobject:
            return NotImplemented if array.flags.writeable else arrays.reduce_locked(array)
        return arrays.reduce_array(array, self.out_of_band)

    def _reduce_by_memory(self, array: Any) -> Any | None:
        """Reduce an array as lying in memory of something else; None where its contents say all there is to say."""
        root = array if array.base is None else arrays.memory_root(array)
        lent = self._lent(array, root)
        if lent is not None:
            return lent
        owner = self._plain(root) if isinstance(root, type(array)) else None
        if id(array) in self._copied:
            self.copied_roots.add(id(root))
            self._memory[id(root)] = root
        else:
            self._note_array(array, root)
            self._arrays.append(array)
        if owner is None and not isinstance(root, sys.modules["numpy"].generic):
            self._buffers.append(root)
            reduced = arrays.reduce_over(array, root)
            if reduced is not None:
                return reduced
            owner, holder = self._whole(root), mapped.file_of(array)
            if holder is not None:  # what covers the whole file lies in no other array, and does not know of it
                self._files[id(root)] = holder
        if array is owner:
            self._as_owners.add(id(root))
        elif owner is not None and not self._is_view(array, root):
            self._by_contents.add(id(root))
        elif owner is not None:
            reduced = arrays.reduce_view(array, owner)
            if reduced is not None:
                self._note_view(root)
                return reduced
        return self._in_file(array, root)

    def _is_view(self, array: Any, root: Any) -> bool:
        if not self._is_guessing:
            return id(root) in self._owners
        is_known = id(root) in self._as_owners
        if id(array) in self._of_labels:  # it counts as shared only with what is no label: that is rare
            return (is_known and id(root) in self.roots) or id(root) in self._as_views
        if is_known:
            return True
        if not isinstance(root, sys.modules["numpy"].ndarray):  # most often an array has it to itself
            return False
        most = _HELD_ONCE + (id(array) in self._made)
        return sys.getrefcount(root) > most and _is_cheap(root, array)

    def _note_array(self, array: Any, root: Any) -> None:
        self.roots.setdefault(id(root), set()).add(id(array))
        self._memory[id(root)] = root

    def _note_view(self, root: Any) -> None:
        self._as_views.add(id(root))
        if id(root) not in self._as_owners:  # nothing will tell whether it is part of the payload for itself as well
            self._drawn_in.add(id(root))

    def shared_owners(self) -> frozenset[int]:
        """Memory that more than one array of this payload lives in."""
        drawn_in, copied = self._drawn_in, self.copied_roots
        return frozenset(
            root for root, users in self.roots.items() if len(users) + (root in copied) > 1 + (root in drawn_in)
        )

    def memory_of(self, owners: frozenset[int]) -> list[Any]:
        """Return the owners of memory themselves, as far as they were met: who holds them keeps their ids theirs."""
        return [self._memory[key] for key in owners & self._memory.keys()]

    def has_misguessed(self) -> bool:
        """Whether another array is a view, or fewer are, than it seemed while they were pickled."""
        shared = self.shared_owners()
        return not (shared.isdisjoint(self._by_contents) and self._as_views <= shared)

    @property
    def ranges(self) -> frozenset[Range]:
        """Memory of arrays, as far as objects of other libraries may lie there."""
        if not self._registry.knows_foreign_memory:
            return frozenset()
        return frozenset(arrays.memory_range(array, arrays.memory_root(array)) for array in self._arrays)

    def user_roots(self) -> frozenset[int]:
        """Return the owners of array memory in the payload, those that belong to a library itself left out."""
        return frozenset(self.roots) - self._registry.constants(self.roots)


def _is_cheap(root: Any, array: Any) -> bool:
    """Whether storing an array's owner for nothing would cost little, and could not fail."""
    return not root.dtype.hasobject and root.nbytes <= _FEW_TIMES * array.nbytes
