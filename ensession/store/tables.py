"""The tables as SQL. Written by ``python migrations/freeze.py`` from the models; do not edit."""

from __future__ import annotations

COLUMNS: dict[str, str] = {
    "chunk": "id address n_bytes encoding data ",
    "kernel_run": "id uid started_at ended_at python implementation platform hostname pid cwd packages ",
    "module_source": "id digest n_bytes data ",
    "name_word": "name word given_at ",
    "seal": "subject key_id mac ",
    "execution": "id parent line_start digest run kind started_at runtime_s capture_s outcome cell_id "
    "no_replay not_captured error code caution ",
    "branch": "name execution moved_at ",
    "effect": "execution seq kind detail ",
    "file_access": "execution seq path mode size mtime content_hash folder ",
    "module": "execution name path source ",
    "output": "execution seq kind n_bytes data ",
    "restore_run": "id run target started_at duration_s plan report ",
    "tag": "name execution created_at ",
    "version": "id execution ordinal names fingerprint n_bytes unstorable ",
    "word": "execution word given_at ",
    "binding": "execution name version type_name shape preview ",
    "payload": "version codec python digest n_stream_bytes n_buffer_bytes n_stored_bytes ",
    "read": "execution version ",
    "requirement": "version requires ",
    "payload_part": "payload part mode n_bytes ",
    "payload_chunk": "payload part seq chunk ",
}
"""The columns of each table, in order."""

