"""The commands of ``ens`` that bring copies of a store together."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Any

import click

from ensession.cli.arguments import ens
from ensession.cli.printing import print_json, progress
from ensession.config import Config
from ensession.display import one_line
from ensession.errors import NotFoundError, UsageError
from ensession.store import Store
from ensession.sync import (
    Address,
    Reach,
    Transferred,
    existing,
    existing_or_new,
    open_source,
    require_complete,
    serve,
    transfer,
)
from ensession.sync.telling import transfer_lines
from ensession.sync.together import bring_together, other_copy

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
_SSH = click.option(
    "--ssh", default=lambda: os.environ.get("ENS_SSH", "ssh"), show_default="ssh", help="How to call ssh, with options."
)
_REMOTE_ENS = click.option(
    "--remote-ens", default="ens", show_default=True, help="The command ens on the other machine."
)


@ens.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("remote")
@_SSH
@_REMOTE_ENS
@_JSON
def push(file: Path, remote: str, ssh: str, remote_ens: str, as_json: bool) -> None:
    """Send to REMOTE what it lacks of FILE: a path, or ssh://[user@]host[:port]/path. It is made if need be."""
    address, reach = other_copy(remote, file), _reach(ssh, remote_ens)
    with existing(_local(file), Config()) as (source, _), existing_or_new(address, Config(), reach) as (_, target):
        with progress(f"to {address}") as report:
            sent = transfer(source, target, report)
    _tell({"sent": sent}, as_json=as_json)


@ens.command()
@click.argument("remote")
@click.argument("file", type=click.Path(path_type=Path))
@_SSH
@_REMOTE_ENS
@_JSON
def pull(remote: str, file: Path, ssh: str, remote_ens: str, as_json: bool) -> None:
    """Fetch from REMOTE what FILE lacks: a path, or ssh://[user@]host[:port]/path. FILE is made if need be."""
    address, reach = other_copy(remote, file), _reach(ssh, remote_ens)
    with existing(address, Config(), reach) as (source, _), existing_or_new(_local(file), Config()) as (_, target):
        with progress(f"from {address}") as report:
            received = transfer(source, target, report)
    _tell({"received": received}, as_json=as_json)


@ens.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("remote")
@_SSH
@_REMOTE_ENS
@_JSON
def sync(file: Path, remote: str, ssh: str, remote_ens: str, as_json: bool) -> None:
    """Give FILE and REMOTE the same content: each gets what it lacks. Histories that went apart stay side by side."""
    address, reach = other_copy(remote, file), _reach(ssh, remote_ens)
    if address.host is None and not file.exists() and not os.path.exists(address.path):
        raise NotFoundError(f"there is neither {file} nor {address}; check the paths")
    done = bring_together(file, address, Config(), reach, progress)
    _tell({"sent": done.sent, "received": done.received}, as_json=as_json)


@ens.command(name="serve-stdio", hidden=True)
@click.option("--create/--existing", "may_create", default=False, help="Whether FILE may be made where it is not.")
@click.argument("file", type=click.Path(path_type=Path))
def serve_stdio(may_create: bool, file: Path) -> None:
    """Answer the requests of another ens about FILE on standard input and output; what ssh starts over there."""
    incoming, outgoing = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # nothing else may get between the messages
    opened = Store.create_or_open(file, Config()) if may_create else open_source(file, Config())
    with opened as store:
        serve(store, incoming, outgoing)


def _local(file: Path) -> Address:
    return Address(str(file))


def _reach(ssh: str, remote_ens: str) -> Reach:
    try:
        words = tuple(shlex.split(ssh))
    except ValueError as error:
        raise UsageError(f"--ssh {ssh!r} is no command: {error}") from error
    if not words:
        raise UsageError("--ssh needs a command, such as 'ssh -i key'")
    return Reach(words, remote_ens)


def _tell(transfers: dict[str, Transferred], *, as_json: bool) -> None:
    if as_json:
        require_complete(*transfers.values())
        print_json({direction: _record(one) for direction, one in transfers.items()})
        return
    for direction, one in transfers.items():
        for line in transfer_lines(direction, one):
            click.echo(one_line(line))
    require_complete(*transfers.values())


def _record(one: Transferred) -> dict[str, Any]:
    return {
        "executions": one.n_executions,
        "payloads": one.n_payloads,
        "chunks": one.n_chunks,
        "n_bytes": one.n_bytes,
        "duration_s": one.duration_s,
        "refs": {"added": one.refs.added, "moved": one.refs.moved, "disputed": one.refs.disputed},
    }
