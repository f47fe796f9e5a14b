"""SQL made from the tables' columns, once: :mod:`ensession.store` runs it through the driver."""

from __future__ import annotations

from ensession.store.tables import COLUMNS


def insert_sql(table: str) -> str:
    """Return ``INSERT INTO table (all columns, in order) VALUES (?, …)``."""
    columns = COLUMNS[table].split()
    names = ", ".join(f'"{name}"' for name in columns)
    marks = ", ".join("?" * len(columns))
    return f'INSERT INTO "{table}" ({names}) VALUES ({marks})'  # noqa: S608 - made of the tables' own names
