"""What was recorded is what is read."""

from __future__ import annotations

import sys

import pytest

from ensession.digests import version_digest
from ensession.errors import IntegrityError, NotFoundError, UsageError
from ensession.model import (
    BindingDraft,
    Effect,
    ExecutionId,
    ExecutionKind,
    FileAccess,
    Fingerprint,
    KernelRunId,
    Outcome,
    Output,
    Seal,
    Summary,
    VersionDraft,
    VersionId,
)
from ensession.store import Store
from tests.store.kit import ENVIRONMENT, draft, payload


def test_a_run_begins_and_ends(store: Store) -> None:
    run = store.log.begin_run(ENVIRONMENT)
    assert (run.started_at, run.ended_at, run.environment) == (12.5, None, ENVIRONMENT)
    assert len(run.uid) == 32
    store.log.end_run(run.id)
    (read,) = store.history.runs()
    assert (read.uid, read.ended_at, read.environment) == (run.uid, 12.5, ENVIRONMENT)


def test_every_field_of_an_execution_comes_back(store: Store, run: KernelRunId) -> None:
    given = draft(
        run,
        kind=ExecutionKind.AMBIENT,
        code="é\0\n",
        cell_id="c1",
        error="boom",
        no_replay="sent something",
        not_captured="lost",
        capture_s=1e-300,
        outcome=Outcome.INTERRUPTED,
        started_at=0.1 + 0.2,
    )
    recorded = store.log.record(given)
    read = store.history.execution(recorded.id)
    assert read.digest == recorded.digest
    for field in ("parent", "run", "kind", "code", "cell_id", "started_at", "runtime_s", "capture_s", "outcome"):
        assert getattr(read, field) == getattr(given, field)
    for field in ("error", "no_replay", "not_captured"):
        assert getattr(read, field) == getattr(given, field)
    assert type(read.kind) is ExecutionKind
    assert type(read.outcome) is Outcome


def test_outputs_come_back(store: Store, run: KernelRunId) -> None:
    outputs = (
        Output("stream", {"name": "stdout", "text": "é\ud800" * 10}),
        Output("display_data", {"data": {"a": [1, None]}}),
    )
    recorded = store.log.record(draft(run, outputs=outputs))
    assert store.history.outputs(recorded.id) == outputs


def test_versions_bindings_reads_and_requirements(store: Store, run: KernelRunId) -> None:
    first = store.log.record(draft(run, names=["f"]))
    versions = (
        VersionDraft(("a", "b"), None, 7, "a generator", requires=first.versions, requires_new=(1,)),
        VersionDraft(("c",), Fingerprint(b"c" * 16)),
    )
    bindings = (BindingDraft("b", 0), BindingDraft("a", 0, Summary("list", "len 2", "[1, 2]")), BindingDraft("c", 1))
    second = store.log.record(draft(run, first.id, reads=first.versions, versions=versions, bindings=bindings))
    version = store.history.version(second.versions[0])
    assert (version.names, version.fingerprint, version.n_bytes) == (("a", "b"), None, 7)
    assert (version.unstorable, version.payload, version.ordinal) == ("a generator", None, 0)
    assert store.history.version_digest(version.id) == version_digest(second.digest, 0)
    assert [read.id for read in store.history.reads(second.id)] == list(first.versions)
    (a, b, c) = store.history.bindings(second.id)
    assert [name for name, _ in (a, b, c)] == ["a", "b", "c"]
    assert a[1] is not None
    assert (a[1].version, a[1].summary) == (version, Summary("list", "len 2", "[1, 2]"))
    assert b[1] is not None
    assert b[1].summary == Summary("")
    graph = store.history.graph(second.id)
    assert graph.versions[version.id].requires == (*first.versions, second.versions[1])


def test_state_follows_the_line_of_history(store: Store, run: KernelRunId) -> None:
    record = store.log.record
    one = record(draft(run, names=["x", "y"]))
    two = record(draft(run, one.id, names=["x"]))
    side = record(draft(run, one.id, names=["z"], deleted=["y"]))
    three = record(draft(run, two.id, names=[], deleted=["x"]))
    states = {item.id: store.history.state(item.id) for item in (one, two, side, three)}
    assert {name: binding.version.id for name, binding in states[two.id].items()} == {
        "x": two.versions[0],
        "y": one.versions[1],
    }
    assert {name: binding.execution for name, binding in states[side.id].items()} == {"x": one.id, "z": side.id}
    assert list(states[three.id]) == ["y"]
    assert store.history.heads() == [side.id, three.id]
    assert store.history.bindings(three.id) == [("x", None)]
    assert [binding.execution for binding in store.history.versions_of("x")] == [one.id, two.id]


