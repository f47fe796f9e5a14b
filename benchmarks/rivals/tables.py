"""The results as text: a line while it runs, and the part of the page that the benchmark writes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.rivals.measured import Measured
from benchmarks.rivals.systems import SYSTEMS

HEAD = (
    "notebook",
    "system",
    "overhead",
    "beyond the fixed cost",
    "fixed cost, median",
    "p95",
    "peak memory",
    "checkpoint",
    "file",
    "restore",
    "one cell back",
    "half back",
    "equal / different / missing / unlinked",
)
Row = Mapping[str, Any]
NOTHING = "—"


def seconds(value: float | None) -> str:
    """Return a duration for a reader."""
    if value is None:
        return NOTHING
    return f"{value * 1000:.1f} ms" if abs(value) < 1 else f"{value:.1f} s"


def megabytes(value: float | None) -> str:
    """Return a size for a reader."""
    return NOTHING if value is None else f"{value / 1e6:.1f} MB"


def percent(value: float | None) -> str:
    """Return a share for a reader."""
    return NOTHING if value is None else f"{value:+.1%}"


def line_of(course: str, name: str, found: Measured, results: Mapping[str, Mapping[str, Measured]]) -> str:
    """Return one line on how a system did."""
    row = _row(course, name, found.as_json(results[course]["plain"]))
    shown = ", ".join(f"{what} {value}" for what, value in zip(HEAD[2:], row[2:], strict=True))
    return f"{course} in {name}: {shown}{''.join(f'; {one}' for one in found.problems)}"


def page(about: Mapping[str, Any], results: Mapping[str, Mapping[str, Row]]) -> str:
    """Return what the benchmark writes: machine, summary, table, problems."""
    parts = [_about(about), _summary(results), _table(results), _problems(results)]
    return "\n\n".join(parts) + "\n"


def ratios(results: Mapping[str, Mapping[str, Row]], other: str, measure: str, *, floor: float) -> dict[str, float]:
    """Return ensession's figure over another system's, for each notebook that the other gets right.

    ``floor``: figures below it count as this much, so that noise around zero is no victory.
    """
    found = {}
    for course, rows in results.items():
        ours, theirs = rows.get("ensession"), rows.get(other)
        if ours is None or theirs is None or not theirs["is_right"]:
            continue
        if ours[measure] is not None and theirs[measure] is not None:
            found[course] = max(ours[measure], floor) / max(theirs[measure], floor)
    return found


def geometric_mean(values: Iterable[float]) -> float | None:
    """Return the geometric mean, or None of nothing."""
    logs = [math.log(value) for value in values]
    return math.exp(sum(logs) / len(logs)) if logs else None


def _about(about: Mapping[str, Any]) -> str:
    found = about["machine"]
    load = ", ".join(f"{one:.1f}" for one in found["load_at_start"])
    return (
        f"Measured {found['at']} under Python {found['python']} on {found['platform']}, {found['processors']} "
        f"processors, {found['memory_bytes'] / 2**30:.0f} GiB, load {load} at the start; synthetic notebooks at scale "
        f"{about['scale']:g}."
    )


def _summary(results: Mapping[str, Mapping[str, Row]]) -> str:
    lines = ["| system | notebooks right | ensession's overhead / its | file | restore |", "|---|---|---|---|---|"]
    for name, kind in SYSTEMS.items():
        rows = [found[name] for found in results.values() if name in found]
        if not rows:
            continue
        right = f"{sum(row['is_right'] for row in rows)} of {len(rows)}"
        shown = ["", "", ""]
        if name not in ("plain", "ensession"):
            measures = (("overhead", 1e-3), ("n_bytes", 1.0), ("restore_s", 1e-4))
            means = [geometric_mean(ratios(results, name, m, floor=floor).values()) for m, floor in measures]
            shown = [NOTHING if mean is None else f"{mean:.3g}" for mean in means]
        lines.append(f"| {kind.title} | {right} | {' | '.join(shown)} |")
    note = "Ratios: geometric means over the notebooks that the other system gets right; below 1, ensession is better."
    return "\n".join([*lines, "", note])


def _table(results: Mapping[str, Mapping[str, Row]]) -> str:
    rows = [_row(course, name, one) for course, found in results.items() for name, one in found.items()]
    return "\n".join(f"| {' | '.join(line)} |" for line in [HEAD, ["---"] * len(HEAD), *rows])


def _row(course: str, name: str, one: Row) -> Sequence[str]:
    counts = NOTHING
    if one["equal"] or one["missing"] or one["different"]:
        counts = " / ".join(str(len(one[what])) for what in ("equal", "different", "missing", "unlinked"))
    return (
        course,
        name,
        percent(one["overhead"]),
        percent(one["overhead_beyond_fixed"]),
        seconds(one["fixed_median_s"]),
        seconds(one["fixed_p95_s"]),
        megabytes(one["peak_added_bytes"]),
        seconds(one["checkpoint_s"]),
        megabytes(one["n_bytes"]),
        seconds(one["restore_s"]),
        seconds(one["back_one_s"]),
        seconds(one["back_half_s"]),
        counts,
    )


def _problems(results: Mapping[str, Mapping[str, Row]]) -> str:
    lines = []
    for course, found in results.items():
        for name, one in found.items():
            for problem in one["problems"][:3]:
                lines.append(f"- {course} in {name}: `{problem}`")
            wrong = [
                f"{what}: {', '.join(one[what][:8])}" for what in ("different", "missing", "unlinked") if one[what]
            ]
            if wrong:
                lines.append(f"- {course} in {name}: {'; '.join(wrong)}")
    return "\n".join(["What went wrong:", "", *(lines or ["- nothing"])])
