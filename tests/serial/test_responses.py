"""Responses that stream: a look must not read them, for the session is to."""

from __future__ import annotations

import io
from typing import Any

import pytest

from ensession.errors import UnserializableError
from ensession.serial.look import assumed, look
from ensession.serial.plugins import BUILT_IN
from ensession.serial.registry import Registry
from tests.serial.worlds import World, reloaded

requests = pytest.importorskip("requests")


class Endless(io.RawIOBase):
    """A stream that is never to be read."""

    def read(self, _: int = -1) -> bytes:
        pytest.fail("somebody read it")


def response(kind: Any = None) -> Any:
    made = (kind or requests.Response)()
    made.status_code, made.raw = 200, Endless()
    return made


@pytest.mark.parametrize("wrap", [lambda one: one, lambda one: [one], lambda one: {"part": (one, one.raw)}])
def test_a_stream_is_not_read(wrap: Any) -> None:
    values, scope = {"r": wrap(response())}, World().scope
    assert look(values, scope).unstorable == "a response that was not read to its end"
    assert assumed(values, scope).is_assumed


def test_nor_is_that_of_a_class_of_the_session_which_is_looked_at_first() -> None:
    world = World("import requests\nclass Mine(requests.Response): pass")
    known = Registry(BUILT_IN).find(world.live["Mine"])
    assert known is not None
    assert known.reduce is not None
    with pytest.raises(UnserializableError):
        known.reduce(response(world.live["Mine"]))


@pytest.mark.parametrize("content", [b"", b"all of it"])
def test_what_was_read_comes_back(content: bytes) -> None:
    made = response()
    made.raw = io.BytesIO(content)
    assert made.content == content
    found = reloaded({"r": made}, World())[0]["r"]
    assert (found.content, found.status_code) == (content, 200)


def test_what_was_read_in_parts_comes_back_as_read() -> None:
    made = response()
    made.raw = io.BytesIO(b"all of it")
    assert b"".join(made.iter_content(4)) == b"all of it"
    found = reloaded({"r": made}, World())[0]["r"]
    with pytest.raises(RuntimeError, match="already consumed"):
        found.content  # noqa: B018  (asked for, it raises)


def test_one_that_was_made_by_hand_comes_back() -> None:
    made = requests.Response()
    made._content = b"{}"
    assert reloaded({"r": made}, World())[0]["r"].json() == {}


def test_a_response_of_httpx_that_is_still_open_is_not_brought_back_closed() -> None:
    httpx = pytest.importorskip("httpx")
    seen = look({"r": httpx.Response(200, content=iter([b"a", b"b"]))}, World().scope)
    assert seen.unstorable == "a response that was not read to its end"
    assert reloaded({"r": httpx.Response(200, content=b"a")}, World())[0]["r"].content == b"a"
