"""How ``%ens`` reads its line."""

from __future__ import annotations

import re

import pytest

from ensession.errors import UsageError
from ensession.magic.line import split_line
from tests.unit.test_docs import PAGES


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("start work.ens              # record from here on", ["start", "work.ens"]),
        ("status # what's lost?", ["status"]),
        ("# only said", []),
        ("start a#b.ens", ["start", "a#b.ens"]),
        ("forget --text '# x' \"it's # y\" # z", ["forget", "--text", "# x", "it's # y"]),
        (r"start \#a.ens", ["start", "#a.ens"]),
        (r'start "a\" # b"', ["start", 'a" # b']),
        ("log\t#3", ["log"]),
    ],
)
def test_a_comment_is_no_word(line: str, words: list[str]) -> None:
    assert split_line(line) == words


@pytest.mark.parametrize("line", ["start it's.ens", 'tag "a', "start a\\"])
def test_quotes_that_are_left_open_are_named(line: str) -> None:
    with pytest.raises(UsageError, match=re.escape(line)):
        split_line(line)


def test_no_comment_of_an_example_is_taken_for_words() -> None:
    lines = [line for page in PAGES for line in re.findall(r"^%ens (.*)$", page.read_text("utf-8"), re.MULTILINE)]
    assert any("#" in line for line in lines), "else this test says nothing"
    assert not any("#" in " ".join(split_line(line)) for line in lines)
