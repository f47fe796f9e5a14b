"""The read API: a store browsed from Python, without a kernel.

Everything reads plain columns and neither unpickles nor runs anything (invariant 5), but for what is called
``load`` or ``deep``: those check trust first, and work in a scratch namespace.
"""

from ensession.browse.browser import Browser
from ensession.browse.cells import Cells
from ensession.browse.differing import Difference
from ensession.browse.results import Hits, Rows
from ensession.browse.views import PastExecution, State, Variable

__all__ = ["Browser", "Cells", "Difference", "Hits", "PastExecution", "Rows", "State", "Variable"]
