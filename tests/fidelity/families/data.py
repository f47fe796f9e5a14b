"""Tables, databases, records and what carries them."""

from __future__ import annotations

from tests.fidelity.kind import Family, Kind, Library

_POLARS = (
    Kind(
        "DataFrame",
        "obj = pl.DataFrame({'a': [1, 2], 'b': ['x', None]})",
        "obj.height",
        ("obj.insert_column(2, pl.Series('c', [3, 4]))", "obj[0, 'a'] = 9"),
        "(obj.to_dict(as_series=False), str(obj.schema))",
    ),
    Kind(
        "Series",
        "obj = pl.Series('s', [1, 2])",
        "obj.sum()",
        ("obj[0] = 9", "obj.append(pl.Series([3]))"),
        "(obj.name, obj.to_list())",
    ),
    Kind(
        "LazyFrame",
        "obj = pl.LazyFrame({'a': [1, 2]}).filter(pl.col('a') > 1)",
        "obj.collect_schema()",
        (),
        "obj.collect().to_dict(as_series=False)",
    ),
    Kind("expression", "obj = pl.col('a').sum() + 1", "str(obj)", (), "str(obj)"),
    Kind(
        "categorical series",
        "obj = pl.Series(['a', 'b'], dtype=pl.Categorical)",
        "obj.len()",
        (),
        "(obj.to_list(), str(obj.dtype))",
    ),
    Kind(
        "GroupBy",
        "obj = pl.DataFrame({'a': [1, 1]}).group_by('a')",
        "type(obj)",
        (),
        "obj.len().to_dict(as_series=False)",
    ),
)
_ARROW = (
    Kind(
        "Table",
        "obj = pa.table({'a': [1, 2], 'b': ['x', None]})",
        "obj.num_rows",
        (),
        "(obj.to_pydict(), str(obj.schema))",
    ),
    Kind("array", "obj = pa.array([1, None, 3])", "obj.null_count", (), "obj.to_pylist()"),
    Kind(
        "array over NumPy memory",
        "obj_base = np.arange(4)\nobj = pa.array(obj_base)",
        "len(obj)",
        ("obj_base[0] = 9",),
        "(obj.to_pylist(), obj_base)",
    ),
    Kind("schema", "obj = pa.schema([('a', pa.int64())])", "obj.names", (), "str(obj)"),
    Kind("buffer", "obj = pa.py_buffer(b'abc')", "obj.size", (), "obj.to_pybytes()"),
    Kind("output stream", "obj = pa.BufferOutputStream()", "obj.tell()", ("obj.write(b'abc')",), "obj.tell()"),
    Kind("dataset filter", "obj = pc.field('a') > 1", "str(obj)", (), "str(obj)"),
)
_DUCKDB = (
    Kind(
        "connection",
        "obj = duckdb.connect(':memory:')",
        "obj.execute('select 1').fetchall()",
        ("obj.execute('create table t as select 1 a')",),
        "obj.execute('show tables').fetchall()",
    ),
    Kind(
        "relation", "obj_db = duckdb.connect()\nobj = obj_db.sql('select 1 as a')", "obj.columns", (), "obj.fetchall()"
    ),
)
_SQLALCHEMY = (
    Kind(
        "engine",
        "obj = sa.create_engine('sqlite://')",
        "obj.name",
        (),
        "str(obj.url)",
        note="a session and an engine hold common parts of the library: taken for linked",
    ),
    Kind(
        "metadata",
        "obj = sa.MetaData()",
        "len(obj.tables)",
        ("sa.Table('t', obj, sa.Column('a', sa.Integer))",),
        "sorted(obj.tables)",
    ),
    Kind(
        "statement",
        "obj = sa.select(sa.literal(1))",
        "str(obj)",
        (),
        "str(obj)",
        note="the statement is compiled, and the result kept, when it is shown",
    ),
    Kind(
        "session",
        "obj = sqlalchemy.orm.Session(sa.create_engine('sqlite://'))",
        "obj.is_active",
        ("obj.info['k'] = 1",),
        "dict(obj.info)",
    ),
    Kind(
        "mapped class",
        "class obj_B(sqlalchemy.orm.DeclarativeBase):\n    pass\nclass obj_T(obj_B):\n    __tablename__ = 't'\n    id = sa.Column(sa.Integer, primary_key=True)\nobj = obj_T(id=1)",
        "obj.id",
        ("obj.id = 2",),
        "obj.id",
    ),
)
_PYDANTIC = (
    Kind(
        "model",
        "class obj_M(pydantic.BaseModel):\n    a: int\n    b: list[int] = []\nobj = obj_M(a=1)",
        "obj.a",
        ("obj.a = 5", "obj.b.append(2)"),
        "(obj.model_dump(), type(obj) is obj_M, obj_M(a='3').a)",
    ),
    Kind(
        "type adapter",
        "obj = pydantic.TypeAdapter(list[int])",
        "obj.validate_python(['1'])",
        (),
        "obj.validate_python(['1'])",
    ),
)
_ATTRS = (
    Kind(
        "class",
        "@attrs.define\nclass obj_P:\n    x: int\n    y: list = attrs.Factory(list)\nobj = obj_P(1)",
        "obj.x",
        ("obj.x = 2", "obj.y.append(1)"),
        "(attrs.asdict(obj), type(obj) is obj_P, obj == obj_P(obj.x, obj.y))",
    ),
    Kind(
        "frozen class",
        "@attrs.frozen\nclass obj_P:\n    x: list\nobj = obj_P([1])",
        "obj.x",
        ("obj.x.append(2)",),
        "attrs.asdict(obj)",
    ),
)
_REQUESTS = (
    Kind(
        "Session",
        "obj = requests.Session()",
        "obj.headers",
        ("obj.headers['k'] = 'v'", "obj.cookies.set('a', 'b')"),
        "(dict(obj.headers), obj.cookies.get_dict())",
    ),
    Kind(
        "Request",
        "obj = requests.Request('GET', 'http://localhost/').prepare()",
        "obj.url",
        ("obj.headers['k'] = 'v'",),
        "(obj.url, dict(obj.headers))",
    ),
    Kind(
        "Response",
        "obj = requests.Response()\nobj._content, obj.status_code = b'abc', 200",
        "obj.text",
        ("obj.headers['k'] = 'v'",),
        "(obj.text, dict(obj.headers))",
    ),
)
FAMILY = Family(
    "data",
    (
        Library("Polars", "import polars as pl", _POLARS, "polars"),
        Library("PyArrow", "import numpy as np, pyarrow as pa, pyarrow.compute as pc", _ARROW, "pyarrow"),
        Library("DuckDB", "import duckdb", _DUCKDB, "duckdb"),
        Library("SQLAlchemy", "import sqlalchemy as sa, sqlalchemy.orm", _SQLALCHEMY, "sqlalchemy"),
        Library("pydantic", "import pydantic", _PYDANTIC, "pydantic"),
        Library("attrs", "import attrs", _ATTRS, "attrs"),
        Library("Requests", "import requests", _REQUESTS, "requests"),
    ),
)
