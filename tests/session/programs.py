"""Random notebooks, made to be hard on a recorder: aliases, views, closures, classes that change, failures.

A name's first letter says what it mostly holds, so that most statements make sense; those that don't end their
cell midway, which has to be recorded as well.
"""
# ruff: noqa: E501  (the same: one template, one line)

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

PRELUDE = """\
import random, functools, collections, enum, dataclasses, decimal, datetime, abc, typing, copy, types
import numpy as np
"""
SETUP = """\
l = [1]; m = [l, 'm']; _l = []; d = {'k': 1}; _d = {'l': l}; t = (1, 2); u = (l, 3); s = {'p', 'q'}; x = 1; y = 'y'
a = np.arange(12.0); b = a[2:6]; q = 0; z = None
class C:
    n = 0
    log = []
    def __init__(self, v=None):
        self.v = v
    def up(self):
        self.n += 1
        return self
    def keep(self, v):
        self.log.append(v)
    @property
    def twice(self):
        return [self.v, self.v]
class E(C):
    def up(self):
        return super().up()
o = C(); p = E(l)
def f(v=None):
    return [x, v]
def g():
    global q
    q += 1
    l.append(q)
def make(v):
    def get():
        return v
    def put(w):
        nonlocal v
        v = w
    get.put = put
    return get
h = make(l); k = h.put
class Color(enum.Enum):
    RED = 1
    BLUE = [1]
"""
KINDS = {
    "L": ["l", "m", "_l"],
    "D": ["d", "_d"],
    "T": ["t", "u"],
    "S": ["s"],
    "A": ["a", "b", "c"],
    "O": ["o", "p", "r"],
    "F": ["f", "g", "h", "k"],
    "K": ["C", "E"],
    "X": ["x", "y", "z", "_z"],
    "G": ["i", "j"],
}
ANY = [name for names in KINDS.values() for name in names]
HOLE = re.compile(r"<(\w+)>")
VALUES = {
    "L": ["[]", "[<*>, <*>]", "[<*>]", "<L>", "<L>[:]", "list(<D>.values())", "[<L>, <L>]", "<L> + <L>", "<O>.twice",
          "[v for v in <L>]", "collections.deque([<*>])", "[make(v) for v in (1, <L>)]", "<K>.log",
          "[lambda: <L>, <F>]", "[<O>.up, <L>.append]", "sorted('ab')", "copy.deepcopy(<L>)", "[<T>, <T>]"],
    "D": ["{}", "{'k': <*>, 'j': <*>}", "dict(<D>)", "<D>", "{<T>: <*>}", "vars(<O>)", "collections.OrderedDict(k=<*>)",
          "collections.defaultdict(list, k=<L>)", "collections.defaultdict(lambda: <X>)", "{<K>: <O>, <F>: <L>}",
          "{'a': <A>, 'b': <A>}", "types.MappingProxyType(<D>)", "collections.Counter('abca')", "{n: n for n in 'ab'}"],
    "T": ["()", "(<*>, <*>)", "<T>", "(<T>, <T>)", "(<L>, <A>)", "(1, 'a', 2.5)", "('i', (1, 2))", "(<F>, <K>, <O>)",
          "tuple(<L>)"],
    "S": ["set()", "{'a', 'b', 'c'}", "set(<S>)", "<S>", "{1, 2.5, 'x', (1, 2)}", "frozenset({'u', 'v', 'w'})",
          "{<F>}", "{<K>, <K>}", "<S> | {'n', 'o'}"],
    "A": ["np.arange(6.0)", "<A>[1:]", "<A>", "<A>.copy()", "<A>[::2]", "<A>.reshape(2, -1)", "<A>.T", "<A>[::-1]",
          "np.zeros((2, 3), order='F')", "np.array([<*>, <L>], dtype=object)", "<A>[<A> > 1]", "np.random.rand(3)",
          "np.array(5)", "np.array([1, 2], dtype='datetime64[D]')", "np.zeros(3, dtype=[('u', 'i4'), ('w', 'O')])",
          "np.arange(400)", "<A>.view('u1')", "np.broadcast_to(<A>, (2, *<A>.shape))", "<A>[...]", "np.zeros(0)",
          "np.frombuffer(b'12345678')", "<A>.astype('f4')", "np.array(['u', 'v'])",
          "np.random.default_rng(<X>)"],
    "O": ["C()", "C(<*>)", "E(<*>)", "<K>(<*>)", "<O>", "<O>.up()", "copy.copy(<O>)", "<O>.v", "type(<O>)(<L>)",
          "C(o)", "E.__new__(E)", "Color.RED", "Color.BLUE", "object()", "types.SimpleNamespace(v=<*>)", "Color(1)"],
    "F": ["make(<*>)", "lambda: <*>", "lambda v=<*>: v", "<F>", "<O>.up", "<O>.keep", "<K>.up", "<L>.append",
          "functools.partial(<F>, <*>)", "functools.lru_cache(<F>)", "functools.wraps(<F>)(lambda: <L>)", "<F>.put",
          "[].append", "len", "(lambda v: lambda: v)(<*>)", "types.MethodType(lambda s: s, <L>)", "<D>.get"],
    "K": ["type('K', (C,), {'w': <*>})", "<K>", "type(<O>)", "dataclasses.make_dataclass('N', ['v'])",
          "collections.namedtuple('N', 'u v')", "typing.NamedTuple('M', [('u', int)])"],
    "X": ["1", "2.5", "'text'", "None", "float('nan')", "-0.0", "10**30", "<X>", "random.random()", "<*>", "<F>()",
          "len(<L>)", "Color.RED", "decimal.Decimal('1.5')", "datetime.date(2020, 1, 2)", "b'bytes'", "<L>[0]",
          "<D>['k']", "<O>.v", "random.Random(3)", "...", "range(3)", "next(<G>)", "<A>.sum()", "<A>[0]", "True",
          "random.sample(range(99), 3)", "bytearray(b'ab')", "memoryview(b'ab')", "np.float32(1.5)", "<X> == <X>"],
    "G": ["(v for v in <L>)", "iter(<L>)", "iter([1, 2, 3])", "iter(<D>)", "<G>", "(<L> for _ in range(3))",
          "zip(<L>, 'abc')", "enumerate('abc')", "map(str, [1, 2])", "reversed([1, 2])", "iter({'u', 'v'})"],
}  # fmt: skip
CHANGES = [
    "<L>.append(<*>)", "<L>[0] = <*>", "<L> += [<*>]", "<L>.clear()", "<L>.append(<L>)", "<L>.sort(key=str)",
    "<L>.extend(<L>[:3])", "<D>['k'] = <*>", "<D>[<T>] = <*>", "<D>.update(j=<*>)", "<D>.pop('k')", "<D>.clear()",
    "<S>.add('z')", "<S>.discard('p')", "<S> |= {'y'}", "<A>[0] = 7", "<A> += 1", "<A>[...] = 3", "<A>.sort()",
    "<A>.flags.writeable = False", "<A>.shape = (-1, 1)", "<A>.resize(3)", "<A>[0] = <L>",
    "<O>.v = <*>", "<O>.up()", "<O>.keep(<*>)", "<O>.n = <X>", "del <O>.v", "<O>.__class__ = <K>", "vars(<O>).clear()",
    "<K>.n = <*>", "<K>.log = <L>", "<K>.up = <F>", "<K>.self = <K>", "<K>.one = <K>(<*>)", "del C.n", "<K>.fn = f",
    "<F>.attr = <*>", "<F>.__defaults__ = (<*>,)", "<F>(<*>)", "<F>()", "k(<*>)", "<F>.put(<*>)", "g()", "h.put(h)",
    "next(<G>)", "<X> += 1", "<X> = <F>", "random.seed(<X>)", "random.random()", "np.random.rand()", "<D>['d'] = <D>",
    "random.shuffle(<L>)", "np.random.shuffle(<A>)", "<K>.__init__ = lambda self, v=<*>: setattr(self, 'v', v)",
    "C, E = E, C", "<*>, <*> = <*>, <*>", "<L>[:] = <L>[::-1]", "<D> |= {'m': <L>}", "<D>.setdefault('n', []).append(1)",
    "o, p = p, o", "f = <F>; f.self = f", "<L>.append(globals())", "<L> = <L>; <L> = list(<L>)",
    "collections.deque(map(<L>.append, [1, 2]))", "functools.reduce(lambda u, w: u + [w], <L>, <L>)",
]  # fmt: skip
DEFINITIONS = [
    "class C:\n    n = <X>\n    log = <L>\n    def __init__(self, v=<*>):\n        self.v = v\n"
    "    def up(self):\n        l.append(<X>)\n        return self\n    @property\n    def twice(self):\n        return [<L>]",
    "class C:\n    __slots__ = ('v', 'n')\n    def __init__(self, v=0):\n        self.v = v\n    def up(self):\n"
    "        return E(self)",
    "class E(C):\n    peer = <*>\n    def up(self):\n        super().up()\n        return <L>\n    class Inner(C):\n"
    "        w = 1\n    @staticmethod\n    def keep(v):\n        <L>.append(v)",
    "class E(C):\n    def __init_subclass__(cls, **words):\n        cls.sub = 1\n    @classmethod\n    def keep(cls, v):\n"
    "        cls.last = v",
    "@dataclasses.dataclass\nclass C:\n    v: typing.Any = 1\n    n: int = 0\n    log = <L>\n    def up(self):\n"
    "        return dataclasses.replace(self, n=self.n + 1)",
    "class C(typing.NamedTuple):\n    v: int = 1\n    def up(self):\n        return self._replace(v=2)",
    "class C(abc.ABC):\n    def __init__(self, v=1): self.v = v\n    @abc.abstractmethod\n    def never(self): ...\n"
    "class E(C):\n    def never(self): return C",
    "class C(list):\n    def up(self):\n        self.append(<X>)\n        return self",
    "class C(dict):\n    def up(self):\n        self['n'] = <X>\n        return self",
    "class Meta(type):\n    def make(cls): return cls()\nclass C(metaclass=Meta):\n    def up(self): return Meta",
    "class Color(enum.Enum):\n    RED = <X>\n    BLUE = 'b'\n    def next(self):\n        return list(Color)[0]",
    "class Color(enum.IntFlag):\n    RED = 1\n    BLUE = 2",
    "def f(v=<*>, *rest, w=<*>):\n    global x\n    x = <X>\n    return v",
    "def f(v=None):\n    return g() if v is None else <*>",
    "def g():\n    global l\n    l = [*l, <X>]",
    "def g():\n    return f(<L>)",
    "def make(v):\n    def get(n=3):\n        return v if n == 0 else get(n - 1)\n    def put(w):\n        nonlocal v\n"
    "        v = w\n    get.put = put\n    return get",
    "def i():\n    yield from <L>\ni = i()",
    "@functools.wraps(f)\ndef k(*rest):\n    return f(*rest)",
    "def k(v: C = <*>) -> E:\n    k.calls = getattr(k, 'calls', 0) + 1",
    "@functools.lru_cache\ndef f(v=1):\n    return [v]",
]
BLOCKS: list[Callable[[str], str]] = [
    lambda body: body,
    lambda body: body,
    lambda body: f"if x:\n{body}",
    lambda body: f"for v in [1, 2]:\n{body}",
    lambda body: f"try:\n{body}\nexcept Exception as error:\n    z = 0\nelse:\n    y = 1",
    lambda body: f"def run():\n    global {', '.join(ANY)}\n{body}\nrun()",
    lambda body: f"{body}\n1 / 0",
    lambda body: f"exec({body!r})",
    lambda body: f"(lambda: 0)()\n{body}",
]


