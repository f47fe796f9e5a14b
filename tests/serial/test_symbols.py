"""SymPy: functions without a body are stored, and expressions share no change."""

from __future__ import annotations

import pytest

from ensession.serial.look import look
from tests.serial.test_tables import are_linked
from tests.serial.worlds import World, reloaded

sympy = pytest.importorskip("sympy")


def test_expressions_are_not_linked() -> None:
    t, k = sympy.symbols("t k")
    u = sympy.Function("u")
    for one, other in ((t, k), (t, t**2 + k), (u(t), t), (u, u(k)), (sympy.Symbol("p", positive=True), k)):
        assert not are_linked(one, other, look)


def test_a_function_without_a_body_comes_back() -> None:
    t = sympy.Symbol("t")
    u = sympy.Function("u", real=True)
    world = World()
    values = {"equation": sympy.Eq(u(t).diff(t), -u(t)), "u": u}
    sympy.core.cache.clear_cache()  # another process has none of this one's
    found, other = reloaded(values, world)
    assert (found["equation"], found["u"]) == (values["equation"], u)
    assert sympy.dsolve(found["equation"], found["u"](t)) == sympy.dsolve(values["equation"], u(t))
    assert world.fingerprint(values) == other.fingerprint(found) is not None
