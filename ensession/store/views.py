"""The SQL views: what any SQLite tool can browse a store by. The wording is docs/reference/views.md.

Views hold no data. They are made anew with a store and after every upgrade (``migrations/env.py``), so that they
follow the newest tables; a revision says since which format they are there.
"""

# ruff: noqa: S608 - the queries are joined from constants of this module
from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

_HIDDEN = "substr({0}, 1, 1) = '<'"
_UTC = "strftime('%Y-%m-%d %H:%M:%S', {0}, 'unixepoch')"
_CHANGED = (
    "(SELECT group_concat(c.name, ', ') FROM (SELECT b.name FROM binding b WHERE b.execution = e.id"
    f" AND NOT {_HIDDEN.format('b.name')} ORDER BY b.name) c)"
)
# UNION, not UNION ALL: parents that form a ring (a store may hold anything) end the recursion too.
_LINES = (
    "WITH RECURSIVE line(head, first, last, parent) AS ("
    " SELECT h.id, h.line_start, h.id, s.parent FROM execution h JOIN execution s ON s.id = h.line_start"
    " WHERE h.id NOT IN (SELECT x.parent FROM execution x WHERE x.parent IS NOT NULL)"
    " UNION"
    " SELECT l.head, e.line_start, e.id, s.parent FROM line l JOIN execution e ON e.id = l.parent"
    " JOIN execution s ON s.id = e.line_start),"
    " latest AS (SELECT l.head, b.name, max(b.execution) AS execution FROM line l CROSS JOIN binding b"
    " WHERE b.execution BETWEEN l.first AND l.last GROUP BY l.head, b.name) "
)
_VALUE = (
    "b.name, b.type_name, b.shape, b.preview, v.n_bytes, v.names AS shared_by, b.execution, v.execution AS made_by,"
    " v.id AS version, p.version IS NOT NULL AS is_stored, v.unstorable, {hidden} AS is_hidden"
).format(hidden=_HIDDEN.format("b.name"))

VIEWS: Mapping[str, str] = MappingProxyType(
    {
        "v_execution": (
            "SELECT e.id AS execution, e.parent, e.run, e.kind, e.outcome,"
            f" {_UTC.format('e.started_at')} AS started_utc, e.runtime_s, e.capture_s, e.error, e.no_replay,"
            f" e.caution, e.not_captured, e.cell_id, e.code, {_CHANGED} AS changed,"
            " (SELECT count(*) FROM output o WHERE o.execution = e.id) AS n_outputs FROM execution e"
        ),
        "v_head": (
            f"SELECT e.id AS execution, {_UTC.format('e.started_at')} AS started_utc, e.code FROM execution e"
            " WHERE e.id NOT IN (SELECT x.parent FROM execution x WHERE x.parent IS NOT NULL)"
        ),
        "v_state_head": (
            f"{_LINES}SELECT l.head, {_VALUE} FROM latest l JOIN binding b ON b.execution = l.execution"
            " AND b.name = l.name JOIN version v ON v.id = b.version LEFT JOIN payload p ON p.version = v.id"
        ),
        "v_version": (
            f"SELECT {_VALUE} FROM binding b JOIN version v ON v.id = b.version LEFT JOIN payload p ON p.version = v.id"
        ),
        "v_variable": (
            "SELECT b.name, count(b.version) AS n_versions, sum(b.version IS NULL) AS n_deletions,"
            " min(b.execution) AS first_execution, max(b.execution) AS last_execution,"
            f" {_HIDDEN.format('b.name')} AS is_hidden FROM binding b GROUP BY b.name"
        ),
        "v_lineage": (
            "SELECT r.execution, v.execution AS reads_from, v.id AS version, v.names"
            " FROM read r JOIN version v ON v.id = r.version"
        ),
        "v_output": "SELECT o.execution, o.seq, o.kind, o.n_bytes FROM output o",
        "v_file": "SELECT f.execution, f.path, f.mode, f.size FROM file_access f",
        "v_ref": (
            f"SELECT 'tag' AS kind, t.name, t.execution, {_UTC.format('t.created_at')} AS since_utc FROM tag t"
            f" UNION ALL SELECT 'branch', b.name, b.execution, {_UTC.format('b.moved_at')} FROM branch b"
        ),
        "v_run": (
            f"SELECT k.id AS run, {_UTC.format('k.started_at')} AS started_utc,"
            f" {_UTC.format('k.ended_at')} AS ended_utc, k.python, k.platform, k.hostname, k.cwd,"
            " (SELECT count(*) FROM execution e WHERE e.run = k.id) AS n_executions FROM kernel_run k"
        ),
    }
)
"""Name to query, in the order in which they are made."""

Run = Callable[[str], Any]


def create_views(run: Run) -> None:
    """Make all views, through a function that executes one statement."""
    for name, query in VIEWS.items():
        run(f"CREATE VIEW {name} AS {query}")


def drop_views(run: Run, connection: sqlite3.Connection) -> None:
    """Take away every view of the database: tables are about to be rebuilt under them."""
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'view'").fetchall()
    for (name,) in names:
        quoted = str(name).replace('"', '""')
        run(f'DROP VIEW "{quoted}"')
