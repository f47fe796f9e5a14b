"""Addresses: a path, or ssh; nothing that ssh could take for an option."""

from __future__ import annotations

from pathlib import Path

import pytest

from ensession.errors import UsageError
from ensession.sync import Address, parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("work.ens", Address("work.ens")),
        ("/mnt/stick/work.ens", Address("/mnt/stick/work.ens")),
        ("./at 10:30.ens", Address("at 10:30.ens")),
        ("/mnt/at:10.ens", Address("/mnt/at:10.ens")),
        ("C:\\work.ens", Address("C:\\work.ens")),
        ("ssh://host/data/work.ens", Address("/data/work.ens", "host")),
        ("ssh://me@host:2222/data/work.ens", Address("/data/work.ens", "host", "me", 2222)),
        ("ssh://host/~/work.ens", Address("~/work.ens", "host")),
        ("ssh://[::1]:22/a%20b.ens", Address("/a b.ens", "::1", None, 22)),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "http://host/a.ens",
        "ssh://host",
        "ssh://host/",
        "ssh://host:port/a.ens",
        "ssh://-oProxyCommand=x/a.ens",
        "ssh://-l@host/a.ens",
        "ssh://me:secret@host/a.ens",
        "ssh:///a.ens",
        "host:a.ens",
        "me@host:/data/a.ens",
        "ssh:/host/a.ens",
    ],
)
def test_what_is_no_address_is_refused_with_the_way_out(text: str) -> None:
    with pytest.raises(UsageError):
        parse_address(text)


@pytest.mark.parametrize("text", ["ssh://me@host:2222/data/work.ens", "ssh://host/~/work.ens", "ssh://[::1]/a.ens"])
def test_an_address_is_written_as_it_is_read(text: str) -> None:
    assert str(parse_address(text)) == text


def test_what_looks_like_another_machine_is_a_file_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"write ssh://me@host/~/a.ens, or ./me@host:a.ens"):
        parse_address("me@host:a.ens")
    (tmp_path / "me@host:a.ens").touch()
    assert parse_address("me@host:a.ens") == Address("me@host:a.ens")
