"""Keeping a store small and clean: what takes the room, payloads that may go, content that is to be forgotten."""

from ensession.upkeep.collecting import Collected, Collector, Proposal, Retention
from ensession.upkeep.finding import Find, find
from ensession.upkeep.forgetting import Forgetter, Forgotten
from ensession.upkeep.lines import Loss

__all__ = [
    "Collected",
    "Collector",
    "Find",
    "Forgetter",
    "Forgotten",
    "Loss",
    "Proposal",
    "Retention",
    "find",
]
