"""Mutated stores, and the quick ways of reading one. A case is a number: the same number is the same store."""

from __future__ import annotations

import random
import signal
import sqlite3
import string
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from ensession.browse import Browser
from ensession.config import Config
from ensession.errors import EnsessionError
from ensession.model import Output
from ensession.store import Store, check_store
from ensession.store.tables import COLUMNS
from tests.figures import tried
from tests.hostile.kit import EVIL
from tests.store.kit import ENVIRONMENT, draft, payload
from tests.unit.markup import Markup

LONGEST_S = 20
"""No case takes so long, however busy the machine is."""


def small_store(path: Path) -> None:
    """Make a store with a little of everything, and a fork."""
    with Store.create_or_open(path, Config()) as store:
        run = store.log.begin_run(ENVIRONMENT).id
        one = store.log.record(
            draft(run, names=["a", "b"], outputs=(Output("stream", {"name": "stdout", "text": "hello"}),)),
            {0: payload(b"stream", [b"buffer" * 40])},
        )
        two = store.log.record(draft(run, one.id, names=["c"], reads=one.versions), {0: payload(b"other")})
        store.log.record(draft(run, two.id, names=["a"], deleted=["b"], reads=two.versions))
        fork = store.log.record(draft(run, one.id, names=["d"], code="%time d = 1"))
        store.refs.add_tag("here", fork.id)
        store.refs.add_branch("main", two.id)


class TookTooLongError(BaseException):
    """A case did not end; nothing that catches errors catches it."""


@contextmanager
def no_longer_than(seconds: int) -> Iterator[None]:
    """Raise where something takes longer."""

    def end(*_: object) -> None:
        raise TookTooLongError

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


