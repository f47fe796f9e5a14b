"""Functions and classes of a session under another Python: from their source, where bytecode does not fit."""

from __future__ import annotations

from pathlib import Path

from tests.kernels import Kernel

DEFINITIONS = '''
import collections, contextlib, dataclasses, enum, functools, types, typing
LIMIT = 3

def plain(a, b=2, *rest, c: int = LIMIT, **more):
    """Add what there is.

        Indented on purpose.
    """
    return a + b + c + sum(rest) + sum(more.values()) + LIMIT

first, second, third = lambda x: x + 1, lambda x: x * 10, lambda y, x=5: (y, x)
table = {"one": [lambda x: x - 1, lambda x: x - 2], "two": sorted("ab", key=lambda s: -ord(s))}

def counter(start):
    count = start
    def step(by=1):
        nonlocal count
        count += by
        return count
    def reset():
        nonlocal count
        count = 0
    return step, reset

step, reset = counter(10)
step(5)

def loud(function):
    @functools.wraps(function)
    def wrapped(*args, **kwargs):
        return f"{function(*args, **kwargs)}!"
    return wrapped

@loud
def hello(name):
    return f"hello {name}"

def squares(n):
    for i in range(n):
        yield i * i + sum(j for j in range(i) if j < LIMIT)

def nested(rows):
    weight = 2
    return [[weight * cell for cell in row if cell] for row in rows], {k: v for k, v in enumerate(rows)}

async def later(x):
    return x

@contextlib.contextmanager
def managed(log):
    log.append("in")
    yield log
    log.append("out")

class Shape:
    sides = 0
    def __init__(self, size):
        self.size = size
    @property
    def area(self):
        return self.size ** 2
    @area.setter
    def area(self, value):
        self.size = value ** 0.5
    @classmethod
    def of(cls, area):
        made = cls(1)
        made.area = area
        return made
    @staticmethod
    def unit():
        return "cm"
    def __eq__(self, other):
        return type(self) is type(other) and self.size == other.size
    __hash__ = None

class Square(Shape):
    sides = 4
    def __init__(self, size, colour="red"):
        super().__init__(size)
        self.colour = colour
    key = staticmethod(lambda s: s.size)

class Colour(enum.Enum):
    RED = 1
    GREEN = 2
    @property
    def low(self):
        return self.name.lower()

class Flags(enum.IntFlag):
    A = 1
    B = 2

@dataclasses.dataclass(order=True)
class Point:
    x: float
    y: float = 0.0
    tags: list = dataclasses.field(default_factory=list, compare=False)
    def norm(self):
        return (self.x ** 2 + self.y ** 2) ** 0.5

@dataclasses.dataclass(frozen=True)
class Fixed:
    a: int
    b: str = "b"
    def __post_init__(self):
        object.__setattr__(self, "sum", f"{self.a}{self.b}")

@dataclasses.dataclass(slots=True, kw_only=True)
class Slotted:
    a: int
    b: typing.ClassVar[int] = 7

Pair = collections.namedtuple("Pair", "left right", defaults=[9])

class Typed(typing.NamedTuple):
    n: int
    s: str = "s"
    def both(self):
        return f"{self.n}{self.s}"

@functools.lru_cache
def cached(n):
    return n if n < 2 else cached(n - 1) + cached(n - 2)

def even(n): return True if n == 0 else odd(n - 1)
def odd(n): return False if n == 0 else even(n - 1)

half = functools.partial(plain, 1, c=0)
shape, square, point, fixed = Shape.of(9), Square(2), Point(3, 4), Fixed(1)
slotted, pair, typed, colour, flags = Slotted(a=1), Pair(1), Typed(2), Colour.GREEN, Flags.A | Flags.B
bound = square.key, shape.of, "x".join
handlers = {Colour.RED: plain, Colour.GREEN: first}
'''

