"""pandas."""

from __future__ import annotations

from tests.fidelity.kind import Family, Kind, Library


def _index(name: str, make: str) -> Kind:
    return Kind(f"index: {name}", f"obj = {make}", "len(obj)", ("obj.names = ['renamed'] * obj.nlevels",))


_FRAME = "pd.DataFrame({'a': [1, 2, 3], 'b': ['x', 'y', None], 'c': [0.5, None, 2]})"

_FRAMES = (
    Kind(
        "DataFrame",
        f"obj = {_FRAME}",
        "obj.describe()",
        ("obj['d'] = 1", "obj.loc[0, 'a'] = 9", "obj.drop(columns='b', inplace=True)", "obj.columns = ['q', 'r', 's']"),
    ),
    Kind(
        "DataFrame, sorted in place",
        f"obj = {_FRAME}",
        "obj.head(1)",
        ("obj.sort_values('a', ascending=False, inplace=True)", "obj.reset_index(inplace=True)"),
    ),
    Kind("DataFrame with attributes", f"obj = {_FRAME}", "obj.attrs", ("obj.attrs['source'] = 'x'",)),
    Kind("DataFrame of objects", "obj = pd.DataFrame({'a': [[1], {2}, (3,)]})", "obj.a[0]", ("obj.a[0].append(5)",)),
    Kind(
        "slice of a DataFrame",
        f"obj_base = {_FRAME}\nobj = obj_base[['a', 'c']]",
        "obj.sum()",
        ("obj.loc[0, 'a'] = 9", "obj_base.loc[1, 'a'] = 8"),
        "(obj, obj_base)",
    ),
    Kind(
        "frame over an array",
        "import numpy as np\nobj_base = np.arange(6.0).reshape(2, 3)\nobj = pd.DataFrame(obj_base, copy=False)",
        "obj.sum()",
        ("obj_base[0, 0] = 9",),
        "(obj, obj_base)",
    ),
    Kind(
        "Series",
        "obj = pd.Series([1, 2, 3], name='s')",
        "obj.sum()",
        ("obj[0] = 9", "obj.name = 't'", "obj.index = list('xyz')"),
    ),
    Kind(
        "column of a DataFrame",
        f"obj_base = {_FRAME}\nobj = obj_base['a']",
        "obj.sum()",
        ("obj_base['a'] += 1",),
        "(obj, obj_base)",
    ),
    Kind(
        "categorical",
        "obj = pd.Categorical(['a', 'b', 'a'], ordered=True)",
        "obj.codes",
        ("obj[0] = 'b'",),
        "(list(obj), list(obj.categories), obj.ordered)",
    ),
    Kind(
        "categorical column",
        "obj = pd.DataFrame({'k': pd.Categorical(['a', 'b'])})",
        "obj.k.cat.codes",
        ("obj['k'] = obj.k.cat.rename_categories(['x', 'y'])",),
    ),
    Kind(
        "nullable integers",
        "obj = pd.array([1, None, 3], dtype='Int64')",
        "obj.sum()",
        ("obj[1] = 2",),
        "(list(obj), str(obj.dtype))",
    ),
    Kind("nullable booleans", "obj = pd.Series([True, None], dtype='boolean')", "obj.sum()", ("obj[1] = False",)),
    Kind("strings", "obj = pd.Series(['a', None, 'c'], dtype='string')", "obj.str.upper()", ("obj[1] = 'b'",)),
    Kind("sparse", "obj = pd.arrays.SparseArray([0, 0, 1])", "obj.density", (), "(list(obj), str(obj.dtype))"),
    Kind(
        "intervals",
        "obj = pd.arrays.IntervalArray.from_breaks([0, 1, 2])",
        "obj.left",
        ("obj[0] = pd.Interval(5, 6)",),
        "list(obj)",
    ),
    Kind(
        "periods",
        "obj = pd.Series(pd.period_range('2020', periods=3, freq='M'))",
        "obj.dt.year",
        ("obj[0] = pd.Period('2019-01', 'M')",),
    ),
    Kind(
        "times with a zone",
        "obj = pd.Series(pd.date_range('2020', periods=2, tz='Europe/Paris'))",
        "obj.dt.hour",
        ("obj[0] = pd.Timestamp('2019', tz='Europe/Paris')",),
    ),
    Kind(
        "GroupBy",
        f"obj = {_FRAME}.groupby('b')",
        "obj.a.sum()",
        ("obj.obj['a'] = 0",),
        "obj.a.sum()",
    ),
    Kind(
        "Rolling",
        "obj = pd.Series([1, 2, 3.0]).rolling(2)",
        "obj.mean()",
        (),
        "obj.sum()",
        note="pandas fills its caches when it is read",
    ),
    Kind("Styler", f"obj = {_FRAME}.style", "obj.data", ("obj.set_caption('c')",), "(obj.data, obj.caption)"),
    Kind("Timestamp", "obj = pd.Timestamp('2020-01-01', tz='UTC')", "obj.year", (), "(str(obj), obj.unit)"),
    Kind("offset", "obj = pd.offsets.BusinessDay(3)", "obj.n", (), "str(obj)"),
    Kind("NA", "obj = pd.NA", "obj is pd.NA", (), "obj is pd.NA"),
    Kind(
        "frame of one's own class",
        "class obj_F(pd.DataFrame):\n    _metadata = ['unit']\n    @property\n    def _constructor(self):\n        return obj_F\nobj = obj_F({'a': [1]})\nobj.unit = 'm'",
        "obj.unit",
        ("obj.unit = 'km'", "obj['b'] = 2"),
        "(obj, obj.unit, type(obj) is obj_F)",
    ),
    Kind(
        "accessor of the session",
        "@pd.api.extensions.register_dataframe_accessor('obj_acc')\nclass obj:\n    def __init__(self, frame):\n        self.n = len(frame)",
        "obj.__name__",
        ("obj.tag = 1",),
        "(obj.__name__, vars(obj).get('tag'))",
    ),
)

_INDEXES = tuple(
    _index(name, make)
    for name, make in (
        ("range", "pd.RangeIndex(3)"),
        ("integers", "pd.Index([3, 1, 2])"),
        ("strings", "pd.Index(['a', 'b'])"),
        ("objects", "pd.Index([1, 'a', None], dtype=object)"),
        ("categorical", "pd.CategoricalIndex(['a', 'b', 'a'])"),
        ("multi", "pd.MultiIndex.from_product([['a', 'b'], [1, 2]])"),
        ("datetime", "pd.date_range('2020-01-01', periods=3)"),
        ("timedelta", "pd.timedelta_range('1h', periods=3)"),
        ("period", "pd.period_range('2020', periods=3, freq='Q')"),
        ("interval", "pd.interval_range(0, 3)"),
    )
)

FAMILY = Family("frames", (Library("pandas", "import pandas as pd", _FRAMES + _INDEXES, needs="pandas"),))
