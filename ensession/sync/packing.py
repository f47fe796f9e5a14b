"""Packing: a store with what one state needs to run soonest on another machine, and the history in full."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

from ensession.config import Config
from ensession.errors import PlanError
from ensession.model import ExecutionId, Graph, VersionId
from ensession.planner import CostModel
from ensession.planner.packing import Cargo, Choice, Elsewhere, choose, pieces_of
from ensession.store import Store
from ensession.store.copying import replace_store
from ensession.store.engine import sync_file
from ensession.store.packing import begin_parcel

_ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class Errand:
    """What is to be packed for where.

    Attributes
    ----------
    n_max_bytes : float
        The file must not be larger.
    files_are_there : bool
        Whether the files that cells read are on the other machine, too.
    unrunnable : Mapping[ExecutionId, str]
        Cells that can't be counted on to run there, and why: their input is not what it was. Who looks at files says it
        (:func:`ensession.session.checks.unrunnable_elsewhere`).
    """

    target: ExecutionId
    bytes_per_s: float
    n_max_bytes: float = inf
    files_are_there: bool = False
    unrunnable: Mapping[ExecutionId, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Packed:
    """What was packed.

    Attributes
    ----------
    n_bytes : int
        Of the file.
    choice : Choice
    graph : Graph
        The history of the state, with the payloads of the source.
    inputs : Mapping[ExecutionId, list[str]]
        Files that cells read which are left to be run again.
    left_out : tuple[VersionId, ...]
        Versions of the whole store whose payloads are not in the file.
    """

    n_bytes: int
    choice: Choice
    graph: Graph
    inputs: Mapping[ExecutionId, list[str]]
    left_out: tuple[VersionId, ...]


def pack_store(source: Path, out: Path, errand: Errand, config: Config) -> Packed:
    """Write ``out``: all of the history of ``source``, and those payloads with which a state runs soonest elsewhere.

    Complete or not at all; the source is only read, and may be written to meanwhile.

    Parameters
    ----------
    source, out : Path
        A store at ``out`` is replaced, unless another process has it open.
    errand : Errand
    config : Config

    Raises
    ------
    NotFoundError, SchemaError, UsageError, StoreBusyError, StoreAccessError
    PlanError
        What can't be made again does not keep to the limit.
    ConflictError
        Values were taken out of the source meanwhile.
    """
    found: list[Packed] = []
    with Store.open_read_only(source, config) as store:
        replace_store(source, out, config, lambda place: found.append(_fill(store, place, errand, config)))
    return found[0]


def _fill(store: Store, place: Path, errand: Errand, config: Config) -> Packed:
    """Make the file; where it comes out larger than it may be, once more with that much less room."""
    n_max_bytes = errand.n_max_bytes
    for _ in range(_ATTEMPTS):
        packed = _fill_once(store, place, errand, n_max_bytes, config)
        if packed.n_bytes <= errand.n_max_bytes:
            return packed
        n_max_bytes -= packed.n_bytes - errand.n_max_bytes
        place.unlink()
    raise PlanError(f"{store.path}: state {errand.target} can't be packed into {errand.n_max_bytes:.0f} bytes")


def _fill_once(store: Store, place: Path, errand: Errand, n_max_bytes: float, config: Config) -> Packed:
    with begin_parcel(store.path, place, config.busy_timeout_s) as parcel:
        graph = store.history.graph(errand.target)
        stored = [id_ for id_, version in graph.versions.items() if version.payload is not None]
        cargo = Cargo(parcel.n_bytes(), pieces_of(parcel.sizes(stored)))
        inputs = _inputs(store, errand.target)
        there = Elsewhere(
            CostModel().learned(store.history.measured_loads()),
            errand.bytes_per_s,
            frozenset() if errand.files_are_there else frozenset(inputs),
            errand.unrunnable,
        )
        whole = cargo.n_base_bytes + parcel.n_bytes_of_all()
        choice = choose(graph, errand.target, cargo, there, n_max_bytes, whole=whole)
        parcel.add_payloads(choice.best.loads)
        n_bytes, left_out = parcel.n_bytes(), tuple(parcel.left_out())
    sync_file(place)
    needed = {id_: inputs[id_] for id_ in choice.best.plan.runs if id_ in inputs}
    return Packed(n_bytes, choice, graph, needed, left_out)


def _inputs(store: Store, target: ExecutionId) -> dict[ExecutionId, list[str]]:
    """Return the files that executions found and read."""
    found: dict[ExecutionId, list[str]] = {}
    for one in store.files.inputs(target):
        if one.file.size is not None:
            found.setdefault(one.execution, []).append(one.file.path)
    return found
