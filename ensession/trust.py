"""Trust: the user's word that a store may run code here. Unpickling and re-running both do.

A per-user key outside the store seals what this user records: the digest of every execution (which covers the
digests of all its ancestors) and of every payload. A store trusts no one: whoever restores checks the seals with
their own key. ``trust_store`` gives the user's word for all that a store holds now.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import platformdirs

from ensession.digests import word_digest
from ensession.errors import IntegrityError, StoreAccessError, TrustError
from ensession.model import Digest, ExecutionId, Graph, GraphExecution, GraphVersion, Problem, Seal, VersionId, Word
from ensession.store import Store

KEY_BYTES = 32
_KEY_FILE = "trust.key"


@dataclass(frozen=True, slots=True)
class Keyring:
    """The user's key.

    Attributes
    ----------
    key_id : bytes
        Names the key in a store without giving it away, 16 bytes.
    """

    key: bytes
    key_id: bytes

    @classmethod
    def load(cls, directory: Path | None = None) -> Self:
        """Read the user's key; make one at first use, readable by the user only.

        Parameters
        ----------
        directory : Path, optional
            Default: the user's data folder of this platform.

        Raises
        ------
        StoreAccessError
            The key can be neither read nor made.
        """
        path = _key_file(directory)
        folder = path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            key = _read_or_make(path)
        except OSError as error:
            raise StoreAccessError(f"the key {path} can be neither read nor made: {error.strerror}") from error
        if len(key) != KEY_BYTES:
            raise StoreAccessError(f"{path} is no key of ensession; move it away to get a new one")
        return cls._of(key)

    @classmethod
    def present(cls, directory: Path | None = None) -> Self:
        """Return the user's key for looking at seals; makes none.

        Where there is none yet, it is one that has sealed nothing and is kept nowhere.

        Raises
        ------
        StoreAccessError
            There is a key that can't be read.
        """
        return cls.load(directory) if cls.exists(directory) else cls._of(secrets.token_bytes(KEY_BYTES))

    @staticmethod
    def exists(directory: Path | None = None) -> bool:
        """Whether there is a key already: this user has recorded or trusted something before."""
        return _key_file(directory).exists()

    @classmethod
    def _of(cls, key: bytes) -> Self:
        return cls(key, hashlib.sha256(b"ensession key id" + key).digest()[:16])

    def seal(self, subject: bytes) -> Seal:
        """Return a seal over a digest."""
        return Seal(subject, self.key_id, self._code(subject))

    def has_sealed(self, store: Store, subject: bytes) -> bool:
        """Whether a store holds this key's seal over a digest."""
        return self.judge(store, subject) is True

    def judge(self, store: Store, subject: bytes) -> bool | None:
        """Return whether this key's seal over a digest holds; None where a store has none."""
        found = store.seals.get(subject, self.key_id)
        return None if found is None else hmac.compare_digest(found, self._code(subject))

    def _code(self, subject: bytes) -> bytes:
        inner, outer = (prepared.copy() for prepared in _prepared(self.key))
        inner.update(subject)
        outer.update(inner.digest())
        return outer.digest()


def _key_file(directory: Path | None) -> Path:
    return (directory or Path(platformdirs.user_data_dir("ensession", appauthor=False))) / _KEY_FILE


@functools.cache
def _prepared(key: bytes) -> tuple[hashlib._Hash, hashlib._Hash]:
    """Return HMAC-SHA256 of a key, ready to go on (RFC 2104): each cell makes a seal or two."""
    padded = key.ljust(hashlib.sha256().block_size, b"\0")
    return hashlib.sha256(bytes(byte ^ 0x36 for byte in padded)), hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))


def _read_or_make(path: Path) -> bytes:
    """Read a key file; two processes that start at once agree on one key."""
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # fails where another process was first: then its key counts
        except FileExistsError:
            return path.read_bytes()
        finally:
            draft.unlink()
    return path.read_bytes()


def is_own(store: Store, keyring: Keyring, execution: ExecutionId) -> bool:
    """Whether the user has sealed an execution; what its rows hold is not looked at."""
    return keyring.has_sealed(store, store.history.execution(execution).digest)


def require_history(store: Store, keyring: Keyring, execution: ExecutionId) -> None:
    """Make sure that an execution and all before it may be run again.

    Raises
    ------
    TrustError
        It was not recorded by this user on this machine, or was changed since; the message says what to do.
    """
    if not is_own(store, keyring, execution):
        raise TrustError(
            f"{store.path} was not recorded by you on this machine: restoring runs code from it. "
            f"Look at it first (ens log {store.path}); if you trust who made it: %ens trust {store.path}, "
            f"or ens trust {store.path}"
        )
    try:
        store.verify_chain(execution)
    except IntegrityError as error:
        raise TrustError(f"{store.path} was changed after it was recorded: {error}") from error


def has_own_history(store: Store, keys: Callable[[], Keyring]) -> bool:
    """Whether the latest execution of a store was sealed by this user; the key is asked for where there is one."""
    head = store.history.head()
    return head is not None and is_own(store, keys(), head)


