"""What the schema of a store holds: what ensession makes, and nothing else.

A file from elsewhere may bring triggers that act when it is written to, views in the place of tables, columns and
indexes that compute something. None of it is used: such a file is refused when it is opened. A digest covers rows, not
what a database does with them.
"""

from __future__ import annotations

import functools
import re
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ensession.errors import IntegrityError
from ensession.store.tables import COLUMNS, DDL
from ensession.store.views import VIEWS, create_views

STAMP = (
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,"
    " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)
"""The table with the name of the last revision."""

_NAMED = 5
_LONGEST_NAME = 60
_SCHEMA = "SELECT " + ", ".join(f"CAST({one} AS BLOB)" for one in ("type", "name", "tbl_name", "sql"))
_SCHEMA += " FROM sqlite_master"  # as bytes: what is damaged or was prepared need not be text
_STATISTICS = frozenset({"sqlite_stat1", "sqlite_stat4"})
"""What ``ANALYZE`` leaves behind: SQLite itself has read it by then."""

# The full-text index; how its SQL is quoted and spaced depends on the version of sqlite-utils.
_PLAIN = re.compile(
    r"createtable(ifnotexists)?search_(entry|mark|entry_fts_(data|idx|docsize|config|content))\([a-z_,]*\)"
)
_FULL_TEXT = re.compile(r"createvirtualtable(ifnotexists)?search_entry_ftsusingfts5\(text,content=search_entry\)")
_KEPT = re.compile(
    r"createtrigger(ifnotexists)?search_entry_a[iud]after(insert|delete|update)onsearch_entrybegin"
    r"(insertintosearch_entry_fts\((search_entry_fts,)?rowid,text\)values\((delete,)?(new|old)\.rowid,(new|old)\.text\);)+end"
)

_INDEX = re.compile(r"create(unique)?index\w+on\w+\([a-z_,]*\)")
_MADE = re.compile(
    r"create(?P<what>(temp(orary)?)?(virtualtable|view|table))(ifnotexists)?((main|temp)\.)?"
    rf"(?P<name>{'|'.join(sorted(COLUMNS, key=len, reverse=True))})(\(|as|using)"
)

_TABLE = re.compile(r"(?P<begin>createtable\w+\()(?P<body>.*)(?P<end>\)(withoutrowid)?)")

Row = Sequence[Any]


def check_structure(connection: sqlite3.Connection, path: Path) -> None:
    """Hold the schema of an up-to-date store against what ensession makes.

    Raises
    ------
    IntegrityError
        Names what is there besides, or is not as it should be.
    """
    ours, loosely = _ours()
    _require_none(
        path, [r for r in _schema(connection) if r not in ours and _key(r) not in loosely and not _is_known(r)]
    )


def check_old_structure(connection: sqlite3.Connection, path: Path) -> None:
    """Hold the schema of an older store against what could act while it is upgraded.

    Raises
    ------
    IntegrityError
        It has triggers, virtual tables, tables that it never had, or computed columns.
    """
    _require_none(path, [row for row in _schema(connection) if not (_is_known(row) or _was_ours(row))])


def check_wreck(connection: sqlite3.Connection, path: Path) -> None:
    """Make sure that what has the names of a damaged store's tables are tables that hold what they show.

    Raises
    ------
    IntegrityError
    """
    _require_none(path, [row for row in _schema(connection) if _pretends(row)])


@functools.cache
def _ours() -> tuple[frozenset[Row], frozenset[tuple[str, str, tuple[str, ...]]]]:
    """Return the schema of a new store, word by word and without its spaces and quotation marks."""
    connection = sqlite3.connect(":memory:")
    try:
        for statement in (*DDL, STAMP):
            connection.execute(statement)
        create_views(connection.execute)
        rows = _schema(connection)
    finally:
        connection.close()
    return frozenset(rows), frozenset(map(_key, rows))


def _schema(connection: sqlite3.Connection) -> list[Row]:
    return [
        tuple(None if one is None else one.decode("utf-8", "backslashreplace") for one in row)
        for row in connection.execute(_SCHEMA)
    ]


def _key(row: Row) -> tuple[str, str, tuple[str, ...]]:
    """Return what something is; the order of a table's constraints depends on the revisions that led there."""
    plain = _plain(row[3])
    table = _TABLE.fullmatch(plain)
    if table is None:
        return str(row[0]), str(row[1]), (plain,)
    columns, *constraints = table["body"].split(",constraint")
    return str(row[0]), str(row[1]), (table["begin"], columns, *sorted(constraints), table["end"])


def _plain(sql: object) -> str:
    """Return SQL in lower case without spaces, quotation marks and brackets around names."""
    # SQLite passes over a byte order mark before a word, too.
    return re.sub(r"[\s\ufeff\"'`\[\]]", "", sql).lower() if isinstance(sql, str) else ""


def _is_known(row: Row) -> bool:
    """Whether something belongs to the search's index, or to SQLite."""
    kind, name, table, sql = row
    plain = _plain(sql)
    if kind == "trigger":
        return table == "search_entry" and _KEPT.fullmatch(plain.rstrip(";")) is not None
    if kind == "index":
        # Made by SQLite itself for a key; what it covers stands in the table.
        return sql is None and str(name).startswith("sqlite_autoindex_")
    if name in _STATISTICS:
        return kind == "table" and plain.startswith(f"createtable{name}(")
    if not str(name).startswith("search_"):
        return False
    bare = re.sub(r"primarykey(\([a-z_,]*\))?|withoutrowid", "", plain)
    return kind == "table" and (_FULL_TEXT.fullmatch(plain) or _PLAIN.fullmatch(bare)) is not None


def _was_ours(row: Row) -> bool:
    """Whether something can be of an older store: its tables, plain indexes over columns, and its views."""
    kind, name, table, _ = row
    plain = _plain(row[3])
    if kind == "view":
        return name in VIEWS
    if table not in (*COLUMNS, "alembic_version"):
        return False
    if kind == "index":
        return _INDEX.fullmatch(plain) is not None
    return kind == "table" and plain.startswith(f"createtable{name}(") and not _computes(row)


def _pretends(row: Row) -> bool:
    """Whether something has the name of a table of ours, or makes one, and is not what it seems.

    What SQLite goes by is the SQL: kind and name beside it can say something else.
    """
    kind, name, _, sql = row
    made = _MADE.match(_plain(sql))
    if made is None and name not in COLUMNS:
        return bool(sql) and ("/*" in sql or "--" in sql)  # nothing of ours has comments, which could hide the name
    if kind != "table":
        return True
    return made is None or (made["what"], made["name"]) != ("table", name) or _computes(row)


def _computes(row: Row) -> bool:
    return "as(" in _plain(row[3])  # how a column, and nothing else in our tables, is computed


def _require_none(path: Path, strange: Sequence[Row]) -> None:
    if not strange:
        return
    told = [f"{_word(kind)} {_word(name)} (of {_word(table)})" for kind, name, table, _ in strange[:_NAMED]]
    more = [f"{len(strange) - _NAMED} more"] if len(strange) > _NAMED else []
    raise IntegrityError(
        f"{path}: the file holds what ensession does not make: {', '.join(told + more)}. It is damaged, or somebody "
        "prepared it, and was not read further; ens repair FILE OUT brings what can be believed into a new store"
    )


def _word(value: object) -> str:
    text = ascii(value) if not isinstance(value, str) or not value.isidentifier() else value
    return text[:_LONGEST_NAME]
