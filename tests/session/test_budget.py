"""Values that there is no time to look at count as changed, and come back all the same."""

from __future__ import annotations

import pytest

from ensession.capture.looking import Looker
from ensession.model import Fate
from tests.notebook import Notebook

BIG = "big = [{'n': n, 'part': [n]} for n in range(2000)]"


@pytest.fixture
def notebook(hurried: Notebook) -> Notebook:
    """A notebook with no time for what is larger than 1,000 bytes."""
    return hurried


def test_it_counts_as_changed_and_the_user_sees_it(notebook: Notebook) -> None:
    notebook.run(BIG, "small = [1]", "n = len(big)")
    assert notebook.changed() == {"big", "n"}
    status = notebook.ens("status")
    assert "Assumed changed, and not looked at yet: big." in " ".join(status.split())
    notebook.run("small")
    assert notebook.changed() == set()


def test_it_is_made_again_where_there_was_no_time_until_the_end(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ensession.session.session.AT_THE_END_S", 0.0)
    notebook.run(BIG, "small = [1]", "big[7]['part'].append(8)")
    notebook = notebook.reborn()
    report = notebook.restore()
    assert notebook["big"][7] == {"n": 7, "part": [7, 8]}
    fates = {one.name: one for one in report.variables}
    assert fates["big"].fate is Fate.UNVERIFIED
    assert "more than the budget" in fates["big"].reason
    assert fates["small"].fate is Fate.LOADED
    notebook.kill()


def test_what_there_was_no_time_for_is_not_looked_at_after_a_return(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook.run(BIG, "small = [1]", "big[7]['part'].append(8)", "small.append(2)")
    looked: list[str] = []
    fully = Looker.fully
    monkeypatch.setattr(Looker, "fully", lambda self, values: looked.extend(values) or fully(self, values))
    notebook.ens("undo")
    notebook = notebook.reborn()
    notebook.restore()
    assert "small" in looked
    assert "big" not in looked
    notebook.run("n = len(big)")
    assert notebook.changed() == {"big", "n"}
    notebook.kill()


def test_what_a_part_of_it_goes_through_is_seen_under_its_other_name(notebook: Notebook) -> None:
    notebook.run(BIG, "part = big[-1]['part']", "big[-1]['part'].append('changed')")
    assert notebook.changed() == {"big", "part"}
    notebook.run("part.append('again')")
    assert notebook.changed() == {"big", "part"}
    notebook = notebook.reborn()
    notebook.restore()
    assert notebook["part"] is notebook["big"][-1]["part"]
    assert notebook["part"] == [1999, "changed", "again"]
    notebook.kill()


def test_arrays_too(notebook: Notebook) -> None:
    notebook.run("import numpy as np", "big = np.zeros(10_000)", "view = big[5:]", "view[0] = 1.0")
    assert notebook.changed() == {"big", "view"}
    notebook = notebook.reborn()
    notebook.restore()
    assert notebook["big"][5] == 1.0
    assert notebook["view"].base is notebook["big"]
    notebook.kill()


def test_with_more_time_it_is_looked_at(notebook: Notebook) -> None:
    notebook.run(BIG)
    notebook.ens("config budget=off")
    notebook.run("n = len(big)")
    assert "Assumed" not in notebook.ens("status")
    notebook.run("n = len(big)")
    assert not notebook.changed()


def test_what_was_only_touched_together_is_told_apart_at_a_glance(notebook: Notebook) -> None:
    notebook.run(BIG, "part, other = big[-1]['part'], [len(big)]")
    assert _sharing(notebook) == {"big": ("big", "part"), "part": ("big", "part"), "other": ("other",)}


def test_with_more_time_it_is_told_apart_if_a_glance_was_not_enough(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ensession.serial.look.GLANCE", 100)
    notebook.run(BIG, "part, other = big[-1]['part'], [len(big)]")
    assert _sharing(notebook)["other"] == ("big", "other", "part")
    notebook.ens("config budget=off")
    notebook.run("n = len(big)")
    assert _sharing(notebook) == {"big": ("big", "part"), "part": ("big", "part"), "other": ("other",), "n": ("n",)}


@pytest.mark.parametrize(
    ("made", "names"),
    [
        ("other = frame.copy(deep=False)", {"frame"}),  # shares memory, which is copied before either changes it
        ("other = frame.columns", {"frame"}),
        ("other = [frame]", {"frame", "other"}),
        ("other = frame['n'].to_numpy()", {"frame", "other"}),
        ("other = lists['o'].iloc[3]", {"lists", "other"}),
        ("other = lists.copy(deep=False)", {"lists", "other"}),
        ("import numpy as np\nother = np.ma.array(array, copy=False)", {"array", "other"}),
        ("other = pd.DataFrame(array, copy=False)", {"array", "other"}),
        ("other = records[7]", {"records", "other"}),
        ("other = memoryview(array)", {"array", "other"}),
    ],
)
def test_what_tables_and_arrays_share_shows_at_a_glance(notebook: Notebook, made: str, names: set[str]) -> None:
    notebook.run(
        "import numpy as np, pandas as pd",
        "frame = pd.DataFrame({'n': np.arange(900.0), 's': ['text'] * 900})\n"
        "lists = pd.DataFrame({'o': [[n] for n in range(900)]})\n"
        "array, records = np.zeros((3000, 2)), np.zeros(3000, [('x', 'f8')])",
    )
    notebook.run(made)
    head = notebook.session.head
    assert head is not None
    state = notebook.session.store.history.state(head)
    groups = {frozenset(one.version.names) for one in state.values()}
    assert frozenset(names) in groups
    assert frozenset({"other"} | names) in groups or frozenset({"other"}) in groups


def _sharing(notebook: Notebook) -> dict[str, tuple[str, ...]]:
    head = notebook.session.head
    assert head is not None
    state = notebook.session.store.history.state(head)
    return {name: one.version.names for name, one in state.items() if name in ("big", "part", "other", "n")}
