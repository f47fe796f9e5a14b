"""The words of generated notebooks: values, changes and definitions, with holes for names of a kind.

A name's first letter says what it mostly holds, so that most statements make sense; those that don't end their
cell midway, which has to be recorded as well.
"""
# ruff: noqa: E501  (one template, one line)

from __future__ import annotations

import re

PRELUDE = """\
import random, functools, collections, enum, dataclasses, decimal, datetime, abc, typing, copy, types
import sys, pickle, itertools, contextlib, weakref, operator, heapq, fractions
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
def tally(v, seen=[], *, at={}):
    seen.append(v)
    at[len(seen)] = l
    return seen
class W:
    held = {}
    def __init__(self, v):
        self._v = v
        W.held[len(W.held)] = v
    @property
    def v(self):
        m.append(1)
        return self._v
    @v.setter
    def v(self, v):
        global x
        x = v
        self._v = v
    def __iadd__(self, v):
        self._v = [self._v, v]
        return self
    def __call__(self, *rest):
        global q
        q = len(rest)
        return self
    def __enter__(self):
        l.append('in')
        return self
    def __exit__(self, *rest):
        l.append('out')
        return True
    def __getitem__(self, v):
        return self._v
w = W(d); table = {'up': o.up, 'tally': tally, 'both': [g, lambda: l]}; vs = [a[:3], a[3:], a]
def numbers():
    for n in range(5):
        d['n'] = n
        yield l
i = numbers(); j = iter([l, m])
"""
KINDS = {
    "L": ["l", "m", "_l", "vs"],
    "D": ["d", "_d", "table"],
    "T": ["t", "u"],
    "S": ["s"],
    "A": ["a", "b", "c"],
    "O": ["o", "p", "r", "w"],
    "F": ["f", "g", "h", "k", "tally"],
    "K": ["C", "E", "W"],
    "X": ["x", "y", "z", "_z", "list", "len"],
    "G": ["i", "j"],
}
ANY = [name for names in KINDS.values() for name in names]
HOLE = re.compile(r"<(\w+)>")
VALUES = {
    "L": ["[]", "[<*>, <*>]", "[<*>]", "<L>", "<L>[:]", "list(<D>.values())", "[<L>, <L>]", "<L> + <L>", "<O>.twice",
          "[v for v in <L>]", "collections.deque([<*>])", "[make(v) for v in (1, <L>)]", "<K>.log",
          "[lambda: <L>, <F>]", "[<O>.up, <L>.append]", "sorted('ab')", "copy.deepcopy(<L>)", "[<T>, <T>]",
          "pickle.loads(pickle.dumps(<L>))", "[*<L>, *<L>]", "[u := <L>, u]", "[x for x in <L> if x]", "tally(<*>)",
          "[(lambda: v) for v in <L>]", "list(map(lambda v: [v], <L>))", "[<A>[:2], <A>[1:3]]", "list(itertools.chain(<L>, <L>))",
          "[[0] * 2] * 2", "[w[0], w]", "heapq.nsmallest(2, [3, 1, 2])", "operator.iadd(<L>, [1])", "[*itertools.islice(<G>, 3)]"],
    "D": ["{}", "{'k': <*>, 'j': <*>}", "dict(<D>)", "<D>", "{<T>: <*>}", "vars(<O>)", "collections.OrderedDict(k=<*>)",
          "collections.defaultdict(list, k=<L>)", "collections.defaultdict(lambda: <X>)", "{<K>: <O>, <F>: <L>}",
          "{'a': <A>, 'b': <A>}", "{'u': <L>, 'v': <L>, 'w': <D>}", "{k: [v] for k, v in <D>.items()}",
          "pickle.loads(pickle.dumps(<D>))", "copy.deepcopy(<D>)", "{'f': <F>, 'g': <F>, 'm': <O>.up}", "W.held", "dict.fromkeys('ab', <L>)",
          "collections.ChainMap(<D>, {})", "weakref.WeakValueDictionary(o=<O>)", "types.MappingProxyType(<D>)", "collections.Counter('abca')", "{n: n for n in 'ab'}"],
    "T": ["()", "(<*>, <*>)", "<T>", "(<T>, <T>)", "(<L>, <A>)", "(1, 'a', 2.5)", "('i', (1, 2))", "(<F>, <K>, <O>)",
          "tuple(<L>)", "copy.deepcopy(<T>)", "(<L>, *<T>)", "(w, <D>, w)", "tuple({'a', 'b', 'c'})"],
    "S": ["set()", "{'a', 'b', 'c'}", "set(<S>)", "<S>", "{1, 2.5, 'x', (1, 2)}", "frozenset({'u', 'v', 'w'})",
          "{<F>}", "{<K>, <K>}", "<S> | {'n', 'o'}", "{str(v) for v in range(9)}",
          "copy.copy(<S>)", "frozenset(<S>)", "{<O>}", "{('a', 'b'), frozenset('cd')}"],
    "A": ["np.arange(6.0)", "<A>[1:]", "<A>", "<A>.copy()", "<A>[::2]", "<A>.reshape(2, -1)", "<A>.T", "<A>[::-1]",
          "np.zeros((2, 3), order='F')", "np.array([<*>, <L>], dtype=object)", "<A>[<A> > 1]", "np.random.rand(3)",
          "np.array(5)", "np.array([1, 2], dtype='datetime64[D]')", "np.zeros(3, dtype=[('u', 'i4'), ('w', 'O')])",
          "np.arange(400)", "<A>.view('u1')", "np.broadcast_to(<A>, (2, *<A>.shape))", "<A>[...]", "np.zeros(0)",
          "np.frombuffer(b'12345678')", "<A>.astype('f4')", "np.array(['u', 'v'])",
          "np.random.default_rng(<X>)", "np.random.randn(2, 3)", "np.random.permutation(4)", "<A>.ravel()", "np.split(np.arange(6), 2)[1]",
          "np.asarray(<A>)", "copy.deepcopy(<A>)", "pickle.loads(pickle.dumps(<A>))", "<A>.real", "np.atleast_2d(<A>)",
          "np.lib.stride_tricks.sliding_window_view(<A>, 2)", "<A> + <A>", "np.diag(np.ones(2))",
          "np.asmatrix(<A>)", "np.ma.array(<A>, copy=False)", "np.ma.masked_greater(<A>, 2, copy=False)", "<A>.view(np.recarray)",
          "np.zeros(3, dtype=[('u', 'i4'), ('w', 'f8')])[1:]", "<A>[0]", "np.frombuffer(bytearray(16))", "np.asanyarray(<A>)",
          "np.rec.array([(1, 2.5), (3, 4.5)], names='u,w')", "<A>.view(np.ndarray)"],
    "O": ["C()", "C(<*>)", "E(<*>)", "<K>(<*>)", "<O>", "<O>.up()", "copy.copy(<O>)", "<O>.v", "type(<O>)(<L>)",
          "C(o)", "E.__new__(E)", "Color.RED", "Color.BLUE", "object()", "types.SimpleNamespace(v=<*>)", "Color(1)",
          "W(<*>)", "copy.deepcopy(<O>)", "pickle.loads(pickle.dumps(<O>))", "w(1, 2)", "<O> if x else <O>", "weakref.ref(<O>)",
          "types.SimpleNamespace(u=<L>, v=<L>)", "contextlib.nullcontext(<L>)", "functools.partialmethod(<F>)", "Exception(<L>)"],
    "F": ["make(<*>)", "lambda: <*>", "lambda v=<*>: v", "<F>", "<O>.up", "<O>.keep", "<K>.up", "<L>.append",
          "functools.partial(<F>, <*>)", "functools.lru_cache(<F>)", "functools.wraps(<F>)(lambda: <L>)", "<F>.put",
          "[].append", "len", "(lambda v: lambda: v)(<*>)", "types.MethodType(lambda s: s, <L>)", "<D>.get",
          "table['tally']", "functools.partial(tally, <*>)", "functools.cache(<F>)", "operator.attrgetter('v')", "lambda *r, v=<L>: v.append(r)",
          "[lambda: <L>, <F>][0]", "(lambda u: (lambda: u.append(<X>)))(<L>)", "staticmethod(<F>)", "functools.singledispatch(<F>)",
          "print", "<S>.add", "<G>.__next__", "w", "operator.itemgetter(0)", "str.upper"],
    "K": ["type('K', (C,), {'w': <*>})", "<K>", "type(<O>)", "dataclasses.make_dataclass('N', ['v'])",
          "collections.namedtuple('N', 'u v')", "typing.NamedTuple('M', [('u', int)])"],
    "X": ["1", "2.5", "'text'", "None", "float('nan')", "-0.0", "10**30", "<X>", "random.random()", "<*>", "<F>()",
          "len(<L>)", "Color.RED", "decimal.Decimal('1.5')", "datetime.date(2020, 1, 2)", "b'bytes'", "<L>[0]",
          "<D>['k']", "<O>.v", "random.Random(3)", "...", "range(3)", "next(<G>)", "<A>.sum()", "<A>[0]", "True",
          "random.sample(range(99), 3)", "bytearray(b'ab')", "memoryview(b'ab')", "np.float32(1.5)", "<X> == <X>",
          "np.random.normal()", "random.choice([<L>, <L>])", "fractions.Fraction(1, 3)", "w.v", "min(<L>)", "1 < <X> < 3", "(y := <L>)",
          "sum(1 for _ in <L>)", "next(i)", "<L>.pop()", "<D>.pop('k', None)", "tally(1)[0]", "str(<X>)", "type(<*>)", "collections",
          "slice(1, <X>)", "<F>.__name__", "<K>.__name__", "datetime.timedelta(1)", "complex(1, 2)", "<A>.dtype", "(x, y)"],
    "G": ["(v for v in <L>)", "iter(<L>)", "iter([1, 2, 3])", "iter(<D>)", "<G>", "(<L> for _ in range(3))",
          "zip(<L>, 'abc')", "enumerate('abc')", "map(str, [1, 2])", "reversed([1, 2])", "iter({'u', 'v'})", "numbers()", "itertools.islice(itertools.count(3), 4)",
          "itertools.tee(<L>)[0]", "filter(None, <L>)", "itertools.islice(<G>, 2)", "(v for v in <G>)",
          "itertools.islice(iter(<F>, None), 3)", "(<L>.append(v) or v for v in range(3))", "itertools.accumulate([1, 2])"],
}  # fmt: skip
CHANGES = [
    "<L>.append(<*>)", "<L>[0] = <*>", "<L> += [<*>]", "<L>.clear()", "<L>.append(<L>)", "<L>.sort(key=str)",
    "<L>.extend(<L>[:3])", "<D>['k'] = <*>", "<D>[<T>] = <*>", "<D>.update(j=<*>)", "<D>.pop('k')", "<D>.clear()",
    "<S>.add('z')", "<S>.discard('p')", "<S> |= {'y'}", "<A>[0] = 7", "<A> += 1", "<A>[...] = 3", "<A>.sort()",
    "<A>.flags.writeable = False", "<A>.shape = (-1, 1)", "<A>.resize(3)", "<A>[0] = <L>",
    "<O>.v = <*>", "<O>.up()", "<O>.keep(<*>)", "<O>.n = <X>", "del <O>.v", "<O>.__class__ = <K>", "vars(<O>).clear()",
    "<K>.n = <*>", "<K>.log = <L>", "<K>.up = <F>", "<K>.self = <K>", "<K>.one = <K>(<*>)", "del C.n", "<K>.fn = f",
    "<F>.attr = <*>", "<F>.__defaults__ = (<*>,)", "<F>(<*>)", "<F>()", "k(<*>)", "<F>.put(<*>)", "g()", "h.put(h)",
    "next(<G>)", "<X> += 1", "<X> = <F>", "random.seed(<X> or 1)", "random.random()", "np.random.rand()", "<D>['d'] = <D>",
    "random.shuffle(<L>)", "np.random.shuffle(<A>)", "<K>.__init__ = lambda self, v=<*>: setattr(self, 'v', v)",
    "C, E = E, C", "<*>, <*> = <*>, <*>", "<L>[:] = <L>[::-1]", "<D> |= {'m': <L>}", "<D>.setdefault('n', []).append(1)",
    "o, p = p, o", "f = <F>; f.self = f", "<L>.append(globals())", "<L> = <L>; <L> = list(<L>)",
    "collections.deque(map(<L>.append, [1, 2]))", "functools.reduce(lambda u, w: u + [w], <L>, <L>)",
    "Color.RED.v = <*>", "r = Color.BLUE; vars(r).clear()", "x, y = y, x", "l, m = m, l", "d['l'], l = l, d['l']", "tally(<*>)", "tally(<*>, at=<D>)", "table['up']()", "table['both'][0]()",
    "vs[0][0] = 5", "vs[2] += 1", "w.v = <*>", "w += <*>", "<L> *= 2", "<D>['k'] += [1]", "<D>['u'].append(<*>)", "<O>.v += [<*>]",
    "with w: <L>.append(1)", "with w as r: raise KeyError", "for x in <L>[:2]: <L>.append(x)", "for d['it'] in (1, 2): pass",
    "[<L>.append(v) for v in range(2)]", "any(<L>.append(v) for v in range(2))", "{<D>.setdefault(v, []) for v in ()}",
    "<L>.insert(0, <L>)", "<L>.remove(<L>[0])", "<L>.reverse()", "del <L>[:1]", "del <D>['k']", "*l, x = <L>", "(x, (y, *m)) = (1, (2, 3))",
    "l2 = l; l2 += [2]", "setattr(<O>, 'v', <*>)", "setattr(<K>, 'n', <*>)", "delattr(<O>, 'v')", "vars(<O>)['v'] = <*>",
    "globals()['x'] = <*>", "exec('l.append(3)')", "eval('l').append(4)", "setattr(sys.modules['__main__'], 'x', <*>)",
    "sys.modules['__main__'].l.append(5)", "vars()['y'] = <*>", "locals()['z'] = <*>", "globals().pop('q', None)",
    "i.close()", "i.send(None)", "next(j).append(1)", "list(itertools.islice(<G>, 2))", "<G> = iter(<G>)",
    "f.__code__ = (lambda *r: l).__code__", "<K>.keep = classmethod(lambda cls, v: l.append(v))", "<K>.__call__ = lambda self: l",
    "W.held.clear()", "W.v = 5", "E.up = lambda self: self.keep(1)", "object.__setattr__(<O>, 'v', <*>)", "<K>.__doc__ = 'text'",
    "random.seed(3)", "np.random.seed(<X> or 1)", "x = random.random() + np.random.rand()", "<S>.update(<S>)", "<S>.pop()",
    "np.copyto(<A>, 1)", "np.add(<A>, 1, out=<A>)", "np.put(<A>, [0], 9)", "<A>.fill(2)", "<A>.T[0] = 4", "<A>.flat[0] = 6",
    "<A>['u'] = 8", "<A>.u = 8", "<A>[0] = np.ma.masked", "<A>.base[:2] = <A>.base[2:4]", "<A>[<A> > 2] = 0", "np.random.default_rng(1).shuffle(<A>)", "<A>.setflags(write=True)", "<A>.partition(1)",
    "collections.deque(<L>).append(1)", "from math import *", "from bisect import *",
    "from heapq import *; heappush(<L>, 1)", "import math as x", "from collections import deque as list", "import heapq; heapq.heapify(<L>)",
    "bisect.insort(<L>, 1) if 'bisect' in globals() else None", "insort(<L>, 1)", "<L>", "<*>", "f", "<D>.get('k')",
    "contextlib.ExitStack().push(<F>)", "r = contextlib.ExitStack(); r.enter_context(w)", "r.close()", "<L>.append(weakref.ref(<O>))",
    "operator.setitem(<D>, 'op', <*>)", "print(<L>, file=None)", "sorted(<L>, key=<F>)", "list(map(<F>, <L>[:3]))", "min(<L>[:3], key=<F>)",
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
    "class Color(enum.Enum):\n    RED = 1, 2\n    BLUE = 3, 4\n    def __init__(self, *r):\n        self.rest = [<*>]\n        l.append(r)",
    "class Color(bytes, enum.Enum):\n    def __new__(cls, v, w):\n        o = bytes.__new__(cls, [v])\n        o._value_ = v\n        o.w = w\n        return o\n"
    "    RED = 1, <*>\n    BLUE = 2, <L>",
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
    "def count():\n    n = 0\n    log = <L>\n    def step():\n        nonlocal n\n        n += 1\n        log.append(n)\n        return n\n"
    "    def reset():\n        nonlocal n, log\n        n, log = 0, []\n    return step, reset\ng, k = count(); table['step'] = g",
    "def even(n):\n    return n == 0 or odd(n - 1)\ndef odd(n):\n    l.append(n)\n    return n > 0 and even(n - 1)\nx = even(3)",
    "def remember(fn):\n    seen = {}\n    @functools.wraps(fn)\n    def inner(*r):\n        if str(r) not in seen:\n            seen[str(r)] = fn(*r)\n"
    "        return seen[str(r)]\n    inner.seen = seen\n    return inner\n@remember\ndef f(v=1):\n    l.append(v)\n    return [v]",
    "def mark(cls):\n    cls.marked = l\n    return cls\n@mark\nclass C:\n    def __init__(self, v=None): self.v = v\n    def up(self): C.marked.append(self.v); return self",
    "class E(C):\n    @property\n    def v(self): return vars(self).setdefault('_v', l)\n    @v.setter\n    def v(self, v): self._v = v; d['v'] = v",
    "class W:\n    def __init__(self, v): self.v = v\n    def __eq__(self, other): return isinstance(other, W)\n    __hash__ = None\n    def __len__(self): return 0",
    "class C:\n    @functools.cached_property\n    def twice(self):\n        l.append(2)\n        return [l]\n    def up(self): return self.twice\no = C(); o.up()",
    "class C:\n    def __getattr__(self, name):\n        if name.startswith('__'): raise AttributeError(name)\n        l.append(name)\n        return m\n"
    "    def __setattr__(self, name, v):\n        d[name] = v\n        object.__setattr__(self, name, v)\no = C()",
    "class C:\n    def __reduce__(self): return (C, ())\n    def up(self): return self",
    "class C:\n    def __init__(self): self.v = 1\n    def __getstate__(self): return {'v': 1}\n    def __setstate__(self, s): self.v = s['v']\n    def up(self): self.v = 1; return self",
    "class Mixin:\n    def up(self):\n        d.setdefault('up', []).append(self)\n        return super().up()\nclass E(Mixin, C):\n    pass",
    "class Node:\n    def __init__(self, v, up=None):\n        self.v, self.up, self.down = v, up, []\n        if up is not None: up.down.append(self)\nroot = Node(l); o = Node(m, root)",
    "def f(v=None):\n    try:\n        l.append(1)\n        return 1 / 0\n    finally:\n        d['f'] = l\ndef g():\n    try: f()\n    except ZeroDivisionError as e: m.append(str(e))",
    "def f(v=None):\n    del globals()['y']\ndef g():\n    global z, y\n    y = z = [1]",
    "async def go(v=<*>):\n    l.append(v)\n    return v\nx = await go()",
    "async def steps():\n    for n in range(2):\n        m.append(n)\n        yield n\nl = [n async for n in steps()]",
    "@contextlib.contextmanager\ndef held(v):\n    v.append('in')\n    yield v\n    v.append('out')\nr = held(<L>); r.__enter__()",
    "def i():\n    n = 0\n    for _ in range(5):\n        n += 1\n        v = yield n\n        if v: l.append(v)\ni = i(); next(i)",
    "match <L>:\n    case [x, *m]: pass\n    case {'k': y}: pass\n    case _: z = 1",
    "import threading\nt1 = threading.Thread(target=lambda: l.append('thread')); t1.start(); t1.join(); del t1",
    "old = C; C = type('C', (old,), {'up': lambda self: old.up(self)}); del old",
    "def f(v, /, *r, w=<D>, **kw) -> int:\n    return {**kw, 'w': w, 'l': l}\nx = f(1, n=<L>)",
    "T1 = typing.TypeVar('T1')\nclass Box(typing.Generic[T1]):\n    def __init__(self, v): self.v = v\nr = Box(<L>)",
]
