"""Hidden state: what code reads and changes without naming it, versioned like variables.

Each kind is a pseudo-variable: its value is a plain, picklable snapshot that compares equal across processes.
Libraries are asked only when they are loaded already; none is imported here before its state is to be put back.
"""

from ensession.capture.hidden.state import HiddenState

__all__ = ["HiddenState"]
