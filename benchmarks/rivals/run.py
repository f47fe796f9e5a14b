"""Run all systems on all notebooks: ``make bench``, ``make bench QUICK=1``, or some of them by name.

Writes ``build/rivals.json``, the plots, and the figures in ``docs/explanation/benchmarks.md``. A quick run and a choice
write ``build/rivals-part.*`` instead: what is published comes from one whole run.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from benchmarks.published import DOCS, publish
from benchmarks.rivals import environments
from benchmarks.rivals.contest import Course, compete
from benchmarks.rivals.courses import QUICK_BOOKS, QUICK_SCALE, chosen, known
from benchmarks.rivals.measured import Measured
from benchmarks.rivals.pictures import draw
from benchmarks.rivals.systems import SYSTEMS, System
from benchmarks.rivals.tables import line_of, page
from benchmarks.synthetic.workloads import WORKLOADS

BUILD = environments.ROOT / "build"


def prepared(systems: Mapping[str, type[System]]) -> dict[str, str]:
    """Make or find the systems' environments; return their interpreters."""
    layer = environments.shared_layer()
    pythons = {}
    for name, kind in systems.items():
        pythons[name] = environments.environment_of(name, kind.requirements, layer)
        kind.prepare(pythons[name])
    return pythons


def machine(pythons: Mapping[str, str]) -> dict[str, Any]:
    """Return what the figures depend on."""
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()}, {platform.machine()}",
        "processors": psutil.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "load_at_start": psutil.getloadavg(),
        "at": time.strftime("%Y-%m-%d %H:%M"),
        "versions": {name: environments.versions(python) for name, python in pythons.items()},
    }


def contest(
    courses: Sequence[Course], systems: Mapping[str, type[System]], pythons: Mapping[str, str]
) -> dict[str, dict[str, Measured]]:
    """Run the notebooks one after the other; say how each went."""
    results = {}
    for course in courses:
        folder = Path(tempfile.mkdtemp(prefix="ensession-rivals-"))
        try:
            results[course.name] = compete(course, systems, pythons, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        BUILD.mkdir(exist_ok=True)
        (BUILD / "rivals-so-far.json").write_text(json.dumps(as_json(results), indent=1) + "\n", encoding="utf-8")
        for name, found in results[course.name].items():
            print(f"[{time.strftime('%H:%M:%S')}] {line_of(course.name, name, found, results)}", flush=True)
    return results


def as_json(results: Mapping[str, Mapping[str, Measured]]) -> dict[str, Any]:
    """Return the results as they are written."""
    return {
        course: {name: one.as_json(found["plain"]) for name, one in found.items()} for course, found in results.items()
    }


def quick(courses: Sequence[Course]) -> list[Course]:
    """Return courses with few probes and little patience."""
    return [dataclasses.replace(course, n_probes=10, n_restores=1, patience_s=60.0) for course in courses]


def main() -> int:
    """Run, write, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known())}; default: all")
    parser.add_argument("--quick", action="store_true", help="three notebooks and small synthetic ones")
    parser.add_argument("--scale", type=float, help="size of the synthetic notebooks (default 1, quick 0.02)")
    parser.add_argument("--systems", nargs="+", choices=[*SYSTEMS], default=[*SYSTEMS], help="default: all")
    options = parser.parse_args()
    if unknown := set(options.names) - set(known()):
        parser.error(f"no notebook {', '.join(sorted(unknown))}; there are: {', '.join(known())}")
    scale = options.scale or (QUICK_SCALE if options.quick else 1.0)
    courses = chosen(options.names or ([*QUICK_BOOKS, *WORKLOADS] if options.quick else []), scale)
    courses = quick(courses) if options.quick else courses
    systems = {name: kind for name, kind in SYSTEMS.items() if name in {"plain", *options.systems}}
    pythons = prepared(systems)
    about = {"machine": machine(pythons), "scale": scale, "quick": options.quick}
    results = as_json(contest(courses, systems, pythons))
    is_whole = not (options.names or options.quick or options.scale) and len(systems) == len(SYSTEMS)
    BUILD.mkdir(exist_ok=True)
    target = BUILD / ("rivals.json" if is_whole else "rivals-part.json")
    target.write_text(json.dumps({"about": about, "results": results}, indent=1) + "\n", encoding="utf-8")
    text = page(about, results)
    if is_whole:
        publish("explanation/benchmarks.md", "make bench", text)
        draw(results, DOCS / "explanation")
    else:
        (BUILD / "rivals-part.md").write_text(text, encoding="utf-8")
        draw(results, BUILD)
    print(f"\n{text}\nwritten: {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
