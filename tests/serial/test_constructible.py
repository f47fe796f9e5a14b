"""What pickle can write but not load is known when it is looked at; and what only seems so comes back."""

from __future__ import annotations

import sys
import types

import pytest

from ensession.serial.constructible import why_not_made_again
from ensession.serial.look import look
from tests.serial.worlds import World, reloaded

REFUSED = {
    "arguments": "class C:\n    def __new__(cls, p): return super().__new__(cls)\nx = C(1)",
    "a word": "class C:\n    def __new__(cls, *, p): return super().__new__(cls)\nx = C(p=1)",
    "a tuple of two": "class C(tuple):\n    def __new__(cls, a, b): return super().__new__(cls, (a, b))\nx = C(1, 2)",
    "deep inside": "class C:\n    def __new__(cls, p): return super().__new__(cls)\nx = [{'k': C(1)}]",
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_could_not_be_loaded_is_not_stored_but_compared(case: str) -> None:
    world = World(REFUSED[case])
    values = {"x": world.live["x"]}
    seen = look(values, world.scope)
    assert "its __new__ takes arguments that pickle does not know" in (seen.unstorable or "")
    assert seen.fingerprint is not None
    assert world.fingerprint(values) == seen.fingerprint
    exec("one = x[0]['k'] if type(x) is list else x\none.v = 2", world.live)
    assert world.fingerprint(values) != seen.fingerprint


TAKEN = {
    "__getnewargs__": "class C:\n    def __new__(cls, p):\n        self = super().__new__(cls)\n        self.p = p\n"
    "        return self\n    def __getnewargs__(self): return self.p,\nx = C(1)",
    "__reduce__": "class C:\n    def __new__(cls, p): return super().__new__(cls)\n"
    "    def __reduce__(self): return C, (1,)\nx = C(1)",
    "defaults": "class C:\n    def __new__(cls, p=1, *r, k=2, **w): return super().__new__(cls)\nx = C(1)",
    "a subclass of str": "class C(str):\n    def __new__(cls, s): return super().__new__(cls, s)\nx = C('s')",
    "a named tuple": "import collections\nC = collections.namedtuple('C', 'a b')\nx = C(1, 2)",
    "an exception that takes more than it keeps": "class E(ValueError):\n    def __init__(self, code, *, text):\n"
    "        super().__init__(text)\n        self.code = code\nx = E(3, text='t')",
    "an exception that words its message": "class E(SyntaxError):\n    def __init__(self, code, hint=None):\n"
    "        super().__init__(f'code {code}', ('f', 1, 2, 't'))\n        self.hint = hint\nx = E(3, [])\ny = x.lineno",
    "an exception that takes less than it keeps": "class E(Exception):\n    def __init__(self):\n"
    "        super().__init__(1, 2)\nx = E()",
}


@pytest.mark.parametrize("case", TAKEN)
def test_what_can_be_loaded_is_stored(case: str) -> None:
    world = World(TAKEN[case])
    found, other = reloaded(world.names(), world)
    assert other.form(found) == world.form(world.names())


def test_a_class_is_not_judged_by_its_metaclass() -> None:
    code = (
        "import xml\nclass M(type):\n    def __new__(m, name, bases, d, *, k=1): return type.__new__(m, name, bases, d)"
    )
    world = World(f"{code}\nclass C(metaclass=M):\n    held = xml")  # a module has a fingerprint of its own
    assert world.fingerprint({"C": world.live["C"]}) is not None


def test_types_of_extensions_are_not_judged() -> None:
    assert why_not_made_again(types.SimpleNamespace) is None


@pytest.fixture
def offering(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """Return a package whose inner module makes a class at run time that only the package offers."""
    package, inner = types.ModuleType("offering_of_this_test"), types.ModuleType("offering_of_this_test.inner")
    exec("class Base:\n    pass\ndef make():\n    return type('Made', (Base,), {'owner': [1]})", vars(inner))
    vars(package).update(inner=inner, Made=inner.make())
    for module in (package, inner):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return package


def test_a_class_that_only_the_package_offers_is_found_there(offering: types.ModuleType) -> None:
    world = World()
    assert offering.Made.__module__ == "offering_of_this_test.inner"
    found, _ = reloaded({"x": offering.Made()}, world)
    assert type(found["x"]) is offering.Made
    one, other = (look({name: offering.Made()}, world.scope) for name in "xy")
    assert not one.links().shares(other.links())


def test_what_is_imported_inside_of_a_package_later_changes_no_fingerprint(
    offering: types.ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    values = {"x": offering, "y": [offering]}
    before = world.fingerprint(values)
    later = types.ModuleType(f"{offering.__name__}.later")
    monkeypatch.setitem(sys.modules, later.__name__, later)
    offering.later = later
    assert world.fingerprint(values) == before


def test_what_changes_in_a_module_made_at_run_time_is_seen() -> None:
    world = World("import types\nx = types.ModuleType('x')\nx.v = [1]")
    values = {"x": world.live["x"]}
    before = world.fingerprint(values)
    assert before is not None
    assert world.fingerprint(values) == before
    world.live["x"].v.append(2)
    assert world.fingerprint(values) != before
