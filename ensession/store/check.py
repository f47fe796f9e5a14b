"""Whether a store is what it claims to be. Reads everything, unpickles nothing (invariant 5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ensession.config import Config
from ensession.digests import payload_digest
from ensession.errors import EnsessionError, IntegrityError
from ensession.model import ExecutionId, Problem, VersionId
from ensession.store.chain import ChainWalker
from ensession.store.chunks import Decoder
from ensession.store.engine import Database
from ensession.store.failures import NONSENSE
from ensession.store.lookup import version_digests
from ensession.store.modules import plain_source
from ensession.store.reading import payload_parts
from ensession.store.store import Store

CHUNK_BATCH = 64

_CHUNKS = "SELECT id, address, n_bytes, encoding, data FROM chunk WHERE id > ? ORDER BY id LIMIT ?"
_USERS = (
    "SELECT DISTINCT b.name, b.execution FROM payload_chunk pc JOIN binding b ON b.version = pc.payload"
    " WHERE pc.chunk = ? ORDER BY b.execution, b.name"
)
_NAMES = "SELECT name, execution FROM binding WHERE version = ? ORDER BY name"
_OF_EXECUTION = "SELECT name, execution FROM binding WHERE execution = ? AND version IS NOT NULL ORDER BY name"
_PART_SIZES = (
    "SELECT pp.payload, pp.part, pp.n_bytes, coalesce(sum(c.n_bytes), 0), count(pc.seq), coalesce(max(pc.seq), -1)"
    " FROM payload_part pp LEFT JOIN payload_chunk pc ON pc.payload = pp.payload AND pc.part = pp.part"
    " LEFT JOIN chunk c ON c.id = pc.chunk GROUP BY pp.payload, pp.part"
)
_PAYLOADS = "SELECT version, codec, python, digest FROM payload WHERE version > ? ORDER BY version LIMIT 500"


def check_store(path: Path | str, config: Config) -> list[Problem]:
    """Check a store in full: database, chunks, payloads, digest chain.

    Returns
    -------
    list[Problem]
        Empty where all is well; each says which variables (``name@N``) are hurt.

    Raises
    ------
    NotFoundError, SchemaError, StoreBusyError, StoreAccessError
        The check could not begin.
    """
    try:
        store = Store.open_read_only(path, config)
    except IntegrityError as error:
        return [Problem("file", str(error))]
    with store:
        database = store._database
        return list(_problems(database))


def hurt_states(path: Path | str, config: Config, problems: Sequence[Problem]) -> dict[ExecutionId, list[str]]:
    """Return the states at the ends of branches, and those with a tag, of which a variable is hurt, and which ones.

    Parameters
    ----------
    path : Path or str
    config : Config
    problems : sequence of Problem
        What :func:`check_store` found there.

    Returns
    -------
    dict
        Empty where nothing can be said, because the history itself can't be read.
    """
    hurt = {name for problem in problems for name in problem.variables}
    found: dict[ExecutionId, list[str]] = {}
    try:
        with Store.open_read_only(path, config) as store:
            for id_ in sorted({*store.history.heads(), *(ref.execution for ref in store.refs.tags())}):
                state = store.history.state(id_)
                names = [name for name, binding in state.items() if f"{name}@{binding.execution}" in hurt]
                if names:
                    found[id_] = names
    except EnsessionError:
        return {}
    return found


def _problems(database: Database) -> Iterator[Problem]:
    """Yield what each part of the check finds; a part that can't go on says so, the next one goes on."""
    for part in (_file, _references, _chunks, _parts, _payloads, _sources, _chain):
        try:
            yield from part(database)
        except EnsessionError as error:
            yield Problem("file", str(error))
        except NONSENSE as error:
            yield Problem("file", f"rows hold what was never written there ({type(error).__name__}: {error})")


def _file(database: Database) -> Iterator[Problem]:
    for (message,) in database.rows("PRAGMA integrity_check"):
        if message != "ok":
            yield Problem("file", str(message))


def _references(database: Database) -> Iterator[Problem]:
    for table, rowid, parent, _ in database.rows("PRAGMA foreign_key_check"):
        row = "a row" if rowid is None else f"row {rowid}"
        yield Problem(f"table {table}", f"{row} refers to something that is not in table {parent}")


def _chunks(database: Database) -> Iterator[Problem]:
    decoder, last = Decoder(), 0
    while rows := database.rows(_CHUNKS, (last, CHUNK_BATCH)):
        for id_, *row in rows:
            try:
                decoder.decode(f"chunk {id_}", row)
            except IntegrityError as error:
                yield Problem(f"chunk {id_}", str(error), _names(database, _USERS, id_))
            except NONSENSE as error:
                yield Problem(f"chunk {id_}", f"it can't be read ({error})", _names(database, _USERS, id_))
        last = _later(rows[-1][0], last)


def _parts(database: Database) -> Iterator[Problem]:
    for version, part, n_bytes, n_found, n_chunks, last_seq in database.rows(_PART_SIZES):
        if n_bytes != n_found or last_seq != n_chunks - 1:
            what = f"part {part} has {n_found} of {n_bytes} bytes, in {n_chunks} chunks"
            yield Problem(f"payload of version {version}", what, _names(database, _NAMES, version))


def _payloads(database: Database) -> Iterator[Problem]:
    last = 0
    while rows := database.rows(_PAYLOADS, (last,)):
        with database.read() as connection:
            digests = version_digests(connection, (VersionId(row[0]) for row in rows))
        for version, codec, python, recorded in rows:
            digest = payload_digest(digests[version], codec, python, payload_parts(database, version))
            if digest != recorded:
                what = "its digest does not match what is recorded of it"
                yield Problem(f"payload of version {version}", what, _names(database, _NAMES, version))
        last = _later(rows[-1][0], last)


def _sources(database: Database) -> Iterator[Problem]:
    for id_, *row in database.rows("SELECT id, digest, n_bytes, data FROM module_source ORDER BY id"):
        try:
            plain_source(*row)
        except (IntegrityError, *NONSENSE) as error:
            yield Problem(f"module source {id_}", f"it can't be read ({error})")


def _chain(database: Database) -> Iterator[Problem]:
    for link in ChainWalker(database).walk():
        if link.fault is not None:
            yield Problem(f"execution {link.id}", link.fault, _names(database, _OF_EXECUTION, link.id))


def _later(number: Any, last: int) -> int:
    """Return where to go on; in a damaged tree the numbers may go back, and a page-wise look never end."""
    if not isinstance(number, int) or number <= last:
        raise IntegrityError(f"row {number} comes after row {last}: the rest of the table can't be looked at")
    return number


def _names(database: Database, sql: str, id_: int) -> tuple[str, ...]:
    return tuple(f"{name}@{execution}" for name, execution in database.rows(sql, (id_,)))
