"""The store against a model in plain dicts, step by step."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ensession.config import Config
from ensession.errors import NotFoundError
from ensession.model import ExecutionId, VersionId
from ensession.store import Store, check_store, copy_store
from tests.store.kit import ENVIRONMENT, draft, loaded, payload

NAMES = st.sampled_from(["a", "b", "_c", "é", "<random>"])


class StoreMachine(RuleBasedStateMachine):
    """Records, branches, reopens and copies; state, graph and payloads have to match."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "a.ens"
        self.store = Store.create_or_open(self.path, Config())
        self.run = self.store.log.begin_run(ENVIRONMENT).id
        self.states: dict[ExecutionId | None, dict[str, VersionId]] = {None: {}}
        self.lines: dict[ExecutionId | None, list[ExecutionId]] = {None: []}
        self.payloads: dict[VersionId, bytes | None] = {}

    @rule(
        data=st.data(), bound=st.sets(NAMES), deleted=st.sets(NAMES), tip=st.booleans(), content=st.binary(max_size=99)
    )
    def record(self, data: st.DataObject, bound: set[str], deleted: set[str], tip: bool, content: bytes) -> None:
        known = list(self.states)
        parent = known[-1] if tip else data.draw(st.sampled_from(known))
        reads = data.draw(st.sets(st.sampled_from(sorted(self.payloads)))) if self.payloads else set()
        names = sorted(bound)
        given = draft(self.run, parent, names, sorted(deleted - bound), sorted(reads))
        stored = set(range(0, len(names), 2))
        recorded = self.store.log.record(given, {index: payload(content) for index in stored})
        state = {name: bound for name, bound in self.states[parent].items() if name not in deleted}
        self.states[recorded.id] = state | dict(zip(names, recorded.versions, strict=True))
        self.lines[recorded.id] = [*self.lines[parent], recorded.id]
        for index, version in enumerate(recorded.versions):
            self.payloads[version] = content if index in stored else None

    @precondition(lambda self: self.payloads)
    @rule(data=st.data(), content=st.binary(max_size=300))
    def add_payload(self, data: st.DataObject, content: bytes) -> None:
        version = data.draw(st.sampled_from(sorted(self.payloads)))
        self.store.log.add_payload(version, payload(content * 3))
        if self.payloads[version] is None:
            self.payloads[version] = content * 3

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = Store.open(self.path, Config())

    @rule()
    def move(self) -> None:
        target = self.path.with_name(f"{len(list(self.path.parent.iterdir()))}.ens")
        copy_store(self.path, target, Config())
        self.store.close()
        self.path = target
        self.store = Store.open(target, Config())

    @invariant()
    def states_match(self) -> None:
        for id_, expected in list(self.states.items())[-3:]:
            if id_ is not None:
                state = self.store.history.state(id_)
                assert {name: binding.version.id for name, binding in state.items()} == expected
                graph = self.store.history.graph(id_)
                assert [node.id for node in graph.executions] == self.lines[id_]
                assert graph.state == expected

    def teardown(self) -> None:
        for version, content in self.payloads.items():
            if content is not None:
                assert loaded(self.store, version) == (content, [])
            else:
                assert self.store.history.version(version).payload is None
                try:
                    self.store.payloads.open(version)
                except NotFoundError:
                    continue
                raise AssertionError
        self.store.close()
        assert check_store(self.path, Config()) == []
        self.folder.cleanup()


StoreMachine.TestCase.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestStore = StoreMachine.TestCase
