"""From one copy of a store to another: what the target lacks, parents before children, chunks before payloads.

The target is valid after every step, and what arrived counts: interrupted anywhere, a transfer that is run again sends
nothing twice. While it runs, kernels may write to both sides.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

from ensession.digests import DIGEST_SIZE
from ensession.display.units import counted
from ensession.errors import EnsessionError, IncompleteTransferError, NotFoundError
from ensession.model import Digest
from ensession.model.parcels import ChunkParcel, ExecutionParcel, PayloadParcel, RefParcel, RefsBrought, VersionKey
from ensession.sync.ahead import read_ahead
from ensession.sync.names import Names
from ensession.sync.peers import DAMAGED, GONE, Source, Target
from ensession.sync.shared import NOTHING, Shared

FIRST_PAGE = 16
INDEX_PAGE = 4_096
"""Executions of a line that are asked for at once, at first and at most."""
EXECUTION_BATCH = 64
"""Executions in one transaction of the target."""
KEY_PAGE = 2_000
CHUNK_BATCH_BYTES = 8 * 2**20
"""Plain bytes of chunks that go at once: what a line that is cut loses, at most. A target that is killed loses what it
has not answered yet."""
CHUNK_PAGE = 10_000
"""Chunks of payloads that the target is asked about at once."""
_LARGEST_CHUNK = 256 * 2**10
_CHUNK_BATCH = CHUNK_BATCH_BYTES // _LARGEST_CHUNK
_ATTEMPTS = 3

Report = Callable[[int, int], None]
"""Called with the payload bytes that are settled and those that there are to settle, as far as known."""


@dataclass(frozen=True, slots=True)
class Transferred:
    """What a transfer did.

    Attributes
    ----------
    n_bytes : int
        Of the chunks that travelled, as stored (compressed).
    offered : Shared
        The values and words that the source has.
    named : tuple[RefParcel, ...]
        Its tags and branches, as they were when they were sent.
    fault : IncompleteTransferError or None
        Why values did not come across: they are damaged, or changed faster than they could be read. All else did.
    """

    n_executions: int = 0
    n_payloads: int = 0
    n_chunks: int = 0
    n_bytes: int = 0
    duration_s: float = 0.0
    refs: RefsBrought = field(default_factory=RefsBrought)
    offered: Shared = NOTHING
    named: tuple[RefParcel, ...] = ()
    fault: IncompleteTransferError | None = None


def transfer(
    source: Source,
    target: Target,
    report: Report = lambda done, total: None,
    shared: Shared = NOTHING,
) -> Transferred:
    """Bring everything to ``target`` that ``source`` has.

    Parameters
    ----------
    source, target : Source, Target
        Two copies of one store, or stores that have nothing in common: executions are told apart by their digests.
    report : callable
    shared : Shared
        What is not sent, though the target lacks it: it had that, and it was taken out. Names of that which the source
        has no more, or has changed, are taken away or changed in the target, too.

    Raises
    ------
    IntegrityError
        An execution that came is not what its digest says.
    SyncError
        The connection broke.
    """
    start = time.perf_counter()
    n_executions = _send_executions(source, target)
    unreadable: list[EnsessionError] = []
    offered: set[VersionKey] = set()
    wanted = _missing_payloads(source, target, offered, shared.values)
    parcels = list(_readable_payloads(source, wanted, unreadable))
    tally = _Tally(parcels, report)
    left = _send_payloads(source, target, parcels, tally)
    named = tuple(source.refs())
    n_late, refs = _send_refs(source, target, named, shared.names)
    _send_ends(source, target)
    forbidden, ignored = _send_words(source, target, shared)
    n_left = len(left) + len(unreadable)
    return Transferred(
        n_executions + n_late,
        len(parcels) - len(left),
        tally.n_chunks,
        tally.n_bytes,
        time.perf_counter() - start,
        refs,
        Shared((), frozenset(offered), forbidden, ignored),
        named,
        _incomplete(n_left, next(iter(unreadable), tally.fault)) if n_left else None,
    )


def require_complete(*done: Transferred) -> None:
    """Make sure that all values came across.

    Raises
    ------
    IncompleteTransferError
    """
    for one in done:
        if one.fault is not None:
            raise one.fault


def _send_refs(source: Source, target: Target, refs: Sequence[RefParcel], known: Names) -> tuple[int, RefsBrought]:
    """Send tags and branches; and first, without payloads, executions that a kernel added since the others went."""
    wanted = known.to_send(refs)
    is_behind = target.unknown(list({ref.execution for ref in wanted}))
    n_late = _send_executions(source, target) if is_behind else 0
    changes = known.changes(refs)
    changed = target.change_refs(changes) if changes else RefsBrought()
    brought = target.add_refs(wanted) if wanted else RefsBrought()
    return n_late, replace(brought, moved=(*changed.moved, *brought.moved), gone=changed.gone)


def _send_ends(source: Source, target: Target) -> None:
    """Send when kernel runs ended, which comes after their last execution: without it, they count as killed."""
    waiting = target.open_runs()
    ends = source.run_ends(waiting) if waiting else []
    if ends:
        target.add_run_ends(ends)


def _send_words(source: Source, target: Target, shared: Shared) -> tuple[frozenset[Digest], frozenset[str]]:
    """Send what the user forbade, also behind its execution; return what the source has of that."""
    forbidden, ignored = frozenset(source.forbidden()), frozenset(source.ignored())
    if given := forbidden - shared.forbidden:
        target.forbid(sorted(given))
    if told := ignored - shared.ignored:
        target.ignore(sorted(told))
    return forbidden, ignored


def _send_executions(source: Source, target: Target) -> int:
    missing = _missing_executions(source, target)
    return sum(target.add_executions(parcels) for parcels in read_ahead(_parcels(source, missing)))


def _parcels(source: Source, digests: Sequence[Digest]) -> Iterator[list[ExecutionParcel]]:
    at = 0
    while at < len(digests):
        parcels = source.executions(digests[at : at + EXECUTION_BATCH])
        at += len(parcels)
        yield parcels


def _missing_executions(source: Source, target: Target) -> list[Digest]:
    """Return what the target lacks, parents first.

    Whoever has an execution has its ancestors, too: each line is walked from its end back to what is there.
    """
    missing: dict[Digest, None] = {}
    for head in target.unknown(source.heads()):
        line: list[Digest] = []
        at, limit = head, FIRST_PAGE
        while True:
            page = source.line(at, limit)
            unknown = set(target.unknown(page)) - missing.keys()
            line += [digest for digest in page if digest in unknown]
            if len(unknown) < len(page) or len(page) < limit:
                break
            at, limit = page.pop(), min(4 * limit, INDEX_PAGE)
            line.pop()  # the next page begins with it
        missing.update(dict.fromkeys(reversed(line)))
    return list(missing)


def _missing_payloads(
    source: Source, target: Target, offered: set[VersionKey], passing_over: Collection[VersionKey]
) -> Iterator[VersionKey]:
    """Yield of which versions the target lacks the payload; note which ones the source has."""
    after = 0
    while True:
        keys, after = source.payload_keys(after, KEY_PAGE)
        offered.update(keys)
        yield from (key for key in target.missing_payloads(keys) if key not in passing_over)
        if not after:
            return


def _readable_payloads(
    source: Source, keys: Iterable[VersionKey], unreadable: list[EnsessionError]
) -> Iterator[PayloadParcel]:
    """Yield payloads; note why others can't be read."""
    for key in keys:
        try:
            yield source.payload(key)
        except NotFoundError:  # taken out of the source meanwhile
            continue
        except DAMAGED as error:
            unreadable.append(error)