LOOKS = """
plain(1), plain(1, 2, 3, c=4, d=5), plain.__doc__.count('Indented'), plain.__defaults__, plain.__kwdefaults__
first(1), second(1), third(1), table['one'][0](9), table['one'][1](9), table['two']
step(), step(), reset(), step()
hello('you'), hello.__wrapped__('you'), hello.__name__
list(squares(5))
nested([[0, 1], [2, 3]])
shape.area, Shape.unit(), shape == Shape(3), Shape.area.fset is not None
square.area, square.colour, Square(5).sides, square.key(square), Square.__mro__[1] is Shape, type(square) is Square
colour.low, Colour(1), flags, Flags(3) == flags, colour is Colour.GREEN, handlers[Colour.RED](1)
point.norm(), point, point < Point(5), Point(1).tags, point == Point(3, 4), Point.__match_args__
fixed, fixed.sum, hash(fixed) == hash(Fixed(1)), Fixed(2) == Fixed(2), Fixed(3, b='c').sum
slotted, Slotted(a=3).a, slotted.b, Slotted.__slots__
pair, Pair(left=3), pair._replace(right=0), Pair._fields, typed.both(), typed, Typed(n=1)
cached(20), even(10), odd(10), half(), bound[0](square), bound[1](16).size
managed([]).__enter__(), later.__code__.co_varnames
plain.__globals__ is globals(), step.__globals__ is globals(), Point.norm.__globals__ is globals()
"""
TAKES_LONG = "__import__('time').sleep(1)"
"""Running the cell again is dearer than loading what it made, however quick the machine is."""
RAISES = ("setattr(fixed, 'a', 2)", "Slotted(1)", "setattr(slotted, 'z', 1)", "Colour(9)", "pair.left.nothing")


def looks(kernel: Kernel) -> list[str]:
    answers = [kernel.value(f"({line},)") for line in LOOKS.strip().splitlines()]
    errors = [kernel.execute("", silent=True, expressions={"x": line}).user_expressions["x"] for line in RAISES]
    return answers + [f"{error['ename']}" for error in errors]


def test_definitions_come_back_under_another_python_and_go_home_again(
    pythons: tuple[str, str], tmp_path: Path, home: Path
) -> None:
    there, here = pythons
    store = tmp_path / "a" / "s.ens"
    with Kernel(tmp_path / "a", home, python=there) as kernel:
        kernel.run("%load_ext ensession")
        kernel.run(f"%ens start {store} --all")
        kernel.run(f"{DEFINITIONS}\n{TAKES_LONG}")
        kernel.kill()
        # what looking changes (the counter) is not recorded
    with Kernel(tmp_path / "truth", home, python=there) as kernel:
        kernel.run(DEFINITIONS)
        truth = looks(kernel)
    for number, python in enumerate((here, there)):
        with Kernel(tmp_path / f"b{number}", home, python=python) as kernel:
            kernel.run("%load_ext ensession")
            kernel.run(f"%ens restore {store}")
            fates, runs = kernel.last_restore()
            assert not runs, "everything is loaded: nothing has to be run again"
            assert set(fates.values()) == {"loaded"}
            kernel.run("still = plain(1)")  # recorded here, and loaded back there
            assert looks(kernel) == truth
            kernel.kill()


TIMED = ("%%time\ndef kept(x):\n    return x + 1\nkept(1)", "%time also = lambda x: x + 1")


def test_a_function_of_a_timed_cell_is_loaded(pythons: tuple[str, str], tmp_path: Path, home: Path) -> None:
    there, here = pythons
    store = tmp_path / "a" / "s.ens"
    with Kernel(tmp_path / "a", home, python=there) as kernel:
        kernel.run("%load_ext ensession")
        kernel.run(f"%ens start {store} --all")
        for cell in TIMED:
            kernel.run(cell)
        kernel.kill()
    with Kernel(tmp_path / "b", home, python=here) as kernel:
        kernel.run("%load_ext ensession")
        kernel.run(f"%ens restore {store}")
        fates, runs = kernel.last_restore()
        assert not runs
        assert (fates["kept"], fates["also"]) == ("loaded", "loaded")
        assert kernel.value("(kept(1), also(2))") == "(2, 3)"


def test_a_function_whose_source_is_not_known_is_made_again_by_its_cell(
    pythons: tuple[str, str], tmp_path: Path, home: Path
) -> None:
    there, here = pythons
    cell = "exec('def lost(x):\\n    return x + 1')"
    store = tmp_path / "a" / "s.ens"
    with Kernel(tmp_path / "a", home, python=there) as kernel:
        kernel.run("%load_ext ensession")
        kernel.run(f"%ens start {store} --all")
        kernel.run(cell)
        kernel.kill()
    with Kernel(tmp_path / "b", home, python=here) as kernel:
        kernel.run("%load_ext ensession")
        report = kernel.run(f"%ens restore {store}").text
        fates, runs = kernel.last_restore()
        assert fates["lost"] == "recomputed, not verifiable"
        assert len(runs) == 1
        assert "can't be compared" in report
        assert "Python" in report
        assert kernel.value("lost(1)") == "2"
