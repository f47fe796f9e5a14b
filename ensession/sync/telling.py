"""What a transfer says when it is done. Pure text."""

from __future__ import annotations

from ensession.display import duration, size
from ensession.display.units import counted
from ensession.sync.transfer import Transferred


def transfer_lines(direction: str, one: Transferred) -> list[str]:
    """Say what went one way, how fast, and which names stand for two states now."""
    went = f"{counted(one.n_executions, 'execution')}, {counted(one.n_payloads, 'value')}, {size(one.n_bytes)}"
    rate = f", {size(int(one.n_bytes / one.duration_s))}/s" if one.n_bytes and one.duration_s else ""
    disputed = one.refs.disputed.items()
    return [
        f"{direction}: {went} in {duration(one.duration_s)}{rate}",
        *(f"{name} stands for two states: the one that came is called {second}" for name, second in disputed),
    ]
