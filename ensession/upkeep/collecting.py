"""``ens gc``: payloads of states that need not be kept go, and pieces that belong to no value.

History stays: code, outputs, what was read and bound. Only stored values go. What a kept state needs stays, also what
its other variables are made again from. A kernel may record meanwhile: if it went on between the decision and the
deletion, it is decided again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from ensession.errors import RefMovedError, StoreAccessError, StoreBusyError
from ensession.model import ExecutionId, ExecutionKind, VersionId
from ensession.model.upkeep import Usage
from ensession.planner.costs import CostModel
from ensession.planner.retention import Line, spare, without_loss
from ensession.store import Store
from ensession.trust import Keyring
from ensession.upkeep.lines import Loss, losses, read_lines, writers

TRIES = 20
"""How often it is decided again while kernels go on."""
QUICK_BYTES = 10**9
"""While a kernel records, a file with more content than this is not written anew: the kernel would wait too long."""
WORTH_LOSING_BYTES = 4096
"""A value that no cell makes again stays where less room than this is won by its loss."""


@dataclass(frozen=True, slots=True)
class Retention:
    """Which states keep their values; those at the ends of lines, and those that kernels are in, always do.

    Attributes
    ----------
    keep_last : int or None
        Those after the last so many cells of each line, too.
    keep_tagged : bool
        Those with a tag, too.
    max_bytes : int or None
        Values go only until the file is no larger than this, the oldest first, and last of all those that are lost.
    lossless : bool
        Only values go that cells can make again.
    """

    keep_last: int | None = None
    keep_tagged: bool = False
    max_bytes: int | None = None
    lossless: bool = False

    @property
    def drops(self) -> bool:
        """Whether any values are to go."""
        return self.keep_last is not None or self.keep_tagged or self.max_bytes is not None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would go.

    Attributes
    ----------
    dropped : tuple[VersionId, ...]
        Versions whose payload goes.
    losses : tuple[Loss, ...]
        What can be had now and could not be had any more, whatever cells do. The other dropped values can be had as
        far as their cells do again what they did; the store can't know that.
    n_freed_bytes : int
        Room of what goes, at least.
    n_unused_bytes : int
        Room of pieces that belong to no value now.
    is_enough : bool
        Whether the file gets as small as it is to be.
    """

    dropped: tuple[VersionId, ...]
    losses: tuple[Loss, ...]
    n_freed_bytes: int
    n_unused_bytes: int
    is_enough: bool = True


@dataclass(frozen=True, slots=True)
class Collected:
    """What was done.

    Attributes
    ----------
    proposal : Proposal
        Of which all was done.
    n_bytes_before, n_bytes_after : int
        Size of the store, its log included.
    writers : tuple[int, ...]
        Processes that record into the store; while there are any, pieces that belong to no value yet are left alone.
    remark : str
        Why the file is larger than it could be; empty where it is not.
    """

    proposal: Proposal
    n_bytes_before: int
    n_bytes_after: int
    writers: tuple[int, ...]
    remark: str = ""


Agree = Callable[[Proposal], bool]


