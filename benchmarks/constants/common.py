"""What the benchmarks of the constants share: values as sessions have them, stores, taking turns, results.

What is measured is ensession itself, with one constant at another value (:func:`held`).
"""

from __future__ import annotations

import importlib
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

from ensession.capture.namespace import UserNamespace
from ensession.config import Config
from ensession.model import (
    BindingDraft,
    Codec,
    Environment,
    ExecutionDraft,
    ExecutionId,
    ExecutionKind,
    Fingerprint,
    KernelRunId,
    Outcome,
    PayloadSink,
    Recorded,
    Summary,
    VersionDraft,
    VersionId,
)
from ensession.serial.look import look, write_payload
from ensession.serial.scope import Scope
from ensession.serial.sinks import Room
from ensession.store import Store
from ensession.store.writing import WritePayload

KIB = 2**10
MIB = 2**20

Figures = Mapping[str, float]
"""What was measured of one candidate; each name ends with its unit, after a comma."""
Table = Mapping[str, Figures]
"""Figures by candidate."""
Constants = Mapping[str, object]
"""Values of constants of ensession, by full name."""
T = TypeVar("T")
IN_USE = " (in use)"

_ENVIRONMENT = Environment("3", "CPython", "benchmark", "benchmark", 1, "/", {})
_UNITS = {"KiB": KIB, "MiB": MIB}
_ALL = Room(2**40, 2**40)


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes
    ----------
    folder : Path
        For stores; it should be on the disk that matters.
    scale : float
        Size of the data.
    n_rounds : int
        How often each candidate has its turn.
    """

    folder: Path
    scale: float = 1.0
    n_rounds: int = 5

    def count(self, number: int) -> int:
        """Return a number of items at this scale."""
        return max(100, int(number * self.scale))


class Value:
    """A variable with a value, looked at as a session looks at it.

    Parameters
    ----------
    value : object
        Must stay as it is.
    """

    def __init__(self, value: object) -> None:
        self._values = {"value": value}
        self._scope = Scope(self._values, UserNamespace(self._values, {}))
        self._look = look(self._values, self._scope, _ALL)
        self.n_stream_bytes = self._look.n_stream_bytes
        self.n_buffer_bytes = self._look.n_buffer_bytes
        self.n_bytes = self._look.n_bytes

    def write(self, sink: PayloadSink) -> Codec:
        """Write the payload into a sink."""
        write_payload(self._values, self._scope, self._look, sink)
        assert self._look.codec is not None
        return self._look.codec

    def write_anew(self, sink: PayloadSink, room: Room) -> object:
        """Look at the value, keeping what there is room for, and write the payload, as a cell's end does."""
        return write_payload(self._values, self._scope, look(self._values, self._scope, room), sink)


def held(constants: Constants) -> ExitStack:
    """Let constants of ensession, by full name, have other values within a ``with`` block."""
    stack = ExitStack()
    for name, value in constants.items():
        stack.enter_context(mock.patch(name, value))
    return stack


def value_of(constant: str) -> Any:
    """Return the value of a constant by its full name, a default of a class included."""
    place, _, name = constant.rpartition(".")
    try:
        return getattr(importlib.import_module(place), name)
    except ModuleNotFoundError:
        return getattr(value_of(place)(), name)


def choices(constant: str, values: Mapping[str, object]) -> dict[str, Constants]:
    """Return candidates for a constant by what they are called; the value in use is marked."""
    in_use = value_of(constant)
    return {text + IN_USE * (value == in_use): {constant: value} for text, value in values.items()}


def sizes(constant: str, unit: str, numbers: Sequence[int]) -> dict[str, Constants]:
    """Return candidates that are so many KiB or MiB."""
    return choices(constant, {f"{number} {unit}": number * _UNITS[unit] for number in numbers})


