"""Random programs are run in a namespace that takes notes; the analysis must have foreseen all of it.

The programs are drawn by a plain random generator, from a seed: hypothesis' own strategies keep to small programs,
and missed most of the faults that were put into the analysis to try this test.
"""

from __future__ import annotations

import contextlib
import textwrap
from random import Random

from hypothesis import given, note, settings
from hypothesis import strategies as st

from ensession.capture.names import CellNames, analyse_cell

NAMES = ("a", "b", "c", "d")
N_RUNS = 6


class Old(int):
    """A value from before the cell. Arithmetic gives plain integers, so no other name ever holds one."""


class Stop(Exception):
    """What programs raise and catch."""


class Exhausted(BaseException):
    """The program has run for long enough; every loop and every call asks."""


class Namespace(dict[str, object]):
    """Notes which names gave an old value when they were read, and whose old values were still there by then."""

    def __init__(self, random: Random) -> None:
        super().__init__({name: Old(random.randrange(2)) for name in NAMES})
        self.random = random
        self.reads: list[tuple[str, set[str]]] = []
        self.n_calls = 0
        self.update(Stop=Stop, suppress=contextlib.suppress, call=self.call, risk=self.risk, some=self.some)
        self.update(unbound=NameError)

    def __getitem__(self, name: str) -> object:
        value = super().__getitem__(name)
        if isinstance(value, Old):
            self.reads.append((name, self.old()))
        return value

    def __delitem__(self, name: str) -> None:
        if isinstance(self.get(name), Old):
            self.reads.append((name, self.old()))
        super().__delitem__(name)

    def old(self) -> set[str]:
        return {name for name in NAMES if isinstance(self.get(name), Old)}

    def tick(self) -> None:
        self.n_calls += 1
        if self.n_calls > 200:
            raise Exhausted

    def risk(self, *_: object) -> int:
        self.tick()
        if self.random.random() < 0.15:
            raise Stop
        return self.random.randrange(2)

    def some(self, *_: object) -> list[int]:
        return [self.random.randrange(2)] * self.random.randrange(3)

    def call(self, value: object) -> int:
        self.tick()
        return int(value()) if callable(value) else 0


class Author:
    """Writes a program."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def name(self) -> str:
        return self.random.choice(NAMES)

    def text(self, form: str, depth: int) -> str:
        """Fill a form: N a name, E an expression, B a block."""
        parts = []
        for letter in form:
            if letter == "N":
                parts.append(self.name())
            elif letter == "E":
                parts.append(self.expression(depth - 1))
            elif letter == "B":
                parts.append(self.block(depth - 1))
            else:
                parts.append(letter)
        return "".join(parts)

    def expression(self, depth: int) -> str:
        simple = ["(N + 0)", "(N + 0)", "0", "1", "risk()"]
        return self.text(self.random.choice(simple if depth <= 0 else simple + EXPRESSIONS), depth)

    def block(self, depth: int) -> str:
        lines = "".join(self.statement(depth) for _ in range(self.random.randint(1, 3)))
        return "\n" + textwrap.indent(lines, "    ")

    def statement(self, depth: int) -> str:
        forms = SIMPLE if depth <= 0 or self.random.random() < 0.5 else COMPOUND
        return self.text(self.random.choice(forms), depth)

    def program(self) -> str:
        look = "".join(f"with suppress(NameError):\n    call({name})\n" for name in NAMES)
        return "".join(self.statement(3) for _ in range(self.random.randint(1, 4))) + look


EXPRESSIONS = [
    *("(E + E)", "(E and E)", "(E or E)", "(E if E else E)", "(E < E < E)", "(N := E)", "(N := E)"),
    *("sum([N + 0 for N in some(E) if E])", "sum([E for N in some() for N in some(E)])"),
    *("sum(N + 0 for N in some(E) if E)", "len({E: E, E: E})", "call(lambda N=E: E)", "risk(E, *[E])"),
]
SIMPLE = [
    *("N = E\n", "N = E\n", "N = E\n", "N, N = E, E\n", "N += E\n", "E\n", "del N\n", "call(N)\n", "assert E, E\n"),
    *("raise Stop\n", "pass\n", "global N\n", "break\n", "continue\n", "return E\n"),
]
COMPOUND = [
    *("if E:B", "if E:Belse:B", "for N in some(E):Belse:B", "for N in some(E):B", "while risk(E):B"),
    *("while risk(E):Belse:B", "while True:\n    risk()B", "try:Bexcept Stop:B", "try:Bexcept Stop as N:Belse:B"),
    *("try:Bfinally:B", "try:Bexcept unbound:Bfinally:B", "with suppress(Stop, unbound):B"),
    *("with suppress(Stop) as N, suppress(unbound) as N:B", "match E:\n    case 0:{}    case N if E:{}    case _:{}"),
    *("match [E, E]:\n    case [0, N] | [N, 0]:{}", "def N(p=E):B", "def N():\n    global N, NB    return E\n"),
    *(
        "class N:B",
        "class N:\n    def __new__(cls):\n        return EB",
        "class N:\n    global NB",
        "class N:\n    N = E\n    del N\n    N = E\n",
    ),
]


def compiles(source: str) -> bool:
    try:
        compile(source, "<cell>", "exec")
    except SyntaxError:
        return False
    return True


def some_program(seed: int) -> str:
    author = Author(seed)
    while True:
        # Blocks within a match are one level deeper.
        source = author.program().replace("{}", "\n        pass\n")
        if compiles(source):
            return source


def check_run(source: str, foreseen: CellNames, random: Random) -> None:
    namespace = Namespace(random)
    with contextlib.suppress(Stop, Exhausted, NameError, AssertionError, TypeError):
        exec(compile(source, "<cell>", "exec"), namespace)
    for name, still_old in namespace.reads:
        assert name in foreseen.exposed
        assert not foreseen.exposed[name] & still_old
        assert name in foreseen.loads | foreseen.deletes
    assert {name for name in NAMES if name in namespace} - namespace.old() <= foreseen.stores
    assert {name for name in NAMES if name not in namespace} <= foreseen.deletes


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**64))
def test_nothing_happens_that_was_not_foreseen(seed: int) -> None:
    source = some_program(seed)
    note(source)
    foreseen = analyse_cell(source, str)
    assert foreseen.dynamic is None
    for run in range(N_RUNS):
        check_run(source, foreseen, Random(seed + run))
