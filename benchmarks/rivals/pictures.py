"""The results as pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.rivals.systems import SYSTEMS

Row = Mapping[str, Any]
PANELS = (
    ("overhead", "run time added (share of plain)", 1e-3),
    ("restore_s", "restore in a fresh kernel (s)", 1e-3),
    ("n_bytes", "file (bytes)", 1.0),
)


def draw(results: Mapping[str, Mapping[str, Row]], folder: Path) -> None:
    """Write ``rivals.svg`` and ``rivals.png``: a point for each system and notebook; hollow where it was wrong."""
    import matplotlib as mpl

    mpl.use("agg")
    mpl.rcParams["svg.hashsalt"] = "ensession"  # the same picture, the same file
    from matplotlib import pyplot

    courses = list(results)[::-1]
    figure, panels = pyplot.subplots(1, len(PANELS), figsize=(13, 1.5 + 0.3 * len(courses)), sharey=True)
    for panel, (measure, title, floor) in zip(panels, PANELS, strict=True):
        for name, kind in SYSTEMS.items():
            _points(panel, [results[course].get(name, {}) for course in courses], measure, floor, kind.title)
        panel.set_xscale("log")
        panel.set_title(title, fontsize=10)
        panel.set_yticks(range(len(courses)), courses)
        panel.grid(visible=True, alpha=0.3)
    handles, labels = panels[1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=len(SYSTEMS), fontsize=8)
    figure.tight_layout(rect=(0, 0.06, 1, 1))
    figure.savefig(folder / "rivals.svg", metadata={"Date": None})
    figure.savefig(folder / "rivals.png", dpi=110)
    pyplot.close(figure)


def _points(panel: Any, rows: list[Row], measure: str, floor: float, title: str) -> None:
    points = [
        (max(row[measure], floor), place, bool(row["is_right"]))
        for place, row in enumerate(rows)
        if row.get(measure) is not None
    ]
    line = panel.plot([x for x, _, right in points if right], [y for _, y, right in points if right], "o", label=title)
    wrong = [(x, y) for x, y, right in points if not right]
    panel.plot([x for x, _ in wrong], [y for _, y in wrong], "o", mfc="none", color=line[0].get_color())
