"""What happens to files in some folders, as the operating system tells it: also what native code does.

Writers and readers in C, C++ or Rust open files without an audit event of the interpreter. Linux tells whoever asks
(inotify) what is opened, changed, moved and removed in a folder. Nothing is put between the user's code and its
libraries, and a look at empty queues costs one system call. On other systems nothing is seen.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import select
import struct
import sys
import sysconfig
import tempfile
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

WATCHED_FOLDERS = 256
"""How many folders below the working directory are watched."""
LISTED_ENTRIES = 20_000
"""How many entries are listed, at most, in search of folders."""
NAMED_FOLDERS = 64
"""How many folders elsewhere are watched, which the code or its variables name."""
_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "dist-packages", "lost+found"})
_NOT_THE_CELLS = (".ipynb", "~")
"""Files that front ends and editors save while a cell runs."""

_MODIFY, _CLOSE_WRITE, _OPEN, _MOVED_FROM, _MOVED_TO = 0x2, 0x8, 0x20, 0x40, 0x80
_CREATE, _DELETE, _OVERFLOW, _IGNORED, _IS_FOLDER = 0x100, 0x200, 0x4000, 0x8000, 0x4000_0000
_WRITES = _MODIFY | _CLOSE_WRITE | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE
_EVENT = struct.Struct("iIII")
_READ_BYTES = 1 << 16
"""More than that would be memory that each read asks the system for."""
_LONGEST_EVENT_BYTES = _EVENT.size + 256


@dataclass(frozen=True, slots=True)
class Seen:
    """What happened to files and folders, by full path.

    Attributes
    ----------
    read, written : tuple[str, ...]
        Files that were opened, and files that were changed or made (and are there still).
    moved, removed : tuple[str, ...]
        What was moved from or to a place, and folders that were made; what was removed.
    is_complete : bool
        False: more was written than the system kept.
    """

    read: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    is_complete: bool = True


NOTHING = Seen()


class FolderWatch:
    """Watches the working directory, folders below it, and folders that the code names.

    Attributes
    ----------
    problem : str or None
        Why Linux watches less than it should, if so; that other systems tell nothing is no problem of this machine.
    """

    def __init__(self) -> None:
        self.problem: str | None = None
        self._home: str | None = None
        self._exact: set[str] = set()
        self._named: set[str] = set()
        self._queues: tuple[_Queue, ...] = ()
        self._any: Callable[[], object] = tuple
        if not sys.platform.startswith("linux"):
            return
        try:
            # Two, so that a cell that reads more files than a queue holds hides no write.
            self._queues = (_Queue(_WRITES), _Queue(_OPEN))
            self._any = _asker(queue.fd for queue in self._queues)
        except OSError as error:
            self.problem = f"the system does not tell what happens to files ({error.strerror or error})"

    def begin(self, cwd: str, places: Iterable[str]) -> None:
        """Forget what has happened, and watch from here on.

        Parameters
        ----------
        cwd : str
            The working directory.
        places : iterable of str
            Paths that the code names, files or folders; relative ones are in `cwd`.
        """
        if not self._queues:
            return
        if self._any():
            for queue in self._queues:
                for event in queue.drain():
                    self._follow(event)
        if cwd != self._home:
            self._home = cwd
            self._watch(_below(cwd))
        for place in places:
            self._add(os.path.normpath(os.path.join(cwd, os.path.expanduser(place))))

    def end(self) -> Seen:
        """Return what has happened since :meth:`begin`."""
        if not self._any():
            return NOTHING
        writes, reads = map(list, (queue.drain() for queue in self._queues))
        found = _Found()
        for event in writes:
            self._follow(event)
            if not event.mask & (_OVERFLOW | _IGNORED) and self._is_meant(event):
                found.add(event)
        opened = {event.path: None for event in reads if not event.mask & _IS_FOLDER and self._is_meant(event)}
        is_complete = not any(event.mask & _OVERFLOW for event in writes)
        return found.seen(opened, is_complete=is_complete)

    def close(self) -> None:
        """Watch no longer."""
        for queue in self._queues:
            queue.close()
        self._queues, self._any = (), tuple

    def _add(self, path: str) -> None:
        self._exact.add(path)
        folder = path if os.path.isdir(path) else os.path.dirname(path)
        if folder not in self._named and len(self._named) < NAMED_FOLDERS and os.path.isdir(folder):
            self._named.add(folder)
            self._watch([folder])

    def _watch(self, folders: Iterable[str]) -> None:
        for folder in folders:
            for queue in self._queues:
                if not queue.watch(folder):
                    self.problem = (
                        "this user watches as many folders as the system permits (fs.inotify.max_user_watches)"
                    )
                    return

    def _follow(self, event: _Event) -> None:
        """Watch folders that come; those that moved are found anew, by the way that leads to them."""
        if event.mask & _OVERFLOW or (event.mask & _IS_FOLDER and event.mask & (_MOVED_FROM | _MOVED_TO)):
            self._home = None
        elif event.mask & _IS_FOLDER and event.mask & _CREATE and self._home is not None:
            if _is_inside(event.path, self._home) and _is_plain(event.name):
                self._watch([event.path])

    def _is_meant(self, event: _Event) -> bool:
        """Whether an event may be the cell's doing: in a place where everybody works, only on files that it names."""
        if not event.folder or not _is_plain(event.name) or event.name.endswith(_NOT_THE_CELLS):
            return False
        if self._home is not None and _is_inside(event.path, self._home):
            return True
        return event.path in self._exact or event.folder not in _crowded()


