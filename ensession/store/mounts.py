"""Which file system a path is on: write-ahead logging needs shared memory, which network file systems lack."""

from __future__ import annotations

from pathlib import Path

MOUNT_TABLE = Path("/proc/self/mounts")

_NETWORK = frozenset(
    {
        "9p", "afs", "beegfs", "ceph", "cifs", "coda", "fuse.ceph", "fuse.gcsfuse", "fuse.glusterfs", "fuse.juicefs",
        "fuse.s3fs", "fuse.sshfs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "smb3", "smbfs", "wekafs",
    }
)  # fmt: skip


def is_network(path: Path, table: Path = MOUNT_TABLE) -> bool:
    """Whether ``path`` lies on a network file system; False where there is no mount table to ask."""
    return network_kind(path, table) is not None


def network_kind(path: Path, table: Path = MOUNT_TABLE) -> str | None:
    """Return what kind of network file system ``path`` lies on, such as ``nfs4``; None where it is none."""
    try:
        lines = table.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    target = path.resolve()
    best, kind = -1, ""
    for line in lines:
        fields = line.split(" ")
        point = Path(_unescaped(fields[1]))
        # Later lines hide earlier ones at the same place.
        if len(point.parts) >= best and target.is_relative_to(point):
            best, kind = len(point.parts), fields[2]
    return kind if kind in _NETWORK else None


def _unescaped(field: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        field = field.replace(code, character)
    return field
