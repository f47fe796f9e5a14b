"""``python -m tests.fidelity``: run the whole corpus and print its table; ``--write`` puts it into the documentation.

``--audit`` holds every variable against its last look after each cell: a change that the code did not show is a problem.
"""

from __future__ import annotations

import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.notebooks.trial import AUDIT
from tests.fidelity.corpus import all_families
from tests.fidelity.kind import Family
from tests.fidelity.runner import Examined, run_family
from tests.fidelity.table import MOST_FALSE_CHANGES, PAGE, page, share_of_false_changes

AT_ONCE = 2


def _examine(name: str, words: tuple[str, ...]) -> Examined:
    family = next(one for one in all_families() if one.name == name)
    with tempfile.TemporaryDirectory() as folder:
        return run_family(family, Path(folder), words)


def main() -> int:
    """Return the exit code: 1 where something was missed, lost or reported wrongly."""
    families = all_families()
    words = (AUDIT,) if "--audit" in sys.argv[1:] else ()
    with ProcessPoolExecutor(AT_ONCE) as pool:
        examined = list(pool.map(_examine, [family.name for family in families], [words] * len(families)))
    results = [result for one in examined for result in one.results]
    problems = [f"{name} is not installed" for name in absent(families)]
    problems += [what for one in examined for what in one.problems]
    if share_of_false_changes(results) > MOST_FALSE_CHANGES:
        problems.append(f"{share_of_false_changes(results):.1%} of the kinds are reported changed falsely")
    text = page(results)
    print(text)
    if "--write" in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
    print("\n".join(["", *problems]), file=sys.stderr)
    return 1 if problems else 0


def absent(families: tuple[Family, ...]) -> list[str]:
    """Return the libraries that should be here: a table without them would look whole."""
    return [library.name for family in families for library in family.libraries if not library.is_here]


if __name__ == "__main__":
    sys.exit(main())
