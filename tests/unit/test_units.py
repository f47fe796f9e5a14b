"""Sizes and counts as people write and read them."""

from __future__ import annotations

import pytest

from ensession.display.units import counted, parse_size
from ensession.errors import UsageError


@pytest.mark.parametrize(
    ("text", "n_bytes"),
    [
        ("200MB", 200 * 10**6),
        ("1.5 GB", 15 * 10**8),
        (" 100 ", 100),
        ("0", 0),
        ("2k", 2000),
        ("64KiB", 64 * 1024),
        ("100Mbit", 12_500_000),
        ("1t", 10**12),
    ],
)
def test_sizes(text: str, n_bytes: int) -> None:
    assert parse_size(text) == n_bytes


@pytest.mark.parametrize("text", ["", "MB", "-1", "20MB or so", "1e9", "five", "20MB/s"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(UsageError, match="200MB"):
        parse_size(text)


def test_counts() -> None:
    assert [counted(number, "value") for number in (0, 1, 2)] == ["0 values", "1 value", "2 values"]
