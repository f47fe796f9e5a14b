"""What the first bytes of a store file say."""

from __future__ import annotations

from pathlib import Path

from ensession.errors import NotAStoreError, NotFoundError
from ensession.store.failures import translated

APPLICATION_ID = 0x656E7331
"""``ens1`` in the database header says that the file is a store."""
_HEADER_BYTES = 100
_MAGIC = b"SQLite format 3\0"


def read_header(path: Path) -> int:
    """Return the format version in a store file's header, without SQLite and without touching anything.

    Raises
    ------
    NotFoundError
        There is no such file.
    NotAStoreError
        It is something else.
    """
    with translated(path):
        if not path.exists():
            raise NotFoundError(f"{path}: there is no such store; check the path, or create one by recording into it")
        if not path.is_file():
            raise NotAStoreError(f"{path}: this is not a file; give the path of a store")
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
    application_id = int.from_bytes(header[68:72], "big")
    if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC) or application_id != APPLICATION_ID:
        raise NotAStoreError(f"{path}: this is not an ensession store; give the path of another file")
    return int.from_bytes(header[60:64], "big")
