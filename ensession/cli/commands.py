"""The commands that look at histories and plans, copy, check and trust."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import click

from ensession.cli import records
from ensession.cli.arguments import FILE, JSON, STATE, complete_state, ens, resolve
from ensession.cli.printing import print_block, print_graph, print_heading, print_json, print_table, progress
from ensession.config import Config
from ensession.display import (
    Marks,
    bindings_table,
    duration,
    environment_table,
    lay_out,
    log_table,
    modules_of,
    one_line,
    output_text,
    plan_table,
    point_in_time,
    problems_table,
    reads_table,
    size,
    variables_table,
)
from ensession.display.layout import BUDGET
from ensession.errors import IntegrityError, SchemaError
from ensession.model import Execution, ExecutionId, Graph, Plan, Problem, Word, why_never
from ensession.planner import CostModel, plan
from ensession.processes import has_open
from ensession.session.checks import look_around
from ensession.session.environment import Comparison, alive_here
from ensession.store import Store, check_store, copy_store, hurt_states
from ensession.trust import Keyring, broken_seals, trust_store, unsealed

_FEW = 100
"""Up to so many executions it is quicker to ask for the bindings of each than for the graph of all."""

_NAMED = 12
_EMPTY = Graph((), {}, {}, {})


@ens.command()
@FILE
@click.option("--limit", "-n", type=click.IntRange(min=1), help="Show only the last LIMIT executions.")
@click.option("--graph", is_flag=True, help="Draw the history as a tree; LIMIT is about how many executions to draw.")
@JSON
def log(file: Path, limit: int | None, graph: bool, as_json: bool) -> None:
    """List the executions of FILE, oldest first; that of the latest state has an asterisk."""
    if graph and not as_json:
        with Store.open_read_only(file, Config()) as store:
            executions = store.history.executions()
            marks = Marks.of(store.history.latest(), store.refs.all())
        print_graph(lay_out(executions, marks, BUDGET if limit is None else limit))
        return
    with Store.open_read_only(file, Config()) as store:
        executions = store.history.executions(limit)
        head, heads = store.history.latest(), store.history.heads()
        changed = _changed_names(store, executions, head)
    if as_json:
        rows = [records.execution_record(e, changed[e.id]) for e in executions]
        print_json({"head": records.state_number(head), "heads": heads, "executions": rows})
    else:
        print_table(log_table(executions, changed, head))


@ens.command()
@FILE
@click.argument("state", shell_complete=complete_state)
@JSON
def show(file: Path, state: str, as_json: bool) -> None:
    """Show the execution of FILE that made a STATE: code, outcome, outputs, what it read and what it changed."""
    with Store.open_read_only(file, Config()) as store:
        id_ = resolve(store, state) or ExecutionId(0)
        execution = store.history.execution(id_)
        outputs, bindings = store.history.outputs(id_), dict(store.history.bindings(id_))
        graph, reads = store.history.graph(id_), store.history.reads(id_)
        unrunnable = look_around(store, graph).unrunnable
    missing = plan(graph, id_, CostModel(), wanted=list(graph.versions), unrunnable=unrunnable).missing
    if as_json:
        record = records.execution_record(execution, bindings)
        record["outputs"] = [records.output_record(output) for output in outputs]
        record["reads"] = [records.version_record(version) for version in reads]
        record["bindings"] = [records.binding_record(b, missing) for b in bindings.values() if b is not None]
        record["deleted"] = [name for name, binding in bindings.items() if binding is None]
        print_json(record)
        return
    words = next((one.words for one in graph.executions if one.id == id_), frozenset[Word]())  # none in a ring
    _print_execution(execution, words)
    for output in outputs:
        print_heading(f"Output ({output.kind})")
        print_block(output_text(output))
    if reads:
        print_table(reads_table(reads))
    if bindings:
        print_table(bindings_table(bindings, missing))


@ens.command(name="vars")
@FILE
@STATE
@JSON
def vars_(file: Path, state: str | None, as_json: bool) -> None:
    """List the variables of a STATE of FILE (by default the latest), and whether they would come back."""
    with Store.open_read_only(file, Config()) as store:
        target = resolve(store, state)
        bindings = store.history.state(target) if target else {}
        made, _ = _plan(store, target)
    if as_json:
        rows = [records.binding_record(binding, made.missing) for binding in bindings.values()]
        print_json({"state": records.state_number(target), "variables": rows})
    else:
        print_table(variables_table(bindings, made.missing, target))


@ens.command(name="plan")
@FILE
@STATE
@click.option("--here", is_flag=True, help="Say how this Python differs from the one that recorded it.")
@JSON
def plan_(file: Path, state: str | None, here: bool, as_json: bool) -> None:
    """Show how a STATE of FILE (by default the latest) would be restored, and at what cost."""
    with Store.open_read_only(file, Config()) as store:
        target = resolve(store, state)
        made, graph = _plan(store, target)
        codes = {id_: store.history.execution(id_).code for id_ in made.runs}
        modules = modules_of(store.history.state(target).values()) if target is not None else ()
        found = Comparison(store).with_execution(target) if here and target is not None else ()
    if as_json:
        environment = {"environment": [records.difference_record(one) for one in found]} if here else {}
        print_json({**records.plan_record(made, graph), **environment})
        return
    print_table(plan_table(made, graph, codes, modules))
    if found:
        print_table(environment_table(found))
    elif here:
        print_heading("This environment is the one that was recorded.")


@ens.command()
@FILE
@click.argument("target", type=click.Path(path_type=Path))
@JSON
def copy(file: Path, target: Path, as_json: bool) -> None:
    """Copy FILE to TARGET, complete and consistent even while a kernel writes to it."""
    with progress(f"copy to {target.name}"):
        copy_store(file, target, Config())
    n_bytes = target.stat().st_size
    kernels = _recording(file, target)
    if as_json:
        print_json({"source": str(file), "target": str(target), "n_bytes": n_bytes, "recording": kernels})
        return
    click.echo(one_line(f"{target}: {size(n_bytes)}"))
    for pid in kernels:
        note = f"Note: kernel {pid} is recording into {file}. What it has not written yet is not in this copy"
        click.echo(one_line(f"{note} (cells would make it again): %ens flush there, and copy again."), err=True)


@ens.command()
@FILE
@JSON
def check(file: Path, as_json: bool) -> int:
    """Check FILE in full: database, chunks, payloads and the digests of all executions."""
    with progress(f"check {file.name}"):
        problems = check_store(file, Config()) or _broken_seals(file)
        hurt = hurt_states(file, Config(), problems) if problems else {}
        caveats = _caveats(file)
        caveats += [] if problems else _unsealed(file)
    if as_json:
        states = [{"state": id_, "variables": names} for id_, names in hurt.items()]
        print_json({"problems": records.problem_records(problems), "states": states, "caveats": caveats})
        return IntegrityError.exit_code if problems else 0
    print_table(problems_table(problems))
    for sentence in caveats:
        click.echo(one_line(f"Note: {sentence}."))
    for id_, names in hurt.items():
        click.echo(one_line(f"State @{id_} is hurt: {', '.join(names)}"))
    if problems:
        click.echo(one_line(f"A restore makes again what it can; ens repair {file} OUT saves everything else."))
    return IntegrityError.exit_code if problems else 0


def _broken_seals(file: Path) -> list[Problem]:
    with Store.open_read_only(file, Config()) as store:
        return broken_seals(store, Keyring.present())


@ens.command()
@FILE
@JSON
def trust(file: Path, as_json: bool) -> None:
    """Say that what FILE holds now may run code here: restoring unpickles and runs cells again.

    Nothing is run by this command itself.
    """
    with Store.open(file, Config()) as store:
        n_sealed = trust_store(store, Keyring.load())
        n_executions = len(store.history.executions())
    if as_json:
        print_json({"executions": n_executions, "sealed": n_sealed})
    else:
        click.echo(f"Trusted: {n_executions} executions and their payloads ({n_sealed} new seals).")


def _caveats(file: Path) -> list[str]:
    try:
        with Store.open_read_only(file, Config()) as store:
            return list(store.caveats())
    except IntegrityError:  # the problems say it
        return []


def _unsealed(file: Path) -> list[str]:
    with Store.open_read_only(file, Config()) as store:
        executions, values = unsealed(store, Keyring.present())
    way_out = f"; ens trust {file} if you trust where it came from"
    found = []
    if executions:
        places = _some([f"@{id_}" for id_ in executions])
        found.append(f"there is no seal of yours over {places}, as after a pull: going there is refused{way_out}")
    if values:
        what = "a restore does not load that and runs cells instead"
        found.append(f"there is no seal of yours over {_some(values)}, as after a pull: {what}{way_out}")
    return found


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


def _recording(file: Path, copied: Path) -> list[int]:
    """Return the processes that a copy says are recording, and that have the original open."""
    try:
        with Store.open_read_only(copied, Config()) as store:
            return [pid for pid in alive_here(store.history.runs()) if has_open(pid, file)]
    except SchemaError:  # of another format: it was copied as it is, and only an upgrade could read it
        return []


def _plan(store: Store, target: ExecutionId | None) -> tuple[Plan, Graph]:
    graph = store.history.graph(target) if target is not None else _EMPTY
    return plan(graph, target, CostModel(), unrunnable=look_around(store, graph).unrunnable), graph


def _changed_names(
    store: Store, executions: Sequence[Execution], head: ExecutionId | None
) -> dict[ExecutionId, Collection[str]]:
    """Return what each execution bound or deleted."""
    changed: dict[ExecutionId, Collection[str]] = {}
    if head is not None and len(executions) > _FEW:
        graph = store.history.graph(head)
        changed = {c.id: tuple(graph.bindings.get(c.id, ())) for c in graph.executions}
    for id_ in (e.id for e in executions if e.id not in changed):
        changed[id_] = [name for name, _ in store.history.bindings(id_)]
    return changed


def _print_execution(execution: Execution, words: Collection[Word]) -> None:
    took = f"{duration(execution.runtime_s)}, recorded in {duration(execution.capture_s)}"
    print_heading(f"Execution {execution.id} (after {execution.parent or 0}), {execution.outcome.value}, {took}")
    click.echo(f"{point_in_time(execution.started_at)}, {execution.kind.value}")
    remarks = {
        "Error": execution.error,
        "Can't be run again": why_never(execution.no_replay, words),
        "Should not be run again": execution.caution,
        "Not captured": execution.not_captured,
    }
    for label, text in remarks.items():
        if text:
            print_block(f"{label}: {text}")
    print_heading("Code")
    print_block(execution.code)
