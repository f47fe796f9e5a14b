"""Rows that somebody prepared: one way each, told in a line."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable

import zstandard

from tests.hostile.kit import EVIL, output

Craft = Callable[[sqlite3.Connection], object]


def chunk_bomb(connection: sqlite3.Connection) -> None:
    """Frames that claim to be gigabytes, that claim a chunk, and that claim nothing; each makes two gigabytes."""
    long = zstandard.ZstdCompressor().compressobj()
    endless = b"".join(long.compress(bytes(2**20)) for _ in range(2000)) + long.flush()
    ids = [row[0] for row in connection.execute("SELECT id FROM chunk ORDER BY id LIMIT 3")]
    for id_, n_bytes in zip(ids, (2**31, 2**18, -1), strict=True):
        connection.execute(
            "UPDATE chunk SET data = ?, n_bytes = ?, encoding = 'zstd' WHERE id = ?", (endless, n_bytes, id_)
        )


def manifest(connection: sqlite3.Connection) -> None:
    """A payload of a hundred thousand chunks in one part, all of them one chunk."""
    (version,) = connection.execute("SELECT max(version) FROM payload").fetchone()
    (chunk, n_bytes) = connection.execute("SELECT id, n_bytes FROM chunk ORDER BY n_bytes DESC LIMIT 1").fetchone()
    connection.execute("DELETE FROM payload_chunk WHERE payload = ?", (version,))
    rows = ((version, 0, seq, chunk) for seq in range(100_000))
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO payload_chunk VALUES (?, ?, ?, ?)", rows)
    connection.execute("COMMIT")
    connection.execute("UPDATE payload_part SET n_bytes = ? WHERE payload = ?", (n_bytes * 100_000, version))


def parts(connection: sqlite3.Connection) -> None:
    """Parts with numbers and sizes that can't be."""
    (version,) = connection.execute("SELECT max(version) FROM payload").fetchone()
    for part, n_bytes in [(-1, 5), (2**62, 2**62), (7, -(2**62)), (8, "9" * 40), (9, 2**40)]:
        connection.execute("INSERT INTO payload_part VALUES (?, ?, 'readonly', ?)", (version, part, n_bytes))
    connection.execute("UPDATE payload SET n_stream_bytes = ?, n_buffer_bytes = ?", (2**62, -5))


def output_bombs(connection: sqlite3.Connection) -> None:
    """Outputs that come to a hundred gigabytes, from a few megabytes."""
    text = output("a" * 2**26)
    small = zstandard.ZstdCompressor().compress(text)
    rows = ((6, seq, "stream", len(text), small) for seq in range(10, 1600))
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO output VALUES (?, ?, ?, ?, ?)", rows)
    connection.execute("COMMIT")


def output_trees(connection: sqlite3.Connection) -> None:
    """Outputs that are no object, or so deep that nothing can read them."""
    for seq, text in enumerate([b"[" * 200_000, b'{"a":' * 100_000, b"7", b'{"text": [1, {"x": null}]}', b"NaN"], 10):
        row = (6, seq, "stream", len(text), zstandard.ZstdCompressor().compress(text))
        connection.execute("INSERT INTO output VALUES (?, ?, ?, ?, ?)", row)


def words(connection: sqlite3.Connection) -> None:
    """What a page or a terminal would act on, in every text that is shown."""
    connection.execute("UPDATE execution SET code = ?, error = ?, cell_id = ?, caution = ?", (EVIL,) * 4)
    connection.execute("UPDATE execution SET no_replay = ?, not_captured = ?", (EVIL, EVIL))
    connection.execute("UPDATE binding SET type_name = ?, shape = ?, preview = ?", (EVIL,) * 3)
    connection.execute("UPDATE binding SET name = ? || name WHERE name IN ('n', 'squares')", (EVIL,))
    connection.execute("UPDATE version SET names = ? WHERE execution > 2", (json.dumps([EVIL, "total"]),))
    connection.execute("UPDATE tag SET name = ?", (EVIL,))
    connection.execute("INSERT INTO branch VALUES ('../../' || ?, 5, 0)", (EVIL,))
    connection.execute("UPDATE kernel_run SET python = ?, platform = ?, hostname = ?, cwd = ?", (EVIL,) * 4)
    connection.execute("UPDATE file_access SET path = ?, folder = ?", (EVIL, EVIL))
    connection.execute("INSERT INTO effect VALUES (6, 0, ?, ?)", (EVIL, EVIL))
    text = json.dumps({"data": {"text/html": EVIL, "text/plain": EVIL, "application/javascript": EVIL}, EVIL: EVIL})
    small = zstandard.ZstdCompressor().compress(text.encode())
    connection.execute("INSERT INTO output VALUES (6, 9, 'display_data', ?, ?)", (len(text.encode()), small))


def surrogates(connection: sqlite3.Connection) -> None:
    """Bytes that are no text, where texts are: half a pair of UTF-16, an overlong slash."""
    half = "CAST(x'eda080c0af' AS TEXT)"
    connection.execute(f"UPDATE execution SET code = {half} WHERE id = 5")
    connection.execute(f"UPDATE binding SET preview = {half} WHERE execution = 6")
    connection.execute(f"UPDATE tag SET name = {half}")