class Collector:
    """Collects what a store need not keep.

    Parameters
    ----------
    store : Store
        Open for writing, unless only :meth:`propose` is called.
    keyring : Keyring
        Whose words count (see :func:`ensession.trust.own_words`).
    """

    def __init__(self, store: Store, keyring: Keyring) -> None:
        self._store = store
        self._keyring = keyring
        self._released: set[int] = set()

    def propose(self, retention: Retention, among: Collection[VersionId] | None = None) -> Proposal:
        """Say what would go, at most of some versions; changes nothing."""
        usage = self._store.keeper.usage()
        if not retention.drops:
            return Proposal((), (), usage.n_unused_bytes, usage.n_unused_bytes)
        lines = self._kept(read_lines(self._store, self._keyring), retention)
        unverifiable = self._store.keeper.unverifiable()
        candidates = spare(lines, CostModel())
        if among is not None:
            candidates &= set(among)
        harmless = without_loss(lines, candidates, unverifiable)
        pieces = self._store.keeper.pieces()
        lossy = () if retention.lossless else _worth_losing(candidates - harmless, candidates, pieces)
        dropped, n_bytes, is_enough = _until([*sorted(harmless), *lossy], pieces, usage, retention.max_bytes)
        lost = losses(lines, dropped, unverifiable)
        n_unused = usage.n_unused_bytes
        return Proposal(tuple(sorted(dropped)), tuple(lost), n_bytes + n_unused, n_unused, is_enough)

    def collect(self, retention: Retention, agree: Agree) -> Collected | None:
        """Let go what need not be kept, and make the file smaller.

        Parameters
        ----------
        retention : Retention
        agree : callable
            Asked before any value goes.

        Returns
        -------
        Collected or None
            None where it was not agreed; nothing is changed then.

        Raises
        ------
        StoreBusyError
            Kernels went on all the time; no value was taken out.
        StoreAccessError
        """
        self._store.behind.flush()
        before = self._store.n_file_bytes()
        proposal = self._drop(retention, agree)
        if proposal is None:
            return None
        alive = writers(self._store.keeper.open_runs(), self._store.path)
        remark = self._shrink(alive)
        return Collected(proposal, before, self._store.n_file_bytes(), tuple(alive), remark)

    def _drop(self, retention: Retention, agree: Agree) -> Proposal | None:
        agreed: frozenset[VersionId] | None = None
        accepted: set[VersionId] = set()
        for _ in range(TRIES):
            mark = self._store.keeper.mark()
            proposal = self.propose(retention, agreed)
            lost = {loss.version for loss in proposal.losses}
            if proposal.dropped and (agreed is None or not lost <= accepted):
                if not agree(proposal):
                    return None
                agreed, accepted = frozenset(proposal.dropped), accepted | lost
            self._released = self._pieces_of(proposal.dropped)  # before they go: afterwards nobody knows
            try:
                if proposal.dropped:
                    self._store.keeper.drop_payloads(proposal.dropped, mark)
            except RefMovedError:
                continue
            return proposal
        raise StoreBusyError(f"{self._store.path}: kernels record all the time; try again when they are quiet")

    def _pieces_of(self, dropped: Collection[VersionId]) -> set[int]:
        if not dropped:
            return set()
        pieces = self._store.keeper.pieces()
        return {chunk for version in dropped for chunk in pieces.get(version, ())}

    def _shrink(self, alive: Collection[int]) -> str:
        """Make the file smaller, and say why it is larger than it could be; the values are gone already."""
        try:
            self._sweep(alive)
            return self._compact(alive)
        except (StoreAccessError, StoreBusyError) as error:
            return f"{error}; run it again later"

    def _sweep(self, alive: Collection[int]) -> None:
        """Take out what belongs to no value; while a kernel records, that may be the beginning of one."""
        unused = self._store.keeper.unused_chunks()
        self._store.keeper.sweep(
            {id_: n_bytes for id_, n_bytes in unused.items() if not alive or id_ in self._released}
        )

    def _compact(self, alive: Collection[int]) -> str:
        usage = self._store.keeper.usage()
        if alive and usage.n_file_bytes - usage.n_free_bytes > QUICK_BYTES:
            return "a kernel records into it, which would have to wait too long: the free room inside is used first"
        if not self._store.keeper.compact():
            return "another process reads an older state: its log is emptied later"
        return ""

    def _kept(self, lines: Iterable[Line], retention: Retention) -> list[Line]:
        open_runs = {run.id for run in self._store.history.runs() if run.ended_at is None}
        always = {id_ for run, id_ in self._store.refs.heads().items() if run in open_runs}
        always |= {ref.execution for ref in self._store.refs.branches()}
        if retention.keep_tagged or retention.keep_last is None:
            always |= {ref.execution for ref in self._store.refs.tags()}
        return [replace(line, kept=_last(line, retention.keep_last or 0) | always) for line in lines]


def _last(line: Line, count: int) -> frozenset[ExecutionId]:
    """Return the end of a line, and its last cells."""
    cells = [one.id for one in line.graph.executions if one.kind is ExecutionKind.CELL]
    return frozenset([*cells[len(cells) - min(count, len(cells)) :], line.graph.executions[-1].id])


def _worth_losing(
    lossy: Iterable[VersionId], candidates: Collection[VersionId], pieces: Mapping[VersionId, Mapping[int, int]]
) -> list[VersionId]:
    """Return those of some payloads, in order, that win room when all candidates go."""
    users = Counter(chunk for chunks in pieces.values() for chunk in chunks)
    users.subtract(chunk for version in candidates for chunk in pieces.get(version, ()))

    def n_won_bytes(version: VersionId) -> int:
        return sum(n_bytes for chunk, n_bytes in pieces.get(version, {}).items() if not users[chunk])

    return [version for version in sorted(lossy) if n_won_bytes(version) >= WORTH_LOSING_BYTES]


def _until(
    order: Iterable[VersionId], pieces: Mapping[VersionId, Mapping[int, int]], usage: Usage, goal: int | None
) -> tuple[list[VersionId], int, bool]:
    """Return as many of some payloads, in order, as it takes; the room that frees; whether that is enough."""
    users = Counter(chunk for chunks in pieces.values() for chunk in chunks)
    rest = usage.n_file_bytes - usage.n_free_bytes - usage.n_unused_bytes
    dropped: list[VersionId] = []
    n_freed = 0
    for version in order:
        if goal is not None and rest - n_freed <= goal:
            break
        dropped.append(version)
        for chunk, n_bytes in pieces.get(version, {}).items():
            users[chunk] -= 1
            n_freed += n_bytes if users[chunk] == 0 else 0
    return dropped, n_freed, goal is None or rest - n_freed <= goal
