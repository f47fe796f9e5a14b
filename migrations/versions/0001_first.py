"""The first format.

Revision 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _executions()
    _surroundings()
    _versions()
    _payloads()
    _marks()


def _executions() -> None:
    """Create kernel runs and executions."""
    op.create_table(
        "kernel_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.Column("python", sa.Text(), nullable=False),
        sa.Column("implementation", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("hostname", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("cwd", sa.Text(), nullable=False),
        sa.Column("packages", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kernel_run")),
        sa.UniqueConstraint("uid", name=op.f("uq_kernel_run_uid")),
    )
    op.create_table(
        "execution",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("parent", sa.Integer(), nullable=True),
        sa.Column("line_start", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("runtime_s", sa.Double(), nullable=False),
        sa.Column("capture_s", sa.Double(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("cell_id", sa.Text(), nullable=True),
        sa.Column("no_replay", sa.Text(), nullable=True),
        sa.Column("not_captured", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["parent"], ["execution.id"], name=op.f("fk_execution_parent_execution")),
        sa.ForeignKeyConstraint(["run"], ["kernel_run.id"], name=op.f("fk_execution_run_kernel_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_execution")),
    )


def _surroundings() -> None:
    """Create what is told of executions: outputs, files, effects."""
    op.create_table(
        "output",
        sa.Column("execution", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("n_bytes", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["execution"], ["execution.id"], name=op.f("fk_output_execution_execution")),
        sa.PrimaryKeyConstraint("execution", "seq", name=op.f("pk_output")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "file_access",
        sa.Column("execution", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("mtime", sa.Double(), nullable=True),
        sa.Column("content_hash", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["execution"], ["execution.id"], name=op.f("fk_file_access_execution_execution")),
        sa.PrimaryKeyConstraint("execution", "seq", name=op.f("pk_file_access")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "effect",
        sa.Column("execution", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["execution"], ["execution.id"], name=op.f("fk_effect_execution_execution")),
        sa.PrimaryKeyConstraint("execution", "seq", name=op.f("pk_effect")),
        sqlite_with_rowid=False,
    )


def _versions() -> None:
    """Create names, versions and how they hang together."""
    op.create_table(
        "version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("execution", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("names", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=True),
        sa.Column("n_bytes", sa.Integer(), nullable=False),
        sa.Column("unstorable", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["execution"], ["execution.id"], name=op.f("fk_version_execution_execution")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_version")),
        sa.UniqueConstraint("execution", "ordinal", name=op.f("uq_version_execution")),
    )
    op.create_table(
        "binding",
        sa.Column("execution", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("type_name", sa.Text(), nullable=True),
        sa.Column("shape", sa.Text(), nullable=True),
        sa.Column("preview", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["execution"], ["execution.id"], name=op.f("fk_binding_execution_execution")),
        sa.ForeignKeyConstraint(["version"], ["version.id"], name=op.f("fk_binding_version_version")),
        sa.PrimaryKeyConstraint("execution", "name", name=op.f("pk_binding")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "read",
        sa.Column("execution", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["execution"], ["execution.id"], name=op.f("fk_read_execution_execution")),
        sa.ForeignKeyConstraint(["version"], ["version.id"], name=op.f("fk_read_version_version")),
        sa.PrimaryKeyConstraint("execution", "version", name=op.f("pk_read")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "requirement",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("requires", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["requires"], ["version.id"], name=op.f("fk_requirement_requires_version")),
        sa.ForeignKeyConstraint(["version"], ["version.id"], name=op.f("fk_requirement_version_version")),
        sa.PrimaryKeyConstraint("version", "requires", name=op.f("pk_requirement")),
        sqlite_with_rowid=False,
    )


def _payloads() -> None:
    """Create payloads and chunks."""
    op.create_table(
        "chunk",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("n_bytes", sa.Integer(), nullable=False),
        sa.Column("encoding", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("encoding IN ('raw', 'zstd')", name=op.f("ck_chunk_encoding")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chunk")),
        sa.UniqueConstraint("address", name=op.f("uq_chunk_address")),
    )
    op.create_table(
        "payload",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("codec", sa.Text(), nullable=False),
        sa.Column("python", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("n_stream_bytes", sa.Integer(), nullable=False),
        sa.Column("n_buffer_bytes", sa.Integer(), nullable=False),
        sa.Column("n_stored_bytes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["version"], ["version.id"], name=op.f("fk_payload_version_version")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_payload")),
    )
    op.create_table(
        "payload_part",
        sa.Column("payload", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("n_bytes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["payload"], ["payload.version"], name=op.f("fk_payload_part_payload_payload")),
        sa.PrimaryKeyConstraint("payload", "part", name=op.f("pk_payload_part")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "payload_chunk",
        sa.Column("payload", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("chunk", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["chunk"], ["chunk.id"], name=op.f("fk_payload_chunk_chunk_chunk")),
        sa.ForeignKeyConstraint(
            ["payload", "part"],
            ["payload_part.payload", "payload_part.part"],
            name=op.f("fk_payload_chunk_payload_payload_part"),
        ),
        sa.PrimaryKeyConstraint("payload", "part", "seq", name=op.f("pk_payload_chunk")),
        sqlite_with_rowid=False,
    )


def _marks() -> None:
    """Create what points at states and digests."""
    op.create_table(
        "tag",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("execution", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["execution"], ["execution.id"], name=op.f("fk_tag_execution_execution")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_tag")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "branch",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("execution", sa.Integer(), nullable=False),
        sa.Column("moved_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["execution"], ["execution.id"], name=op.f("fk_branch_execution_execution")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_branch")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "restore_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=True),
        sa.Column("target", sa.Integer(), nullable=True),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("duration_s", sa.Double(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["kernel_run.id"], name=op.f("fk_restore_run_run_kernel_run")),
        sa.ForeignKeyConstraint(["target"], ["execution.id"], name=op.f("fk_restore_run_target_execution")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restore_run")),
    )
    op.create_table(
        "seal",
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.LargeBinary(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "key_id", name=op.f("pk_seal")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    raise NotImplementedError("stores are never downgraded: every upgrade leaves a backup copy")
