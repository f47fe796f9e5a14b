"""The commands of ``ens`` that mend stores, and keep them small."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ensession.cli.arguments import FILE, JSON, ens
from ensession.cli.printing import print_json
from ensession.config import Config
from ensession.display import one_line
from ensession.store import Salvage, repair_store

_SHOWN = 20
"""Lines of a kind before the rest is counted."""


@ens.command()
@FILE
@click.argument("out", type=click.Path(path_type=Path))
@JSON
def repair(file: Path, out: Path, as_json: bool) -> None:
    """Bring everything of a damaged FILE that can be believed into the new store OUT. FILE stays as it is."""
    salvage = repair_store(file, out, Config())
    if as_json:
        print_json(_record(file, out, salvage))
    else:
        for line in _lines(out, salvage):
            click.echo(one_line(line))


def _record(file: Path, out: Path, salvage: Salvage) -> dict[str, Any]:
    return {
        "source": str(file),
        "target": str(out),
        "executions": salvage.n_executions,
        "payloads": salvage.n_payloads,
        "renumbered": salvage.n_renumbered,
        "damaged": [{"execution": id_, "reason": reason} for id_, reason in salvage.damaged],
        "lost_values": list(salvage.lost_values),
        "lost_names": list(salvage.lost_names),
    }


def _lines(out: Path, salvage: Salvage) -> list[str]:
    lines = [f"{out}: {salvage.n_executions} executions and {salvage.n_payloads} stored values are whole."]
    if salvage.damaged:
        lines.append(f"{len(salvage.damaged)} executions are damaged; what they may have changed counts as lost:")
        lines += [f"  execution {id_}: {reason}" for id_, reason in salvage.damaged[:_SHOWN]]
        lines += _more(len(salvage.damaged))
    if salvage.lost_values:
        lines.append("Stored values that are lost (a restore makes them again where their cells may run):")
        lines.append(f"  {', '.join(salvage.lost_values[:_SHOWN])}")
        lines += _more(len(salvage.lost_values))
    if salvage.lost_names:
        lines.append(f"Tags and branches whose state is not known any more: {', '.join(salvage.lost_names)}")
    if salvage.n_renumbered:
        lines.append(
            f"{salvage.n_renumbered} executions behind damaged ones were recorded anew, without your seal: "
            f"look at them (ens log {out}), then ens trust {out}"
        )
    return lines


def _more(n_lines: int) -> list[str]:
    return [f"  and {n_lines - _SHOWN} more"] if n_lines > _SHOWN else []
