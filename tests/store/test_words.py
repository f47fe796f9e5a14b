"""Words and modules in a store: given, taken back, sealed, and part of the check."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from ensession.config import Config
from ensession.digests import source_digest
from ensession.errors import IntegrityError, NotFoundError
from ensession.model import ExecutionId, KernelRunId, ModuleSource, NameWord, Word
from ensession.store import Store, check_store
from ensession.trust import Keyring, give_word, own_words, trust_store
from tests.store.kit import draft


def module(name: str, text: bytes) -> ModuleSource:
    return ModuleSource(name, f"/home/user/{name}.py", source_digest(text), text)


def words(store: Store, head: int) -> dict[int, set[Word]]:
    return {e.id: set(e.words) for e in store.history.graph(ExecutionId(head)).executions if e.words}


def test_words_are_given_with_an_execution_or_later_and_taken_back(store: Store, run: KernelRunId) -> None:
    first = store.log.record(replace(draft(run, names=("x",)), words=(Word.ALWAYS,)))
    second = store.log.record(draft(run, first.id, ("y",)))
    store.words.give([second.id], Word.ALLOW)
    assert words(store, 2) == {1: {Word.ALWAYS}, 2: {Word.ALLOW}}
    store.words.take_back([first.id, second.id], Word.ALWAYS)
    assert words(store, 2) == {2: {Word.ALLOW}}
    with pytest.raises(NotFoundError, match="no execution 9"):
        store.words.give([first.id, ExecutionId(9)], Word.NEVER)
    assert words(store, 2) == {2: {Word.ALLOW}}


def test_of_several_executions_of_one_cell_only_the_last_always_runs(store: Store, run: KernelRunId) -> None:
    parent = None
    for cell_id, code in (("a", "connect(1)"), ("a", "connect(2)"), (None, "start()"), (None, "start()")):
        made = replace(draft(run, parent, ("x",)), cell_id=cell_id, code=code, words=(Word.ALWAYS,))
        parent = store.log.record(made).id
    assert words(store, 4) == {2: {Word.ALWAYS}, 4: {Word.ALWAYS}}
    assert words(store, 3) == {2: {Word.ALWAYS}, 3: {Word.ALWAYS}}


def test_words_about_variables(store: Store) -> None:
    store.words.give_names(["a", "b"], NameWord.PIN)
    store.words.give_names(["b"], NameWord.IGNORE)
    store.words.take_back_names(["a"], NameWord.PIN)
    assert store.words.names(NameWord.PIN) == store.words.names(NameWord.IGNORE) == {"b"}


def test_a_caution_forbids_until_it_is_allowed(store: Store, run: KernelRunId) -> None:
    store.log.record(replace(draft(run, names=("x",)), caution="it wrote a.csv"))
    (node,) = store.history.graph(ExecutionId(1)).executions
    assert node.forbidden == "it wrote a.csv (%ens allow 1 permits it)"
    store.words.give([node.id], Word.ALLOW)
    (node,) = store.history.graph(ExecutionId(1)).executions
    assert node.forbidden is None
    store.words.give([node.id], Word.NEVER)
    (node,) = store.history.graph(ExecutionId(1)).executions
    assert node.forbidden == "you said that it must never run again"


def test_words_that_make_code_run_count_only_when_the_user_gave_them(store: Store, run: KernelRunId) -> None:
    keyring = Keyring.load()
    first = store.log.record(replace(draft(run, names=("x",)), words=(Word.ALWAYS,)), seal=keyring.seal)
    store.words.give([first.id], Word.ALLOW)  # as anybody who can write to the file could
    store.words.give([first.id], Word.NEVER)
    graph = store.history.graph(first.id)
    assert own_words(store, keyring, graph).executions[0].words == {Word.ALWAYS, Word.NEVER}
    give_word(store, keyring, [first.id], Word.ALLOW)
    assert own_words(store, keyring, graph).executions[0].words == set(Word)


def test_trusting_a_store_covers_its_words(store: Store, run: KernelRunId) -> None:
    store.log.record(replace(draft(run, names=("x",)), words=(Word.ALWAYS,)))
    graph, keyring = store.history.graph(ExecutionId(1)), Keyring.load()
    assert own_words(store, keyring, graph).executions[0].words == frozenset()
    trust_store(store, keyring)
    assert own_words(store, keyring, graph).executions[0].words == {Word.ALWAYS}


def test_a_modules_source_is_stored_once_and_the_latest_counts(store: Store, run: KernelRunId) -> None:
    one, other = module("helpers", b"x = 1\n"), module("more", b"x = 1\n")
    first = store.log.record(replace(draft(run), modules=(one, other)))
    second = store.log.record(replace(draft(run, first.id), modules=(module("helpers", b"x = 2\n"),)))
    now, before = store.modules.of_line(second.id), store.modules.of_line(first.id)
    assert store.modules.source(now["helpers"].digest) == b"x = 2\n"
    assert store.modules.source(before["helpers"].digest) == store.modules.source(now["more"].digest) == b"x = 1\n"
    with closing(sqlite3.connect(store.path)) as database:
        assert database.execute("SELECT count(*) FROM module_source").fetchone() == (2,)
    with pytest.raises(NotFoundError):
        store.modules.source(b"?" * 32)
    store.verify_chain(second.id)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE module SET path = '/tmp/evil.py'",
        "UPDATE module_source SET data = zeroblob(9)",
        "UPDATE execution SET caution = NULL",
        "UPDATE file_access SET folder = '/elsewhere'",
    ],
)
def test_what_was_changed_is_found(store: Store, run: KernelRunId, config: Config, change: str) -> None:
    from ensession.model import FileAccess

    files = (FileAccess("/home/user/a.csv", "r", 1, 1.0, None, "/home/user"),)
    made = store.log.record(
        replace(draft(run), modules=(module("helpers", b"x = 1\n"),), caution="it wrote a", files=files)
    )
    assert check_store(store.path, config) == []
    with closing(sqlite3.connect(store.path, isolation_level=None)) as database:
        database.execute(change)
    assert check_store(store.path, config) != []
    if "module_source" in change:
        with pytest.raises(IntegrityError):
            store.modules.source(source_digest(b"x = 1\n"))
    else:
        with pytest.raises(IntegrityError, match="digest"):
            store.verify_chain(made.id)
