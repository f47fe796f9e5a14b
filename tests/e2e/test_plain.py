"""Record, kill, copy, restore, with nothing installed but what the package asks for (no NumPy here)."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Ens, Restored, StartKernel
from tests.kernels import Kernel

Move = Callable[..., Restored]

CELLS = [
    "import json, math, collections",
    "words = ['alpha', 'beta', 'gamma']\nalias = words\nnested = {'words': words, 'count': 3}",
    "_private = {'kept': True}\n__dunder_like = 5",
    "threshold = 10\ndef above(x):\n    return x > threshold",
    "class Account:\n"
    "    opened = 0\n"
    "    def __init__(self, owner):\n"
    "        self.owner = owner\n"
    "        self.log = []\n"
    "        type(self).opened += 1\n"
    "    def put(self, amount):\n"
    "        self.log.append(amount)\n"
    "        return self\n"
    "class Savings(Account):\n"
    "    def put(self, amount):\n"
    "        return super().put(amount * 2)",
    "account = Savings('ada').put(5)\nsame_account = account\nledger = [account, Account('bob')]",
    "counter = 0\ndef bump():\n    global counter\n    counter += 1",
    "bump()\nbump()",
    "alias.append('delta')",
    "account.put(7);",
    "threshold = 20",
    "doomed = 1",
    "del doomed",
    "before_failure = 'set'\nwords.append('epsilon')\nraise ValueError('half way')",
    "square = lambda x: x * x\nmaker = (lambda k: (lambda x: x + k))(3)",
    "Point = collections.namedtuple('Point', 'x y')\npoint = Point(1, 2)\nlines = (i for i in range(3))",
    "%%time\ntotal = sum(square(i) for i in range(1000))",
    "import random\nrandom.seed(5)\ndrawn = [random.random() for _ in range(3)]",
    "drawn_later = random.random()",
]

FACTS = [
    "words == ['alpha', 'beta', 'gamma', 'delta', 'epsilon']",
    "alias is words and nested['words'] is words",
    "_private == {'kept': True} and __dunder_like == 5",
    "above(15) is False and above(25) is True",
    "above.__globals__ is globals()",
    "type(account) is Savings and Savings.__mro__[1] is Account",
    "same_account is account and ledger[0] is account",
    "account.log == [10, 14] and type(ledger[1]) is Account",
    "(Account.opened, Savings.opened) == (1, 1)",
    "counter == 2",
    "'doomed' not in globals()",
    "before_failure == 'set'",
    "square(9) == 81 and maker(4) == 7",
    "point.x == 1 and type(point) is Point",
    "total == sum(i * i for i in range(1000))",
    "json.loads('1') == math.floor(1.5) == 1",
    "len(drawn) == 3 and 0 <= drawn_later < 1",
]


@pytest.fixture
def recorded(start_kernel: StartKernel, tmp_path: Path) -> tuple[Kernel, Path]:
    """Return a kernel that ran all of CELLS, recorded, and its store."""
    kernel = start_kernel("here")
    store = tmp_path / "here" / "work.ens"
    kernel.run(f"%ens start {store}")
    for cell in CELLS:
        kernel.fails(cell) if "raise" in cell else kernel.run(cell)
    return kernel, store


def test_a_killed_session_comes_back_from_a_copy_of_its_file(
    recorded: tuple[Kernel, Path], move: Move, ens: Ens
) -> None:
    kernel, store = recorded
    assert [fact for fact in FACTS if not kernel.holds(fact)] == []
    values = kernel.value("(words, nested, account.log, drawn, drawn_later, total)")
    kernel.kill()
    restored = move(store)
    # A generator has no serialised form; it is recomputed and can't be compared.
    restored.assert_accounted_for()
    assert [fact for fact in FACTS if not restored.kernel.holds(fact)] == []
    assert restored.kernel.value("(words, nested, account.log, drawn, drawn_later, total)") == values
    assert restored.kernel.holds("list(lines) == [0, 1, 2]")
    names = {"words", "alias", "_private", "__dunder_like", "above", "Account", "account", "counter", "json", "point"}
    assert names <= restored.fates.keys()
    assert "doomed" not in restored.fates
    ens.assert_clean(store)
    ens.assert_clean(store.parent.parent / "elsewhere" / store.name)


def test_a_restored_function_sees_later_changes_of_its_globals(recorded: tuple[Kernel, Path], move: Move) -> None:
    kernel, store = recorded
    kernel.kill()
    kernel = move(store).kernel
    kernel.run("threshold = 100")
    assert kernel.holds("above(50) is False and above(150) is True")
    kernel.run("bump()")
    assert kernel.holds("counter == 3")


def test_random_numbers_go_on_where_they_were(recorded: tuple[Kernel, Path], move: Move) -> None:
    kernel, store = recorded
    expected = kernel.value("__import__('random').getstate()[1][:5]")
    kernel.kill()
    assert move(store).kernel.value("__import__('random').getstate()[1][:5]") == expected


def test_the_restored_kernel_goes_on_recording_in_the_same_history(
    recorded: tuple[Kernel, Path], move: Move, restore_in: Callable[..., Restored], ens: Ens
) -> None:
    kernel, store = recorded
    kernel.kill()
    second = move(store).kernel
    second.run("words.append('zeta')\nlength = len(words)")
    second.kill()
    moved = store.parent.parent / "elsewhere" / store.name
    third = restore_in("third", moved)
    third.assert_accounted_for()
    assert third.kernel.holds("words[-1] == 'zeta' and length == 6 and alias is words")
    executions = ens.json("log", moved)
    cells = [execution["code"] for execution in _executions(executions) if execution["kind"] == "cell"]
    assert cells[: len(CELLS)] == CELLS
    assert cells[len(CELLS)] == "words.append('zeta')\nlength = len(words)"


def test_an_earlier_state_can_be_restored(
    recorded: tuple[Kernel, Path], restore_in: Callable[..., Restored], ens: Ens
) -> None:
    kernel, store = recorded
    kernel.kill()
    executions = _executions(ens.json("log", store))
    number = next(execution["id"] for execution in executions if execution["code"] == "bump()\nbump()")
    restored = restore_in("earlier", store, f"@{number}")
    restored.assert_accounted_for()
    assert restored.kernel.holds("words == ['alpha', 'beta', 'gamma'] and counter == 2 and threshold == 10")
    assert restored.kernel.holds("'doomed' not in globals() and 'square' not in globals()")


def test_another_user_reads_but_does_not_run_before_trust(
    recorded: tuple[Kernel, Path], start_kernel: StartKernel, tmp_path: Path
) -> None:
    kernel, store = recorded
    kernel.kill()
    copy = tmp_path / "received.ens"
    shutil.copy(store, copy)
    stranger = tmp_path / "stranger"
    there = start_kernel("theirs", home=stranger)
    refused = there.execute(f"%ens restore {copy}")
    assert "trust" in refused.text.lower()
    assert there.holds("'words' not in globals() and 'Account' not in globals()")
    listing = Ens(stranger)
    assert listing.json("log", copy)
    listing.assert_clean(copy)
    there.run(f"%ens trust {copy}")
    there.run(f"%ens restore {copy}")
    assert [fact for fact in FACTS if not there.holds(fact)] == []


def test_recording_can_be_stopped(start_kernel: StartKernel, tmp_path: Path, ens: Ens) -> None:
    kernel = start_kernel("here")
    store = tmp_path / "here" / "work.ens"
    kernel.run(f"%ens start {store}")
    kernel.run("a = 1")
    kernel.run("%ens stop")
    kernel.run("b = 2")
    kernel.shut_down()
    codes = [execution["code"] for execution in _executions(ens.json("log", store)) if execution["kind"] == "cell"]
    assert codes == ["a = 1"]


def _executions(listing: object) -> list[dict[str, object]]:
    """Return the executions of ``ens log --json`` in history order."""
    rows = listing["executions"] if isinstance(listing, dict) else listing
    assert isinstance(rows, list)
    return sorted(rows, key=lambda row: row["id"])
