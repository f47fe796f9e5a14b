"""The sources of the user's own modules: stored once, compressed."""

# ruff: noqa: S608 - the queries are joined from constants of this room; values are always parameters
from __future__ import annotations

from collections.abc import Sequence
from sqlite3 import Connection

import zstandard

from ensession.digests import source_digest
from ensession.errors import IntegrityError, NotFoundError
from ensession.model import ExecutionId, ModuleSource
from ensession.store.engine import Database, execute, insert_one, rows
from ensession.store.lines import LINE, require_execution
from ensession.store.statements import insert_sql

MAX_SOURCE_BYTES = 2**24
"""No source is larger than this, whatever a store claims."""

_INSERT_SOURCE = insert_sql("module_source")
_INSERT_MODULE = insert_sql("module")
_OF_LINE = (
    f"{LINE} SELECT m.name, m.path, s.digest FROM line CROSS JOIN module m JOIN module_source s ON s.id = m.source"
    " WHERE m.execution BETWEEN line.first AND line.last ORDER BY m.execution, m.name"
)


class ModuleTable:
    """The modules of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_line(self, id: ExecutionId) -> dict[str, ModuleSource]:
        """Return the modules that a state was made with, by name, without their sources: the latest of each."""
        with self._database.read():
            require_execution(self._database, id)
            found = self._database.rows(_OF_LINE, (id,))
        return {name: ModuleSource(name, path, digest) for name, path, digest in found}

    def source(self, digest: bytes) -> bytes:
        """Return a source.

        Raises
        ------
        NotFoundError
        IntegrityError
            It is not what its digest says.
        """
        found = self._database.rows("SELECT n_bytes, data FROM module_source WHERE digest = ?", (digest,))
        if not found:
            raise NotFoundError(f"{self._database.path}: there is no module source {digest.hex()[:12]}")
        return plain_source(digest, *found[0])


def plain_source(digest: bytes, n_bytes: int, data: bytes) -> bytes:
    """Return a stored source, checked against its digest."""
    label = f"the module source {digest.hex()[:12]}"
    try:
        if not 0 <= n_bytes <= MAX_SOURCE_BYTES or zstandard.frame_content_size(data) != n_bytes:
            raise IntegrityError(f"{label} has a size that does not match")
        source = zstandard.ZstdDecompressor().decompress(data, max_output_size=n_bytes)
    except zstandard.ZstdError as error:
        raise IntegrityError(f"{label} is damaged ({error})") from error
    if source_digest(source) != digest:
        raise IntegrityError(f"{label} is damaged: it does not match its digest")
    return source


def insert_modules(connection: Connection, execution: ExecutionId, modules: Sequence[ModuleSource]) -> None:
    """Insert what an execution imported into the running transaction; a source that is there already is shared.

    Raises
    ------
    IntegrityError
        A source is not what its digest says.
    """
    for module in modules:
        found = rows(connection, "SELECT id FROM module_source WHERE digest = ?", (module.digest,))
        if found:
            source = found[0][0]
        else:
            plain = module.source or b""
            if source_digest(plain) != module.digest:
                raise IntegrityError(f"the source of the module {module.name} does not match its digest")
            values = (None, module.digest, len(plain), zstandard.ZstdCompressor().compress(plain))
            source = insert_one(connection, _INSERT_SOURCE, values)
        execute(connection, _INSERT_MODULE, (execution, module.name, module.path, source))
