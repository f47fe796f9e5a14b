"""An ssh server on this machine, for as long as it is needed. Tests and benchmarks use it; imports nothing of ours."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


class NoServerError(Exception):
    """There is no ssh server on this machine, or it does not start."""


@dataclass(frozen=True)
class Host:
    """Where it listens, and the options of ssh and scp that let one in."""

    port: int
    options: tuple[str, ...]

    def ens_options(self) -> list[str]:
        """Return the options of ``ens push``."""
        return ["--ssh", " ".join(["ssh", *self.options]), "--remote-ens", str(Path(sys.executable).with_name("ens"))]


def is_there() -> bool:
    """Whether this machine has an ssh server."""
    return _program() is not None


@contextmanager
def ssh_server(folder: Path) -> Iterator[Host]:
    """Start the server; its keys and settings are in ``folder``.

    Raises
    ------
    NoServerError
    """
    program = _program()
    if program is None:
        raise NoServerError("there is no ssh server here: install openssh-server and openssh-client")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where it gives up its rights
    folder.mkdir(mode=0o700)
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = folder / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\n"
        f"StrictModes no\nPermitRootLogin yes\nPasswordAuthentication no\nPidFile {folder}/pid\n"
        "Subsystem sftp internal-sftp\n"
    )
    server = subprocess.Popen([program, "-D", "-E", str(folder / "log"), "-f", str(config)])
    known = folder / "known"
    options = ("-i", str(folder / "user"), "-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={known}")
    try:
        _wait_for(port, server, folder / "log")
        yield Host(port, (*options, "-o", "BatchMode=yes"))
    finally:
        server.terminate()
        server.wait()


def _program() -> str | None:
    found = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin")
    return found if shutil.which("ssh") and shutil.which("scp") else None


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        if server.poll() is not None:
            raise NoServerError(f"the ssh server ended: {log.read_text()}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise NoServerError("the ssh server does not listen")
