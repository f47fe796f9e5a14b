"""What takes the room in a store, and what is to be taken out of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ensession.model.basic import ExecutionId, VersionId


@dataclass(frozen=True, slots=True)
class StoredValue:
    """A payload and the room that it takes.

    Attributes
    ----------
    n_bytes : int
        Plain size.
    n_stored_bytes : int
        Room of its chunks as stored; a chunk that several payloads share counts for the first of them only.
    """

    version: VersionId
    execution: ExecutionId
    names: tuple[str, ...]
    type_name: str
    n_bytes: int
    n_stored_bytes: int


@dataclass(frozen=True, slots=True)
class Share:
    """What values of one kind take together.

    Attributes
    ----------
    label : str
        The variable, the number of the cell, or the type.
    n_values : int
    n_bytes, n_stored_bytes : int
        As of :class:`StoredValue`, added up.
    """

    label: str
    n_values: int
    n_bytes: int
    n_stored_bytes: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What takes the room in a store, in bytes.

    Attributes
    ----------
    n_file_bytes, n_log_bytes : int
        The file, and the write-ahead log beside it.
    n_free_bytes : int
        Inside the file, for what comes next.
    n_chunk_bytes : int
        Pieces of values, as stored; ``n_unused_bytes`` of them belong to no value.
    n_output_bytes, n_module_bytes, n_index_bytes : int
        Outputs; sources of modules; the index of the search.
    n_value_bytes : int
        Plain size of all values together, each counted in full.
    n_distinct_bytes : int
        Plain size of their pieces, each counted once.
    """

    n_file_bytes: int
    n_log_bytes: int
    n_free_bytes: int
    n_chunk_bytes: int
    n_unused_bytes: int
    n_output_bytes: int
    n_module_bytes: int
    n_index_bytes: int
    n_value_bytes: int
    n_distinct_bytes: int
    values: tuple[StoredValue, ...]

    @property
    def n_other_bytes(self) -> int:
        """History, and what is left free in the file's pages."""
        known = self.n_free_bytes + self.n_chunk_bytes + self.n_output_bytes + self.n_module_bytes + self.n_index_bytes
        return max(0, self.n_file_bytes - known)

    def by_variable(self) -> list[Share]:
        """Return what variables take, largest first."""
        return self._shares(lambda value: ", ".join(value.names))

    def by_cell(self) -> list[Share]:
        """Return what the values that each execution made take, largest first."""
        return self._shares(lambda value: str(value.execution))

    def by_type(self) -> list[Share]:
        """Return what types take, largest first."""
        return self._shares(lambda value: value.type_name)

    def _shares(self, label: Callable[[StoredValue], str]) -> list[Share]:
        groups: dict[str, list[StoredValue]] = defaultdict(list)
        for value in self.values:
            groups[label(value)].append(value)
        shares = [
            Share(name, len(some), sum(one.n_bytes for one in some), sum(one.n_stored_bytes for one in some))
            for name, some in groups.items()
        ]
        return sorted(shares, key=lambda share: (-share.n_stored_bytes, share.label))

    @property
    def dedup_ratio(self) -> float:
        """How much smaller values are because equal pieces are stored once; 1 where nothing is stored."""
        return self.n_value_bytes / self.n_distinct_bytes if self.n_distinct_bytes else 1.0

    @property
    def compression_ratio(self) -> float:
        """How much smaller pieces are because they are compressed; 1 where nothing is stored."""
        used = self.n_chunk_bytes - self.n_unused_bytes
        return self.n_distinct_bytes / used if used else 1.0


@dataclass(frozen=True, slots=True)
class Erasure:
    """What is to be taken out of a store for good.

    Attributes
    ----------
    values : frozenset of VersionId
        Versions whose payload, fingerprint and preview go.
    outputs : frozenset of (ExecutionId, int)
        Outputs, by their place.
    remarks : frozenset of ExecutionId
        Executions whose error text goes, and what else was remarked about them.
    outside : frozenset of ExecutionId
        Executions whose records of files, other effects and imported modules go.
    codes : Mapping[ExecutionId, str]
        Executions whose code is replaced, and what by.
    """

    values: frozenset[VersionId] = frozenset()
    outputs: frozenset[tuple[ExecutionId, int]] = frozenset()
    remarks: frozenset[ExecutionId] = frozenset()
    outside: frozenset[ExecutionId] = frozenset()
    codes: Mapping[ExecutionId, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to take out."""
        return not (self.values or self.outputs or self.remarks or self.outside or self.codes)
