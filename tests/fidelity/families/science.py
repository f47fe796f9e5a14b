"""SciPy and scientific libraries."""

from __future__ import annotations

from tests.fidelity.kind import Family, Kind, Library

_SCIPY = (
    Kind(
        "sparse CSR",
        "obj = scipy.sparse.csr_array(np.eye(3))",
        "obj.nnz",
        ("obj.data[0] = 5", "obj *= 2"),
        "obj.toarray()",
    ),
    Kind("sparse LIL", "obj = scipy.sparse.lil_array((3, 3))", "obj.shape", ("obj[0, 1] = 5",), "obj.toarray()"),
    Kind("sparse DOK", "obj = scipy.sparse.dok_array((2, 2))", "obj.shape", ("obj[0, 1] = 5",), "obj.toarray()"),
    Kind(
        "spline",
        "obj = scipy.interpolate.CubicSpline([0, 1, 2], [0, 1, 4])",
        "obj(1.5)",
        ("obj.c[0, 0] = 9",),
        "(obj.c, obj.x)",
    ),
    Kind(
        "interpolator",
        "obj = scipy.interpolate.RegularGridInterpolator(([0.0, 1.0],), np.array([1.0, 3.0]))",
        "obj([0.5])",
        ("obj.values[0] = 7",),
        "obj([0.25])",
    ),
    Kind(
        "KDTree",
        "obj = scipy.spatial.KDTree(np.random.default_rng(0).random((20, 2)))",
        "obj.query([0, 0])",
        (),
        "(obj.data, obj.query([0.5, 0.5]))",
    ),
    Kind(
        "Delaunay",
        "obj = scipy.spatial.Delaunay([[0, 0], [1, 0], [0, 1], [1, 1]])",
        "obj.nsimplex",
        ("obj.note = 1",),
        "(obj.simplices, getattr(obj, 'note', 0))",
    ),
    Kind(
        "Rotation",
        "obj = scipy.spatial.transform.Rotation.from_euler('z', 90, degrees=True)",
        "obj.as_matrix()",
        (),
        "obj.as_quat().round(12)",
    ),
    Kind(
        "frozen distribution",
        "obj = scipy.stats.norm(loc=1, scale=2)",
        "obj.mean()",
        ("obj.kwds['loc'] = 5",),
        "(obj.kwds, obj.cdf(1.5))",
    ),
    Kind(
        "gaussian_kde",
        "obj = scipy.stats.gaussian_kde([1.0, 2.0, 4.0])",
        "obj(2.0)",
        ("obj.set_bandwidth(0.5)",),
        "obj(2.0)",
    ),
    Kind(
        "OptimizeResult",
        "obj = scipy.optimize.minimize(lambda x: (x ** 2).sum(), [1.0])",
        "obj.fun",
        ("obj['note'] = 1",),
        "(obj.x, obj.nit, obj.get('note'))",
    ),
    Kind(
        "LinearOperator",
        "obj = scipy.sparse.linalg.aslinearoperator(np.eye(2))",
        "obj.shape",
        ("obj.A[0, 0] = 5",),
        "obj @ np.ones(2)",
    ),
    Kind(
        "transfer function",
        "obj = scipy.signal.TransferFunction([1.0], [1.0, 2.0])",
        "obj.poles",
        ("obj.num = [3.0]",),
        "(obj.num, obj.den)",
    ),
)
_STATSMODELS = (
    Kind(
        "OLS",
        "obj = sm.OLS([1.0, 2, 4], sm.add_constant([1.0, 2, 3]))",
        "obj.nobs",
        ("obj.endog[0] = 9",),
        "(obj.endog, obj.exog)",
    ),
    Kind(
        "OLS results",
        "obj = sm.OLS([1.0, 2, 4, 5], sm.add_constant([1.0, 2, 3, 5])).fit()",
        "obj.params",
        ("obj.note = 1",),
        "(obj.params, obj.rsquared, getattr(obj, 'note', 0))",
        note="statsmodels fills its caches when a property is read",
    ),
    Kind(
        "formula",
        "obj = smf.ols('a ~ b', pd.DataFrame({'a': [1.0, 2, 4], 'b': [1, 2, 3]}))",
        "obj.formula",
        ("obj.note = 1",),
        "(obj.formula, obj.exog, getattr(obj, 'note', 0))",
    ),
    Kind(
        "GLM results",
        "obj = sm.GLM([1.0, 0, 1, 1], sm.add_constant([1.0, 2, 3, 1]), sm.families.Gaussian()).fit()",
        "obj.params",
        ("obj.note = 1",),
        "(obj.params, getattr(obj, 'note', 0))",
    ),
)
_SYMPY = (
    Kind("expression", "obj = sympy.symbols('x') ** 2 + 1", "obj.free_symbols", (), "str(obj)"),
    Kind("matrix", "obj = sympy.Matrix([[1, sympy.Symbol('y')]])", "obj.shape", ("obj[0, 0] = 5",), "str(obj)"),
    Kind(
        "lambdified function",
        "obj = sympy.lambdify(sympy.Symbol('x'), sympy.Symbol('x') + 1, 'math')",
        "obj(1)",
        (),
        "obj(2)",
    ),
    Kind("undefined function", "obj = sympy.Function('f')", "obj.__name__", (), "obj.__name__"),
)
_NETWORKX = (
    Kind(
        "Graph",
        "obj = nx.path_graph(4)",
        "len(obj.nodes)",
        ("obj.add_edge(0, 3)", "obj.nodes[0]['c'] = 'red'", "obj.remove_node(2)"),
        "(dict(obj.nodes(data=True)), list(obj.edges(data=True)))",
    ),
    Kind(
        "DiGraph",
        "obj = nx.DiGraph([(1, 2)])",
        "obj.number_of_edges()",
        ("obj[1][2]['w'] = 3",),
        "list(obj.edges(data=True))",
    ),
    Kind(
        "edge view", "obj_g = nx.path_graph(3)\nobj = obj_g.edges", "len(obj)", ("obj_g.add_edge(0, 2)",), "list(obj)"
    ),
)
_ASTROPY = (
    Kind(
        "Quantity",
        "obj = [1.0, 2.0] * u.m",
        "obj.to(u.km)",
        ("obj[0] = 5 * u.m",),
        "(obj.value, str(obj.unit))",
    ),
    Kind(
        "Table",
        "obj = astropy.table.Table({'a': [1, 2]})",
        "obj.colnames",
        ("obj['a'][0] = 9", "obj['b'] = [3, 4]", "obj.meta['k'] = 1"),
        "(obj.colnames, [list(c) for c in obj.itercols()], dict(obj.meta))",
    ),
    Kind(
        "SkyCoord",
        "obj = astropy.coordinates.SkyCoord(10 * u.deg, 20 * u.deg)",
        "obj.ra",
        (),
        "(obj.ra.deg, obj.dec.deg)",
        note="its frame keeps each representation that was asked for",
    ),
    Kind(
        "Time",
        "obj = astropy.time.Time('2020-01-01')",
        "obj.scale",
        ("obj.format = 'mjd'",),
        "(str(obj), obj.format)",
        note="astropy fills its caches when a property is read",
    ),
    Kind(
        "model",
        "obj = astropy.modeling.models.Gaussian1D(1, 2, 3)",
        "obj(2.0)",
        ("obj.amplitude = 5",),
        "obj.parameters",
    ),
    Kind(
        "unit",
        "obj = u.m / u.s",
        "str(obj)",
        (),
        "str(obj)",
    ),
)
_SKIMAGE = (
    Kind(
        "transform",
        "obj = skimage.transform.AffineTransform(scale=(2, 2))",
        "obj.params",
        ("obj.params[0, 2] = 5",),
        "obj.params",
    ),
)
_XARRAY = (
    Kind(
        "DataArray",
        "obj = xr.DataArray(np.arange(4.0), dims='x', coords={'x': list('abcd')})",
        "obj.sum()",
        ("obj[0] = 9", "obj.attrs['u'] = 'm'"),
        "(obj.values, dict(obj.attrs), list(obj.x.values))",
    ),
    Kind(
        "Dataset",
        "obj = xr.Dataset({'a': ('x', np.arange(3))})",
        "list(obj)",
        ("obj['b'] = obj.a * 2", "obj.a.values[0] = 7"),
        "{k: v.values for k, v in obj.items()}",
        note="xarray fills a cache when it is first looked at",
    ),
)
_DASK = (
    Kind("dask array", "obj = da.ones((4, 4), chunks=2)", "obj.shape", ("obj[0, 0] = 5",), "obj.compute()"),
    Kind("delayed", "obj = dask.delayed(sum)([1, 2])", "obj.key", (), "obj.compute(scheduler='sync')"),
)
FAMILY = Family(
    "science",
    (
        Library(
            "SciPy",
            "import numpy as np, scipy, scipy.sparse, scipy.sparse.linalg, scipy.interpolate, scipy.spatial, scipy.stats, scipy.optimize, scipy.signal",
            _SCIPY,
            "scipy",
        ),
        Library(
            "statsmodels",
            "import pandas as pd, statsmodels.api as sm, statsmodels.formula.api as smf",
            _STATSMODELS,
            "statsmodels",
        ),
        Library("SymPy", "import sympy", _SYMPY, "sympy"),
        Library("NetworkX", "import networkx as nx", _NETWORKX, "networkx"),
        Library(
            "Astropy",
            "import astropy.table, astropy.time, astropy.coordinates, astropy.modeling.models\nfrom astropy import units as u",
            _ASTROPY,
            "astropy",
        ),
        Library("scikit-image", "import skimage.transform", _SKIMAGE, "skimage"),
        Library("xarray", "import xarray as xr, numpy as np", _XARRAY, "xarray"),
        Library("Dask", "import dask, dask.array as da", _DASK, "dask"),
    ),
)
