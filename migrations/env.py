"""Alembic's environment: runs on the connection that the store hands over, inside its transaction."""

from __future__ import annotations

from alembic import context

from ensession.store.schema import BaseRow


def run() -> None:
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=BaseRow.metadata,
        # SQLite alters little in place: tables are copied, which needs the constraints' names.
        render_as_batch=True,
        compare_type=True,
        # One transaction for all revisions, begun and ended by the store.
        transaction_per_migration=False,
    )
    context.run_migrations()


run()
