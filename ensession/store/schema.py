"""The tables. Rows stay inside :mod:`ensession.store`; the wording of the format is docs/reference/format.md.

Few indexes: with pages of 32 KiB every page that a transaction touches costs 32 KiB of write-ahead log.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import (
    CheckConstraint,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

_CLUSTERED = {"sqlite_with_rowid": False}


class BaseRow(DeclarativeBase):
    """Base of all rows."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {str: Text, float: Double, bytes: LargeBinary, int: Integer}


class KernelRunRow(BaseRow):
    """One process that was attached to the store."""

    __tablename__ = "kernel_run"
    __table_args__ = (UniqueConstraint("uid"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str]
    started_at: Mapped[float]
    ended_at: Mapped[float | None]
    python: Mapped[str]
    implementation: Mapped[str]
    platform: Mapped[str]
    hostname: Mapped[str]
    pid: Mapped[int]
    cwd: Mapped[str]
    packages: Mapped[str]


class ExecutionRow(BaseRow):
    """One execution. ``line_start``: first of the unbroken row of ids that ends here, each the parent of the next."""

    __tablename__ = "execution"

    id: Mapped[int] = mapped_column(primary_key=True)
    parent: Mapped[int | None] = mapped_column(ForeignKey("execution.id"))
    line_start: Mapped[int]
    digest: Mapped[bytes]
    run: Mapped[int] = mapped_column(ForeignKey("kernel_run.id"))
    kind: Mapped[str]
    started_at: Mapped[float]
    runtime_s: Mapped[float]
    capture_s: Mapped[float]
    outcome: Mapped[str]
    cell_id: Mapped[str | None]
    no_replay: Mapped[str | None]
    not_captured: Mapped[str | None]
    error: Mapped[str | None]
    code: Mapped[str]
    caution: Mapped[str | None]


class OutputRow(BaseRow):
    """One output of an execution; ``data`` is JSON, compressed with zstd."""

    __tablename__ = "output"
    __table_args__ = _CLUSTERED

    execution: Mapped[int] = mapped_column(ForeignKey("execution.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    n_bytes: Mapped[int]
    data: Mapped[bytes]


class VersionRow(BaseRow):
    """One variable version; ``names`` is a JSON list. Its digest follows from its execution's and its ordinal."""

    __tablename__ = "version"
    __table_args__ = (UniqueConstraint("execution", "ordinal"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    execution: Mapped[int] = mapped_column(ForeignKey("execution.id"))
    ordinal: Mapped[int]
    names: Mapped[str]
    fingerprint: Mapped[bytes | None]
    n_bytes: Mapped[int]
    unstorable: Mapped[str | None]


class BindingRow(BaseRow):
    """An execution bound a name to a version that it made, or deleted the name (NULL)."""

    __tablename__ = "binding"
    __table_args__ = _CLUSTERED

    execution: Mapped[int] = mapped_column(ForeignKey("execution.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int | None] = mapped_column(ForeignKey("version.id"))
    type_name: Mapped[str | None]
    shape: Mapped[str | None]
    preview: Mapped[str | None]


class ReadRow(BaseRow):
    """An execution used a version."""

    __tablename__ = "read"
    __table_args__ = _CLUSTERED

    execution: Mapped[int] = mapped_column(ForeignKey("execution.id"), primary_key=True)
    version: Mapped[int] = mapped_column(ForeignKey("version.id"), primary_key=True)


class RequirementRow(BaseRow):
    """Loading a version needs another one live."""

    __tablename__ = "requirement"
    __table_args__ = _CLUSTERED

    version: Mapped[int] = mapped_column(ForeignKey("version.id"), primary_key=True)
    requires: Mapped[int] = mapped_column(ForeignKey("version.id"), primary_key=True)


class PayloadRow(BaseRow):
    """The payload of a version is complete in the store; ``n_stored_bytes`` counts shared chunks too."""

    __tablename__ = "payload"

    version: Mapped[int] = mapped_column(ForeignKey("version.id"), primary_key=True)
    codec: Mapped[str]
    python: Mapped[str]
    digest: Mapped[bytes]
    n_stream_bytes: Mapped[int]
    n_buffer_bytes: Mapped[int]
    n_stored_bytes: Mapped[int]


class PayloadPartRow(BaseRow):
    """Part 0 of a payload is the pickle stream (mode ``stream``), the others are its buffers, in order."""

    __tablename__ = "payload_part"
    __table_args__ = _CLUSTERED

    payload: Mapped[int] = mapped_column(ForeignKey("payload.version"), primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True)
    mode: Mapped[str]
    n_bytes: Mapped[int]


class PayloadChunkRow(BaseRow):
    """The chunks of a part, in order."""

    __tablename__ = "payload_chunk"
    __table_args__ = (
        ForeignKeyConstraint(["payload", "part"], ["payload_part.payload", "payload_part.part"]),
        _CLUSTERED,
    )

    payload: Mapped[int] = mapped_column(primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    chunk: Mapped[int] = mapped_column(ForeignKey("chunk.id"))


class ChunkRow(BaseRow):
    """A piece of payloads, stored once. ``address`` and ``n_bytes`` are of the plain bytes."""

    __tablename__ = "chunk"
    __table_args__ = (UniqueConstraint("address"), CheckConstraint("encoding IN ('raw', 'zstd')", name="encoding"))

    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[bytes]
    n_bytes: Mapped[int]
    encoding: Mapped[str]
    data: Mapped[bytes]


class FileAccessRow(BaseRow):
    """A file that an execution opened."""

    __tablename__ = "file_access"
    __table_args__ = _CLUSTERED

    execution: Mapped[int] = mapped_column(ForeignKey("execution.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str]
    mode: Mapped[str]
    size: Mapped[int | None]
    mtime: Mapped[float | None]
    content_hash: Mapped[bytes | None]
    folder: Mapped[str | None]


class EffectRow(BaseRow):
    """Something an execution did to the world outside."""

    __tablename__ = "effect"
    __table_args__ = _CLUSTERED

    execution: Mapped[int] = mapped_column(ForeignKey("execution.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    detail: Mapped[str]


class TagRow(BaseRow):
    """A fixed name for a state."""

    __tablename__ = "tag"
    __table_args__ = _CLUSTERED

    name: Mapped[str] = mapped_column(primary_key=True)
    execution: Mapped[int] = mapped_column(ForeignKey("execution.id"))
    created_at: Mapped[float]


class BranchRow(BaseRow):
    """A moving name for a state."""

    __tablename__ = "branch"
    __table_args__ = _CLUSTERED

    name: Mapped[str] = mapped_column(primary_key=True)
    execution: Mapped[int] = mapped_column(ForeignKey("execution.id"))
    moved_at: Mapped[float]


class RestoreRunRow(BaseRow):
    """A checkout or restore that was carried out; ``plan`` and ``report`` are JSON."""

    __tablename__ = "restore_run"

    id: Mapped[int] = mapped_column(primary_key=True)
    run: Mapped[int | None] = mapped_column(ForeignKey("kernel_run.id"))
    target: Mapped[int | None] = mapped_column(ForeignKey("execution.id"))
    started_at: Mapped[float]
    duration_s: Mapped[float]
    plan: Mapped[str]
    report: Mapped[str]


class SealRow(BaseRow):
    """A key owner's message authentication code over a digest."""

    __tablename__ = "seal"
    __table_args__ = _CLUSTERED

    subject: Mapped[bytes] = mapped_column(primary_key=True)
    key_id: Mapped[bytes] = mapped_column(primary_key=True)
    mac: Mapped[bytes]


class WordRow(BaseRow):
    """What the user says of an execution: ``always``, ``never``, ``allow``."""

    __tablename__ = "word"
    __table_args__ = _CLUSTERED

    execution: Mapped[int] = mapped_column(ForeignKey("execution.id"), primary_key=True)
    word: Mapped[str] = mapped_column(primary_key=True)
    given_at: Mapped[float]


class NameWordRow(BaseRow):
    """What the user says of a variable: ``ignore``, ``pin``."""

    __tablename__ = "name_word"
    __table_args__ = _CLUSTERED

    name: Mapped[str] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(primary_key=True)
    given_at: Mapped[float]


class ModuleSourceRow(BaseRow):
    """The source of a module, stored once. ``digest`` and ``n_bytes`` are of the plain bytes; ``data`` is zstd."""

    __tablename__ = "module_source"
    __table_args__ = (UniqueConstraint("digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    n_bytes: Mapped[int]
    data: Mapped[bytes]


class ModuleRow(BaseRow):
    """An execution imported a module of the user's own, or imported it anew after it changed."""

    __tablename__ = "module"
    __table_args__ = _CLUSTERED

    execution: Mapped[int] = mapped_column(ForeignKey("execution.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    path: Mapped[str]
    source: Mapped[int] = mapped_column(ForeignKey("module_source.id"))
