"""What looks like a password, a key or a token: by the name of its variable, or by its form. Pure.

Made for few false alarms: ``token`` and ``key`` are everyday names, so that their values have to look random as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice, pairwise
from typing import Any, NamedTuple

LONGEST = 4096
"""Longer texts are documents, and no secrets."""
_MOST_ITEMS = 200
_MOST_PARTS = 500
_N_LEVELS = 3
"""Containers within containers that are looked into, items of each, and of all of them."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_ALONE = frozenset("password passwd passphrase passcode pwd secret secrets apikey credential credentials".split())
_PAIRS = frozenset(
    {
        *((kind, "key") for kind in ("api", "access", "account", "private", "secret", "signing", "encryption", "auth")),
        *((kind, "token") for kind in ("api", "access", "auth", "bearer", "refresh", "session", "id", "bot")),
        ("connection", "string"),
    }
)
_IF_RANDOM = frozenset({"token", "key", "auth", "authorization", "cookie", "dsn", "pat"})
_ABOUT = frozenset(
    "file path dir folder name names length len field column col prompt label regex pattern policy count env var hint"
    " type manager provider client url id ids".split()
)
"""A name that ends so tells of something about a secret."""
_PATH = re.compile(r"[./~]|[A-Za-z]:[\\/]")
"""``pwd`` is more often the working directory."""
_RANDOM = re.compile(r"[\w.+=:~-]*(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{16,}[\w.+/=:~-]*")
"""Sixteen letters and digits, mixed, in one: names of files and of models have them in pieces."""

_IN_URL = r"[^\x00-\x20\x7f-\U0010ffff\"'/:@\\]"
_FORMS = (
    ("an access key of AWS", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b", ("AKIA", "ASIA")),
    (
        "a token of GitHub",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{50,})",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    ),
    ("a token of GitLab", r"\bglpat-[\w-]{20,}", ("glpat-",)),
    ("a token of Slack", r"\bxox[abprs]-[\w-]{10,}", ("xox",)),
    ("an API key", r"\bsk-(?:[a-z]+-)*(?=[A-Za-z]*\d)[A-Za-z0-9_]{16,}", ("sk-",)),
    ("an API key", r"\b[sr]k_(?:live|test)_[0-9A-Za-z]{16,}", ("k_live_", "k_test_")),
    ("an API key", r"\bAIza[\w-]{35}", ("AIza",)),
    ("an API key", r"\bSG\.[\w-]{16,}\.[\w-]{16,}", ("SG.",)),
    ("a token of Hugging Face", r"\bhf_[A-Za-z]{30,}", ("hf_",)),
    ("a token of a package registry", r"\b(?:npm_[A-Za-z0-9]{36}|pypi-[\w-]{50,})", ("npm_", "pypi-")),
    ("a JSON web token", r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}", ("eyJ",)),
    ("a bearer token", r"\b[Bb]earer +(?=\S*\d)[\w.~+/-]{20,}", ("earer ",)),
    ("a private key", r"-----BEGIN [A-Z ]*PRIVATE KEY", ("PRIVATE KEY",)),
    # A password that begins like this stands for one: a field of a format, a variable of a shell.
    (
        "a URL with a password",
        rf"\b[A-Za-z][A-Za-z0-9+-]{{1,20}}://{_IN_URL}{{0,200}}:(?![{{$%<])(?:{_IN_URL}|:){{1,200}}@",
        ("://",),
    ),
)
"""Kinds of secrets, the form of each, and marks: one of them stands in each text of that form, and is found faster."""
_SEARCHED = tuple((kind, re.compile(form), marks) for kind, form, marks in _FORMS)
_OPAQUE = frozenset({"SecretStr", "SecretBytes", "SecretValue"})
"""Names of types that libraries keep secrets in."""


class Found(NamedTuple):
    """A text that has the form of a kind of secret."""

    kind: str
    text: str


def why_secret(name: str, value: Any) -> str | None:
    """Say why a variable looks as if it held a secret; None where it does not.

    Parameters
    ----------
    name : str
        Of the variable, or the key of the item.
    value : object
        Texts, bytes, and the items of small plain containers are looked at; no code of a class runs.
    """
    for key, part in _parts(name, value):
        why = _why(key, part)
        if why is not None:
            return why
    return None


def texts_of(name: str, value: Any) -> Iterator[str]:
    """Yield the secret texts in a value that looks secret."""
    for key, part in _parts(name, value):
        if _why(key, part) is None or type(part).__name__ in _OPAQUE:
            continue
        text = _text(part)
        found = form_in(text)
        yield found.text if found is not None and _is_longer(text, found.text) else text


def _parts(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield a value, or those in a small container, with the name that stands before each."""
    return islice(_inside(name, value, _N_LEVELS, [_MOST_PARTS]), _MOST_PARTS)


def _inside(name: str, value: Any, levels: int, left: list[int]) -> Iterator[tuple[str, Any]]:
    left[0] -= 1
    if left[0] < 0:
        return
    kind = type(value)
    if kind in (str, bytes, bytearray) or kind.__name__ in _OPAQUE:
        yield name, value
    elif levels and kind is dict and len(value) <= _MOST_ITEMS:
        for key, item in value.items():
            yield from _inside(key if type(key) is str else name, item, levels - 1, left)
    elif levels and kind in (list, tuple, set, frozenset) and len(value) <= _MOST_ITEMS:
        for item in value:
            yield from _inside(name, item, levels - 1, left)


def _why(name: str, value: Any) -> str | None:
    if type(value).__name__ in _OPAQUE:
        return f"it is a {type(value).__name__}"
    if not 0 < len(value) <= LONGEST:
        return None
    text = _text(value)
    if _is_name_of_secret(name, text):
        return "its name says so"
    found = form_in(text)
    return None if found is None else f"it looks like {found.kind}"


def form_in(text: str) -> Found | None:
    """Return a text that has the form of a well-known kind of secret."""
    for kind, form, marks in _SEARCHED:
        if any(mark in text for mark in marks):
            found = form.search(text)
            if found is not None:
                return Found(kind, found.group())
    return None


def _is_name_of_secret(name: str, text: str) -> bool:
    is_one = _speaks_of(name)
    if is_one is False or _PATH.match(text) or "\n" in text:
        return False
    return is_one or _RANDOM.fullmatch(text) is not None


@lru_cache(maxsize=4096)
def _speaks_of(name: str) -> bool | None:
    """Whether a name says that it is one of a secret; None where only a value that looks random would be."""
    words = [word.lower() for word in _WORD.findall(name)]
    if not words or words[-1] in _ABOUT:
        return False
    if not _ALONE.isdisjoint(words) or not _PAIRS.isdisjoint(pairwise(words)):
        return True
    return None if words[-1] in _IF_RANDOM else False


def _text(value: str | bytes | bytearray) -> str:
    return value if isinstance(value, str) else bytes(value).decode("latin-1")


def _is_longer(text: str, part: str) -> bool:
    return len(text) > 2 * len(part)