def _send_payloads(
    source: Source, target: Target, parcels: Sequence[PayloadParcel], tally: _Tally
) -> Sequence[PayloadParcel]:
    """Send payloads and the chunks that the target lacks; return those that did not come to be."""
    left = parcels
    for _ in range(_ATTEMPTS):
        for page in _pages(left):
            _send_page(source, target, page, tally)
        left = _not_there(target, left)
        if not left:
            break
    return left


def _incomplete(n_left: int, fault: EnsessionError | None) -> IncompleteTransferError:
    error = IncompleteTransferError(
        f"{counted(n_left, 'value')} did not come across, and everything else did: some of their chunks are damaged, "
        f"or in neither store any more{f' ({fault})' if fault else ''}. One of the two is being cleaned up, or the "
        "source is damaged; try again, or look with ens check, which names them"
    )
    error.__cause__ = fault
    return error


class _Tally:
    """Counts what went, and tells how much of everything is settled.

    Attributes
    ----------
    fault : EnsessionError or None
        What was wrong with the first damaged one.
    """

    def __init__(self, parcels: Sequence[PayloadParcel], report: Report) -> None:
        self.n_chunks = self.n_bytes = 0
        self.fault: EnsessionError | None = None
        self._total = sum(map(_plain_size, parcels))
        self._done = self._n_bytes_before = 0
        self._report = report
        report(0, self._total)

    def add(self, chunks: Sequence[ChunkParcel]) -> None:
        """Count chunks that went."""
        self.n_chunks += len(chunks)
        self.n_bytes += sum(len(chunk.data) for chunk in chunks)
        self._tell(self._done + self.n_bytes - self._n_bytes_before)

    @contextmanager
    def passing_over(self) -> Iterator[None]:
        """Go on behind what is damaged: one value must not keep all others from coming."""
        try:
            yield
        except DAMAGED as error:
            self.fault = self.fault or error

    def settle(self, parcel: PayloadParcel) -> None:
        """Count all of a payload, whatever had to be sent of it."""
        self._done += _plain_size(parcel)
        self._n_bytes_before = self.n_bytes
        self._tell(self._done)

    def _tell(self, done: int) -> None:
        self._report(min(done, self._total), self._total)


