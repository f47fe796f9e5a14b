"""Stores that were hurt at random, and what may come of it."""

from __future__ import annotations

import array
import random
import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from IPython.core.error import UsageError

from ensession.config import Config
from ensession.errors import EnsessionError
from ensession.model import Fate
from ensession.store import check_store, repair_store
from ensession.store.store import Store
from ensession.trust import Keyring, broken_seals, trust_store, unsealed
from tests.figures import tried
from tests.notebook import Notebook

CELLS = (
    "import array, os, random, time\nseed = 3",
    "numbers = list(range(seed, 3000))",
    "noise = array.array('q', random.Random(7).randbytes(8 * 30_000))",
    "def double(x):\n    return 2 * x + seed",
    "table = {str(n): double(n) for n in numbers[:500]}",
    "pair = [numbers, table]",
    "class Point:\n    def __init__(self, x):\n        self.x = x\n    def __repr__(self):\n        return 'P'",
    "points = [Point(n) for n in range(5)]\npoints",
    "total = sum(numbers) + sum(noise[:0])\nprint(total)",
    "del seed\nnumbers.append(total)",
    "text = 'ä' * 5000\nblob = os.urandom(200_000)  # can't be made again",
    "last = (total, len(blob), points[2].x)",
)
BAD = (Fate.DIFFERENT, Fate.MISSING, Fate.UNVERIFIED, Fate.IGNORED)


def make(path: Path) -> dict[int, dict[str, str]]:
    """Record a store; return what each state looks like."""
    notebook = Notebook(path).start("--all")
    seen = {}
    for cell in CELLS:
        number = notebook.run(cell)
        seen[number] = looks(notebook)
    notebook.kill()
    return seen


def looks(notebook: Notebook) -> dict[str, str]:
    """Return how the variables look."""
    user = notebook.session._user.variables()
    return {name: _look(value, notebook) for name, value in user.items() if type(value).__name__ != "module"}


def _look(value: Any, notebook: Notebook) -> str:
    if callable(value):
        return f"{type(value).__name__} {value.__name__} {value(5) if 'seed' in notebook.variables else ''}"
    return f"{type(value).__name__} {hash(bytes(value))}" if isinstance(value, bytes | array.array) else repr(value)


def hurt(path: Path, numbers: random.Random) -> str:
    """Flip, zero, overwrite or cut bytes of a file; return what was done."""
    content = bytearray(path.read_bytes())
    kind = numbers.choice(["flip", "flip", "zero", "noise", "cut", "page"])
    size = len(content)
    if kind == "flip":
        for _ in range(numbers.choice([1, 1, 1, 3, 30])):
            content[numbers.randrange(size)] ^= 1 << numbers.randrange(8)
    elif kind in ("zero", "noise"):
        n_bytes = numbers.choice([1, 16, 512, 4096])
        at = numbers.randrange(size)
        n_bytes = min(n_bytes, size - at)
        content[at : at + n_bytes] = bytes(n_bytes) if kind == "zero" else numbers.randbytes(n_bytes)
    elif kind == "cut":
        del content[numbers.randrange(1, size) :]
    else:
        at = numbers.randrange(size // 65536) * 65536
        content[at : at + 65536] = bytes(65536)
    path.write_bytes(content)
    return kind


class Judge:
    """Hurts copies of a store, and looks at everything that is done with them.

    Attributes
    ----------
    counts : Counter
        What came of the cases.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        self.path = path
        self.folder = folder
        self.states: Mapping[int, Mapping[str, str]] = make(path)
        self.counts: Counter[str] = Counter()

    def case(self, seed: int) -> None:
        """Try one case; raises where a wrong value came back, or where something else than an error of ours came."""
        numbers = random.Random(seed)
        broken, mended = self.folder / f"broken-{seed}.ens", self.folder / f"mended-{seed}.ens"
        shutil.copy(self.path, broken)
        self.counts[hurt(broken, numbers)] += 1
        before = broken.read_bytes()
        found = self.found(broken)
        if before == self.path.read_bytes():
            self.counts["nothing changed"] += 1
        came_back = self.restore(broken)
        self.counts["restored whole" if came_back else "not restored whole"] += 1
        broken.write_bytes(before)
        self._mend(broken, mended)
        assert broken.read_bytes() == before
        if not found and not came_back:
            raise AssertionError(f"case {seed}: the check finds nothing, and yet not all comes back")
        tried("random damage to a store: flipped, zeroed, missing bytes")
        for path in self.folder.glob(f"*-{seed}.ens*"):
            path.unlink()

    def found(self, broken: Path) -> bool:
        """Whether a check finds something."""
        try:
            if check_store(broken, Config()):
                return True
            with Store.open_read_only(broken, Config()) as store:
                keyring = Keyring.load()
                return bool(broken_seals(store, keyring) or any(unsealed(store, keyring)))
        except EnsessionError:
            return True

    def restore(self, path: Path) -> bool:
        """Whether all comes back; raises where a wrong value does without a word."""
        notebook = Notebook(path)
        try:
            report = notebook.restore()
            fates = {one.name: one.fate for one in report.variables}
            seen = looks(notebook)
        except (UsageError, EnsessionError):
            return False
        finally:
            notebook.kill()
        state = self.states[report.target]
        wrong = {name for name, fate in fates.items() if fate not in BAD and not name.startswith("<")} & seen.keys()
        for name in wrong:
            assert seen[name] == state[name], f"{name} came back wrong and was called {fates[name]}"
        assert seen.keys() <= state.keys()
        silent = [name for name in state if name not in seen and fates.get(name) not in BAD]
        assert silent == [] or "<damaged>" in fates, f"{silent} did not come back: {fates}"
        return seen == state

    def _mend(self, broken: Path, mended: Path) -> None:
        try:
            salvage = repair_store(broken, mended, Config())
        except EnsessionError:
            self.counts["beyond repair"] += 1
            assert not list(mended.parent.glob(f"*{mended.name}*"))
            return
        assert check_store(mended, Config()) == []
        with Store.open(mended, Config()) as store:
            trust_store(store, Keyring.load())
        whole = self.restore(mended)
        self.counts["repaired whole" if whole else "repaired in part"] += 1
        self.counts["damaged executions"] += len(salvage.damaged)
        self.counts["damaged values"] += len(salvage.lost_values)
