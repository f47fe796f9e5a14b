"""Registered reducers and fingerprints, and what the corpus showed first."""

from __future__ import annotations

import decimal
import importlib.metadata
import random
import sys
import types
from pathlib import Path

import pytest

from ensession.model import Fate
from ensession.serial.registry import Registry
from tests.notebook import Notebook

TOOL = """
import sys, types
tools = types.ModuleType("tools_of_this_test")
exec('''
class Meter:
    def __init__(self, n):
        self.n, self.looks = n, 0
def make(n):
    return Meter(n)
def reduce(meter):
    meter.looks += 1
    return make, (meter.n,), {"looks": meter.looks}
''', vars(tools))
sys.modules["tools_of_this_test"] = tools
"""


@pytest.fixture
def tools() -> types.ModuleType:
    """Return a library whose objects pickle differently from look to look."""
    exec(TOOL, {})
    return sys.modules["tools_of_this_test"]


def test_a_registered_fingerprint_is_what_is_compared(notebook: Notebook, tools: types.ModuleType) -> None:
    registry = notebook.session._recorder.tracker.scope.registry
    registry.register(tools.Meter, tools.reduce, lambda meter: meter.n)
    notebook.run("import tools_of_this_test as tools", "m = tools.Meter(3)")
    notebook.run("m.n")
    assert "m" not in notebook.changed()
    notebook.run("m.n = 4")
    assert notebook.changed() == {"m"}
    live = notebook.reborn()
    live.restore()
    assert live["m"].n == 4
    live.kill()


def test_what_has_no_fingerprint_counts_as_changed_when_touched(notebook: Notebook, tools: types.ModuleType) -> None:
    registry = notebook.session._recorder.tracker.scope.registry
    registry.register(tools.Meter, None, lambda meter: NotImplemented)
    notebook.run("import tools_of_this_test as tools", "m = tools.Meter(3)")
    notebook.run("m.n")
    assert "m" in notebook.changed()