def own_words(store: Store, keyring: Keyring, graph: Graph) -> Graph:
    """Return a history with only those words in it that make code run and that this user gave.

    Whoever can write to a store could add to it that a cell must always run, or may run although it deletes files.
    """
    return replace(graph, executions=tuple(_with_own_words(store, keyring, one) for one in graph.executions))


def _with_own_words(store: Store, keyring: Keyring, execution: GraphExecution) -> GraphExecution:
    if not execution.words:
        return execution
    digest = store.history.execution(execution.id).digest
    risky = execution.words - {Word.NEVER}
    foreign = {word for word in risky if not keyring.has_sealed(store, word_digest(digest, word))}
    return replace(execution, words=execution.words - foreign)


class OwnParts:
    """Parts of a history, with only those words in them that this user gave (see :func:`own_words`).

    Parameters
    ----------
    store : Store
    keyring : Keyring
    """

    def __init__(self, store: Store, keyring: Keyring) -> None:
        self._store = store
        self._keyring = keyring

    def versions(self, ids: Iterable[VersionId], /) -> Mapping[VersionId, GraphVersion]:
        """Return versions."""
        return self._store.parts.versions(ids)

    def executions(
        self, ids: Iterable[ExecutionId], /
    ) -> tuple[Mapping[ExecutionId, GraphExecution], Mapping[VersionId, GraphVersion]]:
        """Return executions with all versions that they made."""
        executions, versions = self._store.parts.executions(ids)
        own = {id_: _with_own_words(self._store, self._keyring, one) for id_, one in executions.items()}
        return own, versions


def give_word(store: Store, keyring: Keyring, executions: Collection[ExecutionId], word: Word) -> None:
    """Say something of executions, and seal it.

    Raises
    ------
    NotFoundError
        One of them does not exist; nothing was said.
    """
    digests = [store.history.execution(execution).digest for execution in executions]
    store.words.give(executions, word)
    store.seals.add([keyring.seal(word_digest(digest, word)) for digest in digests])


def broken_seals(store: Store, keyring: Keyring) -> list[Problem]:
    """Return the executions and payloads over which a seal of this user's key lies that does not hold."""
    what = "your seal over it is damaged; look at it, then ens trust seals it anew"
    problems = [
        Problem(f"execution {one.id}", what)
        for one in store.history.executions()
        if keyring.judge(store, one.digest) is False
    ]
    problems += [
        Problem(f"payload of version {version.id}", what, _names(version))
        for version in _stored(store, store.history.heads())
        if _judge_payload(store, keyring, version.id) is False
    ]
    return problems


def unsealed(store: Store, keyring: Keyring) -> tuple[list[ExecutionId], list[str]]:
    """Return what of this user's latest line of history has no seal of the user: executions, and values as ``name@N``.

    Values without one came from another copy, say by a pull. In a history whose end the user has not sealed, there is
    nothing to say: all of it needs the user's word.
    """
    head = store.history.head()
    if head is None or not has_own_history(store, lambda: keyring):
        return [], []
    line = [one.id for one in store.history.line(head) if keyring.judge(store, one.digest) is None]
    values = [one for one in _stored(store, [head]) if _judge_payload(store, keyring, one.id) is None]
    return line, [name for version in values for name in _names(version)]


def _stored(store: Store, heads: Iterable[ExecutionId]) -> list[GraphVersion]:
    """Return the versions on the way to some states that have a payload, each once."""
    found: dict[VersionId, GraphVersion] = {}
    for head in heads:
        found.update(store.history.graph(head).versions)
    return [version for _, version in sorted(found.items()) if version.payload is not None]


def _names(version: GraphVersion) -> tuple[str, ...]:
    return tuple(f"{name}@{version.execution}" for name in version.names)


def _judge_payload(store: Store, keyring: Keyring, version: VersionId) -> bool | None:
    try:
        return keyring.judge(store, store.payloads.digest(version))
    except IntegrityError:  # a damaged payload; whoever looks for damage names it
        return True


def require_payload(store: Store, keyring: Keyring, version: VersionId, digest: Digest) -> None:
    """Make sure that the payload of a version, which has this digest, may be unpickled.

    Raises
    ------
    TrustError
        It has no seal of this user.
    """
    if not keyring.has_sealed(store, digest):
        raise TrustError(f"the payload of version {version} in {store.path} was not recorded by you on this machine")


def trust_store(store: Store, keyring: Keyring) -> int:
    """Give the user's word for all that a store holds now.

    Returns
    -------
    int
        Number of seals that were added.

    Raises
    ------
    IntegrityError
        The store contradicts itself; nothing was sealed.
    """
    heads = store.history.heads()
    for head in heads:
        store.verify_chain(head)
    digests = {execution.id: execution.digest for execution in store.history.executions()}
    subjects = [bytes(digest) for digest in digests.values()]
    subjects += [bytes(store.payloads.digest(version)) for version in (one.id for one in _stored(store, heads))]
    subjects += [bytes(word_digest(digests[execution], word)) for execution, word in store.words.executions()]
    missing = [subject for subject in subjects if not keyring.has_sealed(store, subject)]
    store.seals.add([keyring.seal(subject) for subject in missing])
    return len(missing)
