"""The corpus as a page of the documentation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from tests.fidelity.runner import Result

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "fidelity.md"
MOST_FALSE_CHANGES = 0.03
_REASON = re.compile(r"(unstorable: )?([^;]*)")

_HEAD = """# What comes back: the corpus

This table is written by `make fidelity-table`. Each kind of object is made in a cell of a real kernel, read in another and changed in
others; the kernel is killed; a fresh one restores the session, and the object is compared. Then the modifications are made once more: they
were in the first kernel, too, and the object is compared again, with those that share memory or objects with it.

Modifications
: *seen*: each gave the variable a new version. *assumed*: nothing tells whether such an object has changed, so every cell that touches
  it counts as a change. *none*: the object can't be changed.

Left alone
: Whether reading the object, cells that work on others, and a cell that could change everything and changes nothing leave it without
  a new version.

Restored
: How it came back: *loaded* from its payload, *recomputed* by running its cell again and equal by fingerprint, *recomputed, not
  verifiable*; or *announced*: `%ens status` had said before the kill that it would not come back.

"""


def share_of_false_changes(results: Sequence[Result]) -> float:
    """Return the part of the kinds that a change was reported for which did not happen, assumptions aside."""
    return sum(result.is_false for result in results) / max(1, len(results))


def page(results: Sequence[Result]) -> str:
    """Return the page."""
    ordered = sorted(results, key=lambda one: (one.library != "Python", one.library.casefold()))
    parts = [_HEAD, _summary(results)]
    for library, found in groupby(ordered, key=lambda one: one.library):
        parts.append(f"\n## {library}\n\n| kind | modifications | left alone | restored | |\n|---|---|---|---|---|\n")
        parts.extend(_row(one) for one in found)
    return "".join(parts)


def rows(text: str) -> set[tuple[str, str]]:
    """Return the library and kind of each row of a page."""
    found, library = set(), ""
    for line in text.splitlines():
        if line.startswith("## "):
            library = line.removeprefix("## ")
        elif line.startswith("| ") and library and not line.startswith("| kind "):
            found.add((library, line.split(" | ")[0].removeprefix("| ")))
    return found


def _summary(results: Sequence[Result]) -> str:
    n_libraries = len({one.library for one in results} - {"Python"})
    n_assumed = sum(one.is_assumed for one in results)
    n_modifications = sum(len(one.kind.modify) for one in results)
    n_false = sum(one.is_false for one in results)
    return (
        f"{len(results)} kinds of Python and {n_libraries} libraries. {n_modifications} modifications, "
        f"{sum(len(one.missed) for one in results)} missed. Reported changed though they were not: {n_false} kinds "
        f"({n_false / max(1, len(results)):.1%}); assumed changed when touched: {n_assumed} more. "
        f"Restored unequal and not announced: {sum(bool(one.difference) and not one.announced for one in results)}. "
        f"Unequal once both sessions had made the modifications again: {_n_other(results)} of {len(_living(results))}.\n"
    )


def _living(results: Sequence[Result]) -> list[Result]:
    return [one for one in results if one.kind.modify and not one.kind.is_by_chance and not one.announced]


def _n_other(results: Sequence[Result]) -> int:
    return sum(bool(one.later) for one in _living(results))


def _row(one: Result) -> str:
    seen = "assumed" if one.is_assumed else "seen"
    alone = "assumed changed" if one.is_assumed else "no" if one.is_false else "yes"
    restored = one.fate or "loaded"
    note = one.kind.note
    if one.announced:
        restored = "announced"
        matched = _REASON.match(one.announced)
        note = note or (matched.group(2)[:80] if matched else "")
    cells = (one.kind.name, seen if one.kind.modify else "none", alone, restored, note)
    return "| " + " | ".join(re.sub(r"/\S*/", "", cell).replace("|", "\\|") for cell in cells) + " |\n"
