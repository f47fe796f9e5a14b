"""From one copy of a store to another: what the target lacks, parents before children, chunks before payloads.

The target is valid after every step, and what arrived counts: interrupted anywhere, a transfer that is run again sends
nothing twice. While it runs, kernels may write to both sides.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ensession.digests import DIGEST_SIZE
from ensession.errors import NotFoundError, SyncError
from ensession.model import Digest
from ensession.model.parcels import ChunkParcel, ExecutionParcel, PayloadParcel, RefsBrought
from ensession.sync.ahead import read_ahead
from ensession.sync.peers import Source, Target

FIRST_PAGE = 16
INDEX_PAGE = 4_096
"""Executions of a line that are asked for at once, at first and at most."""
EXECUTION_BATCH = 64
"""Executions in one transaction of the target."""
KEY_PAGE = 2_000
CHUNK_BATCH_BYTES = 8 * 2**20
"""Plain bytes of chunks in one transaction of the target; also what is lost by an interruption, at most."""
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
    """

    n_executions: int = 0
    n_payloads: int = 0
    n_chunks: int = 0
    n_bytes: int = 0
    duration_s: float = 0.0
    refs: RefsBrought = field(default_factory=RefsBrought)


def transfer(source: Source, target: Target, report: Report = lambda done, total: None) -> Transferred:
    """Bring everything to ``target`` that ``source`` has.

    Parameters
    ----------
    source, target : Source, Target
        Two copies of one store, or stores that have nothing in common: executions are told apart by their digests.
    report : callable

    Raises
    ------
    IntegrityError
        Something that came is not what its digest says.
    SyncError
        The connection broke, or the source changed faster than it could be read.
    """
    start = time.perf_counter()
    n_executions = _send_executions(source, target)
    parcels = list(_missing_payloads(source, target))
    n_chunks, n_bytes = _send_payloads(source, target, parcels, report)
    n_late, refs = _send_refs(source, target)
    return Transferred(n_executions + n_late, len(parcels), n_chunks, n_bytes, time.perf_counter() - start, refs)


def _send_refs(source: Source, target: Target) -> tuple[int, RefsBrought]:
    """Send tags and branches; and first, without payloads, executions that a kernel added since the others went."""
    refs = source.refs()
    is_behind = target.unknown(list({ref.execution for ref in refs}))
    return _send_executions(source, target) if is_behind else 0, target.add_refs(refs)


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


def _missing_payloads(source: Source, target: Target) -> Iterator[PayloadParcel]:
    after = 0
    while True:
        keys, after = source.payload_keys(after, KEY_PAGE)
        for key in target.missing_payloads(keys):
            try:
                yield source.payload(key)
            except NotFoundError:  # taken out of the source meanwhile
                continue
        if not after:
            return


def _send_payloads(source: Source, target: Target, parcels: Sequence[PayloadParcel], report: Report) -> tuple[int, int]:
    total = sum(part.n_bytes for parcel in parcels for part in parcel.parts)
    done = n_chunks = n_bytes = 0
    report(done, total)
    for parcel in parcels:
        for sent, size in _send_payload(source, target, parcel):
            n_chunks, n_bytes = n_chunks + sent, n_bytes + size
            report(min(done + n_bytes, total), total)
        done += sum(part.n_bytes for part in parcel.parts)
    return n_chunks, n_bytes


def _send_payload(source: Source, target: Target, parcel: PayloadParcel) -> Iterator[tuple[int, int]]:
    """Send a payload and the chunks that the target lacks; yield how many chunks and bytes went with each batch."""
    wanted = target.missing_chunks(list(addresses_of(parcel)))
    for _ in range(_ATTEMPTS):
        batches = (wanted[start : start + _CHUNK_BATCH] for start in range(0, len(wanted), _CHUNK_BATCH))
        for chunks in read_ahead(map(source.chunks, batches)):
            if chunks:
                target.add_chunks(chunks)
                yield len(chunks), _size(chunks)
        try:
            wanted = target.add_payload(parcel)
        except NotFoundError:  # forgotten in the target meanwhile, or something that came before it
            return
        if not wanted:
            return
    raise SyncError(
        f"{len(wanted)} chunks of a payload are in neither store any more: one of them is being cleaned up, or the "
        "source is damaged; try again, or look with ens check"
    )


def addresses_of(parcel: PayloadParcel) -> Iterator[bytes]:
    """Yield the addresses of a payload's chunks."""
    for part in parcel.parts:
        for start in range(0, len(part.addresses), DIGEST_SIZE):
            yield part.addresses[start : start + DIGEST_SIZE]


def _size(chunks: Sequence[ChunkParcel]) -> int:
    return sum(len(chunk.data) for chunk in chunks)
