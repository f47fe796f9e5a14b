"""Search of code and outputs: finds what is there, whoever wrote the store, and never while a cell is recorded."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from ensession.config import Config
from ensession.errors import UsageError
from ensession.model import KernelRunId, Output, Place
from ensession.store import Store
from ensession.store.search import MARK, TABLE, fts_query
from tests.store.kit import draft


def say(text: str) -> tuple[Output, ...]:
    return (Output("stream", {"name": "stdout", "text": text}),)


@pytest.fixture
def filled(store: Store, run: KernelRunId) -> Store:
    cells = (
        ("df = pd.read_csv('flights.csv')", ""),
        ("by_day = df.groupby('day').mean()", ""),
        ("print(by_day)", "mean delay 12.5\n\x1b[31mred alert\x1b[0m"),
    )
    parent = None
    for code, output in cells:
        outputs = say(output) if output else ()
        parent = store.log.record(draft(run, parent, (), code=code, outputs=outputs)).id
    return store


def found(store: Store, query: str, way: str) -> list[tuple[int, str]]:
    search = store.search if way == "in store" else store.search_aside
    return sorted((hit.execution, hit.place.value) for hit in search(query, 100))


@pytest.mark.parametrize("way", ["in store", "aside"])
@pytest.mark.parametrize(
    ("query", "hits"),
    [
        ("read_csv", [(1, "code")]),
        ("csv", [(1, "code")]),
        ("DF.GroupBy", [(2, "code")]),
        ("by_day", [(2, "code"), (3, "code")]),
        ("mean", [(2, "code"), (3, "output")]),
        ("mean delay", [(3, "output")]),
        ('"delay 12.5"', [(3, "output")]),
        ('"12.5 delay"', []),
        ("gro*", [(2, "code")]),
        ("gro", []),
        ("alert", [(3, "output")]),
        ("NOT OR", []),
        ("nowhere", []),
    ],
)
def test_words_are_found_in_code_and_outputs(filled: Store, way: str, query: str, hits: list[tuple[int, str]]) -> None:
    assert found(filled, query, way) == hits


def test_a_hit_says_what_matched(filled: Store) -> None:
    (hit,) = filled.search("alert", 10)
    assert hit.place is Place.OUTPUT
    assert [part for part, matches in hit.parts if matches] == ["alert"]
    assert hit.text == "mean delay 12.5\nred alert"


@pytest.mark.parametrize("query", ["", "  ", '""', "*", "\0", "+ -"])
def test_no_word_is_a_usage_error(filled: Store, query: str) -> None:
    with pytest.raises(UsageError, match="nothing to search for"):
        filled.search(query, 10)


@given(st.text(max_size=30))
def test_any_text_is_a_query_or_none(text: str) -> None:
    try:
        query = fts_query(text)
    except UsageError:
        return
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE VIRTUAL TABLE t USING fts5(x)")
        storable = query.encode("utf-8", "backslashreplace").decode()
        connection.execute("SELECT * FROM t WHERE t MATCH ?", (storable,)).fetchall()


@pytest.mark.parametrize("text", [b"no JSON", b"[1]", b"[" * 100_000, b'{"name": [{}], "text": {"a": 1}}'])
def test_a_damaged_output_hides_nothing_else(filled: Store, text: bytes) -> None:
    with closing(sqlite3.connect(filled.path)) as connection:
        data = zstandard.ZstdCompressor().compress(text)
        connection.execute("UPDATE output SET n_bytes = ?, data = ? WHERE execution = 3", (len(text), data))
        connection.commit()
    assert found(filled, "by_day", "aside") == [(2, "code"), (3, "code")]
    assert found(filled, "csv", "in store") == [(1, "code")]


def test_the_index_follows_what_is_recorded(filled: Store, run: KernelRunId) -> None:
    assert found(filled, "late", "in store") == []
    filled.log.record(draft(run, None, (), code="late = 1"))
    assert found(filled, "late", "in store") == [(4, "code")]
    assert found(filled, "mean", "in store") == [(2, "code"), (3, "output")]


def test_recording_leaves_the_index_alone(filled: Store, run: KernelRunId) -> None:
    assert filled.query("SELECT count(*) FROM sqlite_master WHERE name LIKE 'search%'").rows == ((0,),)
    filled.search("mean", 10)
    filled.log.record(draft(run, None, (), code="late = 1"))
    assert filled.query(f"SELECT max(execution) FROM {TABLE}").rows == ((3,),)


def test_a_search_aside_leaves_the_store_alone_and_believes_no_index_in_it(filled: Store) -> None:
    filled.search("mean", 10)
    with closing(sqlite3.connect(filled.path)) as connection:
        connection.execute(f"UPDATE {TABLE} SET text = 'a lie'")
        connection.commit()
    before = filled.query("SELECT count(*) FROM sqlite_master").rows
    assert found(filled, "lie", "aside") == []
    assert found(filled, "mean", "aside") == [(2, "code"), (3, "output")]
    assert filled.query("SELECT count(*) FROM sqlite_master").rows == before


def test_an_index_that_was_begun_and_not_finished_is_made_anew(filled: Store) -> None:
    filled.search("mean", 10)
    with closing(sqlite3.connect(filled.path)) as connection:
        connection.execute(f"DROP TABLE {MARK}")
        connection.execute(f"DROP TRIGGER {TABLE}_ai")
        connection.execute(f"DELETE FROM {TABLE}")
        connection.commit()
    assert found(filled, "mean", "in store") == [(2, "code"), (3, "output")]


def test_while_another_process_writes_the_search_is_answered_aside(filled: Store) -> None:
    with closing(sqlite3.connect(filled.path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert found(filled, "mean", "in store") == [(2, "code"), (3, "output")]
        writer.execute("ROLLBACK")
    assert filled.query("SELECT count(*) FROM sqlite_master WHERE name LIKE 'search%'").rows == ((0,),)


def test_a_store_that_can_not_be_written_is_searched_all_the_same(filled: Store, path: Path) -> None:
    filled.close()
    path.chmod(0o400)
    with Store.open_read_only(path, Config()) as store:
        assert found(store, "mean", "in store") == [(2, "code"), (3, "output")]


def test_searches_at_the_same_time_agree(filled: Store, run: KernelRunId, path: Path) -> None:
    for number in range(300):
        filled.log.record(draft(run, None, (), code=f"needle_{number}"))
    results: list[list[tuple[int, str]]] = []

    def look() -> None:
        with Store.open_read_only(path, Config()) as store:
            results.append(found(store, "needle*", "in store"))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert all(len(result) == 100 for result in results)
    assert filled.query(f"SELECT count(*), count(DISTINCT execution) FROM {TABLE}").rows == ((304, 303),)
