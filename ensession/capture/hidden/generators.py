"""Random number generators that live in modules. Those in variables are versioned with their variable."""

from __future__ import annotations

import random
import struct
import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

from ensession.capture.hidden.kinds import Generator

_TWISTER = "@i624I"
"""How CPython holds a Mersenne twister: the place of the next word, and the words."""
_NUMPY_PARTS = frozenset({"bit_generator", "state", "has_gauss", "gauss"})
_NUMPY_TWISTER_BYTES = struct.calcsize("@624Ii")
"""NumPy has the words first."""


class PythonRandom(Generator):
    """The generator behind the functions of ``random``."""

    name = "random"

    def __init__(self) -> None:
        self._way: Any = None
        self._read: Callable[[], Any] = random.getstate

    def glance(self) -> Any:
        """Return its state as it lies in memory, where this interpreter lets us: Python's own way is felt."""
        if random.getstate is not self._way:
            self._way = random.getstate
            generator: Any = getattr(self._way, "__self__", None)
            kind: Any = type(generator)
            memory = _twister_memory(kind)
            if memory is None:
                self._read = self._way
            else:
                words = memory(generator).tobytes
                self._read = lambda: (words(), generator.gauss_next)
        return self._read()

    def snapshot(self, glance: Any) -> Any:
        """Return its state as Python tells it."""
        return random.getstate()

    def write(self, value: Any) -> None:
        """Put its state back."""
        random.setstate(value)


class NumpyRandom(Generator):
    """NumPy's global generator: the Mersenne twister behind ``numpy.random.seed`` and its like."""

    name = "numpy.random"

    def __init__(self) -> None:
        self._of: tuple[Any, Any] = None, None
        self._read: Callable[[], Any] | None = None

    def glance(self) -> Any:
        """Return its state as it lies in memory, where this NumPy lets us: its own way is felt."""
        numpy_random: Any = sys.modules.get("numpy.random")
        if numpy_random is None or not hasattr(numpy_random, "get_state"):  # still being imported
            return None
        generator = getattr(numpy_random.get_state, "__self__", None)
        inner = getattr(generator, "_bit_generator", None)
        if self._read is None or (generator, inner) != self._of:  # the session may put another one in its place
            self._of = generator, inner  # kept: what is read lies in them
            self._read = _numpy_memory(numpy_random, generator) or _numpy_state
        return self._read()

    def snapshot(self, glance: Any) -> Any:
        """Return its state; bytes compare in one go, an array does not compare to one truth value."""
        return _numpy_state()

    def origin(self) -> Any:
        """Return the state that NumPy gave it: it keeps the seed, until a session sets another."""
        numpy_random: Any = sys.modules["numpy.random"]
        ask: Any = getattr(numpy_random, "get_bit_generator", None)  # since NumPy 1.24
        inner: Any = None if ask is None else ask()
        seed = getattr(inner, "_seed_seq", None)
        if seed is None or type(inner) is not numpy_random.MT19937:
            return None
        return _plain(numpy_random.MT19937(seed).state)

    def write(self, value: Any) -> None:
        """Put its state back, and the generator that the session had in NumPy's own one's place."""
        numpy = import_module("numpy")  # a snapshot of it is only there where a session used it
        generator, plain, has_gauss, gauss, *more = value
        ask = getattr(numpy.random, "get_bit_generator", None)  # since NumPy 1.24
        if ask is not None and type(ask()).__name__ != generator:
            numpy.random.set_bit_generator(getattr(numpy.random, generator)())
        inner = {key: _as_array(part, numpy) for key, part in plain.items()}
        state = {"bit_generator": generator, "state": inner, "has_gauss": has_gauss, "gauss": gauss}
        numpy.random.set_state({**state, **{key: _as_array(part, numpy) for key, part in dict(*more).items()}})


class TorchRandom(Generator):
    """PyTorch's generator for the processor."""

    name = "torch.random"

    def glance(self) -> Any:
        """Return its state."""
        torch = sys.modules.get("torch")
        if torch is None or not hasattr(torch, "get_rng_state"):
            return None
        return torch.get_rng_state().numpy().tobytes()

    def origin(self) -> Any:
        """Return the state that follows from its first seed; where a session has set another, that one's."""
        torch: Any = sys.modules["torch"]
        return torch.Generator().manual_seed(torch.initial_seed()).get_state().numpy().tobytes()

    def write(self, value: Any) -> None:
        """Put its state back."""
        torch, numpy = import_module("torch"), import_module("numpy")
        torch.set_rng_state(torch.from_numpy(numpy.frombuffer(value, numpy.uint8).copy()))


