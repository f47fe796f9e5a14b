"""Measures how large the pages of a store should be."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial

from benchmarks.constants.common import (
    Constants,
    Effort,
    Figures,
    Notebook,
    Table,
    Value,
    held,
    in_order,
    in_turn,
    notebook,
    processor_s,
    sizes,
    slowest_of_20,
    wall_s,
)
from benchmarks.constants.samples import sample_values
from ensession.model import VersionId

CONSTANTS = ("ensession.store.engine.PAGE_SIZE",)
PAGE_KIB = (4, 8, 16, 32, 64)


def measure(effort: Effort) -> dict[str, Table]:
    """Measure trivial cells, and values of all kinds."""
    pages = sizes(CONSTANTS[0], "KiB", PAGE_KIB)
    values = sample_values(effort)
    return {
        "trivial cells": _trivial(effort, pages),
        "values of all kinds": in_turn(pages, lambda: _values(effort, values), effort.n_rounds),
    }


def _trivial(effort: Effort, pages: Mapping[str, Constants]) -> Table:
    """Record trivial cells into stores with all page sizes, cell by cell in turn."""
    n_cells = effort.count(1000)
    times: dict[str, list[float]] = {label: [] for label in pages}
    questions: dict[str, list[float]] = {label: [] for label in pages}
    n_bytes = {}
    with ExitStack() as stack:
        books: dict[str, Notebook] = {}
        for place, (label, constants) in enumerate(pages.items()):
            with held(constants):
                books[label] = stack.enter_context(notebook(effort.folder / f"cells-{place}.ens"))
        for number in range(n_cells):
            for label, book in in_order(books, number):
                times[label].append(wall_s(book.trivial_cell))
            if number == 99:
                n_bytes = {label: book.n_file_bytes() for label, book in books.items()}
        for number in range(3 * effort.n_rounds):
            for label, book in in_order(books, number):
                questions[label].append(processor_s(partial(_ask, book)))
    return {
        label: {
            "recorded, ms": statistics.median(times[label]) * 1e3,
            "slowest of 20, ms": slowest_of_20(times[label]) * 1e3,
            "file after 100, MB": n_bytes[label] / 1e6,
            f"graph of {n_cells}, ms": statistics.median(questions[label]) * 1e3,
        }
        for label in pages
    }


def _ask(book: Notebook) -> None:
    assert book.head is not None
    book.store.history.graph(book.head)


def _values(effort: Effort, values: dict[str, Value]) -> Figures:
    """Store values and read them; return rates, and the room they take."""
    streams = [value for value in values.values() if value.n_stream_bytes > value.n_buffer_bytes]
    buffers = [value for value in values.values() if value.n_stream_bytes <= value.n_buffer_bytes]
    found = {}
    with notebook(effort.folder / "page.ens") as book:
        n_file = book.n_file_bytes()
        for kind, several in {"streams": streams, "buffers": buffers}.items():
            n_mb = sum(value.n_bytes for value in several) / 1e6
            stored: list[VersionId] = []
            start = time.perf_counter()
            found[f"{kind} stored, MB/s"] = n_mb / processor_s(partial(_store, book, several, stored))
            n_now = book.n_file_bytes()
            found[f"{kind} on the disk, MB/s by the clock"] = n_mb / (time.perf_counter() - start)
            found[f"{kind} read, MB/s"] = n_mb / processor_s(partial(_read, book, stored))
            found[f"{kind}, MB"] = (n_now - n_file) / 1e6
            n_file = n_now
    return found


def _store(book: Notebook, values: Sequence[Value], stored: list[VersionId]) -> None:
    stored.extend(map(book.add, values))


def _read(book: Notebook, stored: Sequence[VersionId]) -> int:
    return sum(map(book.read, stored))