def _pages(parcels: Sequence[PayloadParcel]) -> Iterator[list[PayloadParcel]]:
    """Cut payloads into pages: for each, the target is asked once what it lacks, and the line is idle meanwhile."""
    page: list[PayloadParcel] = []
    room = CHUNK_PAGE
    for parcel in parcels:
        page.append(parcel)
        room -= sum(len(part.addresses) for part in parcel.parts) // DIGEST_SIZE
        if room <= 0:
            yield page
            page, room = [], CHUNK_PAGE
    if page:
        yield page


def _send_page(source: Source, target: Target, parcels: Sequence[PayloadParcel], tally: _Tally) -> None:
    """Send the chunks that the target lacks, and each payload after the last of its own; wait for no answer."""
    wanted = target.missing_chunks([address for parcel in parcels for address in addresses_of(parcel)])
    at = {address: number for number, address in enumerate(wanted)}
    ends = (max((at.get(address, -1) for address in addresses_of(parcel)), default=-1) for parcel in parcels)
    waiting = deque(zip(ends, parcels, strict=True))
    batches = [wanted[start : start + _CHUNK_BATCH] for start in range(0, len(wanted), _CHUNK_BATCH)]
    _add_complete(target, waiting, 0, tally)
    n_sent = 0
    for batch, chunks in zip(batches, read_ahead(map(source.chunks, batches)), strict=True):
        if chunks:
            with tally.passing_over():
                target.add_chunks(chunks)
            tally.add(chunks)
        n_sent += len(batch)
        _add_complete(target, waiting, n_sent, tally)


def _add_complete(target: Target, waiting: deque[tuple[int, PayloadParcel]], n_sent: int, tally: _Tally) -> None:
    """Send the first payloads of those that wait, as far as the last chunk of each is among the first ``n_sent``."""
    while waiting and waiting[0][0] < n_sent:
        _, parcel = waiting.popleft()
        with suppress(*GONE), tally.passing_over():  # forgotten in the target meanwhile, or something before it
            target.add_payload(parcel)
        tally.settle(parcel)


def _not_there(target: Target, parcels: Sequence[PayloadParcel]) -> list[PayloadParcel]:
    """Return the payloads that did not come to be: chunks of theirs were cleaned up on either side meanwhile."""
    missing: set[VersionKey] = set()
    for start in range(0, len(parcels), KEY_PAGE):
        missing.update(target.missing_payloads([parcel.version for parcel in parcels[start : start + KEY_PAGE]]))
    return [parcel for parcel in parcels if parcel.version in missing]


def addresses_of(parcel: PayloadParcel) -> Iterator[bytes]:
    """Yield the addresses of a payload's chunks."""
    for part in parcel.parts:
        for start in range(0, len(part.addresses), DIGEST_SIZE):
            yield part.addresses[start : start + DIGEST_SIZE]


def _plain_size(parcel: PayloadParcel) -> int:
    return sum(part.n_bytes for part in parcel.parts)
