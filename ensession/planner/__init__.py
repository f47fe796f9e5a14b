"""Which versions to load, which executions to run again, what to store. Pure: no I/O, no clock, no logging."""

from ensession.planner.costs import CostModel
from ensession.planner.mincut import plan
from ensession.planner.policy import Recompute, StorageRule

__all__ = ["CostModel", "Recompute", "StorageRule", "plan"]
