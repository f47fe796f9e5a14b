"""From digests, which all copies of a store share, to the row numbers of this one, and back."""

from __future__ import annotations

from ensession.errors import NotFoundError
from ensession.model import Digest, ExecutionId, VersionId
from ensession.model.parcels import VersionKey
from ensession.store.engine import Database

_NEWER = "SELECT id, digest FROM execution WHERE id > ?"
_VERSION = (
    "SELECT v.id FROM version v JOIN execution e ON e.id = v.execution"
    " WHERE v.execution = ? AND v.ordinal = ? AND e.digest = ?"
)
_KEY = "SELECT e.digest, v.ordinal FROM version v JOIN execution e ON e.id = v.execution WHERE v.id = ?"


class Numbers:
    """Row numbers by digest.

    Committed executions never change their number, so what was read stays true. Their digest changes when something is
    forgotten before them: of a version it is held against the row each time.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._numbers: dict[Digest, ExecutionId] = {}
        self._digests: dict[ExecutionId, Digest] = {}
        self._last = 0

    def knows(self, digest: Digest) -> bool:
        """Whether the store has that execution."""
        if digest not in self._numbers:
            self._catch_up()
        return digest in self._numbers

    def execution(self, digest: Digest) -> ExecutionId:
        """Return an execution's number.

        Raises
        ------
        NotFoundError
        """
        if not self.knows(digest):
            raise NotFoundError(f"{self._database.path}: there is no execution {digest.hex()[:12]}… here")
        return self._numbers[digest]

    def digest(self, number: ExecutionId) -> Digest:
        """Return the digest of an execution."""
        if number not in self._digests:
            self._catch_up()
        return self._digests[number]

    def version(self, key: VersionKey) -> VersionId:
        """Return a version's number.

        Raises
        ------
        NotFoundError
        """
        rows = self._database.rows(_VERSION, (self.execution(key.execution), key.ordinal, key.execution))
        if not rows:
            raise NotFoundError(
                f"{self._database.path}: execution {key.execution.hex()[:12]}… has no such version (any more)"
            )
        return VersionId(rows[0][0])

    def key(self, version: VersionId) -> VersionKey:
        """Return what a version is called in every copy."""
        rows = self._database.rows(_KEY, (version,))
        if not rows:
            raise NotFoundError(f"{self._database.path}: there is no version {version}")
        return VersionKey(*rows[0])

    def forget(self) -> None:
        """Forget everything: a transaction whose numbers were looked at was rolled back."""
        self._numbers.clear()
        self._digests.clear()
        self._last = 0

    def _catch_up(self) -> None:
        for number, digest in self._database.rows(_NEWER, (self._last,)):
            self._numbers[digest] = number
            self._digests[number] = digest
            self._last = max(self._last, number)
