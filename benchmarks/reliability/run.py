"""Run the tests that try to lose or break stores, and count what was tried: ``make reliability``.

``python -m benchmarks.reliability.run [--write] TARGET… [-- OPTION…]``; what follows ``--`` is for pytest. Prints the
figures, writes ``build/reliability.json`` and, with ``--write``, ``docs/explanation/reliability.md``: of this very run,
whatever it was.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from xml.etree import ElementTree

from benchmarks.published import circumstances, markdown_table, publish
from tests.figures import FILE

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"


@dataclass(frozen=True)
class Group:
    """The tests of one file."""

    file: str
    passed: int
    failed: int
    skipped: int
    duration_s: float


def run(targets: Sequence[str], options: Sequence[str]) -> tuple[int, list[Group], dict[str, int]]:
    """Run tests; return pytest's exit code, how each file fared, and how often what was tried."""
    BUILD.mkdir(exist_ok=True)
    report, figures = BUILD / "reliability.xml", BUILD / "reliability.jsonl"
    for file in (report, figures):
        file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-n", "0", "-s", "-m", "slow or not slow", f"--junitxml={report}"]
    done = subprocess.run(
        [*command, "-o", "junit_family=xunit1", *targets, *options],
        cwd=ROOT,
        env=os.environ | {FILE: str(figures)},
        check=False,
    )
    if not report.exists():
        raise SystemExit("pytest was ended before it could report: there is nothing to count")
    lines = figures.read_text(encoding="utf-8").splitlines() if figures.exists() else []
    return done.returncode, groups(report), added_up(lines)


def groups(report: Path) -> list[Group]:
    """Return how the tests of each file fared, as pytest reports it."""
    fates: dict[str, Counter[str]] = {}
    durations: defaultdict[str, float] = defaultdict(float)
    for case in ElementTree.parse(report).iter("testcase"):
        file = case.get("file", "")
        kinds = {child.tag for child in case}
        fate = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        fates.setdefault(file, Counter())[fate] += 1
        durations[file] += float(case.get("time", 0))
    return [Group(file, own["passed"], own["failed"], own["skipped"], durations[file]) for file, own in fates.items()]


def added_up(lines: Sequence[str]) -> dict[str, int]:
    """Return how often each thing was tried."""
    found: Counter[str] = Counter()
    for line in lines:
        what, times = json.loads(line)
        found[what] += times
    return dict(found)


def text(found: Sequence[Group], times: Mapping[str, int], arguments: Sequence[str]) -> str:
    """Return what the page says."""
    where = f"{platform.system()}, Python {platform.python_version()}, {os.cpu_count()} cores."
    part = f" A part of it: `{shlex.join(arguments)}`." if arguments else ""
    whole = Group(
        "all",
        sum(one.passed for one in found),
        sum(one.failed for one in found),
        sum(one.skipped for one in found),
        sum(one.duration_s for one in found),
    )
    rows = [
        (one.file, f"{one.passed}", f"{one.failed}", f"{one.skipped}", f"{one.duration_s / 60:.1f}")
        for one in (*found, whole)
    ]
    return "\n\n".join(
        [
            f"{where} {circumstances(os.getloadavg()[0])}{part}",
            markdown_table(("tried, and nothing was lost", "times"), [(what, f"{n:,}") for what, n in times.items()]),
            markdown_table(("tests", "passed", "failed", "skipped", "minutes"), rows),
        ]
    )


def main() -> int:
    """Run, count, write; return what pytest does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="+", help="files and folders of tests")
    parser.add_argument("--write", action="store_true", help="write the figures into the documentation")
    words = sys.argv[1:]
    at = words.index("--") if "--" in words else len(words)
    told, options = parser.parse_args(words[:at]), words[at + 1 :]
    code, found, times = run(told.targets, options)
    page = text(found, times, options)
    record = {"groups": [asdict(one) for one in found], "times": times, "options": options}
    (BUILD / "reliability.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    print(f"\n{page}\n")
    if told.write:
        publish("explanation/reliability.md", "make reliability", page)
    return code


if __name__ == "__main__":
    sys.exit(main())
