"""The user is told once of what would be lost, and of what is safe again; not of what is gone."""

from __future__ import annotations

from collections.abc import Mapping

from ensession.model import BindingDraft, VersionId
from ensession.session.survival import SurvivalWatch, well_bound


class Told:
    """A watch, what it was told, and what it says."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.lost: dict[str, str] = {}
        self.live: set[str] = set()
        self.watch = SurvivalWatch(self._exact, self.lines.append, lambda: 0.0, self.live.__contains__)

    def _exact(self) -> Mapping[str, str]:
        return dict(self.lost)


def test_what_was_deleted_is_not_told_as_safe() -> None:
    told = Told()
    told.live |= {"lock", "pipe"}
    told.lost = {"lock": "a lock", "pipe": "a pipe"}
    told.watch.note({"lock": False, "pipe": False})
    told.lines.clear()
    told.live -= {"lock"}
    told.lost = {}
    told.watch.note({"lock": True, "pipe": True})
    assert told.lines == ["ensession: no longer at risk: pipe."]


def test_what_a_cell_bound_is_well_where_it_is_stored_made_again_or_gone() -> None:
    bindings = [BindingDraft(name, at) for name, at in (("a", 0), ("b", 1), ("c", None), ("<random>", 1))]
    versions = (VersionId(7), VersionId(8))
    found = well_bound(bindings, versions, {VersionId(7)}, is_repeatable=False)
    assert found == {"a": True, "b": False, "c": True}
    assert all(well_bound(bindings, versions, (), is_repeatable=True).values())


def test_what_is_reconsidered_is_told_at_once_in_both_directions() -> None:
    told = Told()
    told.live |= {"lock", "pipe"}
    told.watch.note({"lock": True, "pipe": False})
    told.lost = {"lock": "a lock"}
    told.watch.reconsider()
    assert "lock (a lock)" in told.lines.pop()
    told.lost = {}
    told.watch.reconsider()
    assert told.lines == ["ensession: no longer at risk: lock."]
