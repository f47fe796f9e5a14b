"""A namespace that values are dumped from, another one that they are loaded into, and what must be alike in both."""

from __future__ import annotations

import sys
import types
from collections.abc import Mapping
from typing import Any

from ensession.capture.namespace import UserNamespace
from ensession.model import BufferMode, Codec, Fingerprint
from ensession.serial.loading import Rebuilder, load
from ensession.serial.look import look, write_payload
from ensession.serial.scope import Scope
from tests.session.truth import Form, truth

Values = dict[str, Any]


class Buffer:
    def __init__(self, content: bytes, mode: BufferMode) -> None:
        self.content = content
        self.mode = mode
        self.n_bytes = len(content)

    def read_into(self, target: memoryview) -> None:
        target[:] = self.content


class Memory:
    """A payload's both ends, without a store."""

    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    codec = Codec.PICKLE

    def __init__(self) -> None:
        self._stream = bytearray()
        self._buffers: list[Buffer] = []

    def write(self, piece: Any, /) -> None:
        self._stream += piece

    def add_buffer(self, view: memoryview, mode: BufferMode) -> None:
        self._buffers.append(Buffer(bytes(view), mode))

    def read_stream(self) -> bytes:
        return bytes(self._stream)

    def buffers(self) -> list[Buffer]:
        return self._buffers


class World:
    """A namespace that is ``__main__`` for as long as the world lasts."""

    def __init__(self, code: str = "") -> None:
        self.module = types.ModuleType("__main__")
        self.live: Values = vars(self.module)
        self.user = UserNamespace(self.live, {})
        self.scope = Scope(self.live, self.user)
        sys.modules["__main__"] = self.module
        exec(code, self.live)

    def names(self) -> Values:
        return self.user.variables()

    def fingerprint(self, values: Values) -> Fingerprint | None:
        return look(values, self.scope).fingerprint

    def form(self, values: Values) -> Form:
        return truth(values, self.live)

    def dumped(self, values: Values) -> Memory:
        seen = look(values, self.scope)
        assert seen.unstorable is None
        memory = Memory()
        assert write_payload(values, self.scope, seen, memory) == seen.fingerprint
        return memory


def reloaded(values: Values, world: World, required: Mapping[str, Any] | None = None) -> tuple[Values, World]:
    memory, other = world.dumped(values), World()
    found = load(memory, Rebuilder(other.live, required or {}))
    other.live.update(found)
    return found, other


def assert_comes_back(values: Values, world: World, *, is_alike: bool = True) -> None:
    """Hold value, identity and fingerprint of what is loaded against the original."""
    first = world.fingerprint(values)
    assert world.fingerprint(values) == first
    found, other = reloaded(values, world)
    assert other.form(found) == world.form(values)
    again, third = reloaded(found, other)
    assert third.form(again) == other.form(found)
    if is_alike:
        assert third.fingerprint(again) == other.fingerprint(found)
