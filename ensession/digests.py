"""Digests of executions, versions and payloads (BLAKE3-256): what makes the log tamper-evident.

Pure: computed from records alone, so that a check can compute them again from the rows. Every value is encoded
with a type mark and its length, so that no two different records have the same encoding; every kind of digest
has its own domain.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from blake3 import blake3

from ensession.model import BindingDraft, Digest, ExecutionDraft, FileAccess, Output, VersionDraft, VersionId, Word

DIGEST_SIZE = 32

_EXECUTION_DOMAIN = "ensession execution 1"
_VERSION_DOMAIN = "ensession version 1"
_PAYLOAD_DOMAIN = "ensession payload 1"
_WORD_DOMAIN = "ensession word 1"

_Value: TypeAlias = "bytes | str | int | float | Sequence[_Value] | None"


def encode_output(output: Output) -> bytes:
    """Return the JSON text of an output, as it is stored and hashed."""
    return json.dumps(output.data, separators=(",", ":")).encode("ascii")


def execution_digest(
    parent: Digest | None,
    run_uid: str,
    draft: ExecutionDraft,
    reads: Sequence[Digest],
    requires: Mapping[VersionId, Digest] | None = None,
    outputs: Sequence[bytes] | None = None,
) -> Digest:
    """Return the digest of an execution; it covers its parent's, hence the whole line of history.

    Parameters
    ----------
    parent : Digest or None
        Digest of the parent execution.
    run_uid : str
        Of the kernel run (row numbers differ from store to store, uids don't).
    draft : ExecutionDraft
    reads : Sequence[Digest]
        Digests of the versions that the execution read; the order does not matter.
    requires : Mapping[VersionId, Digest], optional
        Digests of all recorded versions that the draft's versions require.
    outputs : Sequence[bytes], optional
        What :func:`encode_output` made of the draft's outputs, where that is at hand already.
    """
    known = requires or {}
    texts = [encode_output(output) for output in draft.outputs] if outputs is None else outputs
    return _hash(
        _EXECUTION_DOMAIN,
        (
            parent,
            run_uid,
            (draft.kind.value, draft.code, draft.cell_id),
            (float(draft.started_at), float(draft.runtime_s), float(draft.capture_s)),
            (draft.outcome.value, draft.error, draft.no_replay, draft.not_captured),
            [(output.kind, text) for output, text in zip(draft.outputs, texts, strict=True)],
            sorted(set(reads)),
            [_version(version, known) for version in draft.versions],
            [_binding(binding) for binding in sorted(draft.bindings, key=lambda binding: binding.name)],
            [_file(file) for file in draft.files],
            [(effect.kind, effect.detail) for effect in draft.effects],
            *_later_parts(draft),
        ),
    )


def source_digest(source: bytes) -> bytes:
    """Return the digest of a module's source: plain BLAKE3, as for chunks."""
    return blake3(source).digest()


def word_digest(execution: Digest, word: Word) -> Digest:
    """Return the digest of the user's word about an execution; it is sealed apart, since it can be given later."""
    return _hash(_WORD_DOMAIN, (execution, word.value))


def version_digest(execution: Digest, ordinal: int) -> Digest:
    """Return the digest of the ``ordinal``-th version that an execution made."""
    # What _hash would make of it, put together at once: a state has thousands of them.
    return Digest(blake3(_VERSION_START + execution + b"I" + ordinal.to_bytes(16, "little", signed=True)).digest())


def payload_digest(
    version: Digest, codec: str, python: str, parts: Sequence[tuple[str, int, Sequence[bytes]]]
) -> Digest:
    """Return the digest of a payload.

    Parameters
    ----------
    version : Digest
        Of the version that it is the payload of.
    codec, python : str
        How, and with which Python minor version, it was serialised.
    parts : Sequence[tuple[str, int, Sequence[bytes]]]
        For the stream and each buffer: its mode, its plain size in bytes, the addresses of its chunks.
    """
    joined = [(mode, n_bytes, b"".join(addresses)) for mode, n_bytes, addresses in parts]
    return _hash(_PAYLOAD_DOMAIN, (version, str(codec), python, joined))


def _version(draft: VersionDraft, known: Mapping[VersionId, Digest]) -> _Value:
    return (
        draft.names,
        draft.fingerprint,
        draft.n_bytes,
        draft.unstorable,
        sorted({known[version] for version in draft.requires}),
        sorted(set(draft.requires_new)),
    )


def _binding(draft: BindingDraft) -> _Value:
    summary = draft.summary
    return (
        draft.name,
        draft.version,
        None if summary is None else (summary.type_name, summary.shape, summary.preview),
    )


def _file(file: FileAccess) -> _Value:
    plain: tuple[_Value, ...] = (file.path, file.mode, file.size, _real(file.mtime), file.content_hash)
    return plain if file.folder is None else (*plain, file.folder)


def _later_parts(draft: ExecutionDraft) -> list[_Value]:
    """Return what format 3 added, where there is any: what older versions recorded keeps its digest."""
    parts: list[_Value] = []
    if draft.caution is not None:
        parts.append(("caution", draft.caution))
    if draft.modules:
        modules = sorted(draft.modules, key=lambda module: module.name)
        parts.append(("modules", [(module.name, module.path, module.digest) for module in modules]))
    return parts


def _real(value: float | None) -> float | None:
    # SQLite gives 5.0 back for a 5 in a column of reals: the same number must have the same encoding.
    return None if value is None else float(value)


def _hash(domain: str, value: _Value) -> Digest:
    pieces: list[bytes] = []
    _encode((domain, value), pieces.append)
    return Digest(blake3(b"".join(pieces[1:])).digest())


def _encode(items: Sequence[_Value], add: Callable[[bytes], None]) -> None:
    """Add mark, length and content of a sequence; ints and floats have a fixed length."""
    add(_LENGTH(b"L", len(items)))
    for item in items:  # in the order of how often they come: a history has hundreds of thousands
        kind = type(item)
        if item is None:
            add(b"N")
        elif kind is str:
            text = item.encode()  # type: ignore[union-attr]
            add(_LENGTH(b"S", len(text)))
            add(text)
        elif kind is tuple or kind is list:
            if item:
                _encode(item, add)  # type: ignore[arg-type]
            else:
                add(_EMPTY)
        else:
            encode = _ENCODERS.get(kind) or next(filter(None, map(_ENCODERS.get, kind.__mro__)), None)
            if encode is None:
                _encode(item, add)  # type: ignore[arg-type]
            else:
                add(encode(item))


def _encode_text(value: str) -> bytes:
    text = value.encode()
    return _LENGTH(b"S", len(text)) + text


_LENGTH = struct.Struct("<cQ").pack
_REAL = struct.Struct("<cd").pack
_EMPTY = _LENGTH(b"L", 0)
_ENCODERS: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda _: b"N",
    str: _encode_text,
    bytes: lambda value: _LENGTH(b"B", len(value)) + value,
    float: lambda value: _REAL(b"F", value + 0.0),  # SQLite does not keep the sign of zero
    int: lambda value: b"I" + value.to_bytes(16, "little", signed=True),
}


def _version_start() -> bytes:
    """Return the encoding of a version's record up to its execution's digest."""
    whole: list[bytes] = []
    _encode((_VERSION_DOMAIN, (bytes(DIGEST_SIZE), 0)), whole.append)
    return b"".join(whole[1:])[: -(DIGEST_SIZE + 17)]  # less the digest, and the number with its mark


_VERSION_START = _version_start()
