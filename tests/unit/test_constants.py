"""The benchmarks of the design constants: what they say is about the values that are in use."""

from __future__ import annotations

import json

import pytest

from benchmarks.constants import run
from benchmarks.constants.common import IN_USE, choices, held, in_turn, value_of

PAGE = "ensession.store.engine.PAGE_SIZE"


@pytest.mark.parametrize("name", run.NAMES)
def test_what_was_measured_is_what_is_in_use(name: str) -> None:
    result = json.loads((run.FOLDER / name / "results.json").read_text(encoding="utf-8"))
    now = {constant: value_of(constant) for constant in result["constants"]}
    assert result["constants"] == now, f"measure it anew: make bench-constants NAMES={name} WRITE=1"
    assert any(label.endswith(IN_USE) for table in result["tables"].values() for label in table)


@pytest.mark.parametrize("name", run.NAMES)
def test_the_page_shows_the_data(name: str) -> None:
    result = json.loads((run.FOLDER / name / "results.json").read_text(encoding="utf-8"))
    page = (run.FOLDER / name / "README.md").read_text(encoding="utf-8")
    assert run.page_text(result) in page
    assert "**Conclusion.**" in page


def test_every_folder_is_run_and_listed() -> None:
    folders = {path.parent.name for path in run.FOLDER.glob("*/measure.py")}
    assert folders == set(run.NAMES)
    overview = (run.FOLDER / "README.md").read_text(encoding="utf-8")
    assert all(f"({name}/README.md)" in overview for name in folders)


def test_candidates_are_in_force_while_they_are_measured_and_take_turns() -> None:
    before, asked = value_of(PAGE), []

    def ask() -> dict[str, float]:
        asked.append(value_of(PAGE))
        return {"pages, bytes": value_of(PAGE)}

    candidates = choices(PAGE, {"small": 512, "usual": before})
    table = in_turn(candidates, ask, 3)
    assert table == {"small": {"pages, bytes": 512}, f"usual{IN_USE}": {"pages, bytes": before}}
    assert asked == [512, before, before, 512, 512, before]
    assert value_of(PAGE) == before


def test_a_constant_that_is_not_there_is_not_measured() -> None:
    with pytest.raises(AttributeError), held({"ensession.store.engine.PAGES": 1}):
        pass
