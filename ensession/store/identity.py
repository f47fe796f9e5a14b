"""What tells one file from another that gets its name later."""

from __future__ import annotations

from pathlib import Path

FileId = tuple[int, int]
"""Device and number of a file."""


def file_id(path: Path) -> FileId:
    """Return what tells the file at a path from any other that gets its name later."""
    found = path.stat()
    return found.st_dev, found.st_ino
