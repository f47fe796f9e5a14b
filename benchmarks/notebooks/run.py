"""Run all notebooks, or some: ``make notebooks``, or ``python -m benchmarks.notebooks.run [NAME…]``.

Each is run without ensession, then recorded, killed and restored, twice: killed at its end and after a random
earlier cell. The exit status is 0 only when nothing was lost or wrong that had not been announced.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.notebooks.books import Book, chosen
from benchmarks.notebooks.trial import AUDIT, Outcome, record, restore, run_plain

RESULT = Path(__file__).resolve().parents[2] / "build" / "notebooks.json"
HEAD = (
    "notebook",
    "killed after",
    "re-run s",
    "recorded s",
    "restore s",
    "ratio",
    "MiB",
    "loaded",
    "recomputed",
    "not verifiable",
    "different",
    "missing",
    "announced",
)
MIB = 2**20


def trials(book: Book, folder: Path, seed: int, words: Sequence[str] = ()) -> list[tuple[Outcome, float]]:
    """Kill a notebook at its end and earlier; return what each trial showed and the CPU time of a plain run."""
    home = folder / "home"
    found = []
    for end in (book.earlier_end(seed), len(book.cells)):
        cells, place = book.cells[:end], folder / f"{book.name}-{end}"
        plain_s, _ = run_plain(place / "plain", home, cells)
        recording = record(place / "here", home, cells, words=words)
        back = restore(place / "somewhere else", home, recording.store)
        outcome = Outcome(book.name, end, recording, back)
        found.append((outcome, plain_s))
        say(f"{book.name}, killed after cell {end} of {len(book.cells)}: {verdict(outcome)}")
    return found


def verdict(outcome: Outcome) -> str:
    """Return one line on a trial."""
    n_variables = len(outcome.recording.truth.digests)
    return f"{n_variables} variables; {'; '.join(outcome.problems) or 'all accounted for'}"


def say(what: str) -> None:
    """Print a line about what just happened."""
    print(f"[{time.strftime('%H:%M:%S')}] {what}", flush=True)


def row(outcome: Outcome, plain_s: float) -> tuple[str, ...]:
    """Return a trial as a row of the table."""
    return (
        outcome.book,
        str(outcome.n_cells),
        f"{plain_s:.1f}",
        f"{outcome.recording.cpu_s:.1f}",
        f"{outcome.back.cpu_s:.2f}",
        f"{plain_s / max(outcome.back.cpu_s, 0.01):.0f}",
        f"{outcome.recording.n_store_bytes / MIB:.1f}",
        str(outcome.count("loaded")),
        str(outcome.count("recomputed")),
        str(outcome.count("recomputed, not verifiable")),
        str(len(outcome.different)),
        str(len(outcome.missing)),
        str(len(outcome.recording.announced)),
    )


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """Return rows as a table in Markdown."""
    widths = [max(len(line[i]) for line in (HEAD, *rows)) for i in range(len(HEAD))]
    lines = [" | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) for line in (HEAD, *rows)]
    return "\n".join(f"| {line} |" for line in (lines[0], " | ".join("-" * width for width in widths), *lines[1:]))


def save(found: Sequence[tuple[Outcome, float]], seed: int) -> None:
    """Write what was found, for whoever wants to compare runs or look at a problem."""
    RESULT.parent.mkdir(exist_ok=True)
    trials_ = [
        {
            "notebook": outcome.book,
            "cells": outcome.n_cells,
            "plain_cpu_s": plain_s,
            "recorded_cpu_s": outcome.recording.cpu_s,
            "restore_cpu_s": outcome.back.cpu_s,
            "restore_wall_s": outcome.back.wall_s,
            "n_runs": outcome.back.n_runs,
            "fates": dict(outcome.back.fates),
            "announced": dict(outcome.recording.announced),
            "problems": outcome.problems,
        }
        for outcome, plain_s in found
    ]
    RESULT.write_text(json.dumps({"seed": seed, "trials": trials_}, indent=2) + "\n", encoding="utf-8")


def main() -> int:
    """Run the trials and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="notebooks; default: all")
    parser.add_argument(
        "--seed", type=int, default=time.time_ns() % 100_000, help="decides where the earlier kills are"
    )
    parser.add_argument(
        "--audit",
        action="store_const",
        const=(AUDIT,),
        default=(),
        help="hold every variable against its last look after each cell: a change that the code did not show fails",
    )
    options = parser.parse_args()
    books = chosen(options.names)
    print(f"seed {options.seed} (--seed {options.seed} kills after the same cells again)", flush=True)
    found: list[tuple[Outcome, float]] = []
    for book in books:
        with tempfile.TemporaryDirectory(prefix="ensession-notebooks-") as folder:
            found += trials(book, Path(folder), options.seed, options.audit)
    save(found, options.seed)
    print(f"\nCPU seconds of the kernel, one core\n\n{table([row(*one) for one in found])}\n")
    problems = [f"{one.book} after cell {one.n_cells}: {what}" for one, _ in found for what in one.problems]
    print("\n".join(["FAILED:", *problems]) if problems else "Every variable came back, or had been announced as lost.")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
