"""What a session defines: functions, classes, generators, and what is made of them."""

from __future__ import annotations

from tests.fidelity.kind import Family, Kind, Library

IMPORTS = """
import abc, asyncio, contextlib, contextvars, copy, dataclasses, enum, functools, itertools, types, typing, weakref
"""

_FUNCTIONS = (
    Kind(
        "function",
        "def obj(a, b=2, *, c=3):\n    'doc'\n    return a + b + c",
        "obj(1)",
        ("obj.tag = 1",),
        "(obj(1), obj.__doc__, vars(obj))",
    ),
    Kind(
        "function with a mutable default",
        "def obj(a, seen=[]):\n    seen.append(a)\n    return len(seen)",
        "obj.__defaults__",
        ("obj(1)",),
        "obj.__defaults__",
    ),
    Kind(
        "function of a global",
        "obj_rate = 2\ndef obj(a):\n    return a * obj_rate",
        "obj(1)",
        ("obj_rate = 5",),
        "obj(1)",
    ),
    Kind(
        "function that changes a global",
        "obj_n = 0\ndef obj():\n    global obj_n\n    obj_n += 1",
        "obj.__name__",
        ("obj()",),
        "obj_n",
    ),
    Kind("lambda", "obj = lambda a: a * 3", "obj(2)", (), "obj(2)"),
    Kind(
        "closure",
        "def obj_make():\n    n = [0]\n    def inner():\n        return n[0]\n    return inner, n.append\nobj, obj_add = obj_make()",
        "obj()",
        ("obj_add(1)",),
        "obj.__closure__[0].cell_contents",
    ),
    Kind(
        "counter by nonlocal",
        "def obj_make():\n    n = 0\n    def count():\n        nonlocal n\n        n += 1\n        return n\n    return count\n"
        "obj = obj_make()",
        "obj.__name__",
        ("obj()",),
        "obj.__closure__[0].cell_contents",
    ),
    Kind(
        "recursive functions",
        "def obj_even(n):\n    return n == 0 or obj(n - 1)\ndef obj(n):\n    return n != 0 and obj_even(n - 1)",
        "obj(5)",
        ("obj.calls = 1",),
        "(obj(5), vars(obj))",
    ),
    Kind(
        "partial",
        "obj = functools.partial(sorted, key=len)",
        "obj(['aa', 'b'])",
        ("obj.keywords['reverse'] = True",),
        "obj.keywords, obj(['aa', 'b'])",
    ),
    Kind(
        "decorated function",
        "def obj_twice(f):\n    @functools.wraps(f)\n    def wrapper(*a):\n        wrapper.n += 1\n        return 2 * f(*a)\n"
        "    wrapper.n = 0\n    return wrapper\n@obj_twice\ndef obj(a):\n    return a + 1",
        "obj.__wrapped__",
        ("obj(1)",),
        "(obj.n, obj.__wrapped__(1), obj.__name__)",
    ),
    Kind(
        "lru_cache",
        "@functools.lru_cache(maxsize=10)\ndef obj(a):\n    return a * 2",
        "obj.cache_parameters()",
        ("obj.mark = 1",),
        "(obj(2), obj.cache_parameters(), vars(obj)['mark'] if 'mark' in vars(obj) else None)",
        note="the cache itself comes back empty",
    ),
    Kind(
        "singledispatch",
        "@functools.singledispatch\ndef obj(a):\n    return 'any'\n@obj.register\ndef obj_int(a: int):\n    return 'int'",
        "obj(1)",
        ("obj.register(str, lambda a: 'text')",),
        "(obj(1), obj('a'), obj(1.5))",
        note="its cache of types fills when it is called",
    ),
    Kind(
        "bound method",
        "class obj_C:\n    def __init__(self):\n        self.n = 0\n    def up(self):\n        self.n += 1\nobj_c = obj_C()\nobj = obj_c.up",
        "obj.__name__",
        ("obj()",),
        "(obj_c.n, obj.__self__ is obj_c)",
    ),
    Kind(
        "context manager",
        "@contextlib.contextmanager\ndef obj():\n    yield 1",
        "with obj():\n    pass",
        (),
        "obj.__name__",
    ),
    Kind("code object", "obj = compile('1 + 1', '<s>', 'eval')", "eval(obj)", (), "eval(obj)"),
)

