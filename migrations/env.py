"""Alembic's environment: runs on the connection that the store hands over, inside its transaction."""

from __future__ import annotations

from alembic import context

from ensession.store.schema import BaseRow
from ensession.store.views import create_views, drop_views


def run() -> None:
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=BaseRow.metadata,
        # SQLite alters little in place: tables are copied, which needs the constraints' names.
        render_as_batch=True,
        compare_type=True,
        # One transaction for all revisions, begun and ended by the store.
        transaction_per_migration=False,
    )
    drop_views(connection.exec_driver_sql, connection.connection.driver_connection)
    context.run_migrations()
    create_views(connection.exec_driver_sql)


run()
