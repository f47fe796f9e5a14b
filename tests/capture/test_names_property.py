"""Random programs are run in a namespace that takes notes; the analysis must have foreseen all of it."""

from __future__ import annotations

import contextlib
import textwrap
from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ensession.capture.names import analyse_cell

NAMES = ("a", "b", "c", "d")
names = st.sampled_from(NAMES)


class Old(int):
    """A value from before the cell. Arithmetic gives plain integers, so no other name ever holds one."""


class Swallow(contextlib.suppress):
    """A context manager that hides what went wrong in its body."""


class Namespace(dict[str, object]):
    """Notes which names gave an old value when they were read, and whose old values were gone by then."""

    def __init__(self) -> None:
        super().__init__({name: Old(position) for position, name in enumerate(NAMES)})
        self.update(Swallow=Swallow, Stop=ArithmeticError, call=call, tick=iter([1] * 5 + [0] * 1000).__next__)
        self.reads: list[tuple[str, set[str]]] = []
        self.deleted: set[str] = set()

    def __getitem__(self, name: str) -> object:
        value = super().__getitem__(name)
        if isinstance(value, Old):
            self.reads.append((name, self.old()))
        return value

    def __delitem__(self, name: str) -> None:
        if isinstance(self.get(name), Old):
            self.reads.append((name, self.old()))
        self.deleted.add(name)
        super().__delitem__(name)

    def old(self) -> set[str]:
        return {name for name in NAMES if isinstance(self.get(name), Old)}


def call(function: object) -> int:
    return int(function()) if callable(function) else 0


def indent(block: str) -> str:
    return textwrap.indent(block, "    ")


def compound(form: str) -> Callable[..., str]:
    return lambda *parts: form.format(*(indent(part) if "\n" in part else part for part in parts))


def expressions() -> st.SearchStrategy[str]:
    atoms = names.map("({} + 0)".format) | st.sampled_from(["0", "1", "0", "1", "0", "(1 // 0)"])
    return st.recursive(
        atoms,
        lambda inner: st.one_of(
            st.builds("({} + {})".format, inner, inner),
            st.builds("({} and {})".format, inner, inner),
            st.builds("({} or {})".format, inner, inner),
            st.builds("({} if {} else {})".format, inner, inner, inner),
            st.builds("({} < {} < {})".format, inner, inner, inner),
            st.builds("({} := {})".format, names, inner),
            st.builds("sum([{} for {} in ({},) if {}])".format, names, names, inner, inner).map(_plain_element),
            st.builds("sum({} + 0 for {} in ({},) if {})".format, names, names, inner, names),
            st.builds("len({{{}: {}, {}: {}}})".format, inner, inner, inner, inner),
            st.builds("call(lambda {}={}: {})".format, names, inner, inner),
        ),
        max_leaves=4,
    )


def _plain_element(text: str) -> str:
    head, rest = text.split(" for ", 1)
    return f"{head} + 0 for {rest}"


def simple_statements() -> st.SearchStrategy[str]:
    values = expressions()
    return st.one_of(
        st.builds("{} = {}\n".format, names, values),
        st.builds("{}, {} = {}, {}\n".format, names, names, values, values),
        st.builds("{} += {}\n".format, names, values),
        st.builds("{}\n".format, values),
        st.builds("del {}\n".format, names),
        st.builds("call({})\n".format, names),
        st.builds("assert {}, {}\n".format, values, values),
        st.sampled_from(["raise Stop\n", "pass\n"]),
        st.builds("global {}\n{} = {}\n".format, names, names, values),
    )


LOOP_ENDS = st.sampled_from(["", "break\n", "continue\n", "if c: break\n", "if d: continue\n"])


def compound_statements(block: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    values = expressions()
    return st.one_of(
        st.builds(compound("if {}:\n{}else:\n{}"), values, block, block),
        st.builds(
            compound("for {} in ({},) * ({} % 3):\n{}{}else:\n{}"), names, values, values, block, LOOP_ENDS, block
        ),
        st.builds(compound("while {} and tick():\n{}{}else:\n{}"), values, block, LOOP_ENDS, block),
        st.builds(compound("try:\n{}except Stop as {}:\n{}else:\n{}finally:\n{}"), block, names, block, block, block),
        st.builds(compound("try:\n{}except NameError:\n{}"), block, block),
        st.builds(compound("with Swallow(Stop, NameError):\n{}"), block),
        st.builds(
            compound("match {}:\n    case 0 as {} if {}:\n        pass\n    case {}:\n        {} = 1\n"),
            values,
            names,
            values,
            names,
            names,
        ),
        st.builds(
            compound("def {}({}={}):\n    global {}\n{}    return {}\n"),
            names,
            st.just("p"),
            values,
            names,
            block,
            values,
        ),
        st.builds(compound("def {}():\n{}    return {}\n"), names, block, values),
        st.builds(compound("class {}:\n{}"), names, block),
        st.builds(compound("class {}:\n    def __new__(cls):\n        return {}\n{}"), names, values, block),
    )


def _blocks(statements: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(statements, min_size=1, max_size=3).map("".join)


LOOK_AT_ALL = "".join(f"with Swallow(NameError):\n    call({name})\n" for name in NAMES)
programs = _blocks(
    st.recursive(
        simple_statements(), lambda inner: simple_statements() | compound_statements(_blocks(inner)), max_leaves=6
    )
).map(lambda program: program + LOOK_AT_ALL)


def run(source: str) -> Namespace:
    namespace = Namespace()
    with contextlib.suppress(Exception):
        exec(compile(source, "<cell>", "exec"), namespace)
    return namespace


def compiles(source: str) -> bool:
    try:
        compile(source, "<cell>", "exec")
    except SyntaxError:
        return False
    return True


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(programs.filter(compiles))
def test_nothing_happens_that_was_not_foreseen(source: str) -> None:
    foreseen = analyse_cell(source, str)
    assert foreseen.dynamic is None
    namespace = run(source)
    for name, still_old in namespace.reads:
        assert name in foreseen.exposed
        assert not foreseen.exposed[name] & still_old
        assert name in foreseen.loads | foreseen.deletes
    stored = {name for name in NAMES if name in namespace and not isinstance(namespace.get(name), Old)}
    assert stored <= foreseen.stores
    assert {name for name in NAMES if name not in namespace} <= foreseen.deletes
