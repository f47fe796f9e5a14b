"""The corpus: record, SIGKILL, restore, compare, for every kind of object whose library is here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fidelity.corpus import all_families
from tests.fidelity.kind import Family
from tests.fidelity.runner import present, run_family
from tests.fidelity.table import PAGE, rows

QUICK = {"python-values"}
FAMILIES = all_families()


def _marked(family: Family) -> object:
    return pytest.param(family, id=family.name, marks=() if family.name in QUICK else pytest.mark.slow)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("family", [_marked(family) for family in FAMILIES])
def test_nothing_is_lost_and_nothing_is_wrong(family: Family, tmp_path: Path) -> None:
    if not present(family):
        pytest.skip(f"none of its libraries is installed: {', '.join(one.name for one in family.libraries)}")
    assert run_family(family, tmp_path).problems == []


def test_names_of_kinds_are_unique() -> None:
    names = [(library.name, kind.name) for family in FAMILIES for library in family.libraries for kind in library.kinds]
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_the_table_in_the_documentation_has_the_kinds_of_the_corpus() -> None:
    kinds = {(library.name, kind.name) for family in FAMILIES for library in family.libraries for kind in library.kinds}
    assert rows(PAGE.read_text(encoding="utf-8")) == kinds


def test_the_corpus_is_as_large_as_it_says() -> None:
    libraries = {library.name for family in FAMILIES for library in family.libraries} - {"Python"}
    assert len(libraries) >= 45
    assert sum(len(library.kinds) for family in FAMILIES for library in family.libraries) >= 250
