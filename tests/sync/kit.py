"""What the tests of exchange share: work on a store, and the whole of a store as data that copies agree on."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from ensession.config import Config
from ensession.model import Effect, ExecutionId, FileAccess, KernelRunId, Output, Seal, VersionDraft, VersionId
from ensession.store import Store, check_store
from tests.store.kit import ENVIRONMENT, draft, loaded, payload


class Work:
    """Someone who works on a store: one kernel run after the other."""

    def __init__(self, store: Store, seed: int = 0) -> None:
        self.store = store
        self.run: KernelRunId = store.log.begin_run(ENVIRONMENT).id
        self.head: ExecutionId | None = store.history.head()
        self._random = random.Random(seed)

    def cell(self, n_bytes: int = 100, *, buffer: bytes = b"", branch: str | None = "main", **others: Any) -> Any:
        """Record a cell that reads what the one before made, and binds one large and one small variable."""
        reads = [] if self.head is None else [v.id for v in self.store.history.reads(self.head)][:1]
        state = {} if self.head is None else self.store.history.state(self.head)
        reads += [binding.version.id for binding in state.values()]
        requires = tuple(sorted(set(reads)))[:1]
        versions = (
            VersionDraft(("a", "b"), self._random.randbytes(16), n_bytes, requires=requires),
            VersionDraft(("small",), None, 3, unstorable="a generator", requires_new=(0,)),
        )
        usual: dict[str, Any] = {
            "code": f"a = work({self._random.random()})",
            "names": ("a", "small"),
            "versions": versions,
            "files": (FileAccess("/data/in.csv", "r", 12, 5.0, b"h" * 32),),
        }
        made = draft(
            self.run,
            self.head,
            reads=sorted(set(reads)),
            outputs=(
                Output("stream", {"name": "stdout", "text": "äöü\n"}),
                Output("display_data", {"data": {"x": 1.5}}),
            ),
            effects=(Effect("network", "host:80"),),
            branch=branch,
            **(usual | others),
        )
        recorded = self.store.log.record(
            made,
            {0: payload(self._random.randbytes(n_bytes), [buffer] if buffer else [])},
            lambda digest: Seal(digest, b"k" * 16, b"m" * 32),
        )
        self.head = recorded.id
        return recorded


def content(store: Store) -> dict[str, Any]:
    """Return all that two copies of a store have to agree on."""
    executions = {}

    def digest_of(version: VersionId) -> str:
        return store.history.version_digest(version).hex()

    for execution in store.history.executions():
        digest = execution.digest.hex()
        executions[digest] = (
            execution.code,
            execution.outcome,
            store.history.outputs(execution.id),
            sorted(digest_of(version.id) for version in store.history.reads(execution.id)),
            {
                name: None if binding is None else (digest_of(binding.version.id), binding.summary)
                for name, binding in store.history.bindings(execution.id)
            },
            _payloads(store, execution.id),
        )
    return executions


def _payloads(store: Store, id_: ExecutionId) -> dict[str, Any]:
    bound = [binding.version for _, binding in store.history.bindings(id_) if binding is not None]
    stored = [version.id for version in bound if version.payload is not None]
    return {store.history.version_digest(version).hex(): loaded(store, version) for version in stored}


def assert_sound(stores: Sequence[Store]) -> None:
    """Check stores in full."""
    for store in stores:
        assert check_store(store.path, Config()) == []
