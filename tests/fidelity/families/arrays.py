"""NumPy, and what is close to it."""

from __future__ import annotations

from tests.fidelity.kind import Family, Kind, Library

_SHARE = "np.shares_memory(obj, obj_base)"
_NUMPY = (
    Kind(
        "array",
        "obj = np.arange(12.0).reshape(3, 4)",
        "obj.sum()",
        ("obj[0, 0] = 9", "obj += 1", "obj.shape = (4, 3)"),
        "(obj, obj.shape)",
    ),
    Kind("array, large", "obj = np.zeros(300_000)", "obj.mean()", ("obj[123_456] = 1",)),
    Kind(
        "array, Fortran order",
        "obj = np.asfortranarray(np.arange(6).reshape(2, 3))",
        "obj.T",
        ("obj[1, 2] = 0",),
        "(obj, obj.flags.f_contiguous)",
    ),
    Kind(
        "array, read-only",
        "obj = np.arange(3)\nobj.flags.writeable = False",
        "obj[0]",
        ("obj.flags.writeable = True",),
        "(obj, obj.flags.writeable)",
    ),
    Kind("array, zero-dimensional", "obj = np.array(5.0)", "obj.item()", ("obj[()] = 6",)),
    Kind("scalar", "obj = np.float32(1.5)", "obj + 1", (), "(obj.item(), obj.dtype.name)"),
    Kind(
        "view",
        "obj_base = np.arange(10)\nobj = obj_base[2:8:2]",
        "obj.sum()",
        ("obj_base[2] = 50", "obj[1] = 60"),
        f"(obj, obj_base, {_SHARE})",
    ),
    Kind(
        "transposed view",
        "obj_base = np.arange(6.0).reshape(2, 3)\nobj = obj_base.T",
        "obj[0]",
        ("obj[2, 1] = 9",),
        f"(obj, obj_base, {_SHARE})",
    ),
    Kind(
        "view of another type",
        "obj_base = np.arange(4, dtype='u4')\nobj = obj_base.view('u1')",
        "obj[0]",
        ("obj[3] = 1",),
        f"(obj, obj_base, {_SHARE})",
    ),
    Kind(
        "broadcast view",
        "obj_base = np.arange(3)\nobj = np.broadcast_to(obj_base, (2, 3))",
        "obj[1]",
        ("obj_base[0] = 5",),
        f"(obj, {_SHARE})",
    ),
    Kind(
        "sliding window",
        "obj_base = np.arange(6)\nobj = np.lib.stride_tricks.sliding_window_view(obj_base, 3)",
        "obj[0]",
        ("obj_base[2] = 50",),
        f"(obj, {_SHARE})",
    ),
    Kind("view of a lost base", "obj = np.arange(1000)[::100]", "obj[1]", ("obj[0] = 5",)),
    Kind(
        "structured array",
        "obj = np.array([(1, 2.5, 'a')], dtype=[('n', 'i4'), ('x', 'f8'), ('s', 'U3')])",
        "obj['n']",
        ("obj['x'][0] = 1", "obj[0] = (2, 3, 'b')"),
        "(obj, obj.dtype.descr)",
    ),
    Kind(
        "field of a structured array",
        "obj_base = np.zeros(3, dtype=[('a', 'i4'), ('b', 'f8')])\nobj = obj_base['b']",
        "obj[0]",
        ("obj[1] = 2", "obj_base['b'][0] = 1"),
        f"(obj, obj_base, {_SHARE})",
    ),
    Kind(
        "record array",
        "obj = np.rec.array([(1, 'a')], names='n,s')",
        "obj.n",
        ("obj.n[0] = 3",),
        "(obj.tolist(), obj.dtype.names, type(obj).__name__)",
    ),
    Kind(
        "object array",
        "obj = np.array([[1], {'a': 2}, None], dtype=object)",
        "obj[0]",
        ("obj[0].append(3)", "obj[2] = 'x'"),
    ),
    Kind("string array", "obj = np.array(['a', 'bcd'])", "obj[0]", ("obj[0] = 'z'",)),
    Kind(
        "variable-width strings",
        "obj = np.array(['a', 'a long string of words'], dtype=np.dtypes.StringDType())",
        "obj[0]",
        ("obj[0] = 'another long string of words'",),
        "(obj.tolist(), str(obj.dtype))",
    ),
    Kind(
        "datetime array",
        "obj = np.array(['2020-01-01', 'NaT'], dtype='M8[D]')",
        "obj[0]",
        ("obj[1] = '2021-05-05'",),
        "obj.astype(str)",
    ),
    Kind(
        "masked array",
        "obj = np.ma.array([1, 2, 3], mask=[0, 1, 0])",
        "obj.sum()",
        ("obj[0] = np.ma.masked", "obj.fill_value = 7", "obj.data[2] = 9"),
    ),
    Kind(
        "memmap",
        "obj = np.memmap('obj.bin', dtype='f8', mode='w+', shape=(4,))",
        "obj[0]",
        ("obj[1] = 5",),
        "(np.asarray(obj), type(obj).__name__)",
    ),
    Kind(
        "matrix",
        "import warnings\nwith warnings.catch_warnings():\n    warnings.simplefilter('ignore')\n    obj = np.matrix([[1, 2], [3, 4]])",
        "obj[0, 0]",
        ("obj[0, 0] = 9",),
        "(type(obj).__name__, obj.tolist())",
    ),
    Kind(
        "subclass of ndarray",
        "class obj_A(np.ndarray):\n    unit = 'm'\nobj = np.arange(3).view(obj_A)",
        "obj.unit",
        ("obj[0] = 7",),
        "(np.asarray(obj), type(obj) is obj_A, obj.unit)",
    ),
    Kind(
        "random Generator",
        "obj = np.random.default_rng(3)",
        "obj.bit_generator",
        ("obj.random()", "obj.bit_generator.advance(5)"),
        "obj.bit_generator.state",
    ),
    Kind("RandomState", "obj = np.random.RandomState(3)", "obj.get_state()", ("obj.rand()",), "obj.get_state()"),
    Kind(
        "SeedSequence",
        "obj = np.random.SeedSequence(5)",
        "obj.entropy",
        ("obj.spawn(1)",),
        "(obj.entropy, obj.n_children_spawned)",
    ),
    Kind(
        "flat iterator",
        "obj_base = np.arange(6).reshape(2, 3)\nobj = obj_base.flat",
        "obj.index",
        ("next(obj)",),
        "(obj.index, list(obj))",
    ),
    Kind("nditer", "obj = np.nditer(np.arange(3))", "obj.itersize", ("next(obj), next(obj)",), "int(obj.value)"),
    Kind("poly1d", "obj = np.poly1d([1, 2, 3])", "obj(2)", ("obj[0] = 9",), "obj.coeffs"),
    Kind(
        "Polynomial", "obj = np.polynomial.Polynomial([1, 2])", "obj(3)", ("obj.coef[0] = 5",), "(obj.coef, obj.domain)"
    ),
    Kind("dtype", "obj = np.dtype([('a', 'i4')])", "obj.names", (), "obj.descr"),
    Kind(
        "vectorize",
        "obj = np.vectorize(lambda a: a + 1)",
        "obj([1])",
        ("obj.excluded.add(1)",),
        "(obj([1, 2]), obj.excluded)",
    ),
    Kind(
        "arrays that share memory in a dict",
        "obj_base = np.arange(6)\nobj = {'a': obj_base[:3], 'b': obj_base[2:]}",
        "obj['a']",
        ("obj['a'][2] = 70",),
        "(obj, obj_base, np.shares_memory(obj['a'], obj['b']))",
    ),
)

FAMILY = Family("arrays", (Library("NumPy", "import numpy as np", _NUMPY, needs="numpy"),))
