"""Hidden state: what code reads and changes without naming it, versioned like variables.

Each kind is a pseudo-variable: its value is a plain, picklable snapshot that compares equal across processes.
Libraries are asked only when they are loaded already; none is imported here.
"""

from __future__ import annotations

import os
import random
import re
import sys
from collections.abc import Mapping
from typing import Any

from ensession.model import HIDDEN_PREFIX

_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH|COOKIE|PRIVATE", re.IGNORECASE)


class HiddenState:
    """The hidden state of this process, from the moment this object is made.

    Generators are reported from the first look on; the working directory, ``sys.path`` and the environment only
    once they differ from what they were when recording began: what nobody changed need not be put back.
    """

    def __init__(self) -> None:
        self._kinds: Mapping[str, _Kind] = {
            f"{HIDDEN_PREFIX}{kind.name}>": kind
            for kind in (_Random(), _NumpyRandom(), _TorchRandom(), _Directory(), _SearchPath(), _Variables())
        }
        self._first = {name: kind.read() for name, kind in self._kinds.items() if not kind.is_generator}
        self._last: dict[str, Any] = dict(self._first)
        self._reported: set[str] = set()

    def read(self) -> dict[str, Any]:
        """Return a snapshot of everything whose library is loaded and that was ever reported or is a generator."""
        return {
            name: value
            for name, kind in self._kinds.items()
            if (kind.is_generator or name in self._reported) and (value := kind.read()) is not None
        }

    def changed(self) -> dict[str, Any]:
        """Return what differs from the last look, and remember it."""
        found = {}
        for name, kind in self._kinds.items():
            value = kind.read()
            if value is not None and value != self._last.get(name):
                found[name] = value
                self._last[name] = value
                self._reported.add(name)
        return found

    def write(self, name: str, value: Any) -> None:
        """Put a snapshot back.

        Raises
        ------
        OSError
            The working directory does not exist here.
        """
        self._kinds[name].write(value)
        self._reported.add(name)


class _Kind:
    name = ""
    is_generator = True

    def read(self) -> Any:
        """Return a snapshot; None while the library is not loaded."""
        raise AssertionError(self.name)

    def write(self, value: Any) -> None:
        """Put a snapshot back."""
        raise AssertionError(self.name)


class _Random(_Kind):
    name = "random"

    def read(self) -> Any:
        return random.getstate()

    def write(self, value: Any) -> None:
        random.setstate(value)


class _NumpyRandom(_Kind):
    """NumPy's global generator: the Mersenne twister behind ``numpy.random.seed`` and its like."""

    name = "numpy.random"

    def read(self) -> Any:
        numpy_random = sys.modules.get("numpy.random")
        if numpy_random is None or not hasattr(numpy_random, "get_state"):  # still being imported
            return None
        state = numpy_random.get_state(legacy=False)
        inner = state["state"]
        # Bytes compare and hash in one go; an array does not compare to one truth value.
        plain = {key: value.tobytes() if hasattr(value, "tobytes") else value for key, value in inner.items()}
        return (state["bit_generator"], plain, state.get("has_gauss", 0), state.get("gauss", 0.0))

    def write(self, value: Any) -> None:
        numpy = __import__("numpy")  # a snapshot of it is only there where a session used it
        generator, plain, has_gauss, gauss = value
        inner = {key: numpy.frombuffer(v, numpy.uint32) if isinstance(v, bytes) else v for key, v in plain.items()}
        numpy.random.set_state({"bit_generator": generator, "state": inner, "has_gauss": has_gauss, "gauss": gauss})


class _TorchRandom(_Kind):
    """PyTorch's CPU generator."""

    name = "torch.random"

    def read(self) -> Any:
        torch = sys.modules.get("torch")
        if torch is None or not hasattr(torch, "get_rng_state"):
            return None
        return torch.get_rng_state().numpy().tobytes()

    def write(self, value: Any) -> None:
        torch, numpy = __import__("torch"), __import__("numpy")
        torch.set_rng_state(torch.from_numpy(numpy.frombuffer(value, numpy.uint8).copy()))


class _Directory(_Kind):
    name = "cwd"
    is_generator = False

    def read(self) -> Any:
        try:
            return os.getcwd()
        except FileNotFoundError:  # it was removed under the process
            return None

    def write(self, value: Any) -> None:
        os.chdir(value)


class _SearchPath(_Kind):
    name = "sys.path"
    is_generator = False

    def read(self) -> Any:
        return tuple(sys.path)

    def write(self, value: Any) -> None:
        """Add what is missing, in order: the paths of another machine must not replace those of this one."""
        for place, entry in enumerate(value):
            if entry not in sys.path:
                sys.path.insert(min(place, len(sys.path)), entry)


class _Variables(_Kind):
    """Environment variables that differ from when recording began; names that look secret are never stored."""

    name = "environ"
    is_generator = False

    def __init__(self) -> None:
        self._first = dict(os.environ)
        self._seen = _raw_environment()
        self._found: dict[str, str | None] = {}

    def read(self) -> Any:
        raw = _raw_environment()
        if raw != self._seen:
            self._seen, self._found = raw, self._compare()
        return dict(self._found)

    def _compare(self) -> dict[str, str | None]:
        now = {name: value for name, value in os.environ.items() if not _SECRET.search(name)}
        changed: dict[str, str | None] = {n: v for n, v in now.items() if self._first.get(n) != v}
        gone = (name for name in self._first if name not in os.environ and not _SECRET.search(name))
        return {**changed, **dict.fromkeys(gone)}

    def write(self, value: Any) -> None:
        for name in self.read():
            if name not in value and name in self._first:
                os.environ[name] = self._first[name]
            elif name not in value:
                os.environ.pop(name, None)
        for name, content in value.items():
            if content is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = content


def _raw_environment() -> dict[Any, Any]:
    """Return the environment undecoded, where the platform keeps it so: that is quick to compare."""
    return dict(getattr(os.environ, "_data", os.environ))
