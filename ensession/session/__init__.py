"""The live session: the only place that joins capture, planner and store."""
