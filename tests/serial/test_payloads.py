"""What is dumped and loaded is equal in value and in identity, and a fingerprint changes with the value only."""
# ruff: noqa: E501  (programs are easier to compare on few lines)

from __future__ import annotations

import types
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ensession.errors import LoadFailedError
from ensession.serial.loading import Rebuilder, load
from ensession.serial.look import look
from tests.serial.worlds import Values, World, assert_comes_back, reloaded

ATOMS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True)
    | st.text(max_size=5)
    | st.binary(max_size=5)
    | st.complex_numbers(allow_nan=False)
    | st.sampled_from([10**400, -0.0, ..., range(3), (), frozenset(), slice(1, [2], None)])
)


@st.composite
def graphs(draw: Any) -> Values:
    """Make containers, then put atoms and each other into them: sharing and cycles come by themselves."""
    nodes: list[Any] = [draw(st.sampled_from([list, dict, set, types.SimpleNamespace, bytearray]))() for _ in range(5)]
    for node in nodes:
        for _ in range(draw(st.integers(0, 3))):
            other = draw(st.sampled_from(nodes) | ATOMS)
            wrapped = draw(st.sampled_from([other, (other, other), (1, (other,))]))
            if isinstance(node, list):
                node.append(wrapped)
            elif isinstance(node, dict):
                node[draw(st.integers(0, 5) | st.text(max_size=2))] = wrapped
            elif isinstance(node, set):
                node.add(draw(st.integers(0, 7)))  # without collisions, whose order depends on the past
            elif isinstance(node, types.SimpleNamespace):
                setattr(node, draw(st.sampled_from("abc")), wrapped)
    return {name: draw(st.sampled_from(nodes)) for name in "xyz"}


@given(graphs())
@settings(max_examples=200, deadline=None)
def test_random_graphs_come_back(values: Values) -> None:
    assert_comes_back(values, World())


DEFINITIONS = {
    "shared cells": "def make(v):\n    def get(): return v\n    def put(w):\n        nonlocal v\n        v = w\n"
    "    return get, put\nget, put = make([1])",
    "a recursive closure": "def make():\n    def f(n): return f(n - 1) if n else f\n    return f\nf = make()",
    "an empty cell": "def make():\n    def f(): return later\n    if 0: later = 1\n    return f\nf = make()",
    "slots": "class C:\n    __slots__ = ('v', '__weakref__')\nc = C(); c.v = [c]",
    "properties": "class C:\n    @property\n    def p(self): return 1\n    @p.setter\n    def p(self, v): pass\nc = C()",
    "super": "class C:\n    def f(self): return 1\nclass D(C):\n    def f(self): return super().f()\nd = D()",
    "class methods": "class C:\n    @classmethod\n    def f(cls): return cls\n    @staticmethod\n    def g(): pass\n"
    "methods = [C.f, C.g, C().f]",
    "a method that is no attribute": "import types\nx = []\nm = types.MethodType(lambda self: self, x)",
    "a method of a builtin": "x = []; m = x.append",
    "a metaclass": "class M(type):\n    def make(cls): return cls()\nclass C(metaclass=M):\n    pass\nc = C.make()",
    "a metaclass with a local name": "def make():\n    class M(type): pass\n    class C(metaclass=M): pass\n    return C\n"
    "C = make(); c = C()",
    "nested classes": "class C:\n    class D:\n        class E: pass\nd = C.D(); e = C.D.E()",
    "an enumeration": "import enum\nclass E(enum.Enum):\n    A = 1\n    B = [2]\n    C = 1\n    def f(self): return self\n"
    "x = [E.A, E.B]; E.B.extra = x",
    "flags": "import enum\nclass F(enum.IntFlag):\n    A = 1\n    B = 2\nx = [F.A, F.A | F.B]",
    "a data class": "import dataclasses\n@dataclasses.dataclass(frozen=True)\nclass C:\n"
    "    v: list = dataclasses.field(default_factory=list)\nc = C()",
    "a data class with slots": "import dataclasses\n@dataclasses.dataclass(slots=True)\nclass C:\n    v: int = 1\nc = C()",
    "named tuples": "import typing, collections\nclass P(typing.NamedTuple):\n    u: int\n    w: int = 2\n"
    "Q = collections.namedtuple('Q', 'a b')\np = P(1); q = Q(1, [p])",
    "abstract classes": "import abc\nclass A(abc.ABC):\n    @abc.abstractmethod\n    def f(self): ...\n"
    "class B(A):\n    def f(self): pass\nb = B()",
    "generics": "import typing\nT = typing.TypeVar('T', bound=int)\nclass G(typing.Generic[T]):\n    pass\nx = G[bool]()\n"
    "N = typing.NewType('N', int)\nP = typing.ParamSpec('P')",
    "a hook for subclasses": "seen = []\nclass C:\n    def __init_subclass__(cls, *, key):\n        cls.key = key\n"
    "        seen.append(key)\nclass D(C, key=[1]):\n    pass",
    "descriptors": "class Field:\n    def __set_name__(self, owner, name):\n        assert not hasattr(self, 'name')\n"
    "        self.name = name\nclass C:\n    f = Field()",
    "a cached property": "import functools\nclass C:\n    @functools.cached_property\n    def p(self): return [1]\n"
    "c = C(); c.p",
    "attributes of functions": "def f(a, *b, c=[1], **d) -> int:\n    'doc'\nf.calls = [f]; g = f",
    "decorators": "import functools\ndef f(v: int): return v\n@functools.wraps(f)\ndef g(*r): return f(*r)",
    "a cache": "import functools\n@functools.lru_cache(maxsize=3, typed=True)\ndef f(n): return f(n - 1) if n else 0\nf(3)",
    "a cache in a closure": "import functools\ndef make():\n    @functools.cache\n    def f(n): return f(n - 1) if n else 0\n"
    "    return f\nf = make()",
    "partial": "import functools\ndef f(*r): return r\np = functools.partial(f, [1], k=2); q = functools.partial(p, 3)",
    "types without a name": "import types\nx = [types.FunctionType, types.MethodType, types.CellType, type(None), type(...)]",
    "the namespace": "x = globals()",
    "subclasses of builtins": "class L(list): pass\nclass I(int): pass\nclass S(str): pass\nclass D(dict): pass\n"
    "l = L([1]); l.a = l; i = I(3); i.a = l; s = S('s'); d = D(k=l); d.a = d",
    "a class attribute that is an instance": "class C: pass\nC.one = C(); C.all = [C.one, C]",
    "operators of foreign objects": "class C:\n    def __eq__(self, o): raise OSError\n    __hash__ = None\n"
    "    def __len__(self): raise OSError\n    def __bool__(self): raise OSError\n    def __iter__(self): raise OSError\n"
    "    def __repr__(self): raise OSError\nx = [C(), C()]",
    "subtypes of tuple that compare": "class T(tuple):\n    def __eq__(self, o): raise OSError\n    __hash__ = None\n"
    "t = T((1, 2)); u = t",
}


