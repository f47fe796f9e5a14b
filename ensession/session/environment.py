"""Where this process runs."""

from __future__ import annotations

import os
import platform
import socket
import sys
from collections.abc import Iterable
from pathlib import Path

from ensession.model import Environment


def environment() -> Environment:
    """Describe this process: interpreter, platform, installed packages."""
    return Environment(
        python=platform.python_version(),
        implementation=sys.implementation.name,
        platform=platform.platform(),
        hostname=socket.gethostname(),
        pid=os.getpid(),
        cwd=os.getcwd(),
        packages=installed_packages(sys.path),
    )


def installed_packages(places: Iterable[str]) -> dict[str, str]:
    """Return the distributions in some folders and their versions, by the names of their metadata folders.

    Parsing the metadata itself takes fifty times as long, which a user would feel at every start.
    """
    found: dict[str, str] = {}
    for place in map(Path, places):
        if place.is_dir():
            for folder in place.glob("*.dist-info"):
                name, _, version = folder.name.removesuffix(".dist-info").rpartition("-")
                found.setdefault(name.replace("_", "-"), version)
    return dict(sorted(found.items()))
