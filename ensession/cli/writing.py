"""Commands that write: tag and branch (names of states), export (notebooks and scripts), completion."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from ensession.browse import Browser
from ensession.browse.cells import as_json as notebook_text
from ensession.browse.cells import write_new
from ensession.cli.arguments import FILE, JSON, STATE, complete_state, ens, resolve
from ensession.cli.found import ref_record
from ensession.cli.printing import print_json, print_table, progress
from ensession.config import Config
from ensession.display import one_line, refs_table
from ensession.errors import NotFoundError, UsageError
from ensession.model import ExecutionId, Ref, RefKind
from ensession.store import Store

_NAME = click.argument("name", required=False, shell_complete=complete_state)
_DELETE = click.option("--delete", is_flag=True, help="Take the name away; the state stays.")


@ens.command()
@FILE
@_NAME
@STATE
@_DELETE
@JSON
def tag(file: Path, name: str | None, state: str | None, delete: bool, as_json: bool) -> None:
    """List the tags of FILE, or give a STATE (by default the latest) a NAME that stays."""
    _refer(file, RefKind.TAG, name, state, delete=delete, as_json=as_json)


@ens.command()
@FILE
@_NAME
@STATE
@_DELETE
@JSON
def branch(file: Path, name: str | None, state: str | None, delete: bool, as_json: bool) -> None:
    """List the branches of FILE, or give a STATE (by default the latest) a NAME that moves on with work from there."""
    _refer(file, RefKind.BRANCH, name, state, delete=delete, as_json=as_json)


def _refer(file: Path, kind: RefKind, name: str | None, state: str | None, *, delete: bool, as_json: bool) -> None:
    """Do what ``ens tag`` or ``ens branch`` was told, then list what there is."""
    if name is None:
        if delete:
            raise UsageError(f"--delete needs a name: ens {kind.value} {file} NAME --delete")
    else:
        with Store.open(file, Config()) as store:
            if delete:
                store.refs.delete(name, kind)
            else:
                add: Callable[[str, ExecutionId], Ref] = (
                    store.refs.add_tag if kind is RefKind.TAG else store.refs.add_branch
                )
                add(name, _existing(store, state))
    with Store.open_read_only(file, Config()) as store:
        refs = [ref for ref in store.refs.all() if ref.kind is kind]
    if as_json:
        print_json({"refs": [ref_record(ref) for ref in refs]})
    else:
        print_table(refs_table(refs))


def _existing(store: Store, state: str | None) -> ExecutionId:
    target = resolve(store, state)
    if target is None:
        raise NotFoundError(f"{store.path}: the empty state can't be named; name one that an execution made")
    return target


@ens.command()
@FILE
@STATE
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write into this new file, not to stdout.")
@click.option("--script", is_flag=True, help="A Python script instead of a notebook, as with -o NAME.py.")
@click.option(
    "--minimal", "names", metavar="NAME", multiple=True, help="Only the cells that NAME needs; may be repeated."
)
@JSON
def export(
    file: Path, state: str | None, output: Path | None, script: bool, names: tuple[str, ...], as_json: bool
) -> None:
    """Export the cells of FILE on the way to a STATE (by default the latest) as a notebook, outputs included."""
    if as_json and output is None:
        raise UsageError("--json tells what was written: name the file with -o")
    with progress(f"export from {file.name}"), Browser(file) as browser:
        cells = browser.cells_for(*names, state=state) if names else browser.path_to(state)
        is_script = script or (output is not None and output.suffix == ".py")
        text = cells.script() if is_script else notebook_text(cells.notebook())
    if output is None:
        click.echo(text, nl=False)
    else:
        write_new(output, text)
    if as_json:
        told = {"state": cells.state or 0, "path": str(output), "cells": len(cells), "remarks": list(cells.remarks)}
        print_json(told)
        return
    for remark in cells.remarks:
        click.echo(one_line(f"Note: {remark}."), err=True)


@ens.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes SHELL complete the commands, options and names of states of ens."""
    make = get_completion_class(shell)
    if make is None:
        raise UsageError(f"no completion is known for {shell}")
    click.echo(make(ens, {}, "ens", "_ENS_COMPLETE").source())
