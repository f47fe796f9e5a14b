"""What tells one file from another that gets its name later."""

from __future__ import annotations

import os
from pathlib import Path

FileId = tuple[int, int]
"""Device and number of a file."""


def file_id(path: Path) -> FileId:
    """Return what tells the file at a path from any other that gets its name later."""
    found = path.stat()
    return found.st_dev, found.st_ino


def real_path(path: Path | str) -> Path:
    """Return where the file is that a path names: what a symbolic link stands for, else the path as it is.

    SQLite keeps its log beside the file and not beside the link, and a file that is put in a link's place would not be
    the one that everybody else has open.
    """
    return Path(os.path.realpath(path)) if os.path.islink(path) else Path(path)
