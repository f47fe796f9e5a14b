"""An ssh server on this machine, for as long as it is needed."""

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


@dataclass(frozen=True)
class Host:
    """Where it listens, and the options of ssh and scp that let one in."""

    port: int
    options: tuple[str, ...]

    def ens_options(self) -> list[str]:
        """Return the options of ``ens push``."""
        return ["--ssh", " ".join(["ssh", *self.options]), "--remote-ens", str(Path(sys.executable).with_name("ens"))]


@contextmanager
def ssh_server(folder: Path) -> Iterator[Host]:
    """Start the server; its keys and settings are in ``folder``.

    Raises
    ------
    SystemExit
        There is none on this machine.
    """
    program = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin")
    if program is None or shutil.which("scp") is None:
        raise SystemExit("there is no ssh server here: install openssh-server and openssh-client")
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
        _wait_for(port)
        yield Host(port, (*options, "-o", "BatchMode=yes"))
    finally:
        server.terminate()
        server.wait()


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("the ssh server does not listen")
