"""The commands of ``ens`` that look after a store's room and content: stats, gc, forget."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from ensession.cli.arguments import FILE, JSON, ens
from ensession.cli.printing import print_json, print_table
from ensession.config import Config
from ensession.display import one_line
from ensession.display.units import parse_size
from ensession.display.usage import shares_table, usage_table
from ensession.errors import UsageError
from ensession.model.upkeep import Share, Usage
from ensession.store import Store
from ensession.trust import Keyring
from ensession.upkeep import Collector, Find, Forgetter, Loss, Proposal, Retention, find
from ensession.upkeep.telling import collected_lines, find_lines, forgotten_lines, proposal_lines

_YES = click.option("--yes", "-y", is_flag=True, help="Agree beforehand; nobody is asked.")
_DRY = click.option("--dry-run", is_flag=True, help="Only say what would go.")


@ens.command()
@FILE
@click.option("--limit", "-n", type=click.IntRange(min=1), default=10, show_default=True, help="Lines of each table.")
@JSON
def stats(file: Path, limit: int, as_json: bool) -> None:
    """Say what takes the room in FILE: by variable, cell and type; how much deduplication and compression save."""
    with Store.open_read_only(file, Config()) as store:
        usage = store.keeper.usage()
    if as_json:
        print_json(_usage_record(usage))
        return
    print_table(usage_table(usage))
    for label, shares in (("variable", usage.by_variable()), ("cell", usage.by_cell()), ("type", usage.by_type())):
        if shares:
            click.echo()
            print_table(shares_table(label, shares, limit))


@ens.command()
@FILE
@click.option("--keep-last", type=click.IntRange(min=0), metavar="K", help="Keep the states after the last K cells.")
@click.option("--keep-tagged", is_flag=True, help="Keep the states that have a tag.")
@click.option("--max-size", metavar="SIZE", help="Let values go only until FILE is no larger, such as 200MB.")
@click.option("--lossless", is_flag=True, help="Let only values go that cells can make again.")
@_DRY
@_YES
@JSON
def gc(
    file: Path,
    keep_last: int | None,
    keep_tagged: bool,
    max_size: str | None,
    lossless: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Make FILE smaller: pieces that belong to no value go, and by the first three options stored values of states.

    The ends of all lines of history keep their values. Code and outputs stay. A kernel may record meanwhile.
    """
    retention = Retention(keep_last, keep_tagged, None if max_size is None else parse_size(max_size), lossless)
    if dry_run:
        with Store.open_read_only(file, Config()) as store:
            proposal = Collector(store, Keyring.present()).propose(retention)
        _tell(proposal_lines(proposal), _proposal_record(proposal), as_json=as_json)
        return

    def agree(proposal: Proposal) -> bool:
        return yes or _asked(proposal_lines(proposal), as_json=as_json)

    with Store.open(file, Config()) as store:
        done = Collector(store, Keyring.load()).collect(retention, agree)
    if done is None:
        click.echo("Nothing was changed.")
        return
    record = {
        **_proposal_record(done.proposal),
        "bytes_before": done.n_bytes_before,
        "bytes_after": done.n_bytes_after,
        "writers": list(done.writers),
        "remark": done.remark or None,
    }
    _tell(collected_lines(done), record, as_json=as_json)


@ens.command()
@FILE
@click.argument("what", nargs=-1)
@click.option("--text", "texts", multiple=True, metavar="TEXT", help="This text, wherever it stands; may be repeated.")
@click.option("--code", is_flag=True, help="The code of the cells, too (with --text: the text in it).")
@_DRY
@_YES
@JSON
def forget(
    file: Path, what: tuple[str, ...], texts: tuple[str, ...], code: bool, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Take content out of FILE for good: WHAT is a variable, a pattern of names such as 'api_*', or @N.

    Values, previews, outputs and error texts go, in all rows, pages and the log; of @N also the records of files.
    """
    if dry_run:
        with Store.open_read_only(file, Config()) as store:
            found = find(store, what, texts, code=code)
            lost = Forgetter(store, Keyring.present()).losses(found)
        record = {**_find_record(found, lost), "renewed": None, "remarks": []}
        _tell(find_lines(found, lost), record, as_json=as_json)
        return

    with Store.open(file, Config()) as store:
        found = find(store, what, texts, code=code)

        def agree(lost: Sequence[Loss]) -> bool:
            return yes or _asked(find_lines(found, lost), as_json=as_json)

        done = Forgetter(store, Keyring.load()).forget(found, agree, texts)
    if done is None:
        click.echo("Nothing was changed.")
        return
    record = {
        **_find_record(done.find, done.losses),
        "renewed": done.n_renewed,
        "remarks": list(done.remarks),
    }
    _tell([*(find_lines(found, done.losses) if yes else ()), *forgotten_lines(done)], record, as_json=as_json)


def _asked(lines: Iterable[str], *, as_json: bool) -> bool:
    """Say what would go, and ask."""
    if as_json or not sys.stdin.isatty():
        raise UsageError("values would go and nobody can be asked: look with --dry-run, then agree with --yes")
    for line in lines:
        click.echo(one_line(line))
    return click.confirm("Go on?")


def _tell(lines: Iterable[str], record: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(record)
        return
    for line in lines:
        click.echo(one_line(line))


def _proposal_record(proposal: Proposal) -> dict[str, Any]:
    return {
        "dropped": len(proposal.dropped),
        "freed_bytes": proposal.n_freed_bytes,
        "unused_bytes": proposal.n_unused_bytes,
        "lost": _loss_records(proposal.losses),
        "enough": proposal.is_enough,
    }


def _find_record(found: Find, lost: Iterable[Loss]) -> dict[str, Any]:
    return {
        "values": len(found.erasure.values),
        "outputs": len(found.erasure.outputs),
        "codes": len(found.erasure.codes),
        "also": list(found.also),
        "code_left": list(found.left),
        "lost": _loss_records(lost),
    }


def _loss_records(losses: Iterable[Loss]) -> list[dict[str, Any]]:
    return [{"names": list(one.names), "execution": one.execution, "reason": one.reason} for one in losses]


def _usage_record(usage: Usage) -> dict[str, Any]:
    return {
        "file_bytes": usage.n_file_bytes,
        "log_bytes": usage.n_log_bytes,
        "free_bytes": usage.n_free_bytes,
        "chunk_bytes": usage.n_chunk_bytes,
        "unused_bytes": usage.n_unused_bytes,
        "output_bytes": usage.n_output_bytes,
        "module_bytes": usage.n_module_bytes,
        "index_bytes": usage.n_index_bytes,
        "other_bytes": usage.n_other_bytes,
        "value_bytes": usage.n_value_bytes,
        "distinct_bytes": usage.n_distinct_bytes,
        "dedup_ratio": usage.dedup_ratio,
        "compression_ratio": usage.compression_ratio,
        "variables": _share_records(usage.by_variable()),
        "cells": _share_records(usage.by_cell()),
        "types": _share_records(usage.by_type()),
    }


def _share_records(shares: Iterable[Share]) -> list[dict[str, Any]]:
    return [
        {"label": one.label, "values": one.n_values, "n_bytes": one.n_bytes, "n_stored_bytes": one.n_stored_bytes}
        for one in shares
    ]
