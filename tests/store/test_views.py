"""The SQL views: they say what the read API says, and the page about them says what they have."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ensession.model import KernelRunId, Output
from ensession.store import Store
from ensession.store.views import VIEWS
from tests.store.kit import draft, payload

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "views.md").read_text(encoding="utf-8")


@pytest.fixture
def forked(store: Store, run: KernelRunId) -> Store:
    """Return a store with a fork: 1 makes x and <random>, 2 makes y, 3 (after 1) makes x anew, 4 deletes it."""
    first = store.log.record(draft(run, names=("x", "<random>")), {0: payload(b"x")})
    output = Output("stream", {"name": "stdout", "text": "hello"})
    store.log.record(draft(run, first.id, ("y",), reads=first.versions, outputs=(output,)))
    third = store.log.record(draft(run, first.id, ("x", "z")))
    store.log.record(draft(run, third.id, (), ("x",)))
    return store


@pytest.fixture
def plain(forked: Store) -> Iterator[sqlite3.Connection]:
    """Open it as any SQLite tool would."""
    with closing(sqlite3.connect(forked.path)) as connection:
        yield connection


def test_the_state_of_every_head_is_the_one_that_the_store_tells(forked: Store, plain: sqlite3.Connection) -> None:
    for head in forked.history.heads():
        rows = plain.execute("SELECT name, version, execution FROM v_state_head WHERE head = ? ORDER BY name", (head,))
        told = {name: (item.version.id, item.execution) for name, item in forked.history.state(head).items()}
        assert {name: (version, execution) for name, version, execution in rows} == told
    assert plain.execute("SELECT execution FROM v_head ORDER BY 1").fetchall() == [(2,), (4,)]


def test_any_state_can_be_had_by_the_query_on_the_page(forked: Store, plain: sqlite3.Connection) -> None:
    (query,) = re.findall(r"```sql\n(.*?)```", PAGE, re.S)
    for execution in (item.id for item in forked.history.executions()):
        rows = plain.execute(query.replace("12", str(execution), 1)).fetchall()
        assert {row[0] for row in rows} == set(forked.history.state(execution))


def test_executions_versions_and_lineage(plain: sqlite3.Connection) -> None:
    rows = plain.execute("SELECT execution, parent, changed, n_outputs FROM v_execution ORDER BY execution")
    assert rows.fetchall() == [(1, None, "x", 0), (2, 1, "y", 1), (3, 1, "x, z", 0), (4, 3, "x", 0)]
    assert plain.execute("SELECT execution, reads_from FROM v_lineage").fetchall() == [(2, 1), (2, 1)]
    rows = plain.execute("SELECT execution, is_stored FROM v_version WHERE name = 'x' ORDER BY execution")
    assert rows.fetchall() == [(1, 1), (3, 0)]
    row = plain.execute("SELECT * FROM v_variable WHERE name = 'x'").fetchone()
    assert row == ("x", 2, 1, 1, 4, 0)
    assert plain.execute("SELECT name FROM v_variable WHERE is_hidden").fetchall() == [("<random>",)]
    assert plain.execute("SELECT execution, kind FROM v_output").fetchall() == [(2, "stream")]
    assert plain.execute("SELECT n_executions FROM v_run").fetchall() == [(4,)]


def test_parents_that_form_a_ring_end_the_query(plain: sqlite3.Connection) -> None:
    plain.execute("PRAGMA foreign_keys = OFF")
    plain.execute("UPDATE execution SET parent = 3 WHERE id = 1")
    rows = plain.execute("SELECT name FROM v_state_head WHERE head = 4 ORDER BY name")
    assert rows.fetchall() == [("<random>",), ("z",)]


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_and_column_is_documented(plain: sqlite3.Connection, view: str) -> None:
    section = re.search(rf"^`{view}`: .*?(?=^`v_|^## |\Z)", PAGE, re.M | re.S)
    assert section is not None, f"the page does not describe {view}"
    columns = [column[0] for column in plain.execute(f"SELECT * FROM {view}").description]
    assert [column for column in columns if f"`{column}`" not in section.group(0)] == []
