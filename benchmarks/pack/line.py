"""A line of a given rate between two ends of one machine: a socket whose sender keeps to a pace."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

BLOCK_BYTES = 128 * 1024


def send(source: Path, target: Path, bytes_per_s: float) -> float:
    """Send a file over a line of that rate, until it is a file at the other end; return the seconds it took."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        receiver = threading.Thread(target=_receive, args=(server, target))
        started = time.perf_counter()
        receiver.start()
        with socket.create_connection(server.getsockname()) as line, source.open("rb") as file:
            sent = 0
            while block := file.read(BLOCK_BYTES):
                line.sendall(block)
                sent += len(block)
                ahead_s = sent / bytes_per_s - (time.perf_counter() - started)
                if ahead_s > 0:
                    time.sleep(ahead_s)
        receiver.join()
        return time.perf_counter() - started


def _receive(server: socket.socket, target: Path) -> None:
    line, _ = server.accept()
    with line, target.open("wb") as file:
        while block := line.recv(BLOCK_BYTES):
            file.write(block)
