"""Files that somebody prepared: made with plain :mod:`sqlite3` from a recorded store, by whoever lacks only the key."""

from __future__ import annotations

import json
import pickle
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ensession.config import Config
from ensession.digests import payload_digest, source_digest
from ensession.errors import EnsessionError
from ensession.model import FileAccess, ModuleSource, Output
from ensession.store import Store
from ensession.store.chain import NONSENSE, ChainWalker
from ensession.store.engine import Access, Database
from ensession.store.lookup import version_digests
from ensession.store.reading import payload_parts
from tests.notebook import Notebook
from tests.store.kit import ENVIRONMENT, draft, payload

CELLS = (
    "import random\nn = 3",
    "squares = [i * i for i in range(5000)]\nprint('squares')",
    "class Point:\n    x = 1\npoint = Point()",
    "total = sum(squares)\ntotal",
)
EVIL = "<img src=x onerror=alert(1)><script>alert(2)</script>\x1b]0;gotcha\x07\x1b[2J\x9b31m\u202eevil\0\r\n\"'&"


class Canary:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def record(path: Path, canary: Path) -> None:
    """Record a store; its last cell and its last value would make ``canary`` where they are run or loaded."""
    notebook = Notebook(path).start("--all")
    notebook.run(*CELLS)
    notebook.kill()
    module = ModuleSource("mine", "/home/mine.py", source_digest(b"x = 1\n"), b"x = 1\n")
    with Store.open(path, Config()) as store:
        head, run = store.history.head(), store.log.begin_run(ENVIRONMENT).id
        assert head is not None
        last = draft(
            run,
            head,
            names=("evil",),
            reads=[binding.version.id for binding in store.history.state(head).values()],
            code=f"from pathlib import Path\nevil = Path({str(canary)!r}).touch()",
            outputs=(Output("stream", {"name": "stdout", "text": "hello"}),),
            files=(FileAccess("/home/data.csv", "r", 5, 1.5),),
            modules=(module,),
        )
        store.log.record(last, {0: payload(pickle.dumps(Canary(canary)))})
        store.refs.add_tag("first", head)


@contextmanager
def crafting(store: Path, path: Path, renew: Callable[[Path], None] | None = None) -> Iterator[sqlite3.Connection]:
    """Change a copy of a store with everything allowed; all digests are computed anew after it, and no seal is left."""
    shutil.copy(store, path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DELETE FROM seal")
        connection.execute("PRAGMA ignore_check_constraints = ON")
        yield connection
    (renew or renew_digests)(path)


def renew_digests(path: Path) -> None:
    """Compute all digests anew, as far as there are any: a ring of parents has none."""
    database = Database(path, Access.READ_WRITE, 1.0)
    try:
        with database.write() as connection:
            for id_, _, digest in ChainWalker(database).renewed():
                connection.execute("UPDATE execution SET digest = ? WHERE id = ?", (digest, id_))
            rows = connection.execute("SELECT version, codec, python FROM payload").fetchall()
            digests = version_digests(connection, [row[0] for row in rows])
            for version, codec, python in rows:
                made = payload_digest(digests[version], codec, python, payload_parts(database, version))
                connection.execute("UPDATE payload SET digest = ? WHERE version = ?", (made, version))
    except (EnsessionError, *NONSENSE):
        return
    finally:
        database.close()


def set_schema(connection: sqlite3.Connection, name: str, sql: str) -> None:
    """Let the schema say something else of a table, as it lies in the file."""
    connection.execute("PRAGMA writable_schema = ON")
    assert connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (sql, name)).rowcount == 1


def schema_of(connection: sqlite3.Connection, name: str) -> str:
    """Return what the schema says of a table."""
    (sql,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (name,)).fetchone()
    return str(sql)


def output(text: str) -> bytes:
    """Return the JSON text of a printed output."""
    return json.dumps({"name": "stdout", "text": text}).encode()