_CLASSES = (
    Kind(
        "class",
        "class obj:\n    n = 1\n    def m(self):\n        return self.n",
        "obj.n",
        ("obj.n = 2", "obj.extra = lambda self: 5"),
        "(obj().m(), hasattr(obj, 'extra') and obj().extra())",
    ),
    Kind(
        "instance",
        "class obj_P:\n    def __init__(self):\n        self.items = []\nobj = obj_P()",
        "obj.items",
        ("obj.items.append(1)", "obj.n = 1"),
        "(vars(obj), type(obj) is obj_P)",
    ),
    Kind(
        "instance that changes itself",
        "class obj_P:\n    def __init__(self):\n        self.n = 0\n    def up(self):\n        self.n += 1\nobj = obj_P()",
        "obj.n",
        ("obj.up()",),
    ),
    Kind(
        "dataclass",
        "@dataclasses.dataclass\nclass obj_P:\n    x: int\n    y: list = dataclasses.field(default_factory=list)\nobj = obj_P(1)",
        "obj.x",
        ("obj.x = 2", "obj.y.append(1)"),
        "(dataclasses.asdict(obj), isinstance(obj, obj_P), obj == copy.copy(obj))",
    ),
    Kind(
        "dataclass, frozen with slots",
        "@dataclasses.dataclass(frozen=True, slots=True)\nclass obj_P:\n    x: int\n    y: list\nobj = obj_P(1, [])",
        "obj.x",
        ("obj.y.append(1)",),
        "(obj.x, obj.y)",
    ),
    Kind(
        "enum",
        "class obj_E(enum.Enum):\n    A = 1\n    B = 'b'\nobj = obj_E.B",
        "obj.value",
        (),
        "(obj is obj_E.B, list(obj_E.__members__))",
    ),
    Kind(
        "flag",
        "class obj_F(enum.Flag):\n    R = enum.auto()\n    W = enum.auto()\nobj = obj_F.R | obj_F.W",
        "obj_F.R in obj",
        (),
        "(obj.value, obj_F.W in obj)",
    ),
    Kind(
        "metaclass",
        "class obj_M(type):\n    made = []\n    def __new__(m, n, b, d):\n        m.made.append(n)\n        return super().__new__(m, n, b, d)\n"
        "class obj(metaclass=obj_M):\n    pass",
        "obj_M.made",
        ("obj_M.made.append('x')",),
        "(obj_M.made, type(obj) is obj_M)",
    ),
    Kind(
        "abstract class",
        "class obj_A(abc.ABC):\n    @abc.abstractmethod\n    def f(self): ...\nclass obj_B(obj_A):\n    def f(self):\n        return 1\nobj = obj_B()",
        "obj.f()",
        ("obj.n = 1",),
        "(obj.f(), vars(obj), isinstance(obj, obj_A), obj_A.__abstractmethods__)",
    ),
    Kind(
        "abstract class with virtual subclasses",
        "class obj(abc.ABC):\n    pass\nclass obj_B:\n    pass\nobj.register(obj_B)",
        "issubclass(obj_B, obj)",
        ("obj.register(str)",),
        "(issubclass(obj_B, obj), issubclass(str, obj), issubclass(int, obj))",
    ),
    Kind(
        "__slots__",
        "class obj_S:\n    __slots__ = ('a', 'b')\nobj = obj_S()\nobj.a = 1",
        "obj.a",
        ("obj.b = []", "obj.b.append(1)", "del obj.a"),
        "[getattr(obj, n, None) for n in ('a', 'b')]",
    ),
    Kind(
        "property and descriptor",
        "class obj_T:\n    def __set_name__(self, owner, name):\n        self.name = '_' + name\n    def __get__(self, one, owner):\n"
        "        return getattr(one, self.name, 0)\n    def __set__(self, one, value):\n        setattr(one, self.name, value)\n"
        "class obj_C:\n    t = obj_T()\n    @property\n    def twice(self):\n        return 2 * self.t\nobj = obj_C()",
        "obj.twice",
        ("obj.t = 4",),
        "(obj.t, obj.twice)",
    ),
    Kind(
        "cached_property",
        "class obj_C:\n    def __init__(self):\n        self.n = 2\n    @functools.cached_property\n    def square(self):\n        return self.n ** 2\n"
        "obj = obj_C()",
        "obj.n",
        ("obj.square", "obj.n = 3"),
        "vars(obj)",
    ),
    Kind(
        "generic class",
        "obj_T = typing.TypeVar('obj_T')\nclass obj_Box(typing.Generic[obj_T]):\n    def __init__(self, v):\n        self.v = v\nobj = obj_Box[int]([1])",
        "obj.v",
        ("obj.v.append(2)",),
        "(obj.v, obj.__orig_class__ == obj_Box[int])",
    ),
    Kind(
        "NamedTuple",
        "class obj_N(typing.NamedTuple):\n    a: int\n    b: list = []\nobj = obj_N(1, [])",
        "obj.a",
        ("obj.b.append(1)",),
        "(obj._asdict(), isinstance(obj, obj_N))",
    ),
    Kind(
        "TypedDict",
        "class obj_D(typing.TypedDict):\n    a: int\nobj = obj_D(a=1)",
        "obj['a']",
        ("obj['a'] = 2",),
        "(obj, obj_D.__annotations__['a'])",
    ),
    Kind(
        "subclass of dict",
        "class obj_D(dict):\n    def __missing__(self, key):\n        return 7\nobj = obj_D(a=1)\nobj.note = 'n'",
        "obj['zz']",
        ("obj['b'] = 2", "obj.note = 'm'"),
        "(dict(obj), obj.note, obj['q'])",
    ),
    Kind(
        "object with __getstate__",
        "class obj_C:\n    def __init__(self):\n        self.a, self.b = 1, open\n    def __getstate__(self):\n        return {'a': self.a}\n"
        "    def __setstate__(self, s):\n        self.a, self.b = s['a'], open\nobj = obj_C()",
        "obj.a",
        ("obj.a = 2",),
        "(obj.a, obj.b is open)",
    ),
    Kind(
        "redefined class, old instance",
        "class obj_C:\n    v = 1\nobj = obj_C()\nclass obj_C:\n    v = 2",
        "obj.v",
        ("obj.w = 3",),
        "(obj.v, obj_C.v, vars(obj))",
    ),
    Kind(
        "weakref",
        "class obj_C:\n    pass\nobj_target = obj_C()\nobj = weakref.ref(obj_target)",
        "obj() is obj_target",
        ("obj_target.n = 1",),
        "obj() is obj_target, vars(obj_target)",
    ),
    Kind(
        "weak proxy",
        "class obj_C:\n    n = 0\nobj_target = obj_C()\nobj = weakref.proxy(obj_target)",
        "obj.n",
        ("obj.n = 1", "obj_target.n = 2"),
        "(obj.n, obj_target.n)",
    ),
    Kind(
        "WeakValueDictionary",
        "class obj_C:\n    pass\nobj_target = obj_C()\nobj = weakref.WeakValueDictionary(a=obj_target)",
        "obj['a']",
        ("obj['b'] = obj_target",),
        "sorted(obj), obj['a'] is obj_target",
    ),
    Kind(
        "ContextVar",
        "obj = contextvars.ContextVar('obj', default=1)",
        "obj.name",
        ("obj.set(5)",),
        "(obj.name, obj.get())",
    ),
)