def _numpy_state() -> Any:
    return _plain(sys.modules["numpy.random"].get_state(legacy=False))


def _plain(state: Any) -> Any:
    inner = {key: _as_bytes(part) for key, part in state["state"].items()}
    plain = (state["bit_generator"], inner, state.get("has_gauss", 0), state.get("gauss", 0.0))
    more = {key: _as_bytes(part) for key, part in state.items() if key not in _NUMPY_PARTS}
    return (*plain, more) if more else plain  # half a word that was drawn already, of generators of 64 bits


def _as_bytes(part: Any) -> Any:
    if not hasattr(part, "tobytes"):
        return part
    return part.tobytes() if part.dtype == "uint32" else (part.dtype.str, part.tobytes())


def _as_array(part: Any, numpy: Any) -> Any:
    if isinstance(part, bytes):
        return numpy.frombuffer(part, numpy.uint32)
    return numpy.frombuffer(part[1], part[0]) if isinstance(part, tuple) else part


@cache
def _twister_memory(kind: type) -> Callable[[Any], memoryview] | None:
    """Return what shows the words and the place of a generator of this type in memory; None where it fails.

    A view is good for as long as its generator lives.
    """
    if kind is not random.Random or sys.implementation.name != "cpython":
        return None
    try:
        import ctypes
    except ImportError:  # built without it
        return None
    first, n_bytes = object.__basicsize__, struct.calcsize(_TWISTER)

    def view(generator: Any) -> memoryview:
        return memoryview((ctypes.c_ubyte * n_bytes).from_address(id(generator) + first))

    for n_draws in (0, 1, 700):  # a fresh state, a moved place, words made anew
        probe = random.Random(n_draws)  # noqa: S311
        for _ in range(n_draws):
            probe.random()
        *words, place = probe.getstate()[1]
        if struct.unpack(_TWISTER, view(probe)) != (place, *words):
            return None
    return view


def _numpy_memory(numpy_random: Any, generator: Any) -> Callable[[], Any] | None:
    """Return what reads a generator of NumPy's and its twister as they lie in memory; None where that shows too little.

    The twister holds the words and the place; the generator itself, the second of two normal numbers made at once.
    """
    try:
        import ctypes
    except ImportError:  # built without it
        return None
    if type(generator) is not numpy_random.RandomState or type(generator._bit_generator) is not numpy_random.MT19937:
        return None
    if not _numpy_memory_shows_all(numpy_random, ctypes):
        return None
    return _numpy_view(generator, ctypes)


def _numpy_view(generator: Any, ctypes: Any) -> Callable[[], tuple[bytes, bytes]]:
    header, n_bytes = object.__basicsize__, type(generator).__basicsize__ - object.__basicsize__
    words = (ctypes.c_ubyte * _NUMPY_TWISTER_BYTES).from_address(generator._bit_generator.ctypes.state_address)
    own = (ctypes.c_ubyte * n_bytes).from_address(id(generator) + header)
    show_words, show_own = memoryview(words).tobytes, memoryview(own).tobytes
    return lambda: (show_words(), show_own())


@cache
def _numpy_memory_shows_all(numpy_random: Any, ctypes: Any) -> bool:
    """Try it with generators whose states are known."""
    if sys.implementation.name != "cpython":
        return False
    try:
        for n_draws in (0, 1, 700):  # a fresh state, a moved place, words made anew
            probe = numpy_random.RandomState(n_draws)
            view = _numpy_view(probe, ctypes)
            probe.random_sample(n_draws)
            _, words, place, *_ = probe.get_state()
            if view()[0] != words.tobytes() + struct.pack("@i", place):
                return False
        before = view()
        probe.standard_normal()
        between = view()
        probe.standard_normal()  # moves nothing: it was made with the one before
        after = view()
    except (AttributeError, TypeError, ValueError):  # another NumPy
        return False
    return before != between and between[0] == after[0] and between[1] != after[1]
