"""How one text stands in code, in values and in outputs: as it is, and with its signs escaped. Pure."""

from __future__ import annotations

import ast
import html
import json
import re
import warnings

_PAIR = re.compile(r"\\.|[\"\r\n]", re.DOTALL)
_IN_LITERAL = {'"': '\\"', "\r": "\\r", "\n": "\\n"}
SHORTEST = 3
"""A shorter text stands everywhere."""


def spellings(text: str) -> tuple[str, ...]:
    r"""Return all ways in which a text is written, the one that was given first.

    A password with a backslash stands doubled in the code that sets it and in what ``repr`` shows of it, a key of
    several lines has ``\n`` there; and who copies such a text from the code gives the escaped form of the value.
    """
    found = {text: None}
    for plain in (text, _unescaped(text)):
        if len(plain.strip()) >= SHORTEST:
            found |= dict.fromkeys([plain, *_escaped(plain)])
    return tuple(found)


def _escaped(text: str) -> list[str]:
    bare = "".join(sign if sign in "'\"" else repr(sign)[1:-1] for sign in text)
    quoted = [bare, bare.replace("'", "\\'"), bare.replace('"', '\\"'), repr(text.encode(errors="surrogatepass"))[2:-1]]
    dumped = [json.dumps(text, ensure_ascii=ascii)[1:-1] for ascii in (True, False)]
    marked = [html.escape(one, quote=quote) for one in (text, bare) for quote in (True, False)]
    return [*quoted, *dumped, *marked]


def _unescaped(text: str) -> str:
    """Return what a text means in a string of Python's, itself where that is nothing else."""
    if "\\" not in text:
        return text
    body = _PAIR.sub(lambda pair: _IN_LITERAL.get(pair[0], pair[0]), text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes that are none
            found = ast.literal_eval(f'"{body}"')
    except (SyntaxError, ValueError):
        return text
    return found if isinstance(found, str) else text