DDL: tuple[str, ...] = (
    """CREATE TABLE chunk (
    id INTEGER NOT NULL,
    address BLOB NOT NULL,
    n_bytes INTEGER NOT NULL,
    encoding TEXT NOT NULL,
    data BLOB NOT NULL,
    CONSTRAINT pk_chunk PRIMARY KEY (id),
    CONSTRAINT uq_chunk_address UNIQUE (address),
    CONSTRAINT ck_chunk_encoding CHECK (encoding IN ('raw', 'zstd'))
)""",
    """CREATE TABLE kernel_run (
    id INTEGER NOT NULL,
    uid TEXT NOT NULL,
    started_at DOUBLE NOT NULL,
    ended_at DOUBLE,
    python TEXT NOT NULL,
    implementation TEXT NOT NULL,
    platform TEXT NOT NULL,
    hostname TEXT NOT NULL,
    pid INTEGER NOT NULL,
    cwd TEXT NOT NULL,
    packages TEXT NOT NULL,
    CONSTRAINT pk_kernel_run PRIMARY KEY (id),
    CONSTRAINT uq_kernel_run_uid UNIQUE (uid)
)""",
    """CREATE TABLE module_source (
    id INTEGER NOT NULL,
    digest BLOB NOT NULL,
    n_bytes INTEGER NOT NULL,
    data BLOB NOT NULL,
    CONSTRAINT pk_module_source PRIMARY KEY (id),
    CONSTRAINT uq_module_source_digest UNIQUE (digest)
)""",
    """CREATE TABLE name_word (
    name TEXT NOT NULL,
    word TEXT NOT NULL,
    given_at DOUBLE NOT NULL,
    CONSTRAINT pk_name_word PRIMARY KEY (name, word)
)
 WITHOUT ROWID""",
    """CREATE TABLE seal (
    subject BLOB NOT NULL,
    key_id BLOB NOT NULL,
    mac BLOB NOT NULL,
    CONSTRAINT pk_seal PRIMARY KEY (subject, key_id)
)
 WITHOUT ROWID""",
    """CREATE TABLE execution (
    id INTEGER NOT NULL,
    parent INTEGER,
    line_start INTEGER NOT NULL,
    digest BLOB NOT NULL,
    run INTEGER NOT NULL,
    kind TEXT NOT NULL,
    started_at DOUBLE NOT NULL,
    runtime_s DOUBLE NOT NULL,
    capture_s DOUBLE NOT NULL,
    outcome TEXT NOT NULL,
    cell_id TEXT,
    no_replay TEXT,
    not_captured TEXT,
    error TEXT,
    code TEXT NOT NULL,
    caution TEXT,
    CONSTRAINT pk_execution PRIMARY KEY (id),
    CONSTRAINT fk_execution_parent_execution FOREIGN KEY(parent) REFERENCES execution (id),
    CONSTRAINT fk_execution_run_kernel_run FOREIGN KEY(run) REFERENCES kernel_run (id)
)""",
    """CREATE TABLE branch (
    name TEXT NOT NULL,
    execution INTEGER NOT NULL,
    moved_at DOUBLE NOT NULL,
    CONSTRAINT pk_branch PRIMARY KEY (name),
    CONSTRAINT fk_branch_execution_execution FOREIGN KEY(execution) REFERENCES execution (id)
)
 WITHOUT ROWID""",
    """CREATE TABLE effect (
    execution INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL,
    CONSTRAINT pk_effect PRIMARY KEY (execution, seq),
    CONSTRAINT fk_effect_execution_execution FOREIGN KEY(execution) REFERENCES execution (id)
)
 WITHOUT ROWID""",
    """CREATE TABLE file_access (
    execution INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    path TEXT NOT NULL,
    mode TEXT NOT NULL,
    size INTEGER,
    mtime DOUBLE,
    content_hash BLOB,
    folder TEXT,
    CONSTRAINT pk_file_access PRIMARY KEY (execution, seq),
    CONSTRAINT fk_file_access_execution_execution FOREIGN KEY(execution) REFERENCES execution (id)
)
 WITHOUT ROWID""",
    """CREATE TABLE module (
    execution INTEGER NOT NULL,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    source INTEGER NOT NULL,
    CONSTRAINT pk_module PRIMARY KEY (execution, name),
    CONSTRAINT fk_module_execution_execution FOREIGN KEY(execution) REFERENCES execution (id),
    CONSTRAINT fk_module_source_module_source FOREIGN KEY(source) REFERENCES module_source (id)
)
 WITHOUT ROWID""",
    """CREATE TABLE output (
    execution INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    n_bytes INTEGER NOT NULL,
    data BLOB NOT NULL,
    CONSTRAINT pk_output PRIMARY KEY (execution, seq),
    CONSTRAINT fk_output_execution_execution FOREIGN KEY(execution) REFERENCES execution (id)
)
 WITHOUT ROWID""",
    """CREATE TABLE restore_run (
    id INTEGER NOT NULL,
    run INTEGER,
    target INTEGER,
    started_at DOUBLE NOT NULL,
    duration_s DOUBLE NOT NULL,
    "plan" TEXT NOT NULL,
    report TEXT NOT NULL,
    CONSTRAINT pk_restore_run PRIMARY KEY (id),
    CONSTRAINT fk_restore_run_run_kernel_run FOREIGN KEY(run) REFERENCES kernel_run (id),
    CONSTRAINT fk_restore_run_target_execution FOREIGN KEY(target) REFERENCES execution (id)
)""",
    """CREATE TABLE tag (
    name TEXT NOT NULL,
    execution INTEGER NOT NULL,
    created_at DOUBLE NOT NULL,
    CONSTRAINT pk_tag PRIMARY KEY (name),
    CONSTRAINT fk_tag_execution_execution FOREIGN KEY(execution) REFERENCES execution (id)
)
 WITHOUT ROWID""",
    """CREATE TABLE version (
    id INTEGER NOT NULL,
    execution INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    names TEXT NOT NULL,
    fingerprint BLOB,
    n_bytes INTEGER NOT NULL,
    unstorable TEXT,
    CONSTRAINT pk_version PRIMARY KEY (id),
    CONSTRAINT uq_version_execution UNIQUE (execution, ordinal),
    CONSTRAINT fk_version_execution_execution FOREIGN KEY(execution) REFERENCES execution (id)
)""",
    """CREATE TABLE word (
    execution INTEGER NOT NULL,
    word TEXT NOT NULL,
    given_at DOUBLE NOT NULL,
    CONSTRAINT pk_word PRIMARY KEY (execution, word),
    CONSTRAINT fk_word_execution_execution FOREIGN KEY(execution) REFERENCES execution (id)
)
 WITHOUT ROWID""",
    """CREATE TABLE binding (
    execution INTEGER NOT NULL,
    name TEXT NOT NULL,
    version INTEGER,
    type_name TEXT,
    shape TEXT,
    preview TEXT,
    CONSTRAINT pk_binding PRIMARY KEY (execution, name),
    CONSTRAINT fk_binding_execution_execution FOREIGN KEY(execution) REFERENCES execution (id),
    CONSTRAINT fk_binding_version_version FOREIGN KEY(version) REFERENCES version (id)
)
 WITHOUT ROWID""",
    """CREATE TABLE payload (
    version INTEGER NOT NULL,
    codec TEXT NOT NULL,
    python TEXT NOT NULL,
    digest BLOB NOT NULL,
    n_stream_bytes INTEGER NOT NULL,
    n_buffer_bytes INTEGER NOT NULL,
    n_stored_bytes INTEGER NOT NULL,
    CONSTRAINT pk_payload PRIMARY KEY (version),
    CONSTRAINT fk_payload_version_version FOREIGN KEY(version) REFERENCES version (id)
)""",
    """CREATE TABLE read (
    execution INTEGER NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_read PRIMARY KEY (execution, version),
    CONSTRAINT fk_read_execution_execution FOREIGN KEY(execution) REFERENCES execution (id),
    CONSTRAINT fk_read_version_version FOREIGN KEY(version) REFERENCES version (id)
)
 WITHOUT ROWID""",
    """CREATE TABLE requirement (
    version INTEGER NOT NULL,
    requires INTEGER NOT NULL,
    CONSTRAINT pk_requirement PRIMARY KEY (version, requires),
    CONSTRAINT fk_requirement_version_version FOREIGN KEY(version) REFERENCES version (id),
    CONSTRAINT fk_requirement_requires_version FOREIGN KEY(requires) REFERENCES version (id)
)
 WITHOUT ROWID""",
    """CREATE TABLE payload_part (
    payload INTEGER NOT NULL,
    part INTEGER NOT NULL,
    mode TEXT NOT NULL,
    n_bytes INTEGER NOT NULL,
    CONSTRAINT pk_payload_part PRIMARY KEY (payload, part),
    CONSTRAINT fk_payload_part_payload_payload FOREIGN KEY(payload) REFERENCES payload (version)
)
 WITHOUT ROWID""",
    """CREATE TABLE payload_chunk (
    payload INTEGER NOT NULL,
    part INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    chunk INTEGER NOT NULL,
    CONSTRAINT pk_payload_chunk PRIMARY KEY (payload, part, seq),
    CONSTRAINT fk_payload_chunk_payload_payload_part FOREIGN KEY(payload, part) REFERENCES payload_part (payload, part),
    CONSTRAINT fk_payload_chunk_chunk_chunk FOREIGN KEY(chunk) REFERENCES chunk (id)
)
 WITHOUT ROWID""",
)
"""What makes an empty store, in order."""
