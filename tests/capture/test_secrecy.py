"""What looks like a secret, and what does not."""

from __future__ import annotations

from typing import Any

import pytest

from ensession.capture.secrecy import LONGEST, texts_of, why_secret

TOKEN = "ghp_" + "a1B2" * 9
RANDOM = "a1b2c3d4e5f6g7h8i9j0k1"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("api_key", "abc"),
        ("OPENAI_API_KEY", "x1"),
        ("apiKey", b"x1"),
        ("password", "hunter2"),
        ("db_password", bytearray(b"hunter2")),
        ("clientSecret", "x"),
        ("access_token", "x"),
        ("token", RANDOM),
        ("x", TOKEN),
        ("x", TOKEN.encode()),
        ("x", "AKIA" + "A1" * 8),
        ("x", "glpat-" + RANDOM),
        ("x", "xoxb-1234567890-abc"),
        ("x", "sk-proj-" + RANDOM),
        ("x", "sk_live_" + RANDOM),
        ("x", "hf_" + "abCd" * 9),
        ("x", "eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.SflKxwRJSMeKKF2QT4"),
        ("x", "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n"),
        ("x", "postgresql://me:pass@host/db"),
        ("x", "redis://:pass@host"),
        ("headers", {"Authorization": f"Bearer {RANDOM}"}),
        ("settings", {"db": {"password": "x", "port": 1}}),
        ("x", ["nothing", (1, {TOKEN})]),
    ],
)
def test_secrets(name: str, value: Any) -> None:
    assert why_secret(name, value) is not None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("token", "hello"),
        ("key", "species"),
        ("tokens", ["the", "cat"]),
        ("keys", {"a": "b"}),
        ("monkey", RANDOM),
        ("password", ""),
        ("password", None),
        ("password_file", "secrets.txt"),
        ("password_length", "12"),
        ("pwd", "/home/me"),
        ("x", "https://example.org:80/a@b"),
        ("x", "see sk-learn, and risk-free choices of the task-force"),
        ("x", RANDOM),
        ("x", [{"text": "word " * 100}] * 50),
        ("secret", object()),
        ("key", "raw/2023/01/events.parquet"),
        ("Key", "models/2024-01-01/weights.bin"),
        ("token", "word2vec-google-news-300"),
        ("sort_key", "customer_2024_revenue_total"),
        ("x", "https://example.org/sk-learn-tutorial-for-beginners-2024"),
        ("x", '<div class="sk-toggleable__label-arrow sk-estimator-id-1">'),
        ("password", "long " * LONGEST),
    ],
)
def test_no_secrets(name: str, value: Any) -> None:
    assert why_secret(name, value) is None
    assert list(texts_of(name, value)) == []


def test_what_is_found_again_elsewhere_is_the_secret_and_not_what_is_around_it() -> None:
    assert list(texts_of("note", f"{'words around it ' * 10}{TOKEN}")) == [TOKEN]
    assert list(texts_of("config", {"password": "correct horse", "port": "8080808080"})) == ["correct horse"]
    assert list(texts_of("pwd", "1")) == ["1"]


def test_types_that_hold_secrets_are_known_by_their_name_and_not_asked() -> None:
    class SecretStr:
        def __getattribute__(self, name: str) -> Any:
            raise AssertionError(name)

    assert why_secret("x", SecretStr()) is not None
    assert list(texts_of("x", SecretStr())) == []


def test_large_containers_are_not_walked_through() -> None:
    assert why_secret("x", [[["word"] * 200] * 200] * 200) is None
    assert why_secret("x", ["://" + "a." * 1000] * 200) is None
