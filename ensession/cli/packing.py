"""``ens pack``: a file with what a state needs to run soonest on another machine."""

from __future__ import annotations

from math import inf
from pathlib import Path
from typing import Any

import click

from ensession.cli.arguments import FILE, JSON, STATE, ens, resolve
from ensession.cli.printing import print_json
from ensession.config import Config
from ensession.display import duration, one_line, size
from ensession.display.units import counted, parse_size
from ensession.errors import NotFoundError, UsageError
from ensession.model import HIDDEN_PREFIX, ExecutionId
from ensession.planner.packing import Estimate
from ensession.session.checks import unrunnable_elsewhere
from ensession.store import Store
from ensession.sync.packing import Errand, Packed, pack_store

_NAMED = 12


def _amount(text: str) -> int:
    """Read a number of bytes that something can be done with."""
    try:
        n_bytes = parse_size(text)
    except UsageError as error:
        raise click.BadParameter(str(error)) from error
    if not n_bytes:
        raise click.BadParameter(f"{text!r} is nothing at all; write for example 20MB")
    return n_bytes


def _rate(text: str) -> int:
    """Read a rate, such as ``20MB/s``."""
    return _amount(text.strip().removesuffix("/s"))


@ens.command()
@FILE
@click.argument("out", type=click.Path(path_type=Path))
@STATE
@click.option(
    "--bandwidth", type=_rate, metavar="RATE", default="20MB/s", show_default=True, help="How fast OUT will travel."
)
@click.option("--max-size", type=_amount, metavar="SIZE", help="OUT must not be larger, for example 200MB.")
@click.option("--files-there", is_flag=True, help="The files that cells read are on the other machine, too.")
@JSON
def pack(
    file: Path, out: Path, state: str | None, bandwidth: float, max_size: float | None, files_there: bool, as_json: bool
) -> None:
    """Write OUT, with which a STATE of FILE (by default the latest) runs soonest on another machine.

    All of the history and its outputs are in it, and those values that are quicker to send than to make again.
    """
    with Store.open_read_only(file, Config()) as store:
        target = resolve(store, state)
        if target is None:
            raise NotFoundError(f"{file}: there is no state to pack yet")
        barred = unrunnable_elsewhere(store, target, files_are_there=files_there)
    if out.exists() and file.exists() and out.samefile(file):
        raise UsageError(f"{out}: a store can't be packed into itself; give another path")
    limit = inf if max_size is None else max_size
    packed = pack_store(file, out, Errand(target, bandwidth, limit, files_there, barred), Config())
    if as_json:
        print_json({"source": str(file), "target": str(out), "state": target, **_record(packed)})
    else:
        _tell(packed, out, target, bandwidth)


def _tell(packed: Packed, out: Path, target: ExecutionId, bandwidth: float) -> None:
    choice, best = packed.choice, packed.choice.best
    n_spared_bytes = max(choice.everything.n_bytes - best.n_bytes, 0)
    left_out = f"{counted(len(packed.left_out), 'value')}, {size(n_spared_bytes)}" if packed.left_out else "nothing"
    lines = [
        f"{out}: {size(packed.n_bytes)}, for state @{target}",
        f"expected at {size(int(bandwidth))}/s: {_times(best)}",
        f"everything ({size(choice.everything.n_bytes)}): {_times(choice.everything)}",
        f"history only: {_times(choice.history_only) if choice.history_only else 'something would be lost'}",
        f"left out: {left_out}",
    ]
    lines += _to_run(packed)
    if packed.inputs:
        files = sorted({path for paths in packed.inputs.values() for path in paths})
        lines.append(f"needed there as they are here: {', '.join(files)}")
    if choice.gap_s:
        lines.append(f"another choice could save {duration(choice.gap_s)} at most; none was found that does")
    for line in lines:
        click.echo(one_line(line))


def _times(one: Estimate) -> str:
    return f"sent in {duration(one.send_s)}, restored in {duration(one.restore_s)}: {duration(one.total_s)} in all"


def _to_run(packed: Packed) -> list[str]:
    plan, made = packed.choice.best.plan, packed.graph
    if not plan.runs:
        return ["left to recompute: nothing"]
    by_id = {execution.id: execution for execution in made.executions}
    lines = ["left to recompute:"]
    for id_ in plan.runs:
        names = [
            name for v in by_id[id_].produces for name in made.versions[v].names if not name.startswith(HIDDEN_PREFIX)
        ]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        lines.append(f"  cell {id_} ({duration(by_id[id_].runtime_s)}): {', '.join(names[:_NAMED])}{more}")
    return lines


def _record(packed: Packed) -> dict[str, Any]:
    choice = packed.choice
    return {
        "n_bytes": packed.n_bytes,
        "packed": _estimate(choice.best),
        "everything": _estimate(choice.everything),
        "history_only": _estimate(choice.history_only) if choice.history_only else None,
        "gap_s": choice.gap_s,
        "runs": list(choice.best.plan.runs),
        "loads": sorted(choice.best.loads),
        "left_out": list(packed.left_out),
        "inputs": {str(id_): paths for id_, paths in packed.inputs.items()},
    }


def _estimate(one: Estimate) -> dict[str, Any]:
    return {"n_bytes": one.n_bytes, "send_s": one.send_s, "restore_s": one.restore_s, "total_s": one.total_s}