class Notebook:
    """A store with executions in it.

    Parameters
    ----------
    store : Store
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._run: KernelRunId = store.log.begin_run(_ENVIRONMENT).id
        self.head: ExecutionId | None = None
        self._number = 0
        self._last: tuple[VersionId, ...] = ()

    def cell(self, payload: WritePayload | None = None) -> VersionId:
        """Record an execution that reads one variable and binds another; return the version."""
        self._number += 1
        fingerprint = Fingerprint(self._number.to_bytes(16, "big"))
        name = f"name_{self._number % 50}"
        draft = ExecutionDraft(
            run=self._run,
            parent=self.head,
            kind=ExecutionKind.CELL,
            code=f"{name} = compute(other, {self._number})\n",
            started_at=float(self._number),
            runtime_s=0.1,
            outcome=Outcome.OK,
            reads=self._last,
            versions=(VersionDraft((name,), fingerprint, 50),),
            bindings=(BindingDraft(name, 0, Summary("int", "", str(self._number))),),
        )
        recorded: Recorded = self.store.log.record(draft, {} if payload is None else {0: payload})
        self.head, self._last = recorded.id, recorded.versions
        return recorded.versions[0]

    def trivial_cell(self) -> None:
        """Record a cell that binds a number."""
        stream = b"\x80\x05}\x94\x8c\x01a\x94M" + (self._number % 2**16).to_bytes(2, "little") + b"s."
        self.cell(lambda sink: _written(sink, stream))

    def add(self, value: Value) -> VersionId:
        """Record a cell with a value, and store that."""
        version = self.cell()
        self.store.log.add_payload(version, value.write)
        return version

    def read(self, version: VersionId) -> int:
        """Read and check all bytes of a stored value; return their number."""
        source = self.store.payloads.open(version)
        n_bytes = len(source.read_stream())
        for buffer in source.buffers():
            buffer.read_into(memoryview(bytearray(buffer.n_bytes)))
            n_bytes += buffer.n_bytes
        return n_bytes

    def n_file_bytes(self) -> int:
        """Return the size of the file with all that is committed."""
        if not self.store.settle(60):
            raise TimeoutError("the store file could not be completed")
        return self.store.path.stat().st_size


@contextmanager
def notebook(path: Path) -> Iterator[Notebook]:
    """Create a store, and delete it afterwards."""
    with Store.create_or_open(path, Config()) as store:
        yield Notebook(store)
    path.unlink()


def _written(sink: PayloadSink, stream: bytes) -> Codec:
    sink.write(stream)
    return Codec.PICKLE


def processor_s(work: Callable[[], object]) -> float:
    """Return the processor time of some work in all threads: other processes disturb it less than the clock's."""
    start = time.process_time()
    work()
    return time.process_time() - start


def wall_s(work: Callable[[], object]) -> float:
    """Return how long some work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def slowest_of_20(times: Sequence[float]) -> float:
    """Return the time that one of twenty takes longer than."""
    return statistics.quantiles(times, n=20, method="inclusive")[-1]


def in_turn(candidates: Mapping[str, Constants], ask: Callable[[], Figures], n_rounds: int) -> Table:
    """Measure with each candidate's values once a round, another first each time, so that a slow minute hits all alike.

    Parameters
    ----------
    candidates : Mapping[str, Constants]
    ask : callable
        Called with the candidate's values in force.
    n_rounds : int

    Returns
    -------
    Table
        Medians.
    """
    found: dict[str, list[Figures]] = {label: [] for label in candidates}
    for number in range(n_rounds):
        for label, constants in in_order(candidates, number):
            with held(constants):
                found[label].append(ask())
    return {
        label: {name: statistics.median(one[name] for one in several) for name in several[0]}
        for label, several in found.items()
    }


def in_order(candidates: Mapping[str, T], number: int) -> list[tuple[str, T]]:
    """Return the candidates in the order of a round."""
    first = number % len(candidates)
    items = list(candidates.items())
    return items[first:] + items[:first]
