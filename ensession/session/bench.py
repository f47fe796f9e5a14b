"""What the executor works with: a shell as its bench, a store as its archive."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from ensession.capture.hidden import HiddenState
from ensession.capture.namespace import UserNamespace
from ensession.capture.tracker import Tracker
from ensession.environments import why_incomparable
from ensession.model import Digest, Execution, ExecutionId, Fingerprint, PayloadSource, Version, VersionId
from ensession.serial.agreement import agrees
from ensession.serial.look import Look
from ensession.session.environment import Comparison, present_folder
from ensession.store import Store
from ensession.trust import Keyring, require_payload


class CellRunner(Protocol):
    """What runs cells: a shell, or a child of one."""

    def run(self, code: str) -> BaseException | None:
        """Run a cell without showing its outputs; return what it raised."""


class LiveBench:
    """A shell and its namespace (:class:`~ensession.restore.Bench`).

    Attributes
    ----------
    looks : dict[VersionId, Look]
        At what was found to be as recorded. Whoever takes a state up from here needs no second look.
    """

    def __init__(self, shell: CellRunner, user: UserNamespace, hidden: HiddenState, tracker: Tracker) -> None:
        self._shell = shell
        self._user = user
        self._hidden = hidden
        self._tracker = tracker
        self.looks: dict[VersionId, Look] = {}

    @property
    def namespace(self) -> dict[str, Any]:
        """The live namespace."""
        return self._user.live

    def variables(self) -> dict[str, Any]:
        """Return the user's variables."""
        return self._user.variables()

    def replace(self, variables: Mapping[str, Any]) -> None:
        """Make exactly these the user's variables."""
        self._user.replace(variables)

    def hidden(self) -> dict[str, Any]:
        """Return a snapshot of the hidden state."""
        return self._hidden.read()

    def set_hidden(self, name: str, value: Any) -> None:
        """Put hidden state back."""
        self._hidden.write(name, value)

    def as_usual(self, besides: Collection[str]) -> AbstractContextManager[None]:
        """Have conditions, other than these, for a while as they are where nobody changed them yet."""
        return self._hidden.as_usual(besides)

    def run(self, code: str) -> BaseException | None:
        """Run a cell in the real shell, without showing its outputs."""
        self._tracker.scope.timed.note(code)
        return self._shell.run(code)

    @contextmanager
    def working_in(self, folder: str) -> Iterator[None]:
        """Work in another folder for a while; stay where a cell goes by itself."""
        before = present_folder()
        os.chdir(folder)
        try:
            yield
        finally:
            now = present_folder()
            is_still_there = now is None or (os.path.exists(folder) and os.path.samefile(now, folder))
            if before is not None and is_still_there:
                os.chdir(before)

    def agrees(self, values: Mapping[str, Any], recorded: Fingerprint, version: VersionId | None = None) -> bool:
        """Whether a recorded fingerprint is one of this co-variable; of a version that it is, the look is kept."""
        seen = self._tracker.look(values)
        is_so = agrees(values, self._tracker.scope, recorded, seen)
        if is_so and version is not None:
            self.looks[version] = seen.remembered()
        return is_so


class StoreArchive:
    """What the executor reads of a store, trust checked (:class:`~ensession.restore.Archive`)."""

    def __init__(self, store: Store, require: Callable[[VersionId, Digest], None]) -> None:
        self._store = store
        self._require = require
        self._comparison = Comparison(store)

    @classmethod
    def sealed(cls, store: Store, keyring: Keyring) -> StoreArchive:
        """Open only payloads that the user has sealed."""
        return cls(store, lambda version, digest: require_payload(store, keyring, version, digest))

    def execution(self, id_: ExecutionId) -> Execution:
        """Return an execution."""
        return self._store.history.execution(id_)

    def made_with(self, id_: VersionId) -> Mapping[VersionId, Version]:
        """Return a version and all others of its execution."""
        return self._store.history.made_with(id_)

    def why_incomparable(self, id_: ExecutionId) -> str | None:
        """Say why fingerprints of an execution can't be compared with those made here; None where they can."""
        return why_incomparable(self._comparison.with_execution(id_))

    def open(self, id_: VersionId) -> PayloadSource:
        """Return the payload of a version."""
        source = self._store.payloads.open(id_)
        self._require(id_, source.digest)
        return source
