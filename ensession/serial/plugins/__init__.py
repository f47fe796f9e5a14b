"""Reducers and fingerprints that ensession brings for libraries: one module each, named after the package.

A module is imported when the first object of its library is looked at, or loaded; the functions that its payloads name
are part of the on-disk format.
"""

BUILT_IN = ("astropy", "bokeh", "ipykernel", "matplotlib", "networkx", "pyarrow", "sympy", "torch")
