"""Smaller scientific libraries."""

from __future__ import annotations

from tests.fidelity.kind import Family, Kind, Library

_LIBRARIES = (
    Library(
        "pint",
        "import pint\nureg = pint.UnitRegistry()",
        (Kind("quantity", "obj = pint.Quantity([1.0, 2.0], 'm')", "obj.units", ("obj.ito('cm')",), "str(obj)"),),
        "pint",
    ),
    Library(
        "uncertainties",
        "import uncertainties",
        (Kind("ufloat", "obj = uncertainties.ufloat(1, 0.1)", "obj.n", ("obj.tag = 'x'",), "(obj.n, obj.s, obj.tag)"),),
        "uncertainties",
    ),
    Library(
        "mpmath",
        "import mpmath",
        (Kind("matrix", "obj = mpmath.matrix([[1, 2]])", "obj.rows", ("obj[0, 0] = 5",), "str(obj)"),),
        "mpmath",
    ),
    Library("gmpy2", "import gmpy2", (Kind("mpz", "obj = gmpy2.mpz(2) ** 99", "obj + 1", (), "str(obj)"),), "gmpy2"),
    Library(
        "igraph",
        "import igraph",
        (
            Kind(
                "graph",
                "obj = igraph.Graph.Ring(4)",
                "obj.ecount()",
                ("obj.add_edge(0, 2)", "obj.vs['c'] = 1"),
                "(obj.get_edgelist(), obj.vs.attributes())",
            ),
        ),
        "igraph",
    ),
    Library(
        "shapely",
        "import shapely",
        (
            Kind("polygon", "obj = shapely.Polygon([(0, 0), (1, 0), (1, 1)])", "obj.area", (), "obj.wkt"),
            Kind(
                "STRtree",
                "obj = shapely.STRtree([shapely.Point(0, 0)])",
                "obj.query(shapely.Point(0, 0))",
                (),
                "[one.wkt for one in obj.geometries]",
            ),
        ),
        "shapely",
    ),
    Library(
        "geopandas",
        "import geopandas, shapely",
        (
            Kind(
                "GeoDataFrame",
                "obj = geopandas.GeoDataFrame({'a': [1]}, geometry=[shapely.Point(0, 1)], crs=4326)",
                "obj.crs",
                ("obj['a'] = 2",),
                "(obj.to_wkt().to_dict(), str(obj.crs))",
            ),
        ),
        "geopandas",
    ),
    Library(
        "pyproj",
        "import pyproj",
        (
            Kind("CRS", "obj = pyproj.CRS(4326)", "obj.name", (), "obj.to_epsg()"),
            Kind(
                "Transformer",
                "obj = pyproj.Transformer.from_crs(4326, 3857)",
                "obj.transform(1, 1)",
                (),
                "obj.definition",
            ),
        ),
        "pyproj",
    ),
    Library(
        "PyWavelets",
        "import pywt",
        (Kind("wavelet", "obj = pywt.Wavelet('db2')", "obj.name", (), "(obj.name, obj.dec_lo)"),),
        "pywt",
    ),
    Library(
        "bitarray",
        "from bitarray import bitarray",
        (Kind("bitarray", "obj = bitarray('0101')", "obj.count()", ("obj.append(1)", "obj[0] = 1"), "obj.to01()"),),
        "bitarray",
    ),
    Library(
        "sparse",
        "import sparse, numpy as np",
        (Kind("COO", "obj = sparse.COO.from_numpy(np.eye(3))", "obj.nnz", ("obj.data[0] = 5",), "obj.todense()"),),
        "sparse",
    ),
    Library(
        "awkward",
        "import awkward as ak",
        (Kind("array", "obj = ak.Array([[1, 2], [3]])", "len(obj)", (), "obj.tolist()"),),
        "awkward",
    ),
    Library(
        "emcee",
        "import emcee",
        (
            Kind(
                "sampler",
                "obj = emcee.EnsembleSampler(4, 1, lambda p: -(p ** 2).sum())",
                "obj.nwalkers",
                ("obj.run_mcmc([[0.1], [0.2], [0.3], [0.4]], 2)",),
                "obj.get_chain() if obj.iteration else 0",
            ),
        ),
        "emcee",
    ),
    Library(
        "numba",
        "import numba",
        (Kind("compiled function", "@numba.njit\ndef obj(a):\n    return a + 1", "obj.py_func(1)", (), "obj(1)"),),
        "numba",
    ),
    Library(
        "h5py",
        "import h5py, io",
        (
            Kind(
                "file in memory",
                "obj = h5py.File(io.BytesIO(), 'w')",
                "list(obj)",
                ("obj['a'] = [1, 2]",),
                "{k: v[()] for k, v in obj.items()}",
            ),
        ),
        "h5py",
    ),
    Library(
        "zarr",
        "import zarr",
        (Kind("array", "obj = zarr.zeros((4,), chunks=(2,))", "obj.shape", ("obj[0] = 5",), "obj[:]"),),
        "zarr",
    ),
    Library(
        "Biopython",
        "from Bio.Seq import Seq, MutableSeq",
        (
            Kind("Seq", "obj = Seq('ACGT')", "obj.complement()", (), "str(obj)"),
            Kind("MutableSeq", "obj = MutableSeq('ACGT')", "len(obj)", ("obj[0] = 'T'",), "str(obj)"),
        ),
        "Bio",
    ),
    Library(
        "patsy",
        "import patsy",
        (
            Kind(
                "design matrix",
                "obj = patsy.dmatrix('a', {'a': [1.0, 2.0]})",
                "obj.shape",
                ("obj[0, 1] = 9",),
                "obj.tolist()",
            ),
        ),
        "patsy",
    ),
    Library(
        "filterpy",
        "from filterpy.kalman import KalmanFilter",
        (
            Kind(
                "Kalman filter",
                "obj = KalmanFilter(2, 1)\nobj.H[0, 0] = 1",
                "obj.x",
                ("obj.predict()", "obj.update(1.0)"),
                "(obj.x, obj.P)",
            ),
        ),
        "filterpy",
    ),
    Library(
        "simpy",
        "import simpy",
        (
            Kind(
                "environment",
                "def obj_clock(env):\n    while True:\n        yield env.timeout(1)\nobj = simpy.Environment()\nobj_p = obj.process(obj_clock(obj))",
                "obj.now",
                ("obj.run(until=3)",),
                "obj.now",
            ),
        ),
        "simpy",
    ),
    Library(
        "PuLP",
        "import pulp",
        (
            Kind(
                "problem",
                "obj = pulp.LpProblem('p')\nobj_v = pulp.LpVariable('v', 0, 5)\nobj += obj_v",
                "obj.name",
                ("obj += obj_v <= 3, 'c'",),
                "(str(obj), obj_v.upBound)",
            ),
        ),
        "pulp",
    ),
    Library(
        "cvxpy",
        "import cvxpy",
        (Kind("variable", "obj = cvxpy.Variable(2)", "obj.shape", ("obj.value = [1, 2]",), "(obj.value, obj.shape)"),),
        "cvxpy",
    ),
    Library(
        "numexpr",
        "import numexpr",
        (Kind("compiled expression", "obj = numexpr.NumExpr('a + 1')", "obj.input_names", (), "obj.input_names"),),
        "numexpr",
    ),
)

FAMILY = Family("science-more", _LIBRARIES)
