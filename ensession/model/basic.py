"""Identifiers, kinds and small records that all others are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, NewType

ExecutionId = NewType("ExecutionId", int)
VersionId = NewType("VersionId", int)
KernelRunId = NewType("KernelRunId", int)
Digest = NewType("Digest", bytes)
"""A BLAKE3-256 digest, 32 bytes."""
Fingerprint = NewType("Fingerprint", bytes)
"""An xxh3-128 hash of a payload, 16 bytes. Says "not changed"; is no protection against an attacker."""

HIDDEN_PREFIX = "<"
"""Pseudo-variables of hidden state are called ``<random>``, ``<numpy.random>``, …: no identifier begins so."""


class Outcome(StrEnum):
    """How an execution ended."""

    OK = "ok"
    ERROR = "error"
    INTERRUPTED = "interrupted"


class ExecutionKind(StrEnum):
    """What an execution is a record of."""

    CELL = "cell"
    """A cell of the notebook."""
    ADOPTED = "adopted"
    """What the namespace already held when recording began; has no code and can't be run again."""
    AMBIENT = "ambient"
    """Changes seen between two cells (widget callbacks, threads); can't be run again."""


class Word(StrEnum):
    """What the user says of an execution."""

    ALWAYS = "always"
    """Every restore of a state behind it runs it."""
    NEVER = "never"
    """It must not be run again."""
    ALLOW = "allow"
    """It may be run again although it changed something outside the session."""


class NameWord(StrEnum):
    """What the user says of a variable."""

    IGNORE = "ignore"
    """It is neither captured nor restored."""
    PIN = "pin"
    """Its value is always stored, where it has a serialised form."""


class Codec(StrEnum):
    """How a payload was serialised."""

    PICKLE = "pickle"
    """The C pickler, protocol 5, with out-of-band buffers and the reducers of :mod:`ensession.serial`."""
    DILL = "dill"
    """The same with dill's Python pickler, for what plain pickle can't take."""


class BufferMode(StrEnum):
    """What the loader hands to the unpickler for an out-of-band buffer."""

    READONLY = "readonly"
    WRITABLE = "writable"
    ARRAY = "array"
    """A reader that fills memory which the rebuilt object allocates itself, so that the object owns it."""


PREVIEW_CHARS = 120
"""A longer preview of a value is cut off."""


class Summary(NamedTuple):
    """What can be said of a value without unpickling it; written at capture time.

    Attributes
    ----------
    type_name : str
        For example ``pandas.DataFrame``.
    shape : str
        For example ``(336776, 19)``, or ``len 12``; empty where the word makes no sense.
    preview : str
        One short line, at most 120 characters.
    """

    type_name: str
    shape: str = ""
    preview: str = ""


@dataclass(frozen=True, slots=True)
class Output:
    """One output of an execution.

    Attributes
    ----------
    kind : str
        ``stream``, ``display_data``, ``execute_result`` or ``error``, as in the notebook format.
    data : Mapping[str, Any]
        The notebook format's output object without ``output_type``; can be written as JSON.
    """

    kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Seal:
    """A message authentication code over a digest: the owner of a key vouches for an execution or a payload.

    Attributes
    ----------
    subject : bytes
        The digest that is sealed.
    key_id : bytes
        Which key; says nothing about the key itself.
    mac : bytes
    """

    subject: bytes
    key_id: bytes
    mac: bytes


@dataclass(frozen=True, slots=True)
class FileAccess:
    """A file that an execution opened.

    Attributes
    ----------
    mode : str
        ``r`` or ``w`` (anything that can change the file).
    content_hash : bytes or None
        BLAKE3-256 of a file small enough to be hashed.
    folder : str or None
        The working directory that the code's own, relative path started from; None where that was absolute.
    """

    path: str
    mode: str
    size: int | None
    mtime: float | None
    content_hash: bytes | None = None
    folder: str | None = None


@dataclass(frozen=True, slots=True)
class ModuleSource:
    """The source of a module of the user's own, as an execution imported it.

    Attributes
    ----------
    name : str
        Dotted.
    path : str
    digest : bytes
        BLAKE3-256 of the source.
    source : bytes or None
        None in what a store tells of its history.
    """

    name: str
    path: str
    digest: bytes
    source: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Effect:
    """Something an execution did that its variables don't show.

    To the world outside: ``network``, ``subprocess``, ``write``, ``delete``. ``audit``: in audit mode, a change of a
    variable outside the touch set. ``patch``: an attribute of a module or library class that it set.
    """

    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a store, found by ``ens check``.

    Attributes
    ----------
    where : str
        For example ``chunk 17`` or ``execution 3``.
    variables : tuple[str, ...]
        ``name@N`` of what is hurt by it.
    """

    where: str
    what: str
    variables: tuple[str, ...] = field(default=())
