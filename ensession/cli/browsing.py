"""Commands that browse: state, versions, lineage, dependents, search, sql, diff."""

from __future__ import annotations

from pathlib import Path

import click

from ensession.browse import Browser
from ensession.browse.graphs import dependents_parts, lineage_parts
from ensession.browse.source import Source
from ensession.cli import found
from ensession.cli.arguments import FILE, JSON, STATE, complete_state, ens
from ensession.cli.printing import print_block, print_heading, print_json, print_table
from ensession.cli.records import binding_record, execution_record, version_record
from ensession.config import Config
from ensession.display import (
    code_words,
    diff_table,
    diff_text,
    hits_table,
    lineage_table,
    query_table,
    refs_table,
    variable_table,
    variables_table,
    versions_table,
)
from ensession.errors import NoVariableError
from ensession.model import ExecutionId
from ensession.store import Store
from ensession.store.query import DEFAULT_TIMEOUT_S
from ensession.trust import Keyring


def _source(store: Store) -> Source:
    return Source(store, Keyring.present)


@ens.command()
@FILE
@STATE
@click.option("--variable", metavar="NAME", help="Show this variable only, and where it comes from.")
@JSON
def state(file: Path, state: str | None, variable: str | None, as_json: bool) -> None:
    """Show a STATE of FILE (by default the latest): what made it, what it is called, its variables."""
    with Store.open_read_only(file, Config()) as store:
        source = _source(store)
        target = source.resolve(state)
        if variable is not None:
            _show_variable(source, target, variable, as_json=as_json)
            return
        bindings, missing = source.bindings(target), source.all_missing(target)
        made_by = None if target is None else store.history.execution(target)
        changed = [] if target is None else [name for name, _ in store.history.bindings(target)]
        refs = [ref for ref in store.refs.all() if ref.execution == target]
    if as_json:
        rows = [binding_record(binding, missing) for binding in bindings.values()]
        record = None if made_by is None else execution_record(made_by, changed)
        print_json(
            {"state": target or 0, "made_by": record, "refs": [found.ref_record(r) for r in refs], "variables": rows}
        )
        return
    if made_by is not None:
        print_heading(f"Made by execution {made_by.id}")
        print_block(made_by.code or code_words(made_by))
    if refs:
        print_table(refs_table(refs))
    print_table(variables_table(bindings, missing, target))


def _show_variable(source: Source, target: ExecutionId | None, name: str, *, as_json: bool) -> None:
    binding, target = source.binding(name, target), target or ExecutionId(0)
    history, version = source.store.history, binding.version
    maker, reads, readers = history.execution(version.execution), history.reads(version.execution), version.id
    missing = source.missing(target, version.id)
    used_by = history.readers(readers)
    if as_json:
        record = binding_record(binding, missing)
        record |= {"state": target, "made_from": [version_record(one) for one in reads], "used_by": used_by}
        print_json(record)
    else:
        told = [f"{', '.join(one.names)}@{one.execution}" for one in reads]
        print_table(variable_table(binding, missing, maker, told, used_by))


@ens.command()
@FILE
@click.argument("name")
@JSON
def versions(file: Path, name: str, as_json: bool) -> None:
    """List everything that NAME was ever bound to in FILE, oldest first."""
    with Store.open_read_only(file, Config()) as store:
        bindings = store.history.versions_of(name)
        if not bindings:
            raise NoVariableError(f"no execution of {file} bound {name!r}; ens log {file} lists the names")
        codes = {one.execution: store.history.execution(one.execution).code for one in bindings}
    if as_json:
        print_json({"name": name, "versions": [found.version_record(one) for one in bindings]})
    else:
        print_table(versions_table(name, bindings, codes))


@ens.command()
@FILE
@click.argument("name")
@STATE
@JSON
def lineage(file: Path, name: str, state: str | None, as_json: bool) -> None:
    """List the executions that NAME, as it is in a STATE of FILE, comes from."""
    with Store.open_read_only(file, Config()) as store:
        source = _source(store)
        target = source.resolve(state)
        version = source.version_at(name, target)
        executions, uses = lineage_parts(source, target or ExecutionId(0), version)
    if as_json:
        print_json({"name": name, "state": target or 0, **found.lineage_record(executions, uses)})
    else:
        print_table(lineage_table(f"Where {name} of state {target or 0} comes from", executions, uses))


@ens.command()
@FILE
@click.argument("state", shell_complete=complete_state)
@JSON
def dependents(file: Path, state: str, as_json: bool) -> None:
    """List the executions of FILE, on every branch, that depend on what execution STATE made."""
    with Store.open_read_only(file, Config()) as store:
        source = _source(store)
        number = source.resolve(state) or ExecutionId(0)
        executions, uses = dependents_parts(source, number)
    if as_json:
        print_json({"execution": number, **found.lineage_record(executions, uses)})
    else:
        print_table(lineage_table(f"What depends on execution {number}", executions, uses))


@ens.command()
@FILE
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", "-n", type=click.IntRange(min=1), default=50, help="Show the best LIMIT hits (default 50).")
@JSON
def search(file: Path, words: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Search the code and the outputs of FILE for WORDS, which must all be there, best hits first."""
    query = " ".join(f'"{word}"' if " " in word and '"' not in word else word for word in words)
    with Browser(file) as browser:
        hits = browser.search(query, limit)
    if as_json:
        print_json({"query": query, "hits": [found.hit_record(hit) for hit in hits]})
    else:
        print_table(hits_table(query, hits.found))


@ens.command()
@FILE
@click.argument("query")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=DEFAULT_TIMEOUT_S,
    help="Stop after so many seconds (default 30).",
)
@JSON
def sql(file: Path, query: str, timeout: float, as_json: bool) -> None:
    """Run an SQL QUERY that only reads on FILE, on its tables or on the views made for that (v_execution, …)."""
    with Store.open_read_only(file, Config()) as store:
        rows = store.query(query, timeout_s=timeout)
    if as_json:
        print_json(found.rows_record(rows))
    else:
        print_table(query_table(rows))


@ens.command()
@FILE
@click.argument("before", shell_complete=complete_state)
@click.argument("after", required=False, shell_complete=complete_state)
@click.option("--deep", is_flag=True, help="Load the values of what changed and compare them; needs trust.")
@JSON
def diff(file: Path, before: str, after: str | None, deep: bool, as_json: bool) -> None:
    """Show what differs between the states BEFORE and AFTER (by default the latest) of FILE."""
    with Browser(file) as browser:
        compare = browser.deep_diff if deep else browser.diff
        record = compare(before, after).record
    if as_json:
        print_json(found.diff_record(record))
        return
    print_table(diff_table(record))
    details = diff_text(record)
    if details:
        print_block(details)
