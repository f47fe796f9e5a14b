"""Carrying out a plan: load, run again, verify. All or nothing (invariant 4).

Knows a store's payloads and the planner's plans, but no shell: the namespace and the way to run a cell are
handed in as a :class:`Bench`.
"""

from ensession.restore.bench import Archive, Bench, Made, Progress, all_or_nothing, place
from ensession.restore.executor import Executor, report_variables

__all__ = ["Archive", "Bench", "Executor", "Made", "Progress", "all_or_nothing", "place", "report_variables"]