HOLD_EQUAL_STRINGS = {"a metaclass with a local name", "a cache in a closure", "named tuples"}
"""Equal strings that were one object, of which loading interns one: their fingerprint changes with the first load."""


@pytest.mark.parametrize("case", DEFINITIONS)
def test_definitions_come_back(case: str) -> None:
    world = World(DEFINITIONS[case])
    assert_comes_back(world.names(), world, is_alike=case not in HOLD_EQUAL_STRINGS)


def test_a_class_is_made_again_without_running_the_hooks_of_the_session() -> None:
    world = World(DEFINITIONS["a hook for subclasses"])
    found, _ = reloaded(world.names(), world)
    assert found["seen"] == [[1]]
    with pytest.raises(TypeError, match="key"):
        type("E", (found["C"],), {})
    found["C"].__init_subclass__.__func__(found["D"], key=2)
    assert found["seen"] == [[1], 2]


def test_what_is_pickled_by_its_name_in_main_is_not_looked_up_there() -> None:
    world = World("class C:\n    def __reduce__(self): return 'one'\none = C()")
    memory, other = world.dumped({"x": world.live["one"]}), World("one = 'another'")
    with pytest.raises(LoadFailedError, match="by its name alone"):
        load(memory, Rebuilder(other.live, {}))


CHANGES = {
    "x.append(1)": "x = [1]",
    "x[0].append(1)": "y = []; x = [y]",
    "x['k'] = x.pop('k')": "x = {'k': 1, 'j': 2}",
    "x[0] = -0.0": "x = [0.0]",
    "x[0] = True": "x = [1]",
    "x[1] = [1]": "a = [1]; x = [a, a]",
    "x[1] = 2": "import numpy as np\nx = np.arange(9.0)",
    "x.flags.writeable = False": "import numpy as np\nx = np.array([1, []], dtype=object)",
    "x.resize((3, 3), refcheck=False)": "import numpy as np\nx = np.arange(9)",
    "x.cell = 2": "class C: pass\nx = C()",
    "x.__defaults__ = (2,)": "def x(v=1): pass",
    "x.attr = 1": "def x(): pass",
    "x.__closure__[0].cell_contents = 1": "def make(v): return lambda: v\nx = make(0)",
    "x.n = 1": "class x: pass",
    "x.f = lambda self: 1": "class x:\n    def f(self): return 0",
    "x[0].seed(1)": "import random\nx = [random.Random(2)]",
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_changes_the_fingerprint(change: str) -> None:
    world = World(CHANGES[change])
    values = {"x": world.live["x"]}
    before = world.fingerprint(values)
    assert before is not None
    assert world.fingerprint(values) == before
    exec(change, world.live)
    assert world.fingerprint(values) != before


def test_what_may_vary_from_process_to_process_is_known() -> None:
    world = World("class S(set): pass\nclass C: pass")
    large = {f"member {number}" for number in range(5000)}
    varied: list[Any] = [large, world.live["S"](["a", "b"]), {world.live["C"](), world.live["C"]()}]
    fixed: list[Any] = [
        {"a", "b"},
        [frozenset({"a", 1})],
        {(1, "a"), 2},
        {1, 2.5},
        {"a"},
        "\x90\x91",
        0x90,
        b"\x90\x91",
    ]
    assert all(look({"x": value}, world.scope).varies_by_process() for value in varied)
    assert not any(look({"x": value}, world.scope).varies_by_process() for value in fixed)