@st.composite
def filled(draw: Any, template: str, depth: int = 2) -> str:
    """Fill the holes of a template with names of the right kind, or with expressions."""

    def fill(match: re.Match[str]) -> str:
        kind = match[1]
        if depth and kind in VALUES and draw(st.integers(0, 5)) == 0:
            return str(draw(filled(draw(st.sampled_from(VALUES[kind])), depth - 1)))
        return str(draw(st.sampled_from(ANY if kind == "any" else KINDS[kind])))

    return HOLE.sub(fill, template.replace("<*>", "<any>"))


@st.composite
def statements(draw: Any) -> str:
    """Make one statement."""
    sort = draw(st.integers(0, 9))
    if sort < 4:
        kind = draw(st.sampled_from(sorted(KINDS)))
        name = draw(st.sampled_from(KINDS[kind]))
        return f"{name} = {draw(filled(draw(st.sampled_from(VALUES[kind]))))}"
    if sort < 8:
        return str(draw(filled(draw(st.sampled_from(CHANGES)), 0)))
    if sort == 8:
        return f"del {draw(st.sampled_from(ANY))}"
    return str(draw(filled(draw(st.sampled_from(DEFINITIONS)), 0)))


@st.composite
def cells(draw: Any) -> str:
    """Make one cell."""
    lines = draw(st.lists(statements(), min_size=1, max_size=4))
    if draw(st.booleans()):  # each on its own: one that makes no sense does not end the cell
        lines = [f"try:\n{textwrap.indent(line, '    ')}\nexcept Exception:\n    pass" for line in lines]
    body = "\n".join(lines)
    block = draw(st.integers(0, len(BLOCKS) - 1))
    if block in (2, 3, 4, 5):
        body = textwrap.indent(body, "    ")
    return BLOCKS[block](body)
