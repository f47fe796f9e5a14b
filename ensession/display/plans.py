"""Plans and restores as tables. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from math import isfinite

from ensession.display.harmless import first_line
from ensession.display.plan_html import plan_html
from ensession.display.plan_layout import PlanKind, PlanRow, lay_out_plan
from ensession.display.tables import Column, Table, Tone
from ensession.display.units import counted, duration, size
from ensession.model import (
    HIDDEN_PREFIX,
    Binding,
    ExecutionId,
    Fate,
    Graph,
    Plan,
    RestoreReport,
    VariableReport,
    VersionId,
)

_FATES = {
    Fate.LOADED: "loaded",
    Fate.RECOMPUTED: "recomputed, equal to the original",
    Fate.UNVERIFIED: "recomputed, can't be compared with the original",
    Fate.DIFFERENT: "recomputed, DIFFERENT from the original",
    Fate.RENEWED: "made anew",
    Fate.IGNORED: "ignored",
    Fate.MISSING: "MISSING",
    Fate.KEPT: "kept, was live",
    Fate.AWAITED: "awaited",
}

_LONGEST = 200
"""Variables that came back as they were of which each gets a row of its own."""
_NAMED = 5
"""Names that a sentence lists before it counts the rest."""

_WELL = frozenset({Fate.LOADED, Fate.RECOMPUTED, Fate.KEPT})
_HOW = Column(
    "how",
    tones=(
        (_FATES[Fate.DIFFERENT], Tone.BAD),
        (_FATES[Fate.MISSING], Tone.BAD),
        (_FATES[Fate.UNVERIFIED], Tone.WARN),
        (_FATES[Fate.RECOMPUTED], Tone.GOOD),
        (_FATES[Fate.LOADED], Tone.GOOD),
        (_FATES[Fate.KEPT], Tone.GOOD),
        (_FATES[Fate.RENEWED], Tone.WARN),
        (_FATES[Fate.IGNORED], Tone.WARN),
        (_FATES[Fate.AWAITED], Tone.WARN),
    ),
)


def modules_of(state: Iterable[Binding]) -> frozenset[VersionId]:
    """Return the versions that are modules: loading one is an import, which a plan need not dwell on."""
    return frozenset(one.version.id for one in state if one.summary.type_name == "module")


def plan_table(
    plan: Plan, graph: Graph, codes: Mapping[ExecutionId, str], modules: Collection[VersionId] = ()
) -> Table:
    """Show a plan, step by step, and what the plain alternatives would cost.

    Parameters
    ----------
    plan : Plan
    graph : Graph
        The history that it was made for.
    codes : mapping of ExecutionId to str
        Code of the executions to run.
    modules : collection of VersionId
        Versions that are modules: they and hidden state share a line below the others.
    """
    columns = (
        Column("step", tones=(("keep", Tone.GOOD), ("run", Tone.WARN), ("missing", Tone.BAD))),
        Column("cell", right=True),
        Column("what", elastic=True, mono=True),
        Column("needs", elastic=True, mono=True),
        Column("makes", elastic=True, mono=True),
        Column("size", right=True),
        Column("cost", right=True),
    )
    rows = tuple(_plan_row(row, codes) for row in lay_out_plan(plan, graph, _aside(plan, graph, modules)).rows)
    return Table(f"Plan for state {plan.target or 0}", columns, rows, _notes(plan, graph, modules)).without_empty()


def plan_picture(
    plan: Plan, graph: Graph, codes: Mapping[ExecutionId, str], modules: Collection[VersionId] = ()
) -> str:
    """Return the same as a drawing, an HTML fragment: the part of the graph that was decided on, with costs."""
    layout = lay_out_plan(plan, graph, _aside(plan, graph, modules))
    return plan_html(layout, plan, codes, _notes(plan, graph, modules))


def restore_table(report: RestoreReport) -> Table:
    """Show what became of every variable (invariant 6), and a summary; of very many that are well, their number."""
    columns = (Column("name", mono=True), Column("cell", right=True), _HOW, Column("why"))
    well = [one for one in report.variables if one.fate in _WELL]
    shown = [one for one in report.variables if one.fate not in _WELL] + well[:_LONGEST]
    rows = tuple(_fate_row(variable) for variable in sorted(shown, key=_most_urgent_first))
    estimate = f"The plan had estimated {duration(report.plan.cost_s)}, imports not counted."
    replans = (f"Planned again: {reason}." for reason in report.replans)
    more = (f"Not listed: {counted(len(well) - _LONGEST, 'variable')} that came back like these.",)
    notes = (summary_line(report), *more[: len(well) > _LONGEST], estimate, *replans, *_sentences(report.notes))
    return Table(f"Restored state {report.target or 0}", columns, rows, notes).without_empty()


def summary_line(report: RestoreReport) -> str:
    """Return a sentence such as ``12 variables in 0.4 s: 11 loaded, 1 MISSING.``."""
    counts = ((report.count(fate), text) for fate, text in _FATES.items())
    parts = ", ".join(f"{number} {text}" for number, text in counts if number)
    brought = counted(len(report.variables), "variable")
    return f"{brought} in {duration(report.duration_s)}{': ' if parts else ''}{parts}."


def _plan_row(row: PlanRow, codes: Mapping[ExecutionId, str]) -> tuple[str, ...]:
    names, is_run = ", ".join(row.names), row.kind is PlanKind.RUN
    return (
        row.kind.value,
        str(row.execution),
        first_line(codes.get(row.execution, "")) if is_run else names,
        ", ".join(row.needs),
        names if is_run else "",
        "" if row.n_bytes is None else size(row.n_bytes),
        "" if row.cost_s is None else duration(row.cost_s),
    )


def _notes(plan: Plan, graph: Graph, modules: Collection[VersionId]) -> tuple[str, ...]:
    losses = _losses(plan, graph)
    if plan.missing and not plan.steps:
        return (f"Nothing of state {plan.target or 0} can be brought back.", *losses)
    return (*_beside(plan, graph, modules), _totals(plan, graph), *losses)


def _aside(plan: Plan, graph: Graph, modules: Collection[VersionId]) -> set[VersionId]:
    return {v for v in plan.loads if v in modules or graph.versions[v].names[0].startswith(HIDDEN_PREFIX)}


def _beside(plan: Plan, graph: Graph, modules: Collection[VersionId]) -> list[str]:
    names = sorted({name for version in _aside(plan, graph, modules) for name in graph.versions[version].names})
    hidden = [name.strip("<>") for name in names if name.startswith(HIDDEN_PREFIX)]
    imported = [name for name in names if not name.startswith(HIDDEN_PREFIX)]
    parts = [f"modules ({', '.join(imported)})"] if imported else []
    parts += [f"hidden state ({', '.join(hidden)})"] if hidden else []
    return [f"Loaded as well: {' and '.join(parts)}."] if parts else []


def _totals(plan: Plan, graph: Graph) -> str:
    steps = f"{len(plan.loads)} to load, {len(plan.runs)} to run again"
    unstored = [
        name
        for name, version in sorted(graph.state.items())
        if version not in plan.missing and version in graph.versions and graph.versions[version].payload is None
    ]
    is_are = "is" if len(unstored) == 1 else "are"
    why = f" ({_some(unstored)} {is_are} not stored)" if unstored else ""
    loading = _alternative("loading everything", plan.load_all_s, why)
    running = _alternative("running everything", plan.run_all_s, " (not every cell can run again)")
    return f"Total {duration(plan.cost_s)}: {steps}; {loading}, {running}."


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _alternative(what: str, cost_s: float, why: str) -> str:
    return f"{what}: {duration(cost_s)}" if isfinite(cost_s) else f"{what} is impossible{why}"


def _losses(plan: Plan, graph: Graph) -> list[str]:
    lines = []
    for version, reason in plan.missing.items():
        known = graph.versions.get(version)
        names = ", ".join(known.names) if known else f"version {version}"
        advice = plan.advice.get(version)
        lines.append(f"Missing: {names} ({reason})." + (f" What you can do: {advice}." if advice else ""))
    for version, instead in plan.renewed.items():
        names, cell = ", ".join(graph.versions[version].names), graph.versions[instead].execution
        lines.append(f"Made anew: {names}, by cell {cell}, which always runs; what later cells did to it is not in it.")
    lines += [f"Cell {cell}, which should always run, can't be run: {why}." for cell, why in plan.omitted.items()]
    return lines


def _sentences(notes: Iterable[str]) -> list[str]:
    return [f"{note[:1].upper()}{note[1:]}." for note in notes]


def _fate_row(variable: VariableReport) -> tuple[str, ...]:
    return (variable.name, str(variable.execution), _FATES[variable.fate], variable.reason)


def _most_urgent_first(variable: VariableReport) -> tuple[int, bool, str]:
    urgency = [Fate.MISSING, Fate.DIFFERENT, Fate.RENEWED, Fate.UNVERIFIED]
    rank = urgency.index(variable.fate) if variable.fate in urgency else len(urgency)
    return (rank, variable.name.startswith(HIDDEN_PREFIX), variable.name)