class Fuzzer:
    """Mutates one store again and again, and reads what came out.

    Attributes
    ----------
    counts : Counter
        What came of the cases.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "mutated.ens"
        whole = folder / "whole.ens"
        small_store(whole)
        self.whole = whole.read_bytes()
        self.counts: Counter[str] = Counter()
        with closing(sqlite3.connect(whole)) as connection:
            self._rows = {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in COLUMNS}
        self._values = [value for rows in self._rows.values() for row in rows for value in row]
        self._filled = [table for table, rows in self._rows.items() if rows]

    def cases(self, seeds: Collection[int]) -> None:
        """Try cases; raises at the first that something else than an error of ours came of."""
        for seed in seeds:
            try:
                self.case(seed)
            except BaseException as error:
                error.add_note(f"case {seed}: python -m tests.hostile.fuzz {seed}")
                raise
        tried("a mutated store read by everything that reads", len(seeds))

    def case(self, seed: int) -> None:
        """Try one case."""
        numbers = random.Random(seed)
        for left in self.path.parent.glob(f"{self.path.name}-*"):
            left.unlink()
        self.path.write_bytes(self.whole)
        if numbers.random() < 0.4:
            self.path.write_bytes(self._mutated_bytes(numbers))
        else:
            self._mutate_rows(numbers)
        with no_longer_than(LONGEST_S):
            read_all(self.path, self.counts)

    def _mutated_bytes(self, numbers: random.Random) -> bytes:
        content = bytearray(self.whole)
        for _ in range(numbers.choice([1, 1, 2, 8])):
            kind, at = numbers.choice(["flip", "byte", "copy", "noise", "cut"]), self._place(numbers, len(content))
            n_bytes = min(numbers.choice([1, 2, 4, 32, 512]), len(content) - at)
            if kind == "flip":
                content[at] ^= 1 << numbers.randrange(8)
            elif kind == "byte":
                content[at] = numbers.choice([0, 1, 0x7F, 0x80, 0xFF])
            elif kind == "copy":
                other = self._place(numbers, max(len(content) - n_bytes, 1))
                content[at : at + n_bytes] = content[other : other + n_bytes]
            elif kind == "noise":
                content[at : at + n_bytes] = numbers.randbytes(n_bytes)
            elif numbers.random() < 0.1:
                del content[max(at, 1) :]
        return bytes(content)

    def _place(self, numbers: random.Random, size: int) -> int:
        """Return where to mutate: rather where there is something than in the empty middle of a page."""
        for _ in range(20):
            at = numbers.randrange(size)
            if self.whole[at] if at < len(self.whole) else False:
                return at
        return numbers.randrange(size)

    def _mutate_rows(self, numbers: random.Random) -> None:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            for pragma in ("synchronous = OFF", "journal_mode = MEMORY", "ignore_check_constraints = ON"):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("BEGIN")
            for _ in range(numbers.choice([1, 1, 1, 2, 5])):
                table = numbers.choice(self._filled)
                with suppress(sqlite3.IntegrityError):  # what SQLite itself does not put into a column
                    self._mutate_row(connection, numbers, table)
            connection.execute("COMMIT")

    def _mutate_row(self, connection: sqlite3.Connection, numbers: random.Random, table: str) -> None:
        columns = COLUMNS[table].split()
        row = list(numbers.choice(self._rows[table]))
        this = " AND ".join(f'"{name}" IS ?' for name in columns)
        kind = numbers.choice(["value", "value", "value", "value", "delete", "double", "swap"])
        place = numbers.randrange(len(columns))
        if kind == "delete":
            connection.execute(f"DELETE FROM {table} WHERE {this}", row)
        elif kind == "value":
            sql = f'UPDATE OR IGNORE {table} SET "{columns[place]}" = ? WHERE {this}'
            connection.execute(sql, [self._value(numbers), *row])
        elif kind == "double":
            row[place] = self._value(numbers)
            connection.execute(f"INSERT OR IGNORE INTO {table} VALUES ({','.join('?' * len(row))})", row)
        else:
            other = numbers.choice(self._rows[table])
            sql = f'UPDATE OR IGNORE {table} SET "{columns[place]}" = ? WHERE {this}'
            connection.execute(sql, [other[place], *row])

    def _value(self, numbers: random.Random) -> Any:
        return numbers.choice(
            [
                None,
                *(0, 1, -1, 2, 3, numbers.randrange(10), 2**31, 2**62, -(2**63), 2**63 - 1, numbers.randrange(2**40)),
                *(0.5, -1e300, float("inf"), 1e18),
                *("", "zzz", "../../x", EVIL, "[" * 2000, '["a", 5, null]', "{}", "9" * 50, "cell", "ambient", "zstd"),
                "".join(numbers.choices(string.printable, k=20)),
                *(b"", b"\xff", b"\x00" * 32, numbers.randbytes(32), b"\x28\xb5\x2f\xfd" + numbers.randbytes(12)),
                *numbers.choices(self._values, k=12),
            ]
        )


def read_all(path: Path, counts: Counter[str]) -> None:
    """Read a store in every quick way; each may end with an error of ours."""
    try:
        problems = check_store(path, Config())
        counts["found by the check" if problems else "not found by the check"] += 1
        browser = Browser(path)
    except EnsessionError as error:
        counts[f"refused: {error.kind}"] += 1
        return
    with browser:
        store = browser._store
        looks = [
            *(lambda: store.history.executions(), lambda: store.history.heads(), lambda: store.caveats()),
            *(lambda: store.history.graph(heads[-1]), lambda: store.history.changes(heads[-1])),
            *(lambda: store.parts.cells_before(heads[-1], 10), lambda: store.verify_chain(heads[-1])),
            *(lambda: store.history.line(heads[-1]), lambda: browser.runs(), lambda: browser.refs()),
            *(lambda: store.history.outputs(heads[0]), lambda: store.modules.of_line(heads[-1])),
            *(lambda: Markup(browser.state()._repr_html_()), lambda: repr(browser.states())),
            *(lambda: [repr(one) for one in browser.executions()], lambda: repr(browser.versions("a"))),
            lambda: repr(browser.path_to()),
        ]
        heads: list[Any] = [1]
        for look in looks:
            try:
                found = look()
            except EnsessionError:
                counts["a look ended with an error"] += 1
            else:
                counts["a look showed something"] += 1
                heads = found if found and isinstance(found, list) and isinstance(found[0], int) else heads


def main() -> None:
    """Replay cases."""
    import sys
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        fuzzer = Fuzzer(Path(folder))
        for seed in sys.argv[1:]:
            fuzzer.case(int(seed))
        print(dict(fuzzer.counts))


if __name__ == "__main__":
    main()