def test_the_graph_is_the_line_of_history(store: Store, run: KernelRunId) -> None:
    one = store.log.record(draft(run, names=["x", "y"]))
    store.log.record(draft(run, one.id, names=["z"]))
    two = store.log.record(draft(run, one.id, names=["x"], deleted=["y"], reads=one.versions), {0: payload(b"abc")})
    graph = store.history.graph(two.id)
    assert [node.id for node in graph.executions] == [one.id, two.id]
    assert [node.produces for node in graph.executions] == [one.versions, two.versions]
    assert [node.reads for node in graph.executions] == [(), one.versions]
    assert set(graph.versions) == {*one.versions, *two.versions}
    assert graph.state == {"x": two.versions[0]}
    assert graph.bindings[two.id] == {"x": two.versions[0], "y": None}
    info = graph.versions[two.versions[0]].payload
    assert info is not None
    assert (info.n_stream_bytes, info.python) == (3, ".".join(map(str, sys.version_info[:2])))


def test_executions_are_limited_from_the_end(store: Store, run: KernelRunId) -> None:
    ids = [store.log.record(draft(run)).id for _ in range(4)]
    assert [item.id for item in store.history.executions()] == ids
    assert [item.id for item in store.history.executions(2)] == ids[2:]
    assert store.history.executions(0) == []


def test_heads_of_runs(store: Store, run: KernelRunId) -> None:
    assert store.history.head() is None
    other = store.log.begin_run(ENVIRONMENT).id
    one, two = store.log.record(draft(run)), store.log.record(draft(other))
    assert (store.history.head(), store.history.head(run), store.history.head(other)) == (two.id, one.id, two.id)


def test_what_is_not_there_is_named(store: Store, run: KernelRunId) -> None:
    with pytest.raises(NotFoundError, match="nothing is recorded"):
        store.history.execution(ExecutionId(7))
    store.log.record(draft(run))
    for read in (store.history.execution, store.history.state, store.history.graph, store.verify_chain):
        with pytest.raises(NotFoundError, match="no execution 7; there are 1 to 1"):
            read(ExecutionId(7))
    with pytest.raises(NotFoundError, match="no version 9"):
        store.history.version(VersionId(9))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"parent": ExecutionId(99)}, NotFoundError),
        ({"run": KernelRunId(99)}, NotFoundError),
        ({"reads": (VersionId(99),)}, NotFoundError),
        ({"bindings": (BindingDraft("x", 5),)}, UsageError),
        ({"bindings": (BindingDraft("x", 0), BindingDraft("x", None))}, UsageError),
        ({"versions": (VersionDraft(("x",), None, requires_new=(3,)),)}, UsageError),
    ],
)
def test_a_draft_that_makes_no_sense_leaves_nothing(
    store: Store, run: KernelRunId, change: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        store.log.record(draft(**({"run": run} | change)))  # type: ignore[arg-type]
    assert store.history.executions() == []


def test_text_that_is_no_text_is_escaped(store: Store, run: KernelRunId) -> None:
    given = draft(run, files=(FileAccess("/tmp/\udcff", "r", 1, 2.5, b"h" * 32),), effects=(Effect("write", "\ud800"),))
    recorded = store.log.record(given)
    store.verify_chain(recorded.id)


def test_numbers_round_trip_in_the_digest(store: Store, run: KernelRunId) -> None:
    recorded = store.log.record(draft(run, started_at=5, runtime_s=-0.0, capture_s=float("inf")))
    store.verify_chain(recorded.id)


def test_restores_are_recorded(store: Store, run: KernelRunId) -> None:
    target = store.log.record(draft(run)).id
    assert store.log.record_restore(target, 1.0, 2.0, {"steps": []}, {"loaded": 3}) == 1
    assert store.log.record_restore(None, 1.0, 2.0, {}, {}, run=run) == 2


def test_seals_are_made_with_the_record(store: Store, run: KernelRunId) -> None:
    def seal(digest: bytes) -> Seal:
        return Seal(digest, b"key", digest[::-1])

    recorded = store.log.record(draft(run), {0: payload(b"abc")}, seal)
    large = store.log.record(draft(run, code="y"), seal=lambda digest: None)
    store.log.add_payload(large.versions[0], payload(b"abc"), seal)
    for subject in (
        recorded.digest,
        store.payloads.digest(recorded.versions[0]),
        store.payloads.digest(large.versions[0]),
    ):
        assert store.seals.get(subject, b"key") == subject[::-1]
    assert store.seals.get(large.digest, b"key") is None
    store.seals.add([Seal(large.digest, b"key", b"new"), Seal(large.digest, b"key", b"newer")])
    assert store.seals.get(large.digest, b"key") == b"newer"


@pytest.mark.parametrize("nonsense", ["CAST(runtime_s AS BLOB)", "'zzz'"])
def test_a_duration_that_makes_no_sense_is_damage(store: Store, run: KernelRunId, nonsense: str) -> None:
    recorded = store.log.record(draft(run, names=["a"]), {})
    with store._database.write() as connection:
        connection.execute(f"UPDATE execution SET runtime_s = {nonsense}")
    for read in (store.history.graph, lambda id_: store.parts.executions([id_])):
        with pytest.raises(IntegrityError, match="execution 1 is damaged"):
            read(recorded.id)
