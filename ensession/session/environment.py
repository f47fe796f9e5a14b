"""Where this process runs."""

from __future__ import annotations

import os
import platform
import socket
import sys
from importlib import metadata

from ensession.model import Environment


def environment() -> Environment:
    """Describe this process: interpreter, platform, installed packages."""
    packages: dict[str, str] = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        if name is not None:  # a half-removed installation has none
            packages.setdefault(name, distribution.version)
    return Environment(
        python=platform.python_version(),
        implementation=sys.implementation.name,
        platform=platform.platform(),
        hostname=socket.gethostname(),
        pid=os.getpid(),
        cwd=os.getcwd(),
        packages=dict(sorted(packages.items())),
    )
