"""What executions do to the world outside, from the interpreter's audit events. Recorded, not guessed.

Files opened for reading or writing, files removed or moved, network connections, programs started. The hook is
process-wide and can't be taken out again (that is how the interpreter made it); while no cell runs it returns at
once. Native code opens files without an event: what the operating system tells of some folders
(:mod:`~ensession.capture.folders`) is added.
"""

from __future__ import annotations

import os
import re
import stat
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from blake3 import blake3

from ensession.capture.folders import NOTHING, FolderWatch
from ensession.model import Effect, FileAccess

HASHED_BYTES = 16 * 2**20
"""Files up to this size are hashed; of larger ones size and time say whether they changed."""
HASHED_BYTES_IN_ALL = 64 * 2**20
"""No more than this is hashed for one execution, so that a cell which reads thousands of pictures does not wait."""
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_WRITE_LETTERS = frozenset("wax+")
_READING = frozenset({"r", "rb"})
_COMPILED = (".pyc", ".so")
_CHANGES = frozenset("os.remove os.rename os.rmdir os.mkdir os.truncate os.link os.symlink shutil.rmtree".split())
_PATHS = {"os.rename": (0, 2), "os.link": (1, 2), "os.symlink": (1, 2)}
"""Which arguments name what changes, where it is not just the first; descriptors of their folders follow."""
_REMOVALS = frozenset({"os.remove", "os.rmdir", "shutil.rmtree"})
_PROGRAMS = frozenset("subprocess.Popen os.system os.exec os.posix_spawn os.spawn os.fork".split())
_NETWORK = frozenset({"socket.connect", "socket.sendto", "socket.getaddrinfo"})
_HEARD = _CHANGES | _PROGRAMS | _NETWORK | {"open", "sqlite3.connect"}
_QUESTIONS = frozenset({"ldconfig", "fc-list", "ld", "objdump", "lscpu", "uname", "sw_vers", "nproc"})
"""Programs by which libraries ask about the machine, most while they are imported."""
_ON_FILES = {"write": "changed", "delete": "removed"}
_OUTSIDE = {"network": "talked to", "subprocess": "ran"}
_DEVICES = ("/proc/", "/sys/", "/dev/")
_LOOPBACK = re.compile(r"127\.|::1$|localhost$")

# The one thing in this package that outlives its owner: an audit hook stays for the life of the process, so there is
# one for all recorders.
_listening: list[EffectRecorder] = []
_hooks: list[Callable[[str, tuple[Any, ...]], None]] = []
_unheard: set[int] = set()
"""Threads that do something for ensession, not for the user's cell."""


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if _listening and event in _HEARD and not (_unheard and threading.get_ident() in _unheard):
        for recorder in tuple(_listening):
            recorder.hear(event, arguments)


@contextmanager
def unheard() -> Iterator[None]:
    """Do something in this thread that is none of the running cell's effects: bring another copy up to date."""
    thread = threading.get_ident()
    _unheard.add(thread)
    try:
        yield
    finally:
        _unheard.discard(thread)