def paths(connection: sqlite3.Connection) -> None:
    """Ways out of a folder, devices, and names that no file system takes."""
    names = ["../" * 40 + "etc/passwd", "/dev/zero", "/proc/self/mem", "CON", "//host/share", "a" * 10**6, "\0", ""]
    for seq, name in enumerate(names, 10):
        connection.execute("INSERT INTO file_access VALUES (6, ?, ?, 'r', 5, 1.5, NULL, ?)", (seq, name, name))
        connection.execute("INSERT OR IGNORE INTO module SELECT 6, ?, ?, source FROM module LIMIT 1", (name, name))
    connection.execute("UPDATE kernel_run SET cwd = ?", (names[0],))
    connection.execute("UPDATE tag SET name = ?", (names[0],))


def devices(connection: sqlite3.Connection) -> None:
    """Files that are never read to the end, or wait for somebody."""
    for seq, name in enumerate(["/dev/zero", "/dev/stdin", "/dev/tty", "/proc/kmsg", "/dev/random"], 10):
        connection.execute("INSERT INTO file_access VALUES (6, ?, ?, 'r', 5, 1.5, x'00', '/dev')", (seq, name))


def ring(connection: sqlite3.Connection) -> None:
    """Three executions, each the parent of the next."""
    connection.execute("UPDATE execution SET parent = 4 WHERE id = 2")


def ring_behind(connection: sqlite3.Connection) -> None:
    """A ring of ranges that begin behind themselves."""
    connection.execute("UPDATE execution SET parent = 5, line_start = 6, kind = 'ambient' WHERE id >= 3")


def own_parent(connection: sqlite3.Connection) -> None:
    """An execution that is its own parent."""
    connection.execute("UPDATE execution SET parent = 6, line_start = 6 WHERE id = 6")


def own_parent_of_no_cell(connection: sqlite3.Connection) -> None:
    """The same, and no cell: a look for the last ten cells never finds one."""
    connection.execute("UPDATE execution SET parent = id, line_start = id, kind = 'ambient'")


def overlapping(connection: sqlite3.Connection) -> None:
    """Every execution claims that its line begins at the first."""
    connection.execute("UPDATE execution SET line_start = 1")


def requirements(connection: sqlite3.Connection) -> None:
    """Versions that need each other, and themselves."""
    ids = [row[0] for row in connection.execute("SELECT id FROM version")]
    connection.executemany("INSERT OR IGNORE INTO requirement VALUES (?, ?)", [(a, b) for a in ids for b in ids])
    connection.executemany("INSERT OR IGNORE INTO read VALUES (6, ?)", [(a,) for a in ids])


def megabytes(connection: sqlite3.Connection) -> None:
    """Texts of megabytes in the place of words."""
    connection.execute("UPDATE execution SET code = ?, no_replay = ? WHERE id = 5", ("x" * 2**21, "y " * 2**20))
    connection.execute("UPDATE binding SET preview = ?, shape = ? WHERE execution = 6", ("p" * 2**20, "s" * 2**20))
    connection.execute("UPDATE kernel_run SET packages = ?", (json.dumps({f"p{i}": "1" for i in range(200_000)}),))
    connection.execute("UPDATE version SET names = ? WHERE execution = 6", (json.dumps(["n"] * 300_000),))


def deep(connection: sqlite3.Connection) -> None:
    """JSON and code that are deeper than any stack."""
    connection.execute("UPDATE kernel_run SET packages = ?", ("[" * 100_000,))
    connection.execute("UPDATE version SET names = ? WHERE execution = 6", ("[" * 100_000,))
    connection.execute("UPDATE execution SET code = ? WHERE id = 6", ("(" * 50_000,))
    connection.execute("UPDATE execution SET code = ? WHERE id = 5", ("-" * 100_000 + "1",))
    connection.execute("INSERT INTO restore_run VALUES (1, NULL, NULL, 0, 0, 'x', ?)", ('{"loads":' + "[" * 100_000,))


def numbers(connection: sqlite3.Connection) -> None:
    """Numbers beyond 64 bit, that are text, that are none."""
    connection.execute("UPDATE version SET n_bytes = ?", (str(10**30),))
    connection.execute("UPDATE execution SET started_at = 9e999, runtime_s = -9e999, capture_s = 1e300")
    connection.execute("UPDATE payload SET n_stored_bytes = ?", (2**63 - 1,))
    connection.execute("UPDATE kernel_run SET pid = ?, started_at = ?", ("9" * 5000, -1e18))
    connection.execute("UPDATE tag SET execution = ?", (2**62,))
    connection.execute("UPDATE file_access SET size = ?, mtime = 'never'", (-(2**63),))
    connection.execute("INSERT INTO restore_run VALUES (1, 5, 5, 0, 0, 'x', ?)", ('{"loads": [["a", null]]}',))


def far_numbers(connection: sqlite3.Connection) -> None:
    """An execution with the highest number there is."""
    connection.execute("PRAGMA foreign_keys = OFF")
    for table, column in [
        ("execution", "id"),
        ("output", "execution"),
        ("version", "execution"),
        ("read", "execution"),
    ]:
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = 6", (2**63 - 1,))
    connection.execute("UPDATE binding SET execution = ? WHERE execution = 6", (2**63 - 1,))


def statistics(connection: sqlite3.Connection) -> None:
    """What ``ANALYZE`` leaves behind, with nonsense in it: allowed, for any tool makes it."""
    connection.execute("ANALYZE")
    connection.execute("UPDATE sqlite_stat1 SET stat = '0 -1 99999999999999999999 sz=-5', idx = 'nowhere'")


ROWS: list[Craft] = [
    *(chunk_bomb, manifest, parts, output_bombs, output_trees, words, surrogates, paths, devices, ring, ring_behind),
    *(own_parent, own_parent_of_no_cell, overlapping, requirements, megabytes, deep, numbers, far_numbers, statistics),
]

QUICK = (chunk_bomb, output_bombs, words, ring)
