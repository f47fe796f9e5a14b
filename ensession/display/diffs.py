"""Differences of states as tables and text. Pure."""

from __future__ import annotations

from ensession.display.harmless import harmless, one_line
from ensession.display.tables import Column, Table, Tone
from ensession.display.units import size
from ensession.display.views import code_words, is_hidden
from ensession.model import Binding, ChangeKind, StateDiff, VariableDiff

_TONES = (("added", Tone.GOOD), ("removed", Tone.BAD), ("changed", Tone.WARN), ("assumed", Tone.WARN))


def diff_table(diff: StateDiff) -> Table:
    """Show which variables differ between two states, and how."""
    columns = (
        Column("name"),
        Column("change", tones=_TONES),
        Column("before", elastic=True),
        Column("after", elastic=True),
        Column("difference", elastic=True),
    )
    shown = [one for one in diff.variables if not is_hidden(one.name) and one.kind is not ChangeKind.EQUAL]
    rows = tuple((one.name, one.kind.value, _told(one.before), _told(one.after), _difference(one)) for one in shown)
    return Table(f"State {diff.left or 0} → {diff.right or 0}", columns, rows, tuple(_notes(diff, bool(rows))))


def diff_text(diff: StateDiff) -> str:
    """Return what a table has no room for: details of values, the executions on each side, the diff of their code."""
    lines: list[str] = []
    for one in diff.variables:
        if one.value is not None and one.value.details:
            lines += [
                one_line(f"{one.name}: {one.value.headline}"),
                *(f"    {_safe(text)}" for text in one.value.details),
            ]
    for title, executions in (("before", diff.only_left), ("after", diff.only_right)):
        if executions:
            lines.append(f"Run only on the way to the state {title}:")
            lines += [f"    [{one.id}] {code_words(one)}" for one in executions]
    if diff.code:
        lines += ["Code:", *(f"    {_safe(text)}" for text in diff.code)]
    return "\n".join(lines)


def _told(binding: Binding | None) -> str:
    if binding is None:
        return ""
    summary = binding.summary
    n_bytes = size(binding.version.n_bytes) if binding.version.n_bytes else ""
    return " ".join(part for part in (summary.type_name, summary.shape, summary.preview, n_bytes) if part)


def _difference(one: VariableDiff) -> str:
    if one.value is not None:
        return one.value.headline
    if one.not_loaded:
        return f"not loaded: {one.not_loaded}"
    if one.n_new_bytes is None or one.after is None:
        return ""
    return f"{size(one.n_new_bytes)} of {size(one.after.version.n_bytes)} in pieces that are new"


def _notes(diff: StateDiff, has_rows: bool) -> list[str]:
    notes = [] if has_rows else ["No variable differs."]
    equal = [one.name for one in diff.variables if one.kind is ChangeKind.EQUAL and not is_hidden(one.name)]
    hidden = [
        one.name.strip("<>") for one in diff.variables if is_hidden(one.name) and one.kind is not ChangeKind.EQUAL
    ]
    if equal:
        notes.append(f"Made anew and equal: {', '.join(equal)}.")
    if hidden:
        notes.append(f"Hidden state differs too: {', '.join(hidden)}.")
    if diff.ancestor not in (diff.left, diff.right):
        notes.append(f"Both come from state {diff.ancestor or 0}.")
    return notes


def _safe(text: str) -> str:
    return harmless(text).replace("\n", " ")
