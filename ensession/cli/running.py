"""``ens run``: a notebook without a front end, recorded, going on where the last run ended."""

from __future__ import annotations

import json
import shutil
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from ensession.batch import End, Order, Report, parse_parameter, run_notebook
from ensession.batch.book import is_literal, may_be_set
from ensession.cli.arguments import JSON, ens
from ensession.cli.printing import print_json
from ensession.display import duration, one_line
from ensession.display.progress import Progress, Surface, TerminalLine
from ensession.errors import (
    CellFailedError,
    CellTimeoutError,
    KernelDiedError,
    NotFoundError,
    RunError,
    RunInterruptedError,
    UsageError,
)

_WITHOUT_TERMINAL = 100
"""Columns to print a cell's name in where there is no terminal."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_ERRORS: dict[End, type[RunError]] = {
    End.ERROR: CellFailedError,
    End.TIMEOUT: CellTimeoutError,
    End.DEAD: KernelDiedError,
    End.INTERRUPTED: RunInterruptedError,
}


@ens.command()
@click.argument("notebook", type=click.Path(path_type=Path))
@click.option("--store", "-s", type=click.Path(path_type=Path), help="Record into this store [NOTEBOOK with .ens].")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="The result [NOTEBOOK with .out.ipynb].")
@click.option("--parameter", "-p", "given", multiple=True, metavar="NAME=VALUE", help="Set a parameter.")
@click.option("--parameters", "-f", "file", type=click.Path(path_type=Path), help="Set parameters from a JSON file.")
@click.option("--from", "first", type=int, metavar="N", help="Begin with the Nth code cell, whatever is finished.")
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), help="Seconds that one cell may take.")
@click.option("--kernel", help="A kernel that 'jupyter kernelspec list' names [this Python].")
@click.option("--cwd", type=click.Path(path_type=Path, file_okay=False, exists=True), help="[NOTEBOOK's folder]")
@JSON
def run(notebook: Path, *, as_json: bool, **options: Any) -> None:
    """Run NOTEBOOK headless while recording it; go on behind the last cell that an earlier run had finished.

    A changed cell is run again, and all behind it. The result notebook is written as the run goes on.
    """
    order = _order(notebook, options)
    with _stop_requests() as requests, _progress(requests) as step:
        report = run_notebook(order, lambda: len(requests), step, _note)
    if report.end is not End.OK:
        what = f"cell {report.cell} of {notebook}: {report.error} (the result so far is in {order.result})"
        raise _ERRORS[report.end](what)
    if as_json:
        print_json(_record(order, report))
    else:
        done_before = f" ({report.n_resumed} of them by an earlier run)" if report.n_resumed else ""
        took = duration(report.duration_s)
        click.echo(one_line(f"{order.result}: {report.n_cells} cells{done_before}, {took}; recorded in {order.store}"))


def _order(notebook: Path, options: Mapping[str, Any]) -> Order:
    return Order(
        notebook=notebook,
        store=options["store"] or notebook.with_suffix(".ens"),
        result=options["output"] or notebook.with_suffix(".out.ipynb"),
        parameters={**_from_file(options["file"]), **dict(map(parse_parameter, options["given"]))},
        first=options["first"],
        timeout_s=options["timeout"],
        kernel=options["kernel"],
        cwd=options["cwd"] or notebook.absolute().parent,
    )


def _from_file(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFoundError(f"{file}: there is no such file of parameters; check the path") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{file}: it can't be read as JSON ({error})") from error
    if not isinstance(found, dict) or not all(map(may_be_set, found)):
        raise UsageError(f"{file}: parameters are a JSON object whose keys are names of variables")
    odd = [name for name, value in found.items() if not is_literal(value)]
    if odd:
        raise UsageError(f"{file}: the value of {odd[0]} is, or holds, NaN or an infinite number; make it in a cell")
    return found


def _note(text: str) -> None:
    click.echo(f"ens: {one_line(text)}", err=True)


@contextmanager
def _stop_requests() -> Iterator[list[int]]:
    """Collect the signals that ask for an end, in the place of dying from them."""
    requests: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield requests
        return
    before = {number: signal.signal(number, lambda got, _: requests.append(got)) for number in _SIGNALS}
    try:
        yield requests
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _progress(requests: Sequence[int]) -> Iterator[Any]:
    """Show how far the run is: a bar on a terminal, a line for each cell elsewhere."""
    if not sys.stderr.isatty():
        yield _line_for_each
        return
    surface: Surface = TerminalLine(sys.stderr, shutil.get_terminal_size().columns)
    with Progress(surface, quiet_s=0.0) as progress:
        yield lambda done, total, label: progress(done, total, f"stopping {label}" if requests else label)


def _line_for_each(done: int, total: int, label: str) -> None:
    if label:
        click.echo(one_line(f"{done}/{total} {label}")[:_WITHOUT_TERMINAL], err=True)


def _record(order: Order, report: Report) -> dict[str, Any]:
    return {
        "result": str(order.result),
        "store": str(order.store),
        "cells": report.n_cells,
        "resumed": report.n_resumed,
        "resumed_from": report.resumed_from,
        "duration_s": report.duration_s,
    }
