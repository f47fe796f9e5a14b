"""That a cell must not run again is known in both copies, whenever it was said."""

from __future__ import annotations

from typing import Any

from ensession.model import ExecutionId, NameWord, Word
from ensession.store import Store
from ensession.sync import transfer
from ensession.sync.courier import Courier
from ensession.sync.remote import Reach, RemoteSource, RemoteTarget
from tests.sync.kit import Work
from tests.sync.test_transfer import send
from tests.sync.test_wire import Line

ONE = ExecutionId(1)


def words(store: Store) -> list[tuple[int, Word]]:
    return store.words.executions()


def test_a_word_that_only_forbids_comes_behind_its_execution(laptop: Store, server: Store) -> None:
    Work(laptop).cell()
    send(laptop, server)
    laptop.words.give([ONE], Word.NEVER)
    laptop.words.give([ONE], Word.ALLOW)
    send(laptop, server)
    assert words(server) == [(1, Word.NEVER)]  # what lets code run needs its giver's seal
    send(laptop, server)
    send(server, laptop)
    assert words(laptop) == [(1, Word.ALLOW), (1, Word.NEVER)]


def test_it_comes_over_a_line(laptop: Store, server: Store) -> None:
    Work(laptop).cell()
    Work(server, 9).cell()
    line = Line(server.path)
    try:
        for _ in range(2):
            transfer(laptop.exporter, RemoteTarget(line.asker))
            transfer(RemoteSource(line.asker), laptop.importer)
            for store in (laptop, server):
                store.words.give([ONE], Word.NEVER)
    finally:
        line.close()
    assert words(laptop) == words(server) == [(1, Word.NEVER), (2, Word.NEVER)]


def test_of_an_execution_that_is_not_here_nothing_is_said(laptop: Store, server: Store) -> None:
    Work(laptop).cell()
    assert server.importer.forbid([b"?" * 32]) == 0
    laptop.words.give([ONE], Word.NEVER)
    assert server.importer.forbid(laptop.exporter.forbidden()) == 0
    assert words(server) == []


def test_what_is_taken_back_is_not_said_again(laptop: Store, server: Store) -> None:
    told: list[dict[str, Any]] = []
    courier = Courier(laptop.path, laptop.file_id, str(server.path), Reach(), told.append)
    Work(laptop).cell()
    courier.look(at_once=True)
    laptop.words.give([ONE], Word.NEVER)
    for _ in range(2):
        courier.look(at_once=True)
    assert words(server) == [(1, Word.NEVER)]
    laptop.words.take_back([ONE], Word.NEVER)
    courier.look(at_once=True)
    assert (words(laptop), words(server)) == ([], [(1, Word.NEVER)])
    assert not any("error" in one for one in told)


def ignored(store: Store) -> set[str]:
    return set(store.words.names(NameWord.IGNORE))


def test_what_is_ignored_is_ignored_in_both_copies(laptop: Store, server: Store) -> None:
    laptop.words.give_names(["a", "é"], NameWord.IGNORE)
    laptop.words.give_names(["key"], NameWord.PIN)
    line = Line(server.path)
    try:
        transfer(laptop.exporter, RemoteTarget(line.asker))
        server.words.give_names(["b"], NameWord.IGNORE)
        transfer(RemoteSource(line.asker), laptop.importer)
    finally:
        line.close()
    assert ignored(laptop) == ignored(server) == {"a", "b", "é"}
    assert server.words.names(NameWord.PIN) == set()  # it lets secrets be stored
    assert server.importer.ignore(["<cwd>", "a b", "a"]) == 0


def test_what_is_no_longer_ignored_stays_so_and_can_be_ignored_anew(laptop: Store, server: Store) -> None:
    told: list[dict[str, Any]] = []
    courier = Courier(laptop.path, laptop.file_id, str(server.path), Reach(), told.append)
    Work(laptop).cell()
    laptop.words.give_names(["a"], NameWord.IGNORE)
    courier.look(at_once=True)
    for store in (laptop, server):
        assert ignored(store) == {"a"}
        store.words.take_back_names(["a"], NameWord.IGNORE)
        for _ in range(2):
            courier.look(at_once=True)
        assert ignored(store) == set()
    laptop.words.give_names(["a"], NameWord.IGNORE)
    courier.look(at_once=True)
    assert ignored(laptop) == ignored(server) == {"a"}
    assert not any("error" in one for one in told)


def test_never_can_be_said_anew_when_both_took_it_back(laptop: Store, server: Store) -> None:
    told: list[dict[str, Any]] = []
    courier = Courier(laptop.path, laptop.file_id, str(server.path), Reach(), told.append)
    Work(laptop).cell()
    laptop.words.give([ONE], Word.NEVER)
    courier.look(at_once=True)
    for store in (laptop, server):
        store.words.take_back([ONE], Word.NEVER)
        courier.look(at_once=True)
    laptop.words.give([ONE], Word.NEVER)
    courier.look(at_once=True)
    assert words(laptop) == words(server) == [(1, Word.NEVER)]
