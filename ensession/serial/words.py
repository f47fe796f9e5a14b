"""Which words a payload holds, found without unpickling it: nothing that it needs to be loaded is left out."""

from __future__ import annotations

import re

_WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")


def words_in(stream: bytes) -> frozenset[str]:
    """Return all words in a pickle stream: among them every package that a type in it comes from.

    A stream names what it needs by strings. The byte before a string, its length or its opcode, may look like a
    letter in front of the first word: each word counts with it and without.

    Parameters
    ----------
    stream : bytes

    Returns
    -------
    frozenset[str]
        Far more than the packages: text of the values, too.
    """
    found = set(_WORD.findall(stream))
    found |= {word[1:] for word in found}
    return frozenset(word.decode("ascii") for word in found)
