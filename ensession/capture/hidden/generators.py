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

    def glance(self) -> Any:
        """Return its state; bytes compare in one go, an array does not compare to one truth value."""
        numpy_random = sys.modules.get("numpy.random")
        if numpy_random is None or not hasattr(numpy_random, "get_state"):  # still being imported
            return None
        return _plain(numpy_random.get_state(legacy=False))

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
        """Put its state back."""
        numpy = import_module("numpy")  # a snapshot of it is only there where a session used it
        generator, plain, has_gauss, gauss = value
        inner = {key: numpy.frombuffer(v, numpy.uint32) if isinstance(v, bytes) else v for key, v in plain.items()}
        numpy.random.set_state({"bit_generator": generator, "state": inner, "has_gauss": has_gauss, "gauss": gauss})


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


def _plain(state: Any) -> Any:
    inner = {key: value.tobytes() if hasattr(value, "tobytes") else value for key, value in state["state"].items()}
    return (state["bit_generator"], inner, state.get("has_gauss", 0), state.get("gauss", 0.0))


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