@dataclass(frozen=True, slots=True)
class _Event:
    folder: str
    name: str
    mask: int

    @property
    def path(self) -> str:
        return os.path.join(self.folder, self.name)


@dataclass(slots=True)
class _Found:
    """Events put together by path."""

    made: set[str] = field(default_factory=set)
    written: dict[str, None] = field(default_factory=dict)
    moved: dict[str, None] = field(default_factory=dict)
    removed: dict[str, None] = field(default_factory=dict)

    def add(self, event: _Event) -> None:
        path, known = event.path, (self.written, self.moved, self.removed)
        if event.mask & _CREATE and not any(path in one for one in known):
            self.made.add(path)
        if event.mask & (_MOVED_FROM | _MOVED_TO) or (event.mask & _CREATE and event.mask & _IS_FOLDER):
            self.moved[path] = None
        elif event.mask & _DELETE:
            self.removed[path] = None
        elif not event.mask & _IS_FOLDER:
            self.written[path] = None

    def seen(self, opened: Iterable[str], *, is_complete: bool) -> Seen:
        passing = {path for path in self.made if not os.path.lexists(path)}  # made and gone: nobody's loss

        def lasting(paths: Iterable[str]) -> tuple[str, ...]:
            return tuple(path for path in paths if path not in passing)

        return Seen(lasting(opened), lasting(self.written), lasting(self.moved), lasting(self.removed), is_complete)


class _Queue:
    """One queue of the operating system's."""

    def __init__(self, mask: int) -> None:
        self._library = ctypes.CDLL(None, use_errno=True)
        self._mask = mask
        self._folders: dict[int, str] = {}
        self.fd: int = self._library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        self.close = weakref.finalize(self, os.close, self.fd)

    def watch(self, folder: str) -> bool:
        """Watch a folder; one that is gone or forbidden is left out. False: there is no room for one more."""
        number = self._library.inotify_add_watch(self.fd, os.fsencode(folder), self._mask)
        if number >= 0:
            self._folders[number] = folder
        return number >= 0 or ctypes.get_errno() != errno.ENOSPC

    def drain(self) -> Iterator[_Event]:
        """Yield what has happened since the last time, in order; of repetitions the first."""
        unique: dict[tuple[int, int, bytes], None] = {}
        is_full = True
        while is_full:
            try:
                data = os.read(self.fd, _READ_BYTES)
            except BlockingIOError:
                break
            is_full = len(data) > _READ_BYTES - _LONGEST_EVENT_BYTES  # else one more would have had room
            at = 0
            while at < len(data):
                number, mask, _, length = _EVENT.unpack_from(data, at)
                start = at + _EVENT.size
                at = start + length
                unique[number, mask, data[start:at]] = None
        for number, mask, name in unique:
            yield _Event(self._folders.get(number, ""), os.fsdecode(name.rstrip(b"\0")), mask)
            if mask & _IGNORED:
                self._folders.pop(number, None)


def _asker(descriptors: Iterable[int]) -> Callable[[], object]:
    """Return what asks whether there is anything to read from any of these."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return functools.partial(poll.poll, 0)


def _below(home: str) -> list[str]:
    """Return a folder and the nearest ones below it."""
    found, queue, n_listed = [home], deque([home]), 0
    while queue and len(found) < WATCHED_FOLDERS and n_listed < LISTED_ENTRIES:
        try:
            with os.scandir(queue.popleft()) as entries:
                for entry in entries:
                    n_listed += 1
                    if n_listed > LISTED_ENTRIES or len(found) >= WATCHED_FOLDERS:
                        break
                    if _is_plain(entry.name) and entry.is_dir(follow_symlinks=False) and not _is_environment(entry):
                        found.append(entry.path)
                        queue.append(entry.path)
        except OSError:  # gone, or forbidden: nothing is written there
            continue
    return found


def _is_plain(name: str) -> bool:
    return bool(name) and not name.startswith(".") and name not in _SKIPPED


def _is_environment(entry: os.DirEntry[str]) -> bool:
    return os.path.exists(os.path.join(entry.path, "pyvenv.cfg"))


def _is_inside(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip(os.sep) + os.sep)


def _crowded() -> frozenset[str]:
    """Return folders in which other programs write all the time."""
    return frozenset({os.sep, tempfile.gettempdir(), os.path.expanduser("~"), _libraries(), "/var/tmp"})  # noqa: S108


@functools.cache
def _libraries() -> str:
    return sysconfig.get_paths()["purelib"]
