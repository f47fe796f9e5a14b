"""Seals are plain HMAC-SHA256, however they are computed."""

from __future__ import annotations

import hmac

from hypothesis import given
from hypothesis import strategies as st

from ensession.trust import KEY_BYTES, Keyring


@given(st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES), st.binary(max_size=200))
def test_a_seal_is_an_hmac(key: bytes, subject: bytes) -> None:
    seal = Keyring(key, b"id").seal(subject)
    assert (seal.subject, seal.key_id, seal.mac) == (subject, b"id", hmac.digest(key, subject, "sha256"))
