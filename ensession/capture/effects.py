"""What executions do to the world outside, from the interpreter's audit events. Recorded, not guessed.

Files opened for reading or writing, files removed or moved, network connections, programs started. The hook is
process-wide and can't be taken out again (that is how the interpreter made it); while no cell runs it returns at
once.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from blake3 import blake3

from ensession.model import Effect, FileAccess

HASHED_BYTES = 16 * 2**20
"""Files up to this size are hashed; of larger ones size and time say whether they changed."""
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = frozenset("os.remove os.rename os.rmdir os.truncate os.link os.symlink shutil.rmtree".split())
# Making an empty folder is none of them: it destroys nothing.
_REMOVALS = frozenset({"os.remove", "os.rmdir", "shutil.rmtree"})
_PROGRAMS = frozenset("subprocess.Popen os.system os.exec os.posix_spawn os.spawn os.fork".split())
_HARMLESS = frozenset("fc-list fc-match uname lsb_release ldconfig lscpu nvidia-smi sysctl sw_vers".split())
"""Programs that libraries ask about the machine at import; they change nothing."""
_DEVICES = ("/proc/", "/sys/", "/dev/")


class EffectRecorder:
    """Records what happens between :meth:`begin` and :meth:`end`, in any thread.

    Parameters
    ----------
    ignore : callable
        Whether a path is none of the user's business (the store's own files).
    """

    def __init__(self, ignore: Callable[[str], bool] = lambda _: False) -> None:
        self._ignore = ignore
        self._is_active = False
        self._is_hooked = False
        self._opened: dict[tuple[str, str], None] = {}
        self._made: set[str] = set()
        self._effects: dict[Effect, None] = {}

    def begin(self) -> None:
        """Start with an empty record."""
        if not self._is_hooked:
            sys.addaudithook(self._hear)
            self._is_hooked = True
        self._opened.clear()
        self._made.clear()
        self._effects.clear()
        self._is_active = True

    def end(self) -> tuple[tuple[FileAccess, ...], tuple[Effect, ...]]:
        """Stop, and return the files that were opened and what else was done."""
        self._is_active = False
        gone = {path for path in self._made if not os.path.lexists(path)}  # temporary: nothing of it stays
        written = {path for path, mode in self._opened if mode == "w"}
        wanted = [(path, mode) for path, mode in self._opened if mode == "w" or path not in written]
        files = [_describe(path, mode) for path, mode in wanted if path not in gone]
        effects = [effect for effect in self._effects if effect.kind == "subprocess" or effect.detail not in gone]
        return tuple(files), tuple(effects)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._is_active:
            return
        try:
            if event == "open":
                self._hear_open(*arguments)
            elif event in _CHANGES:
                self._hear_change(event, arguments)
            elif event in _PROGRAMS:
                self._hear_program(arguments)
            elif event == "socket.connect":
                self._effects[Effect("network", str(arguments[1])[:200])] = None
            elif event == "sqlite3.connect":
                self._hear_database(arguments[0])
        except (OSError, ValueError, TypeError) as error:  # raised here, it would end the user's call
            self._effects[Effect("write", f"something that could not be named ({event}: {error})")] = None

    def _hear_change(self, event: str, arguments: tuple[Any, ...]) -> None:
        paths = [os.path.abspath(os.fsdecode(one)) for one in arguments if isinstance(one, str | bytes | os.PathLike)]
        told = [path for path in paths if not self._is_noise(path, "w")]
        if told:
            self._effects[Effect("delete" if event in _REMOVALS else "write", told[0])] = None

    def _hear_program(self, arguments: tuple[Any, ...]) -> None:
        program = _program(arguments)
        if os.path.basename(program.partition(" ")[0]) not in _HARMLESS:
            self._effects[Effect("subprocess", program)] = None

    def _hear_database(self, name: Any) -> None:
        path = os.fsdecode(name) if isinstance(name, str | bytes | os.PathLike) else ""
        if path and ":memory:" not in path and "mode=memory" not in path and "mode=ro" not in path:
            plain = os.path.abspath(path.removeprefix("file:").partition("?")[0])
            if not self._is_noise(plain, "w"):
                self._opened[(plain, "w")] = None

    def _hear_open(self, path: Any, mode: Any, flags: Any) -> None:
        if not isinstance(path, str | bytes | os.PathLike):  # a descriptor that is open already
            return
        name = os.path.abspath(os.fsdecode(path))
        if isinstance(mode, str):
            kind = "w" if any(letter in mode for letter in "wax+") else "r"
        else:
            kind = "w" if isinstance(flags, int) and flags & _WRITING else "r"
        if not self._is_noise(name, kind):
            if kind == "w" and (name, kind) not in self._opened and not os.path.lexists(name):
                self._made.add(name)
            self._opened[(name, kind)] = None

    def _is_noise(self, path: str, kind: str) -> bool:
        return (
            path.startswith(_DEVICES)
            or "__pycache__" in path
            or self._ignore(path)
            or (kind == "r" and (path.endswith((".py", ".pyc", ".so")) or path.startswith(_library_folders())))
            or _is_cache(path)
        )


def no_replay_reason(files: Iterable[FileAccess], effects: Iterable[Effect]) -> str | None:
    """Say why an execution should not be run again, or None. Pure.

    Running it for the sake of a restore must not touch the user's files, nor send anything.
    """
    for file in files:
        if file.mode == "w":
            return f"it wrote {file.path}"
    for effect in effects:
        return {
            "write": f"it changed {effect.detail}",
            "delete": f"it removed {effect.detail}",
            "network": f"it talked to {effect.detail}",
            "subprocess": f"it ran {effect.detail}",
        }[effect.kind]
    return None


def _program(arguments: tuple[Any, ...]) -> str:
    for part in arguments:
        if isinstance(part, list | tuple) and part:
            return " ".join(os.fsdecode(word) for word in part if isinstance(word, str | bytes | os.PathLike))[:200]
    return os.fsdecode(arguments[0])[:200] if arguments and isinstance(arguments[0], str | bytes) else "a program"


def _library_folders() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    return (sys.prefix, sys.base_prefix, paths["stdlib"], paths["purelib"], paths["platlib"])


def _is_cache(path: str) -> bool:
    if os.path.basename(path).startswith(("fontlist-v", ".matplotlib_")):  # wherever its folder is set to
        return True
    home = os.path.expanduser("~")
    return path.startswith((f"{home}/.cache/", f"{home}/.config/matplotlib/", f"{home}/.ipython/"))


def _describe(path: str, mode: str) -> FileAccess:
    try:
        status = os.stat(path)
        content = None
        if mode == "r" and status.st_size <= HASHED_BYTES and os.path.isfile(path):
            content = blake3(Path(path).read_bytes()).digest()
    except OSError:  # gone again, or not for us: then nothing is known of it
        return FileAccess(path, mode, None, None)
    return FileAccess(path, mode, status.st_size, status.st_mtime, content)
