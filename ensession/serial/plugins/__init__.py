"""Reducers and fingerprints that ensession brings for libraries: one module each, named after the package.

Or after the part of one that a session may import late or never.

A module is imported when the first object of its library is looked at, or loaded; the functions that its payloads name
are part of the on-disk format.
"""

BUILT_IN = (
    "PIL",
    "argparse",
    "astropy",
    "bokeh",
    "bs4",
    "httpx",
    "ipykernel",
    "matplotlib",
    "networkx",
    "numpy.ma",
    "numpy.random",
    "patsy",
    "pyarrow",
    "requests",
    "scipy.spatial",
    "sqlalchemy",
    "statsmodels.base",
    "sympy",
    "torch",
)
