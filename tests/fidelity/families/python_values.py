"""Python's own values and collections."""

from __future__ import annotations

from tests.fidelity.kind import Family, Kind, Library

IMPORTS = """
import array, collections, dataclasses, datetime, decimal, enum, fractions, heapq, io, ipaddress, operator, pathlib
import queue, random, re, string, struct, textwrap, time, types, uuid, zoneinfo
"""

_BUILTINS = (
    Kind("int", "obj = 10 ** 30", "obj + 1", ()),
    Kind("float", "obj = 0.1", "obj * 2", ()),
    Kind("complex", "obj = 1 + 2j", "abs(obj)", ()),
    Kind("str", "obj = 'naïve ' * 5", "obj.upper()", ()),
    Kind("bytes", "obj = bytes(range(256))", "obj[3]", ()),
    Kind("bytearray", "obj = bytearray(b'abc')", "bytes(obj)", ("obj[0] = 65", "obj.extend(b'xyz')")),
    Kind(
        "memoryview", "obj_base = bytearray(9)\nobj = memoryview(obj_base)", "obj[0]", ("obj[0] = 7",), "obj.tobytes()"
    ),
    Kind("tuple of lists", "obj = ([1], [2])", "len(obj)", ("obj[0].append(3)",)),
    Kind("list", "obj = [3, 1, 2]", "sorted(obj)", ("obj.append(0)", "obj.sort()", "del obj[0]")),
    Kind("list, nested", "obj = [[0] * 3 for _ in range(3)]", "obj[1][1]", ("obj[2][2] = 9",)),
    Kind("list in itself", "obj = [1]\nobj.append(obj)", "obj[1][0]", ("obj[0] = 2",)),
    Kind(
        "two names for a list",
        "obj = [1]\nobj_alias = obj",
        "obj_alias[0]",
        ("obj_alias.append(2)",),
        "(obj, obj is obj_alias)",
    ),
    Kind("dict", "obj = {'a': 1, 2: 'b'}", "obj.get('a')", ("obj['c'] = 3", "obj.pop('a')", "obj.update(a=1)")),
    Kind(
        "dict of shared lists",
        "obj_row = [0]\nobj = {'a': obj_row, 'b': obj_row}",
        "obj['a'] is obj['b']",
        ("obj_row.append(1)",),
        "(obj, obj['a'] is obj['b'], obj['a'] is obj_row)",
    ),
    Kind("dict view", "obj_base = {'a': 1}\nobj = obj_base.keys()", "list(obj)", ("obj_base['b'] = 2",), "sorted(obj)"),
    Kind("set", "obj = {'x', 'y', 1}", "'x' in obj", ("obj.add('z')", "obj.discard(1)")),
    Kind("frozenset", "obj = frozenset({'a', 'b'})", "len(obj)", ()),
    Kind("range", "obj = range(3, 30, 4)", "len(obj)", ()),
    Kind("slice", "obj = slice(1, None, 2)", "obj.start", ()),
    Kind("SimpleNamespace", "obj = types.SimpleNamespace(a=[1])", "obj.a", ("obj.b = 2", "obj.a.append(2)")),
    Kind(
        "MappingProxyType",
        "obj_base = {'a': 1}\nobj = types.MappingProxyType(obj_base)",
        "obj['a']",
        ("obj_base['b'] = 2",),
        "dict(obj)",
    ),
    Kind("type alias", "obj = list[int] | None", "obj.__args__", (), "str(obj)"),
    Kind("module", "import json as obj", "obj.dumps(1)", (), "obj.__name__"),
    Kind("builtin function", "obj = len", "obj([])", (), "obj is len"),
    Kind(
        "bound method of a list",
        "obj_list = []\nobj = obj_list.append",
        "obj.__self__",
        ("obj(1)",),
        "obj.__self__ is obj_list, obj_list",
    ),
    Kind(
        "exception",
        "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    obj = error",
        "str(obj)",
        ("obj.add_note('n')",),
        "(type(obj).__name__, obj.args, getattr(obj, '__notes__', None))",
    ),
    Kind(
        "exception that words its message",
        "class obj_E(Exception):\n    def __init__(self, code, hint=None):\n        super().__init__(f'code {code}')\n"
        "        self.code, self.hint = code, hint\nobj = obj_E(7, ['h'])",
        "str(obj)",
        ("obj.hint.append(1)",),
        "(str(obj), obj.args, obj.code, obj.hint)",
    ),
    Kind(
        "exception group",
        "obj = ExceptionGroup('g', [ValueError(1), KeyError('k')])",
        "obj.exceptions",
        ("obj.mark = 1",),
        "(repr(obj), vars(obj))",
    ),
    Kind(
        "str subclass with state",
        "class obj_S(str):\n    pass\nobj = obj_S('a')\nobj.tags = []",
        "obj.tags",
        ("obj.tags.append(1)",),
        "(str(obj), obj.tags)",
    ),
)

