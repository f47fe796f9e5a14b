"""SQL made from the models, once: :mod:`ensession.store` runs it through the driver, the models stay the source."""

from __future__ import annotations

from sqlalchemy.dialects import sqlite

from ensession.store.schema import BaseRow


def insert_sql(table: str) -> str:
    """Return ``INSERT INTO table (all columns, in order) VALUES (?, …)``."""
    return str(BaseRow.metadata.tables[table].insert().compile(dialect=sqlite.dialect(paramstyle="qmark")))
