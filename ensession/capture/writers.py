"""Functions that are known to write files without the interpreter's knowing, and the paths that code names.

Pure. What cells do is seen (:mod:`~ensession.capture.effects`); this is for what can't be: a file in a folder that
nobody watches. A cell whose code, or code that it calls, mentions such a function is not run again unless allowed.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from itertools import islice
from pathlib import PurePath
from typing import cast

_TABLE = {
    "polars": "write_avro write_csv write_delta write_excel write_iceberg write_ipc write_ipc_stream write_json "
    "write_ndjson write_parquet sink_batches sink_csv sink_delta sink_iceberg sink_ipc sink_ndjson sink_parquet",
    "pyarrow": "write_table write_feather write_dataset write_to_dataset write_metadata write_csv CSVWriter ORCWriter "
    "ParquetWriter OSFile create_memory_map open_output_stream open_append_stream",
    "pandas": "to_feather to_hdf to_orc to_parquet",
    "duckdb": "to_csv to_parquet write_csv write_parquet",
    "h5py": "create_dataset create_group create_virtual_dataset require_dataset require_group",
    "tables": "create_array create_carray create_earray create_group create_table create_vlarray copy_file",
    "netCDF4": "createDimension createGroup createVariable",
    "xarray": "save_mfdataset to_netcdf to_zarr",
    "cv2": "imencodeanimation imwrite imwritemulti imwriteanimation FileStorage VideoWriter",
    "safetensors": "save_file save_model",
    "tensorflow": "save_model save_weights write_file",
    "xgboost": "save_binary save_model",
    "lightgbm": "save_binary save_model",
    "catboost": "save_model save_pool",
    "faiss": "write_index",
    "hnswlib": "save_index",
    "deltalake": "write_deltalake",
    "lance": "write_dataset",
    "pyogrio": "write_arrow write_dataframe",
    "fiona": "writerecords",
    "osgeo": "CreateCopy CreateDataSource Warp Translate VectorTranslate Rasterize",
    "SimpleITK": "WriteImage ImageFileWriter",
    "open3d": "write_point_cloud write_triangle_mesh write_image",
    "pyreadstat": "write_dta write_por write_sav write_xport",
    "pyvista": "save_meshio",
    "fasttext": "save_model",
}
_WRITERS = {package: frozenset(names.split()) for package, names in _TABLE.items()}
_COMMON = {"torch": frozenset({"save"}), "soundfile": frozenset({"write", "SoundFile"}), "keras": frozenset({"save"})}
"""Names that others use too: they count where the code mentions the package, or uses a value of its types."""
_STATEMENT = re.compile(r"\bcopy\b.{1,2000}?\bto\b|\bexport\s+database\b|\battach\b", re.IGNORECASE | re.DOTALL)
_SPEAKS_SQL = frozenset({"duckdb", "chdb"})

_QUOTED = re.compile(r"""["']([^"'\n]*[/~][^"'\n]*)["']""")
_PATH_LENGTH = 1000
_PATHS = 64
_VALUES = 5000


def known_writer(
    words: frozenset[str], packages: Container[str], loaded: Container[str], texts: Iterable[str]
) -> str | None:
    """Say which function that writes files a cell may call, or None.

    Parameters
    ----------
    words : frozenset of str
        The names and attributes that its code mentions, that of functions it calls included.
    packages : container of str
        Packages that the code reaches.
    loaded : container of str
        Modules that are loaded.
    texts : iterable of str
        The code, and text in it: statements of SQL are looked for.
    """
    known = [(package, names) for package, names in _WRITERS.items() if package in loaded]
    known += [(package, names) for package, names in _COMMON.items() if package in loaded and package in packages]
    for package, names in known:
        if not names.isdisjoint(words):
            return f"it mentions {min(names & words)} ({package}), which writes files"
    if any(package in loaded for package in _SPEAKS_SQL) and any(map(_STATEMENT.search, texts)):
        return "it runs a statement of SQL that writes files"
    return None


def paths_in(code: str, texts: Iterable[str], values: Iterable[object]) -> Iterator[str]:
    """Yield what may be paths outside of the working directory: quoted in code, in functions' text, in variables.

    Parameters
    ----------
    code : str
    texts : iterable of str
        Text constants.
    values : iterable of object
        Of variables: text and paths among them count, what they hold does not.
    """
    found: dict[str, None] = {}
    if "/" in code or "~" in code:
        found.update(dict.fromkeys(_QUOTED.findall(code)))
    for text in texts:
        if "/" in text or text.startswith("~"):
            found[text] = None
    for value in islice(values, _VALUES):
        if type(value) is str:
            if len(value) < _PATH_LENGTH and "/" in value:
                found[value] = None
        elif issubclass(type(value), PurePath):  # what it says of its own class may run any code
            found[str(PurePath(cast("PurePath", value)))] = None  # of a copy: a path keeps its text once somebody asked
    return islice((one for one in found if len(one) < _PATH_LENGTH and "://" not in one and "\0" not in one), _PATHS)