class EffectRecorder:
    """Records what happens between :meth:`begin` and :meth:`end`, in any thread.

    Parameters
    ----------
    ignore : callable
        Whether a path is none of the user's business (the store's own files).
    """

    def __init__(self, ignore: Callable[[str], bool] = lambda _: False) -> None:
        self._ignore = ignore
        self._opened: dict[tuple[str, str], str | None] = {}
        self._effects: dict[Effect, None] = {}
        self._resolved: tuple[Any, Any] = (None, None)
        self._folders: FolderWatch | None = None

    def begin(self, places: Iterable[str] = ()) -> str | None:
        """Start with an empty record; say why native code is not seen as it should be, if so.

        Parameters
        ----------
        places : iterable of str
            Paths that the code names: native code is seen there, as it is in the working directory.
        """
        if not _hooks:
            _hooks.append(_hear)
            sys.addaudithook(_hear)
        self._opened.clear()
        self._effects.clear()
        if self not in _listening:
            _listening.append(self)
        if self._folders is None:
            self._folders = FolderWatch()
        self._folders.begin(_working_directory() or os.sep, places)
        return self._folders.problem

    def close(self) -> None:
        """Listen no longer, and give back what listening takes."""
        self.end()
        if self._folders is not None:
            self._folders.close()
            self._folders = None

    def end(self) -> tuple[tuple[FileAccess, ...], tuple[Effect, ...]]:
        """Stop, and return the files that were opened and what else was done."""
        if self in _listening:
            _listening.remove(self)
            self._add_seen()
        opened, effects = tuple(self._opened.items()), tuple(self._effects)
        if not opened and not effects:
            return (), ()
        is_noise = self._noise()
        kept = {(os.path.normpath(path), mode): folder for (path, mode), folder in opened}
        kept = {(path, mode): folder for (path, mode), folder in kept.items() if not is_noise(path, mode)}
        removed = {effect.detail for effect in effects if effect.kind == "delete"}
        read = [path for path, mode in kept if mode == "r" and (path, "w") not in kept and path not in removed]
        # A folder is opened for writing only to hold a file without a name (O_TMPFILE).
        files = [_written(path) for path, mode in kept if mode == "w" and not os.path.isdir(path)]
        told = (effect for effect in effects if effect.kind not in _ON_FILES or not is_noise(effect.detail, "w"))
        found = (replace(file, folder=kept.get((file.path, file.mode))) for file in (*_read(read), *files))
        return tuple(found), tuple(told)

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take in one audit event. Raises nothing: that would end the user's call."""
        try:
            if event == "open":
                self._hear_open(*arguments)
            elif event in _CHANGES:
                self._hear_change(event, arguments)
            elif event in _PROGRAMS:
                self._hear_program(event, arguments)
            elif event in _NETWORK:
                self._hear_network(event, arguments)
            else:
                self._hear_database(arguments[0])
        except Exception as error:  # noqa: BLE001  (the user's own path objects and addresses are looked at)
            self._effects[Effect("write", f"something that could not be named ({event}: {type(error).__name__})")] = (
                None
            )

    def _hear_open(self, path: Any, mode: Any, flags: Any) -> None:
        if isinstance(path, int):  # a descriptor that is open already
            return
        if (
            mode in _READING and type(path) is str and path.endswith(_COMPILED)
        ):  # thousands, while libraries are imported
            return
        if isinstance(mode, str):
            kind = "r" if _WRITE_LETTERS.isdisjoint(mode) else "w"
        else:
            kind = "w" if isinstance(flags, int) and flags & _WRITING else "r"
        name = _absolute(path)
        if mode is None and kind == "r" and name is not path and not os.path.exists(name):
            return  # most likely relative to a descriptor, which the event does not tell
        self._opened.setdefault((name, kind), None if os.path.isabs(path) else os.getcwd())

    def _hear_change(self, event: str, arguments: tuple[Any, ...]) -> None:
        first, last = _PATHS.get(event, (0, 1))
        paths = arguments[first:last]
        folders = [one for one in arguments[last:] if isinstance(one, int)][-len(paths) :]
        for path, folder in zip(paths, folders or [-1] * len(paths), strict=False):
            name = os.path.normpath(_absolute(path, -1 if event == "os.truncate" else folder))
            if event != "os.mkdir" or not os.path.isdir(name):  # else that call is about to fail
                self._effects[Effect("delete" if event in _REMOVALS else "write", name)] = None

    def _hear_program(self, event: str, arguments: tuple[Any, ...]) -> None:
        command = "a copy of this process" if event == "os.fork" else _command(arguments)
        if os.path.basename(command.partition(" ")[0]) not in _QUESTIONS:
            self._effects[Effect("subprocess", command)] = None

    def _hear_network(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.getaddrinfo":
            self._resolved = (arguments[0], arguments[1])
            return
        address = arguments[1]
        if isinstance(address, tuple) and len(address) > 1:
            host, port = str(address[0]), address[1]
            if self._resolved[0] and str(self._resolved[1]) == str(port):
                host = os.fsdecode(self._resolved[0])
            where = " (this machine)" if _LOOPBACK.match(host) else ""
            detail = f"{host}:{port}{where}"
        else:
            detail = f"{os.fsdecode(address) if isinstance(address, str | bytes) else address} (this machine)"
        self._effects[Effect("network", detail[:200])] = None

    def _hear_database(self, name: Any) -> None:
        path = os.fsdecode(name)
        if path and ":memory:" not in path and "mode=memory" not in path:
            plain = path.removeprefix("file:").partition("?")[0] if path.startswith("file:") else path
            folder = None if os.path.isabs(plain) else os.getcwd()
            self._opened.setdefault((_absolute(plain), "r" if "mode=ro" in path else "w"), folder)

    def _add_seen(self) -> None:
        """Add what native code did, as far as no audit event told it."""
        seen = NOTHING if self._folders is None else self._folders.end()
        if seen == NOTHING:
            return
        home = _working_directory().rstrip(os.sep) + os.sep
        told = {os.path.normpath(path) for path, mode in self._opened if mode == "w"}
        told.update(effect.detail for effect in self._effects)
        read = {os.path.normpath(path) for path, mode in self._opened if mode == "r"}
        for path in seen.read:
            if path not in read:
                # Native code does not tell how the path was given; in the working directory, most are relative.
                self._opened[path, "r"] = home.rstrip(os.sep) if path.startswith(home) else None
        for path in seen.written:
            if path not in told:
                self._opened.setdefault((path, "w"), None)
        for kind, paths in (("write", seen.moved), ("delete", seen.removed)):
            self._effects.update({Effect(kind, path): None for path in paths if path not in told})
        if not seen.is_complete:
            self._effects[Effect("write", f"more files than the system tells of, near {home}")] = None

    def _noise(self) -> Callable[[str, str], bool]:
        """Return a test for files that are no business of the user's cell, as things are now."""
        libraries, caches, ignore = library_folders(), _cache_folders(), self._ignore

        def is_noise(path: str, mode: str) -> bool:
            if path.startswith(_DEVICES) or "__pycache__" in path or path.startswith(caches) or ignore(path):
                return True
            return mode == "r" and (path.endswith((".py", ".pyc", ".so")) or path.startswith(libraries))

        return is_noise


def caution(files: Collection[FileAccess], effects: Collection[Effect], cwd: str | None = None) -> str | None:
    """Say why an execution should not be run again unless the user allows it, or None.

    Running it for the sake of a restore must not touch the user's files, nor send anything.

    Parameters
    ----------
    files, effects : collection
        What an :class:`EffectRecorder` found.
    cwd : str or None
        The user's folder: what is in it is the user's even where it lies in the folder for temporary files. None: the
        working directory.
    """
    if not files and not effects:
        return None
    temporary, own = tempfile.gettempdir() + os.sep, (_working_directory() if cwd is None else cwd) + os.sep

    def is_temporary(path: str) -> bool:
        return path.startswith(temporary) and not (own.startswith(temporary) and path.startswith(own))

    for file in files:
        is_gone = file.size is None and is_temporary(file.path)  # what stays there may be somebody's, or a log
        if file.mode == "w" and not is_gone:
            return f"it wrote {file.path}"
    for effect in effects:
        if effect.kind not in _ON_FILES or not is_temporary(effect.detail):
            return f"it {_ON_FILES.get(effect.kind) or _OUTSIDE[effect.kind]} {effect.detail}"
    return None


def _absolute(path: Any, folder: int = -1) -> str:
    """Return the full path; a relative one is in the folder that a descriptor stands for, or in the working one."""
    name = path if isinstance(path, str) else os.fsdecode(path)
    if os.path.isabs(name):
        return name
    return os.path.join(os.readlink(f"/proc/self/fd/{folder}") if folder >= 0 else os.getcwd(), name)


def _working_directory() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was removed under the process
        return ""


def _command(arguments: tuple[Any, ...]) -> str:
    for part in arguments:
        if isinstance(part, list | tuple) and part:
            return " ".join(os.fsdecode(word) for word in part if isinstance(word, str | bytes | os.PathLike))[:200]
    return os.fsdecode(arguments[0])[:200] if arguments and isinstance(arguments[0], str | bytes) else "a program"


@cache
def library_folders() -> tuple[str, ...]:
    """Return where the interpreter and installed libraries live, each with a separator at its end."""
    paths = sysconfig.get_paths()
    folders = (sys.prefix, sys.base_prefix, paths["stdlib"], paths["purelib"], paths["platlib"])
    return tuple(folder.rstrip(os.sep) + os.sep for folder in folders)


def _cache_folders() -> tuple[str, ...]:
    home = os.path.expanduser("~")
    folders = [f"{home}/.cache", f"{home}/.config/matplotlib", f"{home}/.ipython"]
    folders += filter(None, map(os.environ.get, ("XDG_CACHE_HOME", "MPLCONFIGDIR", "IPYTHONDIR")))
    return tuple(folder.rstrip(os.sep) + os.sep for folder in folders)


def _read(paths: Iterable[str]) -> Iterable[FileAccess]:
    room = HASHED_BYTES_IN_ALL
    for path in paths:
        try:
            status = os.stat(path)
        except OSError:  # gone again, or never there: then nothing is known of it
            yield FileAccess(path, "r", None, None)
            continue
        if stat.S_ISDIR(status.st_mode):
            continue
        content = None
        if stat.S_ISREG(status.st_mode) and status.st_size <= min(HASHED_BYTES, room):
            room -= status.st_size
            content = content_hash(path)
        yield FileAccess(path, "r", status.st_size, status.st_mtime, content)


def content_hash(path: str) -> bytes | None:
    """Return the hash of a file, as :class:`~ensession.model.FileAccess` holds it; None where it can't be read."""
    try:
        return blake3(Path(path).read_bytes()).digest()
    except OSError:
        return None


def _written(path: str) -> FileAccess:
    try:
        status = os.stat(path)
    except OSError:
        return FileAccess(path, "w", None, None)
    return FileAccess(path, "w", status.st_size, status.st_mtime)