def _install(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Have a package installed that says of itself that it registers reducers."""
    about = folder / "tools_of_this_test-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: tools-of-this-test\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[ensession.reducers]\ntools_of_this_test = tools_of_this_test:register\n")
    monkeypatch.syspath_prepend(str(folder))


def test_a_library_registers_when_its_first_object_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, tools: types.ModuleType, tmp_path: Path
) -> None:
    tools.register = lambda registry: registry.register(tools.Meter, tools.reduce)
    _install(monkeypatch, tmp_path)
    registry = Registry()
    assert registry.find(dict) is None
    tools.Meter.__module__ = "tools_of_this_test"
    found = registry.find(tools.Meter)
    assert found is not None
    assert found.reduce is tools.reduce


def test_nobody_is_asked_about_pythons_own_types(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes a look at every installed package, at the first cell."""
    monkeypatch.setattr("importlib.metadata.distributions", lambda: pytest.fail("somebody was asked"))
    registry = Registry()
    for kind in (dict, types.ModuleType, random.Random, decimal.Decimal, importlib.metadata.EntryPoint):
        registry.find(kind)


def test_what_the_user_registered_stays(
    monkeypatch: pytest.MonkeyPatch, tools: types.ModuleType, tmp_path: Path
) -> None:
    tools.register = lambda registry: registry.register(tools.Meter, tools.reduce)
    _install(monkeypatch, tmp_path)
    tools.Meter.__module__ = "tools_of_this_test"
    registry = Registry()
    registry.register(tools.Meter, repr)
    found = registry.find(tools.Meter)
    assert found is not None
    assert found.reduce is repr


@pytest.mark.parametrize(
    ("cell", "holds"),
    [
        (
            "import dataclasses\n@dataclasses.dataclass\nclass P:\n    a: int\n    b: int = 2\nx = P(1)",
            "dataclasses.asdict(x) == {'a': 1, 'b': 2}",
        ),
        ("import types\nd = {}\nx = types.MappingProxyType(d)", "d.update(a=1) or x['a'] == 1"),
        (
            "class M(type):\n    made = []\n    def __new__(m, *a):\n        m.made.append(a[0])\n"
            "        return super().__new__(m, *a)\nclass x(metaclass=M):\n    pass",
            "M.made == ['x'] and type(x) is M",
        ),
        ("import logging\nx = logging.getLogger('a.b')\nx.setLevel(13)", "x.level == 13"),
        ("import threading\nx = threading.Lock()", "not x.locked()"),
        ("import xml.etree.ElementTree\nx = xml", "x.etree.__name__ == 'xml.etree'"),
    ],
)
def test_it_comes_back_right(notebook: Notebook, cell: str, holds: str) -> None:
    notebook.run(cell)
    logger = sys.modules["logging"].getLogger("a.b")
    live = notebook.reborn()
    logger.setLevel(0)
    report = live.restore()
    assert {one.fate for one in report.variables} <= {Fate.LOADED, Fate.RECOMPUTED}
    assert eval(holds, live.variables)
    live.kill()


def test_a_lock_that_is_held_is_not_brought_back_free(notebook: Notebook) -> None:
    notebook.run("import threading, time", "x = threading.Lock()\nx.acquire()\nt = time.time()")
    assert "held" in (notebook.session.graph().versions[notebook.session.graph().state["x"]].unstorable or "")


def test_a_change_of_a_module_made_at_run_time_is_seen(notebook: Notebook) -> None:
    notebook.run("import types", "x = types.ModuleType('x')\nx.v = 1", "x.v")
    assert notebook.changed() == set()
    notebook.run("x.v = 2")
    assert notebook.changed() == {"x"}


def test_an_import_inside_of_a_package_changes_nothing(notebook: Notebook) -> None:
    notebook.run("import xml", "y = [xml]", "import xml.sax.saxutils", "y, xml")
    assert notebook.changed() == set()


@pytest.mark.parametrize("kind", ["cKDTree", "KDTree"])
def test_a_spatial_tree_goes_on_sharing_the_array_it_was_made_from(notebook: Notebook, kind: str) -> None:
    notebook.run(
        "import numpy as np, scipy.sparse\nx = np.random.default_rng(0).random((500, 3))\neye = scipy.sparse.eye(3)",
        f"from scipy.spatial import ConvexHull, {kind}\ntree = {kind}(x)\nhull = ConvexHull(x)\norder = tree.indices",
        "near = tree.query(x[:5], k=2)",
    )
    assert not {"x", "tree", "hull"} & notebook.changed()
    notebook.run("x[7] = 0.5")
    assert {"x", "tree", "hull"} <= notebook.changed()
    before = notebook["tree"].query(notebook["x"], k=3)[1].tolist()
    live = notebook.reborn()
    report = live.restore()
    assert {one.fate for one in report.variables if one.name in {"x", "tree", "hull"}} == {Fate.LOADED}
    live.run("x[8] = 0.25")
    assert {"x", "tree", "hull"} <= live.changed()
    assert live["tree"].data is live["x"]
    assert live["tree"].indices is live["order"]
    assert live["hull"].points[8].tolist() == [0.25] * 3
    live["x"][8] = notebook["x"][8]
    assert live["tree"].query(live["x"], k=3)[1].tolist() == before
    live.kill()


def test_a_tree_made_again_has_the_fingerprint_it_had(notebook: Notebook) -> None:
    notebook.run(
        "import numpy as np\nfrom scipy.spatial import cKDTree\nx = np.random.default_rng(0).random((500, 3))",
        "tree = cKDTree(x, boxsize=[1, 1, 1])",
    )
    notebook.lose("tree")
    live = notebook.reborn()
    report = live.restore()
    assert [one.fate for one in report.variables if one.name == "tree"] == [Fate.RECOMPUTED]
    assert live["tree"].boxsize.tolist() == [1, 1, 1]
    live.kill()


def test_what_immutable_objects_are_made_of_links_no_variables(notebook: Notebook, tools: types.ModuleType) -> None:
    registry = notebook.session._recorder.tracker.scope.registry
    registry.register_immutable(tools.Meter)
    notebook.run("import tools_of_this_test as tools", "m, n = tools.Meter(['m']), tools.Meter(3)\nn.names = m.n")
    notebook.run("x, y = [m], [n]")
    notebook.run("x.append(1)")
    assert notebook.changed() == {"x"}


def test_an_immutable_object_does_not_link_a_value_that_cannot_be_stored(
    notebook: Notebook, tools: types.ModuleType
) -> None:
    registry = notebook.session._recorder.tracker.scope.registry
    registry.register_immutable(tools.Meter)
    notebook.run("import tools_of_this_test as tools", "m = tools.Meter(['m'])\nx = [m, (i for i in [1])]")
    notebook.run("y = [m]\nz = [m.n]")
    notebook.run("x.append(1)")
    assert notebook.changed() == {"x"}


def test_mapped_classes_link_no_other_tables(notebook: Notebook) -> None:
    notebook.run("import sqlalchemy as sa, sqlalchemy.orm", "tables = sa.MetaData()")
    notebook.run("class Base(sa.orm.DeclarativeBase):\n    pass")
    assert notebook.changed() == {"Base"}


@pytest.mark.parametrize(
    ("make", "use"),
    [
        ("x = pd.array([1, None], dtype='Int64')", "x.dtype.kind, x.sum(), repr(x)"),
        ("x = pd.Int64Dtype()", "x.numpy_dtype"),
        ("x = pd.DataFrame({'a': [1, 1], 'b': 2}).groupby('a')", "x.ngroups"),
    ],
)
def test_what_pandas_remembers_of_an_object_is_no_change(notebook: Notebook, make: str, use: str) -> None:
    notebook.run("import pandas as pd", make, use)
    assert notebook.changed() == set()
