"""Two states compared: by their records, or by their values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ensession.browse.loading import Loaded, load_values
from ensession.browse.source import Source
from ensession.diff import diff_code, diff_values, diff_variables, new_bytes
from ensession.display import diff_table, diff_text, to_html, to_text
from ensession.display.harmless import harmless
from ensession.display.views import is_hidden
from ensession.model import ChangeKind, Execution, ExecutionId, StateDiff, VariableDiff

_LOADED = (ChangeKind.CHANGED, ChangeKind.ASSUMED)


@dataclass(frozen=True, slots=True, repr=False)
class Difference:
    """What differs between two states.

    Attributes
    ----------
    record : StateDiff
        All of it; ``left``, ``right``, ``ancestor``, ``only_left``, ``only_right``, ``variables``, ``code``.
    """

    record: StateDiff

    @property
    def added(self) -> tuple[str, ...]:
        """Names that only the later state has; hidden state is left out, here and below."""
        return self._names(ChangeKind.ADDED)

    @property
    def removed(self) -> tuple[str, ...]:
        """Names that only the earlier state has."""
        return self._names(ChangeKind.REMOVED)

    @property
    def changed(self) -> tuple[str, ...]:
        """Names whose values differ, or are assumed to."""
        return self._names(ChangeKind.CHANGED, ChangeKind.ASSUMED)

    def __getitem__(self, name: str) -> VariableDiff:
        found = {one.name: one for one in self.record.variables}
        return found[name]

    def __iter__(self) -> Iterator[VariableDiff]:
        return iter(self.record.variables)

    def __len__(self) -> int:
        return len(self.record.variables)

    def __repr__(self) -> str:
        return "\n".join(part for part in (to_text(diff_table(self.record)), diff_text(self.record)) if part)

    def _repr_html_(self) -> str:
        from html import escape

        details = escape(harmless(diff_text(self.record)))
        return to_html(diff_table(self.record)) + (f"<pre>{details}</pre>" if details else "")

    def _names(self, *kinds: ChangeKind) -> tuple[str, ...]:
        return tuple(one.name for one in self.record.variables if one.kind in kinds and not is_hidden(one.name))


def diff_states(source: Source, left: ExecutionId | None, right: ExecutionId | None) -> StateDiff:
    """Compare two states by what the store tells of them; nothing is unpickled."""
    found = diff_variables(source.bindings(left), source.bindings(right))
    ancestor, only_left, only_right = _paths(source, left, right)
    variables = tuple(replace(one, n_new_bytes=_new_bytes(source, one)) for one in found)
    code = diff_code(only_left, only_right)
    return StateDiff(left, right, ancestor, only_left, only_right, variables, code)


def diff_states_deep(source: Source, left: ExecutionId | None, right: ExecutionId | None) -> StateDiff:
    """Compare two states, and the values of what changed; those are loaded, after a trust check.

    Raises
    ------
    TrustError
        The store may not run code here.
    """
    shallow = diff_states(source, left, right)
    names = [one.name for one in shallow.variables if one.kind in _LOADED and not is_hidden(one.name)]
    if not names or left is None or right is None:
        return shallow
    before = load_values(source.store, source.keys(), left, names)
    after = load_values(source.store, source.keys(), right, names)
    deep = tuple(_with_value(one, before, after) if one.name in names else one for one in shallow.variables)
    return replace(shallow, variables=deep)


def _with_value(one: VariableDiff, before: Loaded, after: Loaded) -> VariableDiff:
    for side in (before, after):
        reason = side.missing.get(one.name) or side.different.get(one.name)
        if reason:
            return replace(one, not_loaded=reason)
    value = diff_values(before.values[one.name], after.values[one.name])
    return replace(one, value=value)


def _new_bytes(source: Source, one: VariableDiff) -> int | None:
    if one.before is None or one.after is None or one.kind not in _LOADED:
        return None
    if one.before.version.payload is None or one.after.version.payload is None:
        return None
    payloads = source.store.payloads
    return new_bytes(payloads.pieces(one.before.version.id), payloads.pieces(one.after.version.id))


def _paths(
    source: Source, left: ExecutionId | None, right: ExecutionId | None
) -> tuple[ExecutionId | None, tuple[Execution, ...], tuple[Execution, ...]]:
    history = source.store.history
    lines: list[Any] = [[] if one is None else history.line(one) for one in (left, right)]
    common = {one.id for one in lines[0]} & {one.id for one in lines[1]}
    only = [tuple(one for one in line if one.id not in common) for line in lines]
    return max(common, default=None), only[0], only[1]
