"""Small look-ups that readers and writers share; each runs in the caller's transaction."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator
from sqlite3 import Connection
from typing import Any

from ensession.digests import version_digest
from ensession.errors import ForgottenError, IntegrityError, NotFoundError
from ensession.model import Codec, Digest, PayloadInfo, VersionId
from ensession.store.engine import rows

FORGOTTEN = "forgotten"
"""Stands in the place of what was taken out by ``ens forget``."""

_BATCH = 500
_CODECS: dict[str, Codec] = {codec.value: codec for codec in Codec}
_DIGESTS = "SELECT v.id, e.digest, v.ordinal FROM version v JOIN execution e ON e.id = v.execution WHERE v.id IN"


def in_batches(values: Iterable[Any], size: int = _BATCH) -> Iterator[tuple[list[Any], str]]:
    """Yield distinct values in batches that one statement takes, each with its question marks."""
    wanted = list(dict.fromkeys(values))
    for start in range(0, len(wanted), size):
        batch = wanted[start : start + size]
        yield batch, ",".join("?" * len(batch))


def version_digests(connection: Connection, versions: Iterable[VersionId]) -> dict[VersionId, Digest]:
    """Return the digests of versions.

    Raises
    ------
    NotFoundError
        One of them does not exist.
    """
    wanted = list(dict.fromkeys(versions))
    found: dict[VersionId, Digest] = {}
    for batch, marks in in_batches(wanted):
        for id_, digest, ordinal in rows(connection, f"{_DIGESTS} ({marks})", batch):
            found[VersionId(id_)] = version_digest(digest, ordinal)
    missing = [version for version in wanted if version not in found]
    if missing:
        raise NotFoundError(f"there is no version {missing[0]} in this store")
    return found


def check_not_forgotten(connection: Connection, version: VersionId) -> None:
    """Make sure that the value of a version may be stored.

    Raises
    ------
    ForgottenError
        It was forgotten, perhaps while it was being written.
    """
    if rows(connection, "SELECT 1 FROM version WHERE id = ? AND unstorable = ?", (version, FORGOTTEN)):
        raise ForgottenError(f"version {version} was forgotten: its value is not stored again until it changes")


def payload_info(connection: Connection, version: VersionId) -> PayloadInfo | None:
    """Return what is known of a version's payload, None where it has none."""
    sql = "SELECT codec, python, n_stream_bytes, n_buffer_bytes, n_stored_bytes FROM payload WHERE version = ?"
    found = rows(connection, sql, (version,))
    return info_from_row(found[0]) if found else None


@functools.lru_cache(maxsize=4096)
def decode_names(text: str) -> tuple[str, ...]:
    """Return the names in ``version.names``; the same few come again and again.

    Raises
    ------
    IntegrityError
    """
    try:
        names = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise IntegrityError(f"the names of a version make no sense ({error})") from error
    if type(names) is not list or not names or not all(type(name) is str for name in names):
        raise IntegrityError(f"the names of a version make no sense: {text[:80]}")
    return tuple(names)


def runtime(execution: Any, value: Any) -> float:
    """Return a duration as the row of an execution has it.

    Raises
    ------
    IntegrityError
        It is none.
    """
    if type(value) is not float:
        raise IntegrityError(f"execution {execution} is damaged: its duration makes no sense")
    return value


def info_from_row(row: Any) -> PayloadInfo | None:
    """Return the payload information in ``codec, python, n_stream_bytes, n_buffer_bytes, n_stored_bytes``.

    A row that makes no sense is no payload: its value is made again.
    """
    codec, python, *sizes = row
    found = _CODECS.get(codec)
    if found is None or not all(type(one) is int for one in sizes):
        return None
    return PayloadInfo(found, python, *sizes)
