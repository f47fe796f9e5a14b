"""Smaller libraries for data, records and time."""

from __future__ import annotations

from tests.fidelity.kind import Family, Kind, Library

_LIBRARIES = (
    Library(
        "httpx",
        "import httpx",
        (
            Kind("client", "obj = httpx.Client()", "obj.headers", ("obj.headers['k'] = 'v'",), "obj.headers.get('k')"),
            Kind("URL", "obj = httpx.URL('http://a/b')", "obj.host", (), "str(obj)"),
        ),
        "httpx",
    ),
    Library(
        "peewee",
        "import peewee",
        (
            Kind(
                "database",
                "obj = peewee.SqliteDatabase(':memory:')",
                "obj.is_closed()",
                ("obj.connect()",),
                "obj.is_closed()",
            ),
        ),
        "peewee",
    ),
    Library(
        "TinyDB",
        "import tinydb",
        (
            Kind(
                "database",
                "obj = tinydb.TinyDB(storage=tinydb.storages.MemoryStorage)",
                "len(obj)",
                ("obj.insert({'a': 1})",),
                "obj.all()",
                note="the default table is made when it is first used",
            ),
        ),
        "tinydb",
    ),
    Library(
        "lxml",
        "import lxml.etree",
        (
            Kind(
                "element",
                "obj = lxml.etree.fromstring('<a><b/></a>')",
                "obj.tag",
                ("obj.set('k', 'v')",),
                "lxml.etree.tostring(obj)",
            ),
        ),
        "lxml",
    ),
    Library(
        "Beautiful Soup",
        "import bs4",
        (
            Kind(
                "soup",
                "obj = bs4.BeautifulSoup('<p>a</p>', 'html.parser')",
                "obj.p.text",
                ("obj.p['id'] = 'x'",),
                "str(obj)",
            ),
        ),
        "bs4",
    ),
    Library(
        "PyYAML",
        "import yaml",
        (
            Kind(
                "node",
                "obj = yaml.compose('a: [1]')",
                "obj.tag",
                ("obj.tag = 'x'",),
                "yaml.serialize(obj) if obj.tag != 'x' else obj.tag",
            ),
        ),
        "yaml",
    ),
    Library(
        "TOML Kit",
        "import tomlkit",
        (Kind("document", "obj = tomlkit.parse('a = 1 # c')", "obj['a']", ("obj['b'] = 2",), "tomlkit.dumps(obj)"),),
        "tomlkit",
    ),
    Library(
        "Jinja",
        "import jinja2",
        (Kind("template", "obj = jinja2.Template('{{ a }}')", "obj.render(a=1)", (), "obj.render(a=1)"),),
        "jinja2",
    ),
    Library(
        "msgspec",
        "import msgspec",
        (
            Kind(
                "struct", "class obj_S(msgspec.Struct):\n    a: int\nobj = obj_S(1)", "obj.a", ("obj.a = 2",), "obj.a"
            ),
            Kind("encoder", "obj = msgspec.json.Encoder()", "obj.encode(1)", (), "obj.encode([1])"),
        ),
        "msgspec",
    ),
    Library(
        "marshmallow",
        "import marshmallow",
        (
            Kind(
                "schema",
                "class obj_S(marshmallow.Schema):\n    a = marshmallow.fields.Int()\nobj = obj_S()",
                "obj.load({'a': '1'})",
                ("obj.context = {'k': 1}",),
                "(obj.load({'a': '1'}), vars(obj).get('context'))",
                note="its class makes empty lists of hooks when they are first looked up",
            ),
        ),
        "marshmallow",
    ),
    Library(
        "Faker",
        "import faker",
        (
            Kind(
                "generator",
                "obj = faker.Faker()\nobj.seed_instance(1)",
                "obj.locales",
                ("obj.name()",),
                "obj.random.getstate()[1][:5], obj.random.getstate()[1][-1]",
            ),
        ),
        "faker",
    ),
    Library(
        "arrow",
        "import arrow",
        (Kind("time", "obj = arrow.get('2020-01-01')", "obj.year", (), "obj.isoformat()"),),
        "arrow",
    ),
    Library(
        "pendulum",
        "import pendulum",
        (Kind("time", "obj = pendulum.datetime(2020, 1, 1)", "obj.year", (), "obj.isoformat()"),),
        "pendulum",
    ),
    Library(
        "python-dateutil",
        "import dateutil.relativedelta, dateutil.rrule, datetime",
        (
            Kind(
                "relativedelta",
                "obj = dateutil.relativedelta.relativedelta(months=1)",
                "obj.months",
                ("obj.months = 2",),
                "repr(obj)",
            ),
            Kind(
                "rrule",
                "obj = dateutil.rrule.rrule(dateutil.rrule.DAILY, count=2, dtstart=datetime.datetime(2020, 1, 1))",
                "obj.count",
                (),
                "list(obj)",
            ),
        ),
        "dateutil",
    ),
    Library(
        "more-itertools",
        "import more_itertools",
        (
            Kind("peekable", "obj = more_itertools.peekable([1, 2, 3])", "type(obj)", ("next(obj)",), "list(obj)"),
            Kind(
                "bucket",
                "obj = more_itertools.bucket([1, 2], lambda n: n % 2)",
                "type(obj)",
                ("list(obj[1])",),
                "sorted(obj._cache)",
            ),
        ),
        "more_itertools",
    ),
    Library(
        "toolz",
        "import toolz",
        (
            Kind("curried function", "obj = toolz.curry(lambda a, b: a + b)(1)", "obj(2)", (), "obj(2)"),
            Kind("composition", "obj = toolz.compose(str, abs)", "obj(-1)", (), "obj(-1)"),
        ),
        "toolz",
    ),
    Library(
        "sortedcontainers",
        "import sortedcontainers",
        (
            Kind(
                "SortedDict",
                "obj = sortedcontainers.SortedDict(b=1, a=2)",
                "obj.keys()",
                ("obj['c'] = 3",),
                "list(obj.items())",
            ),
            Kind("SortedList", "obj = sortedcontainers.SortedList([3, 1])", "obj[0]", ("obj.add(2)",), "list(obj)"),
        ),
        "sortedcontainers",
    ),
    Library(
        "bidict",
        "import bidict",
        (
            Kind(
                "bidict",
                "obj = bidict.bidict(a=1)",
                "obj.inverse[1]",
                ("obj['b'] = 2",),
                "(dict(obj), dict(obj.inverse))",
            ),
        ),
        "bidict",
    ),
    Library(
        "pyrsistent",
        "import pyrsistent",
        (
            Kind("pmap", "obj = pyrsistent.pmap({'a': 1})", "obj['a']", (), "dict(obj)"),
            Kind("pvector", "obj = pyrsistent.pvector([1])", "len(obj)", (), "list(obj)"),
        ),
        "pyrsistent",
    ),
    Library(
        "frozendict",
        "import frozendict",
        (Kind("frozendict", "obj = frozendict.frozendict(a=[1])", "obj['a']", ("obj['a'].append(2)",), "dict(obj)"),),
        "frozendict",
    ),
    Library(
        "multidict",
        "import multidict",
        (Kind("MultiDict", "obj = multidict.MultiDict(a=1)", "obj['a']", ("obj.add('a', 2)",), "list(obj.items())"),),
        "multidict",
    ),
    Library(
        "boltons",
        "import boltons.cacheutils",
        (Kind("LRU cache", "obj = boltons.cacheutils.LRU(2)", "len(obj)", ("obj['a'] = 1",), "dict(obj)"),),
        "boltons",
    ),
    Library(
        "cloudpickle",
        "import cloudpickle",
        (Kind("pickle of a function", "obj = cloudpickle.dumps(max)", "len(obj)", (), "obj"),),
        "cloudpickle",
    ),
    Library(
        "click",
        "import click",
        (
            Kind(
                "command",
                "@click.command()\n@click.option('--n', default=1)\ndef obj(n):\n    return n",
                "obj.name",
                ("obj.help = 'h'",),
                "(obj.name, obj.help, [p.name for p in obj.params])",
            ),
        ),
        "click",
    ),
)

FAMILY = Family("data-more", _LIBRARIES)
