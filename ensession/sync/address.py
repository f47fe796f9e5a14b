"""Where another copy is: a path on this machine, or ``ssh://[user@]host[:port]/path``."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ensession.errors import UsageError

_HOST = re.compile(r"[A-Za-z0-9_:][A-Za-z0-9_.:%\-]*")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*\$?")

_AS_FOR_SCP = re.compile(r"(?P<host>[^/\\:]{2,}):(?P<path>.+)", re.DOTALL)
"""A single letter is a drive of Windows."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a copy is.

    Attributes
    ----------
    host : str or None
        None: this machine.
    path : str
        On that host; one that begins with ``~/`` is in the user's home there.
    """

    path: str
    host: str | None = None
    user: str | None = None
    port: int | None = None

    def __str__(self) -> str:
        if self.host is None:
            return self.path
        user = f"{self.user}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"ssh://{user}{host}{port}/{self.path.removeprefix('/')}"


def parse_address(text: str) -> Address:
    """Read an address.

    Parameters
    ----------
    text : str
        A path, or ``ssh://[user@]host[:port]/path``; ``ssh://host/~/path`` is a path in the home there.

    Raises
    ------
    UsageError
        It is neither.
    """
    if "://" not in text:
        if not text:
            raise UsageError("an empty path is no address; give a path, or ssh://host/path")
        here = Path(os.path.expanduser(text))
        _require_no_host(text, here)
        return Address(str(here))
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{text!r} is no address ({error}); write ssh://[user@]host[:port]/path") from error
    if parts.scheme != "ssh" or not parts.hostname or parts.password or parts.query or parts.fragment:
        raise UsageError(f"{text!r} is no address of a store; write a path, or ssh://[user@]host[:port]/path")
    path = unquote(parts.path)
    if path in ("", "/", "/~", "/~/"):
        raise UsageError(f"{text!r} names no file; write ssh://[user@]host[:port]/path/of/the/store.ens")
    # ssh takes a host or user that begins with a hyphen for an option.
    if not _HOST.fullmatch(parts.hostname) or (parts.username is not None and not _USER.fullmatch(parts.username)):
        raise UsageError(f"{text!r}: the name of the host or user is none")
    return Address(path[1:] if path.startswith("/~/") else path, parts.hostname, parts.username, port)


def _require_no_host(text: str, path: Path) -> None:
    """Refuse what scp and rsync take for a place on another machine, lest a backup goes to a file of that name here."""
    found = _AS_FOR_SCP.fullmatch(text)
    if found is not None and not path.exists():
        there = found["path"] if found["path"].startswith("/") else f"/~/{found['path']}"
        raise UsageError(
            f"{text!r} looks like a place on another machine: write ssh://{found['host']}{there}, or ./{text} for a "
            "file of that name here"
        )