_LAZY = (
    Kind(
        "generator",
        "def obj_count():\n    total = 0\n    while True:\n        total += 1\n        yield total\nobj = obj_count()",
        "obj.gi_running",
        ("next(obj)", "next(obj)"),
        "next(obj)",
    ),
    Kind("generator expression", "obj = (n * n for n in range(10))", "obj.gi_running", ("next(obj)",), "list(obj)"),
    Kind(
        "generator over a list of the session",
        "obj_data = [1, 2, 3]\ndef obj_walk(rows):\n    for row in rows:\n        yield row\nobj = obj_walk(obj_data)",
        "len(obj_data)",
        ("next(obj)", "obj_data.append(4)"),
        "(obj_data, list(obj))",
    ),
    Kind(
        "coroutine",
        "async def obj_job():\n    return 5\nobj = obj_job()",
        "obj.cr_running",
        ("obj.close()",),
        "obj.cr_frame is None",
    ),
    Kind(
        "async generator",
        "async def obj_gen():\n    yield 1\nobj = obj_gen()",
        "obj.ag_running",
        ("try:\n    obj.asend(None).send(None)\nexcept StopIteration:\n    pass",),
        "obj.ag_frame.f_lasti if obj.ag_frame else None",
    ),
    Kind("list iterator", "obj = iter([1, 2, 3])", "obj.__length_hint__()", ("next(obj)",), "list(obj)"),
    Kind("dict iterator", "obj_d = {'a': 1, 'b': 2}\nobj = iter(obj_d)", "len(obj_d)", ("next(obj)",), "list(obj)"),
    Kind("zip", "obj = zip([1, 2, 3], 'abc')", "type(obj)", ("next(obj)",), "list(obj)"),
    Kind("map of a lambda", "obj = map(lambda n: n + 1, [1, 2, 3])", "type(obj)", ("next(obj)",), "list(obj)"),
    Kind("enumerate", "obj = enumerate('abc')", "type(obj)", ("next(obj)",), "list(obj)"),
    Kind("itertools.count", "obj = itertools.count(5)", "type(obj)", ("next(obj)",), "next(obj)"),
    Kind(
        "itertools.cycle", "obj = itertools.cycle('ab')", "type(obj)", ("next(obj)",), "[next(obj) for _ in range(3)]"
    ),
    Kind("itertools.chain", "obj = itertools.chain([1, 2], [3])", "type(obj)", ("next(obj)",), "list(obj)"),
    Kind(
        "itertools.tee",
        "obj, obj_two = itertools.tee([1, 2, 3])",
        "type(obj)",
        ("next(obj)",),
        "(list(obj), list(obj_two))",
    ),
    Kind(
        "file-like iterator of the session",
        "class obj_I:\n    def __init__(self):\n        self.n = 0\n    def __iter__(self):\n        return self\n    def __next__(self):\n"
        "        self.n += 1\n        return self.n\nobj = obj_I()",
        "obj.n",
        ("next(obj)",),
        "obj.n",
    ),
)

FAMILY = Family("python-code", (Library("Python", IMPORTS, _FUNCTIONS + _CLASSES + _LAZY),))
