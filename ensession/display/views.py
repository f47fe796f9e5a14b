"""Histories, variables and stores as tables. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

from ensession.config import StoragePolicy
from ensession.display.harmless import first_line
from ensession.display.tables import Column, Fold, Table, Tone
from ensession.display.units import counted, duration, point_in_time, size
from ensession.model import (
    HIDDEN_PREFIX,
    Binding,
    Execution,
    ExecutionId,
    ExecutionKind,
    GraphVersion,
    Outcome,
    Problem,
    Version,
    VersionId,
)

STORED = "stored"
RECOMPUTABLE = "recomputable"
LOST = "will not survive"
_DAY = len("2001-01-31")

_COMES_BACK = Column("comes back", tones=((STORED, Tone.GOOD), (RECOMPUTABLE, Tone.WARN), (LOST, Tone.BAD)))
_OUTCOME = Column("outcome", tones=(("ok", Tone.GOOD), ("interrupted", Tone.WARN), ("error", Tone.BAD)))

KINDS = {ExecutionKind.ADOPTED: "(found when recording began)", ExecutionKind.AMBIENT: "(changed between cells)"}


def code_words(execution: Execution) -> str:
    """Return one line that stands for an execution's code."""
    return KINDS.get(execution.kind) or first_line(execution.code)


def log_table(
    executions: Sequence[Execution],
    changed: Mapping[ExecutionId, Collection[str]],
    head: ExecutionId | None,
) -> Table:
    """Show executions, one a line.

    Parameters
    ----------
    executions : sequence of Execution
        In the order in which they are to be shown.
    changed : mapping of ExecutionId to names
        What each bound or deleted.
    head : ExecutionId or None
        Marked with an asterisk.
    """
    days = {point_in_time(execution.started_at)[:_DAY] for execution in executions}
    day = days.pop() if len(days) == 1 else ""  # the head of the column says it once
    columns = (
        Column("N", right=True),
        Column("from", right=True),
        Column(day or "time"),
        Column("took", right=True),
        _OUTCOME,
        Column("code", elastic=True, mono=True),
        Column("changed", elastic=True, mono=True),
    )
    rows = tuple(_log_row(execution, changed.get(execution.id, ()), head, day) for execution in executions)
    return Table("", columns, rows, () if rows else ("No executions yet.",), Fold.FIRST)


def status_of(version: Version | GraphVersion, missing: Mapping[VersionId, str]) -> str:
    """Say in a word whether a version would come back: ``stored``, ``recomputable`` or ``will not survive``."""
    if version.id in missing:
        return LOST
    return STORED if version.payload is not None else RECOMPUTABLE


def variables_table(state: Mapping[str, Binding], missing: Mapping[VersionId, str], at: ExecutionId | None) -> Table:
    """Show the variables of a state and whether they would come back.

    Parameters
    ----------
    state : mapping of names to Binding
    missing : mapping of VersionId to str
        Versions that no plan can bring, and why (``Plan.missing``).
    at : ExecutionId or None
        The state's number.
    """
    columns = (
        Column("name", mono=True),
        Column("type", elastic=True),
        Column("shape"),
        Column("size", right=True),
        Column("preview", elastic=True, mono=True),
        Column("cell", right=True),
        _COMES_BACK,
    )
    shown = [binding for name, binding in sorted(state.items()) if not is_hidden(name)]
    hidden = sorted(name.strip("<>") for name in state if is_hidden(name))
    lost = sum(binding.version.id in missing for binding in shown)
    notes = [counted(len(shown), "variable") + (f", {lost} of them will not survive a restart" if lost else "")]
    if hidden:
        notes.append(f"Hidden state is recorded too: {', '.join(hidden)}.")
    rows = tuple(_variable_row(binding, missing) for binding in shown)
    return Table(f"State {at or 0}", columns, rows, (f"{notes[0]}.", *notes[1:], *_losses(shown, missing)))


def reads_table(reads: Iterable[Version | GraphVersion]) -> Table:
    """Show which versions an execution read."""
    rows = tuple((", ".join(v.names), str(v.execution), size(v.n_bytes)) for v in reads)
    return Table("Read", (Column("name", mono=True), Column("from cell", right=True), Column("size", right=True)), rows)