_COLLECTIONS = (
    Kind(
        "deque",
        "obj = collections.deque([1, 2], maxlen=3)",
        "obj[0]",
        ("obj.append(3)", "obj.rotate(1)"),
        "(list(obj), obj.maxlen)",
    ),
    Kind(
        "Counter",
        "obj = collections.Counter('hello')",
        "obj.most_common(1)",
        ("obj.update('xyz')", "del obj['h']"),
        "dict(obj)",
    ),
    Kind(
        "OrderedDict",
        "obj = collections.OrderedDict(a=1, b=2)",
        "list(obj)",
        ("obj.move_to_end('a')",),
        "list(obj.items())",
    ),
    Kind(
        "defaultdict",
        "obj = collections.defaultdict(list, a=[1])",
        "obj.get('a')",
        ("obj['z']", "obj['z'].append(1)"),
        "(dict(obj), obj.default_factory is list)",
    ),
    Kind(
        "defaultdict of a lambda",
        "obj = collections.defaultdict(lambda: [0])",
        "len(obj)",
        ("obj['z'].append(1)",),
        "(dict(obj), obj.default_factory())",
    ),
    Kind(
        "ChainMap",
        "obj = collections.ChainMap({'a': 1}, {'b': 2})",
        "obj['b']",
        ("obj['c'] = 3",),
        "[dict(m) for m in obj.maps]",
    ),
    Kind("UserDict", "obj = collections.UserDict(a=1)", "obj['a']", ("obj['b'] = 2",), "obj.data"),
    Kind("UserList", "obj = collections.UserList([1])", "obj[0]", ("obj.append(2)",), "obj.data"),
    Kind(
        "namedtuple of the session",
        "obj_P = collections.namedtuple('obj_P', 'x y')\nobj = obj_P(1, [2])",
        "obj.x",
        ("obj.y.append(3)",),
        "(obj._asdict(), isinstance(obj, obj_P))",
    ),
    Kind(
        "array.array",
        "obj = array.array('d', [1.0, 2.0])",
        "obj[0]",
        ("obj[0] = 5.0", "obj.append(3.0)"),
        "(obj.typecode, obj.tolist())",
    ),
    Kind("heap", "obj = [5, 2, 8]\nheapq.heapify(obj)", "obj[0]", ("heapq.heappush(obj, 1)", "heapq.heappop(obj)")),
    Kind("queue.Queue", "obj = queue.Queue()\nobj.put(1)", "obj.qsize()", ("obj.put(2)",), "list(obj.queue)"),
    Kind(
        "queue.SimpleQueue",
        "obj = queue.SimpleQueue()\nobj.put(1)",
        "obj.qsize()",
        ("obj.put(2)",),
        "[obj.get() for _ in range(obj.qsize())]",
    ),
    Kind(
        "StringIO",
        "obj = io.StringIO('abc')",
        "obj.getvalue()",
        ("obj.read(1)", "obj.write('x')"),
        "(obj.getvalue(), obj.tell())",
    ),
    Kind(
        "BytesIO",
        "obj = io.BytesIO(b'abc')",
        "obj.getvalue()",
        ("obj.seek(2)", "obj.write(b'x')"),
        "(obj.getvalue(), obj.tell())",
    ),
    Kind(
        "random.Random", "obj = random.Random(3)", "obj.getstate()", ("obj.random()", "obj.seed(5)"), "obj.getstate()"
    ),
)

_STANDARD = (
    Kind("datetime", "obj = datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC)", "obj.year", ()),
    Kind("timedelta", "obj = datetime.timedelta(days=3)", "obj.days", ()),
    Kind("ZoneInfo", "obj = zoneinfo.ZoneInfo('UTC')", "obj.key", (), "obj.key"),
    Kind("Decimal", "obj = decimal.Decimal('1.10')", "obj + 1", ()),
    Kind(
        "decimal context",
        "obj = decimal.Context(prec=5)",
        "obj.prec",
        ("obj.prec = 9", "obj.flags[decimal.Inexact] = True"),
        "repr(obj)",
    ),
    Kind("Fraction", "obj = fractions.Fraction(1, 3)", "obj.numerator", ()),
    Kind("UUID", "obj = uuid.UUID(int=5)", "obj.hex", (), "str(obj)"),
    Kind("Path", "obj = pathlib.Path('a') / 'b.txt'", "obj.suffix", ()),
    Kind("re.Pattern", "obj = re.compile('(a+)b', re.I)", "obj.search('xAAb')", (), "(obj.pattern, obj.flags)"),
    Kind("re.Match", "obj = re.search('(a+)b', 'xaab')", "obj.group(1)", (), "obj.span()"),
    Kind("IPv4Network", "obj = ipaddress.ip_network('10.0.0.0/30')", "obj.num_addresses", (), "str(obj)"),
    Kind("struct.Struct", "obj = struct.Struct('<if')", "obj.size", (), "obj.format"),
    Kind("string.Template", "obj = string.Template('$a')", "obj.substitute(a=1)", ("obj.template = '$b'",)),
    Kind("struct_time", "obj = time.gmtime(0)", "obj.tm_year", (), "tuple(obj)"),
    Kind("itemgetter", "obj = operator.itemgetter('a', 1)", "obj({'a': 1, 1: 2})", (), "obj({'a': 1, 1: 2})"),
    Kind(
        "argument parser",
        "import argparse\nobj = argparse.ArgumentParser('p')",
        "obj.parse_args([])",
        (
            "obj.add_argument('--n', type=int, default=argparse.SUPPRESS)",
            "obj.add_argument('--m', type=lambda s: s * 2)",
        ),
        "(vars(obj.parse_args([])), vars(obj.parse_known_args(['--n', '3', '--m', 'a'])[0]))",
    ),
    Kind("TextWrapper", "obj = textwrap.TextWrapper(width=9)", "obj.wrap('a b')", ("obj.width = 5",), "obj.width"),
)

FAMILY = Family("python-values", (Library("Python", IMPORTS, _BUILTINS + _COLLECTIONS + _STANDARD),))
