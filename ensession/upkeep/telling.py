"""What gc and forget say, before and after. Pure text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ensession.display import size
from ensession.display.units import counted
from ensession.upkeep.collecting import Collected, Proposal
from ensession.upkeep.finding import Find
from ensession.upkeep.forgetting import Forgotten
from ensession.upkeep.lines import Loss

_SHOWN = 20
"""Lines of a kind before the rest is counted."""


def proposal_lines(proposal: Proposal) -> list[str]:
    """Say what would go, and what would be lost with it."""
    n_again = len(set(proposal.dropped) - {loss.version for loss in proposal.losses})
    lines = [
        f"To go: {counted(len(proposal.dropped), 'stored value')}, {size(proposal.n_freed_bytes)} or more with "
        f"{size(proposal.n_unused_bytes)} of pieces that belong to no value."
    ]
    if n_again:
        come = "1 of them comes back" if n_again == 1 else f"{n_again} of them come back"
        lines.append(f"{come} by running cells again, as far as these do again what they did.")
    lines += loss_lines(proposal.losses, "Of older states these are lost for good:")
    if not proposal.is_enough:
        lines.append("The file does not get as small as it is to be: the rest belongs to states that are kept.")
    return lines


def collected_lines(done: Collected) -> list[str]:
    """Say what went."""
    lines = [
        f"Gone: {counted(len(done.proposal.dropped), 'stored value')}; {size(done.n_bytes_before)} before, "
        f"{size(done.n_bytes_after)} now."
    ]
    if not done.proposal.is_enough:
        lines.append("The rest belongs to states that are kept.")
    if done.writers:
        lines.append(f"Pieces that belong to no value yet were left: process {done.writers[0]} records into the store.")
    return [*lines, *([f"The file is larger than it could be: {done.remark}."] if done.remark else [])]


def find_lines(find: Find, lost: Sequence[Loss]) -> list[str]:
    """Say what is to be forgotten, and what would be lost with it."""
    erasure = find.erasure
    parts = [
        counted(len(erasure.values), "value"),
        counted(len(erasure.outputs), "output"),
        f"the code of {counted(len(erasure.codes), 'cell')}" if erasure.codes else "",
        f"what {counted(len(erasure.outside), 'cell')} did outside" if erasure.outside else "",
    ]
    lines = [f"To be forgotten: {', '.join(filter(None, parts))}."]
    if find.nowhere:
        texts = ", ".join(map(repr, find.nowhere))
        lines.append(f"{texts} stands in no row; what earlier values left of it in the file goes.")
    if find.also:
        lines.append(f"They share objects with {', '.join(find.also)}: these values go too.")
    if find.left:
        cells = ", ".join(map(str, find.left[:_SHOWN]))
        lines.append(f"Code stays, and may make or show it again (cells {cells}); --code takes it out too.")
    return [*lines, *loss_lines(lost, "With it these are lost:")]


def forgotten_lines(done: Forgotten) -> list[str]:
    """Say what was forgotten, and where it may still be."""
    lines = ["Forgotten: it is in no row, no page and no log of the file any more."]
    remarks = list(done.remarks)
    if done.find.left:
        cells = ", ".join(map(str, done.find.left[:_SHOWN]))
        remarks.insert(0, f"code was left, and may hold or make it again (cells {cells}): --code takes it out")
    if remarks:
        lines = ["It is out of what was recorded of values and outputs. But:", *(f"  {remark}" for remark in remarks)]
    if done.n_renewed:
        lines.append(
            f"{counted(done.n_renewed, 'execution')} got a new digest. Other copies still hold it: a sync with one "
            "would bring it back beside this history."
        )
    return lines


def loss_lines(losses: Sequence[Loss], title: str) -> list[str]:
    """List what is lost."""
    if not losses:
        return []
    return [title, *(f"  {loss}" for loss in losses[:_SHOWN]), *_more(losses)]


def _more(items: Sequence[object]) -> Iterable[str]:
    if len(items) > _SHOWN:
        yield f"  and {len(items) - _SHOWN} more"