def bindings_table(bindings: Mapping[str, Binding | None], missing: Mapping[VersionId, str]) -> Table:
    """Show what an execution bound, or deleted (None)."""
    columns = (
        Column("name", mono=True),
        Column("type", elastic=True),
        Column("shape"),
        Column("size", right=True),
        Column("preview", elastic=True, mono=True),
        _COMES_BACK,
    )
    rows: list[tuple[str, ...]] = []
    for name, binding in sorted(bindings.items()):
        if binding is None:
            rows.append((name, "(deleted)", "", "", "", ""))
        else:
            *cells, _, status = _variable_row(binding, missing)
            rows.append((*cells, status))
    bound = [binding for _, binding in sorted(bindings.items()) if binding is not None]
    return Table("Changed", columns, tuple(rows), tuple(_losses(bound, missing)))


def status_table(
    *,
    path: str,
    n_file_bytes: int,
    n_executions: int,
    n_variables: int,
    policy: StoragePolicy,
    losses: Mapping[str, str],
    advice: Mapping[str, str] = MappingProxyType({}),
    words: Sequence[str] = (),
) -> Table:
    """Show what is recorded where, and what would be lost.

    Parameters
    ----------
    losses : mapping of names to reasons
        Variables that would not survive a restart.
    advice : mapping of names to str
        What the user can do about it.
    words : sequence of str
        What the user said of executions and variables, in sentences.
    """
    facts = (
        ("store", f"{path} ({size(n_file_bytes)})"),
        ("recorded", counted(n_executions, "execution")),
        ("policy", policy.value),
        (
            "variables",
            f"{n_variables}, {len(losses)} of them would not survive a restart" if losses else f"{n_variables}",
        ),
    )
    rows = facts + tuple((f"✗ {name}", reason) for name, reason in sorted(losses.items()))
    ways = tuple(f"{name}: {way}." for name, way in sorted(advice.items()) if way)
    notes = (*ways, *words) if losses else ("Everything would survive a restart.", *words)
    return Table("ensession", (Column("", tones=(("✗", Tone.BAD),)), Column("")), rows, notes)


def unwritten_line(n_values: int, n_bytes: int) -> str:
    """Return a sentence about values that were still being written when they were asked for; empty if none were."""
    if not n_values:
        return ""
    return (
        f"{counted(n_values, 'value')} ({size(n_bytes)} in memory) had not been written yet; now they are in the file."
    )


def settings_table(values: Mapping[str, str], meanings: Mapping[str, str]) -> Table:
    """Show settings by name: value and meaning."""
    rows = tuple((name, value, meanings.get(name, "")) for name, value in values.items())
    columns = (Column("setting", mono=True), Column("value", mono=True), Column("meaning"))
    return Table("", columns, rows, ("Change one with %ens config NAME=VALUE.",))


def problems_table(problems: Sequence[Problem]) -> Table:
    """Show what a check found."""
    rows = tuple((p.where, p.what, ", ".join(p.variables)) for p in problems)
    columns = (Column("where"), Column("what"), Column("hurts", mono=True))
    return Table(
        "", columns, rows, (f"{counted(len(problems), 'problem')} found.",) if problems else ("No problems found.",)
    )


def is_hidden(name: str) -> bool:
    """Say whether a name stands for hidden state, such as that of a random number generator."""
    return name.startswith(HIDDEN_PREFIX)


def _log_row(execution: Execution, changed: Collection[str], head: ExecutionId | None, day: str) -> tuple[str, ...]:
    names = ", ".join(name for name in sorted(changed) if not is_hidden(name))
    outcome = execution.outcome.value
    if execution.outcome is Outcome.ERROR and execution.error:
        outcome = f"error: {execution.error.split(':')[0].split('(')[0]}"
    return (
        f"{'*' if execution.id == head else ''}{execution.id}",
        str(execution.parent or 0),
        point_in_time(execution.started_at)[len(day) :].strip(),
        duration(execution.runtime_s),
        outcome,
        code_words(execution),
        names,
    )


def _variable_row(binding: Binding, missing: Mapping[VersionId, str]) -> tuple[str, ...]:
    version, summary = binding.version, binding.summary
    n_bytes = size(version.n_bytes) if version.n_bytes else ""
    return (
        binding.name,
        summary.type_name,
        summary.shape,
        n_bytes,
        summary.preview,
        str(binding.execution),
        status_of(version, missing),
    )


def _losses(bindings: Iterable[Binding], missing: Mapping[VersionId, str]) -> list[str]:
    """Say why variables will not survive: below the table, where nothing is cut short."""
    return [f"{b.name} {LOST}: {missing[b.version.id]}." for b in bindings if b.version.id in missing]
