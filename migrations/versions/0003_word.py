"""The user's word, cautions, folders of relative paths, and the sources of the user's own modules.

Revision 0003.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns that are empty in what older versions recorded, and tables."""
    op.add_column("execution", sa.Column("caution", sa.Text()))
    op.add_column("file_access", sa.Column("folder", sa.Text()))
    op.create_table(
        "word",
        sa.Column("execution", sa.Integer(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("given_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["execution"], ["execution.id"], name="fk_word_execution_execution"),
        sa.PrimaryKeyConstraint("execution", "word", name="pk_word"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "name_word",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("given_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", "word", name="pk_name_word"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "module_source",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("n_bytes", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_module_source"),
        sa.UniqueConstraint("digest", name="uq_module_source_digest"),
    )
    op.create_table(
        "module",
        sa.Column("execution", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("source", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["execution"], ["execution.id"], name="fk_module_execution_execution"),
        sa.ForeignKeyConstraint(["source"], ["module_source.id"], name="fk_module_source_module_source"),
        sa.PrimaryKeyConstraint("execution", "name", name="pk_module"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    raise NotImplementedError("stores are never downgraded: every upgrade leaves a backup copy")
