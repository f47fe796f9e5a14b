"""Measure what the constants rest on: ``python -m benchmarks.constants.run [NAME…]``, or ``make bench-constants``.

Prints a table for each question; with ``--write``, also writes ``results.json`` and the tables in ``README.md`` of
each constant's folder. The conclusions between them are written by people.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sqlite3
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

from benchmarks.constants.common import IN_USE, Effort, Table, value_of
from benchmarks.published import markdown_table, publish

FOLDER = Path(__file__).resolve().parent
NAMES = ("chunks", "page", "level", "behind", "prices")
COMMAND = "make bench-constants WRITE=1"
LIBRARIES = ("blake3", "numpy", "pandas", "pyfastcdc", "scikit-learn", "xxhash", "zstandard")


def measured(name: str, effort: Effort) -> dict[str, Any]:
    """Measure one folder's constants; return what its ``results.json`` holds."""
    module = importlib.import_module(f"benchmarks.constants.{name}.measure")
    measure = cast("Callable[[Effort], dict[str, Table]]", module.measure)
    start = time.monotonic()
    tables = measure(effort)
    return {
        "about": {
            "measured": time.strftime("%Y-%m-%d"),
            "seconds": round(time.monotonic() - start),
            "rounds": effort.n_rounds,
            "load": round(os.getloadavg()[0], 1),
            "platform": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            **{library: version(library) for library in LIBRARIES},
        },
        "constants": {constant: value_of(constant) for constant in module.CONSTANTS},
        "tables": {
            title: {
                label: {figure: float(f"{value:.4g}") for figure, value in row.items()} for label, row in table.items()
            }
            for title, table in tables.items()
        },
    }


def page_text(result: Mapping[str, Any]) -> str:
    """Return the tables as a README shows them."""
    texts = []
    for title, table in result["tables"].items():
        heads = [*next(iter(table.values()))]
        rows = [[_emphasised(label), *(_figure(row[head]) for head in heads)] for label, row in table.items()]
        texts.append(f"**{title[0].upper()}{title[1:]}**\n\n{markdown_table(['', *heads], rows)}")
    about = result["about"]
    texts.append(
        f"Measured {about['measured']} on {about['platform']}, Python {about['python']}, SQLite {about['sqlite']}; "
        f"medians of {about['rounds']} rounds."
    )
    return "\n\n".join(texts)


def _emphasised(label: str) -> str:
    return f"**{label}**" if label.endswith(IN_USE) else label


def _figure(value: float) -> str:
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; default: all")
    parser.add_argument("--folder", type=Path, help="where the stores go; default: the temporary folder")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the data (default 1)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each candidate has its turn (default 5)")
    parser.add_argument("--write", action="store_true", help="write results.json and README.md")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(NAMES):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    for name in options.names or NAMES:
        with tempfile.TemporaryDirectory(prefix="ensession-constants-", dir=options.folder) as folder:
            result = measured(name, Effort(Path(folder), options.scale, options.rounds))
        print(f"# {name}, {result['about']['seconds']} s\n\n{page_text(result)}\n", flush=True)
        if options.write:
            place = FOLDER / name
            (place / "results.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
            publish(place / "README.md", COMMAND, page_text(result))


if __name__ == "__main__":
    main()
